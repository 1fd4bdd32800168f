"""Inputs for the mutations of items and variants, made anew each time."""

from typing import Any

from tests.support.authorisation.stage import SIZES, Stage, full_item

NAME = {"en": "Size", "ar": "الحجم"}


async def item_of_two(stage: Stage) -> dict[str, Any]:
    """An item with an option, and a variant of each of its values."""
    shelf = await stage.owner.category(f"Shelf {stage.tools.factory.word()}")
    return await full_item(stage.owner, shelf["id"])


async def options(stage: Stage) -> dict[str, Any]:
    item = await item_of_two(stage)
    (option,) = item["options"]
    kept = [{"id": value["id"], "name": {"en": name}} for value, name in zip(option["values"], SIZES, strict=True)]
    picks = [{"id": item["variants"][0]["id"], "optionValues": [SIZES[0]]}]
    given = {"id": option["id"], "name": NAME, "values": [*kept, {"name": {"en": "Huge"}}]}
    return {"id": item["id"], "version": 1, "options": [given], "variants": picks}


async def unordered_item(stage: Stage) -> dict[str, Any]:
    return {"id": (await item_of_two(stage))["id"]}


async def new_items(stage: Stage) -> dict[str, Any]:
    shelf = await stage.owner.category(f"Shelf {stage.tools.factory.word()}")
    plain = {"kind": "PRODUCT", "name": NAME, "price": "1", "categoryIds": [shelf["id"]]}
    return {"items": [plain | {"sku": stage.tools.factory.word()}, plain]}


async def item_edits(stage: Stage) -> dict[str, Any]:
    shelf = await stage.owner.category(f"Shelf {stage.tools.factory.word()}")
    edit = {"id": (await item_of_two(stage))["id"], "version": 1, "name": NAME, "categoryIds": [shelf["id"]]}
    return {"items": [edit]}


async def variant_edits(stage: Stage) -> dict[str, Any]:
    variants = (await item_of_two(stage))["variants"]
    return {"variants": [{"id": each["id"], "price": "5", "stock": 2} for each in variants]}
