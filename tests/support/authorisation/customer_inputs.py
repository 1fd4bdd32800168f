"""Inputs for the mutations of customers, made anew each time."""

from typing import Any

from tests.support.authorisation.stage import PHONE, Stage, full_item, submission
from tests.support.customers import GENERAL, KUWAIT, Shopper
from tests.support.factories import Member
from tests.support.orders import SUBMIT


async def registration(stage: Stage) -> dict[str, Any]:
    """There is something to claim, so that it changes something for a customer as well."""
    await guest_order(stage, stage.member or stage.shop.owner)
    return {"name": "Noura", "phone": PHONE, "locale": "AR"}


async def guest_order(stage: Stage, under: Member) -> str:
    """The token of an order that a guest placed under somebody's address."""
    item = await full_item(stage.owner, str((await stage.owner.category(stage.tools.factory.word()))["id"]))
    given = submission(item["variants"][0]["id"])
    given["customer"] = {"name": "Fahad", "email": under.person.email}
    placed = await stage.tools.api.execute(SUBMIT, {"input": given}, tenant=stage.shop.slug)
    token: str = placed.payload("orderSubmit")["orderToken"]
    return token


async def profile(stage: Stage) -> dict[str, Any]:
    return {"name": stage.tools.factory.word(), "phone": PHONE, "locale": "AR"}


async def new_address(stage: Stage) -> dict[str, Any]:
    return {"address": {"kuwait": KUWAIT | {"label": stage.tools.factory.word()}}, "isDefault": True}


async def another_address(stage: Stage) -> dict[str, Any]:
    return await some_address(stage) | {"address": {"general": GENERAL}}


async def some_address(stage: Stage) -> dict[str, Any]:
    """One of the customer's, and not the default."""
    shopper = Shopper(stage.tools.api, stage.shop, stage.customer)
    return {"id": (await shopper.write_down(kuwait=KUWAIT))["id"]}


async def claim(stage: Stage) -> dict[str, Any]:
    return {"token": await guest_order(stage, stage.customer)}
