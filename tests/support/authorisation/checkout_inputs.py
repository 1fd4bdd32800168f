"""Inputs about checking out, which everybody may who has a cart."""

from typing import Any

from tests.support.authorisation.stage import Stage, full_item
from tests.support.carts import document
from tests.support.checkouts import checkout
from tests.support.shipping import ShippingDesk


async def guests_cart(stage: Stage) -> dict[str, Any]:
    """Delivered in Kuwait."""
    category = str((await stage.owner.category(stage.tools.factory.word()))["id"])
    item = await full_item(stage.owner, category)
    added = {"input": {"lines": [{"variantId": item["variants"][0]["id"]}]}}
    reply = await stage.tools.api.execute(document("cartLinesAdd"), added, tenant=stage.shop.slug)
    zone = (await ShippingDesk.of(stage.tools.api, stage.shop).zones())[0]
    cart_id: str = reply.payload("cartLinesAdd")["cart"]["id"]
    return checkout(cart_id, "6.250", shippingRateId=zone["rates"][0]["id"])


async def for_less(stage: Stage) -> dict[str, Any]:
    return await guests_cart(stage) | {"expectedTotal": "1"}
