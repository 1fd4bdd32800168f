"""Inputs for the mutations of pictures, made anew each time."""

from typing import Any

from tests.support.authorisation.stage import Stage
from tests.support.pictures import PNG, Darkroom, picture


async def new_picture(_stage: Stage) -> dict[str, Any]:
    return {"contentType": PNG, "size": 100, "alt": {"en": "A cushion", "ar": "وسادة"}}


async def arrived_picture(stage: Stage) -> dict[str, Any]:
    return {"id": await darkroom(stage).uploaded(picture())}


async def some_picture(stage: Stage) -> dict[str, Any]:
    return {"id": (await darkroom(stage).announce(picture()))["media"]["id"]}


async def other_words(stage: Stage) -> dict[str, Any]:
    return await some_picture(stage) | {"alt": {"en": "Dates", "ar": "تمر"}}


def darkroom(stage: Stage) -> Darkroom:
    return Darkroom.of(stage.tools.api, stage.shop, stage.tools.post)
