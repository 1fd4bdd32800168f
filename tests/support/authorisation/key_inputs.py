"""Inputs for the mutations of API keys, made anew each time; and a key that has had a life."""

from typing import Any

from tests.support.api_keys import Keyring
from tests.support.authorisation.stage import Stage


async def new_key(stage: Stage) -> dict[str, Any]:
    return {"name": f"Program {stage.tools.factory.word()}", "scopes": ["CATALOG_READ"], "expiresInDays": 30}


async def good_key(stage: Stage) -> dict[str, Any]:
    made = await Keyring(stage.tools.api, stage.shop).make()
    return {"id": made["apiKey"]["id"]}
