"""Inputs for the mutations of catalogue files, made anew each time."""

from typing import Any

from sqlalchemy import update

from db.models import CatalogExport
from tests.support.authorisation.stage import Stage
from tests.support.catalog_imports import CREATE, put

FILE = b"sku,price\r\nOUD-1,4.750\r\n"


async def announcement(_stage: Stage) -> dict[str, Any]:
    return {"fileName": "shop.csv", "size": len(FILE)}


async def announced(stage: Stage) -> dict[str, Any]:
    return {"id": (await announce(stage))["import"]["id"]}


async def uploaded(stage: Stage) -> dict[str, Any]:
    made = await announce(stage)
    assert (await put(made["upload"], FILE)).status_code == 200
    return {"id": made["import"]["id"], "dryRun": True}


async def export(stage: Stage) -> dict[str, Any]:
    # Only so many may wait; as if the worker had written those of before.
    async with stage.tools.factory.parts.database.write(stage.shop.actor.scope) as session:
        await session.execute(update(CatalogExport).values(status="done"))
    return {"status": "ACTIVE", "kind": "PRODUCT", "category": "food"}


async def announce(stage: Stage) -> dict[str, Any]:
    given = {"input": await announcement(stage)}
    reply = await stage.tools.api.execute(CREATE, given, token=stage.shop.token, tenant=stage.shop.slug)
    return reply.payload("catalogImportCreate")
