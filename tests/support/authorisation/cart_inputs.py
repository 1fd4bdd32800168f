"""Inputs about guests' carts, which everybody has who knows their ids."""

from typing import Any

from tests.support.authorisation.stage import Stage, full_item
from tests.support.carts import PLACE, RATE, full_cart


async def cart_of(stage: Stage) -> dict[str, Any]:
    category = str((await stage.owner.category(stage.tools.factory.word()))["id"])
    return await full_cart(stage.tools.api, stage.shop, await full_item(stage.owner, category))


async def some_cart(stage: Stage) -> dict[str, Any]:
    return {"cartId": (await cart_of(stage))["id"]}


async def sold_out_cart(stage: Stage) -> dict[str, Any]:
    """All of it is left out when it is merged."""
    cart = await cart_of(stage)
    for line in cart["lines"]:
        await stage.owner.change("catalogVariantUpdate", id=line["variantId"], stock=0)
    return {"cartId": cart["id"]}


async def more_lines(stage: Stage) -> dict[str, Any]:
    cart = await cart_of(stage)
    return {"cartId": cart["id"], "lines": [{"variantId": cart["lines"][0]["variantId"], "quantity": 2}]}


async def other_quantities(stage: Stage) -> dict[str, Any]:
    cart = await cart_of(stage)
    return {"cartId": cart["id"], "lines": [{"variantId": cart["lines"][0]["variantId"], "quantity": 2}]}


async def unwanted_lines(stage: Stage) -> dict[str, Any]:
    cart = await cart_of(stage)
    return {"cartId": cart["id"], "variantIds": [cart["lines"][0]["variantId"]]}


async def details(stage: Stage) -> dict[str, Any]:
    told = {"note": "Ring twice", "discountCode": "NEW", "destination": PLACE | {"area": "Hawalli"}}
    return {**await some_cart(stage), **told, "shippingRateId": RATE}
