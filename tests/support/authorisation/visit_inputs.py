"""Inputs about visits."""

from typing import Any

from tests.support.authorisation.stage import Stage
from tests.support.visits import FULL_VISIT, Visitor


async def new_visit(stage: Stage) -> dict[str, Any] | None:
    """Of somebody who has been here before."""
    return {"visitId": await Visitor(stage.tools.api, stage.shop).arrive(), **FULL_VISIT}
