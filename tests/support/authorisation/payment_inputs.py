"""Inputs about ways of paying."""

from typing import Any

from tests.support.authorisation.stage import Stage
from tests.support.payments import Desk


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
