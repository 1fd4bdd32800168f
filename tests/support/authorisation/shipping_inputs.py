"""Inputs about shipping."""

from typing import Any

from tests.support.authorisation.stage import Stage
from tests.support.shipping import COUNTER, FULL_RATE, ShippingDesk


async def other_zone(stage: Stage) -> dict[str, Any]:
    """All of a zone anew, with one of its rates."""
    zone = await ShippingDesk.of(stage.tools.api, stage.shop).save()
    return {
        "id": zone["id"],
        "version": 1,
        "name": {"en": stage.tools.factory.word()},
        "areas": [{"governorate": "JAHRA", "name": {"en": stage.tools.factory.word()}}],
        "rates": [FULL_RATE | {"id": zone["rates"][0]["id"]}, COUNTER],
    }


async def some_zone(stage: Stage) -> dict[str, Any]:
    zone = await ShippingDesk.of(stage.tools.api, stage.shop).save()
    return {"id": zone["id"], "version": 1}
