"""Mission S5: orphans are swept, and nothing that is shown ever is. Real Postgres, real S3 protocol."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.models import Tenant, new_id
from db.queries.media import Unfinished
from db.session import Scope
from domain.jobs import Tools
from domain.media import PICTURES, version_key
from domain.media_sweep import end, sweep_objects, sweep_rows
from domain.object_store import key_of
from jobs.worker import WorkerParts, drain, tools_of
from tests.support.outbox import Ground

INSERT = """
INSERT INTO media_assets (tenant_id, id, status, failure, content_type, size, width, height, versions,
                          upload_ends_at, created_at, updated_at)
VALUES (:tenant, :id, :status, CASE WHEN :status = 'failed' THEN 'damaged' END, 'image/png', 1, 1, 1, '1',
        now() - CAST(:age AS interval), now() - CAST(:age AS interval), now() - CAST(:age AS interval))
"""
NOW = timedelta(0)


@pytest.fixture
def tools(worker: WorkerParts) -> Tools:
    return tools_of(worker)


async def asset(tools: Tools, tenant: Tenant, status: str, age: timedelta) -> uuid.UUID:
    """A row of that age, with an upload and a version."""
    asset_id = new_id()
    values = {"tenant": tenant.id, "id": asset_id, "status": status, "age": age}
    async with tools.database.write(Scope(tenant_id=tenant.id)) as session:
        await session.execute(text(INSERT), values)
    for key in keys_of(tenant, asset_id):
        await tools.objects.write(key, b"x", content_type="image/webp")
    return asset_id


def keys_of(tenant: Tenant, asset_id: uuid.UUID) -> list[str]:
    return [version_key(tenant.id, asset_id, 1), PICTURES.key(tenant.id, asset_id)]


async def statuses(tools: Tools, tenant: Tenant) -> dict[uuid.UUID, str]:
    async with tools.database.read(Scope(tenant_id=tenant.id)) as session:
        rows = await session.execute(text("SELECT id, status FROM media_assets"))
        return {row.id: row.status for row in rows}


async def stored(tools: Tools, tenant: Tenant) -> list[str]:
    return [each.key async for each in tools.objects.list(f"{tenant.id}/")]


@pytest.mark.parametrize(
    "case",
    [
        ("awaiting_upload", timedelta(hours=25), None),
        ("awaiting_upload", timedelta(hours=23), "awaiting_upload"),
        ("failed", timedelta(days=8), None),
        ("failed", timedelta(days=6), "failed"),
        ("deleted", timedelta(hours=2), None),
        ("deleted", timedelta(minutes=50), "deleted"),
        ("processing", timedelta(hours=25), "failed"),
        ("processing", timedelta(hours=23), "processing"),
        ("ready", timedelta(days=900), "ready"),
    ],
)
async def test_rows_are_brought_to_their_end_in_time(
    ground: Ground, tools: Tools, worker: WorkerParts, case: tuple[str, timedelta, str | None]
) -> None:
    status, age, becomes = case
    tenant = await ground.tenant()
    asset_id = await asset(tools, tenant, status, age)
    await sweep_rows(tools)
    await drain(worker)
    assert await statuses(tools, tenant) == ({asset_id: becomes} if becomes else {})
    assert await stored(tools, tenant) == (keys_of(tenant, asset_id) if becomes else [])
    assert await sweep_rows(tools) == 0


async def test_objects_without_a_row_are_deleted_and_others_stay(ground: Ground, tools: Tools) -> None:
    tenant, other = await ground.tenant(), await ground.tenant()
    kept = [await asset(tools, tenant, status, NOW) for status in ("ready", "processing", "deleted")]
    stray = [*keys_of(tenant, new_id()), *keys_of(tenant, await asset(tools, other, "ready", NOW))]
    foreign = [key_of(tenant.id, "uploads", "imports", str(new_id())), key_of(tenant.id, "exports", "orders.csv")]
    for key in (*stray, *foreign):
        await tools.objects.write(key, b"x", content_type="text/plain")
    prefix = f"{tenant.id}/"
    assert await sweep_objects(tools, prefix=prefix) == 0, "all are young"
    assert await sweep_objects(tools, prefix=prefix, settled=NOW) == len(stray)
    theirs = [key for each in kept for key in keys_of(tenant, each)]
    assert sorted(await stored(tools, tenant)) == sorted([*foreign, *theirs])
    assert len(await stored(tools, other)) == 2


async def test_what_came_to_life_since_it_was_found_is_left_alone(ground: Ground, tools: Tools) -> None:
    """A sweep that found an upload, and was slow, while its picture was made and shown."""
    tenant = await ground.tenant()
    asset_id = await asset(tools, tenant, "ready", timedelta(days=2))
    for status in ("awaiting_upload", "failed", "processing"):
        async with tools.database.write(Scope(tenant_id=tenant.id)) as session:
            await end(session, Unfinished(tenant.id, asset_id, status))
    assert await statuses(tools, tenant) == {asset_id: "ready"}
    assert await stored(tools, tenant) == keys_of(tenant, asset_id)


async def test_whatever_dies_between_row_and_objects_is_found_again(
    ground: Ground, tools: Tools, worker: WorkerParts
) -> None:
    """Killed after the tombstone was committed and its job lost with it; killed after the objects went."""
    tenant = await ground.tenant()
    tombstone = await asset(tools, tenant, "deleted", timedelta(hours=2))
    emptied = await asset(tools, tenant, "deleted", timedelta(hours=2))
    await tools.objects.delete(keys_of(tenant, emptied))
    await asyncio.gather(*(sweep_rows(tools) for _ in range(2)))
    await drain(worker)
    assert await statuses(tools, tenant) == {}
    assert await stored(tools, tenant) == []
    assert tombstone != emptied


async def test_a_shown_picture_cannot_lose_its_row(ground: Ground, tools: Tools) -> None:
    """The last line: foreign keys, whatever the code believes."""
    tenant = await ground.tenant()
    asset_id = await asset(tools, tenant, "ready", NOW)
    async with tools.database.write(Scope(tenant_id=tenant.id)) as session:
        await session.execute(text("UPDATE tenants SET logo_id = :id"), {"id": asset_id})
    with pytest.raises(DBAPIError):
        async with tools.database.write(Scope(tenant_id=tenant.id)) as session:
            await session.execute(text("DELETE FROM media_assets WHERE id = :id"), {"id": asset_id})
