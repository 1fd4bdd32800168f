"""Inputs about discounts."""

from typing import Any

from tests.support.authorisation.stage import Stage
from tests.support.discounts import FULL_DISCOUNT, DiscountDesk


async def new_discount(stage: Stage) -> dict[str, Any] | None:
    return FULL_DISCOUNT | {"code": stage.tools.factory.word(), "value": {"percentage": "12.5"}}


async def discount_edit(stage: Stage) -> dict[str, Any] | None:
    """Of a percentage, so that an amount takes its place."""
    made = await DiscountDesk(stage.tools.api, stage.shop).create(stage.tools.factory.word())
    changes = {name: value for name, value in FULL_DISCOUNT.items() if name != "code"}
    return {"id": made["id"], "version": made["version"], **changes}


async def unused_discount(stage: Stage) -> dict[str, Any] | None:
    return {"id": (await DiscountDesk(stage.tools.api, stage.shop).create(stage.tools.factory.word()))["id"]}
