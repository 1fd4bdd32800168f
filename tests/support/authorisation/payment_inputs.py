"""Inputs about ways of paying."""

from typing import Any

from tests.support.authorisation.stage import Stage, submission
from tests.support.orders import SUBMIT, new_key
from tests.support.payments import BACK, MARK_PAID, Desk


async def placed(stage: Stage) -> dict[str, Any]:
    """A guest's order that nobody has paid."""
    product = await stage.tools.factory.product(stage.shop)
    sent = {"input": submission(product.variant_id)}
    return (await stage.tools.api.execute(SUBMIT, sent, tenant=stage.shop.slug)).payload("orderSubmit")


async def unpaid_order(stage: Stage) -> dict[str, Any] | None:
    token = (await placed(stage))["orderToken"]
    return {"idempotencyKey": new_key(), "orderToken": token, "provider": "MOCK", "returnUrl": BACK}


async def money(stage: Stage) -> dict[str, Any] | None:
    return money_for((await placed(stage))["order"])


def money_for(order: dict[str, Any]) -> dict[str, Any]:
    amount = order["total"]["amount"]
    return {"idempotencyKey": new_key(), "orderId": order["id"], "amount": amount, "reference": new_key()}


async def money_back(stage: Stage) -> dict[str, Any] | None:
    """Of a payment that staff have noted."""
    caller: dict[str, Any] = {"token": stage.shop.token, "tenant": stage.shop.slug}
    order = (await placed(stage))["order"]
    noted = await stage.tools.api.execute(MARK_PAID, {"input": money_for(order)}, **caller)
    return {
        "idempotencyKey": new_key(),
        "paymentId": noted.payload("paymentMarkPaid")["payment"]["id"],
        "lines": [{"lineId": order["lines"][0]["id"], "quantity": 1, "restock": True}],
        "reference": new_key(),
    }


async def way_of_paying(stage: Stage) -> dict[str, Any] | None:
    return {"provider": "MANUAL", "holdMinutes": 60, "instructions": {"en": "Call us"}}


async def disabled_way(stage: Stage) -> dict[str, Any] | None:
    desk = Desk(stage.tools.api, stage.shop)
    await desk.changed("paymentAccountSave", provider="MANUAL")
    await desk.changed("paymentAccountDisable", provider="MANUAL")
    return {"provider": "MANUAL"}


async def enabled_way(stage: Stage) -> dict[str, Any] | None:
    await Desk(stage.tools.api, stage.shop).offer("MANUAL")
    return {"provider": "MANUAL"}


async def other_order(stage: Stage) -> dict[str, Any] | None:
    desk = Desk(stage.tools.api, stage.shop)
    for provider in ("MANUAL", "MOCK"):
        await desk.changed("paymentAccountSave", provider=provider)
    order = [each for each in await desk.accounts() if each in ("MANUAL", "MOCK")]
    return {"providers": order[::-1]}
