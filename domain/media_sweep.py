"""Finding what crashes and clients who went away have left: rows without an end, and objects without a row.

Whatever is interrupted leaves a row that the next sweep finds, or an object that no row names: a row is committed
before anybody can store its objects, is made a tombstone before they are deleted, and goes after them. A picture that
is shown is `ready`; the sweep changes no such row, and asks for each object's row after it has seen the object.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import MediaAsset
from db.queries.media import Unfinished, find_unfinished
from db.session import Scope
from domain.images import ImageFailure
from domain.jobs import Tools
from domain.media import PICTURES, REMOVE
from domain.outbox import enqueue_job

MOST_AT_ONCE = 500
SETTLED = timedelta(days=1)
"""Objects younger than that are left alone: their asset may be on its way out, and the worker about to delete them."""
FOLDERS = ("media", f"uploads/{PICTURES.folder}")
"""Below a tenant, where objects are named by an asset; uploads of other kinds have folders of their own."""

ENDS: dict[str, dict[str, Any]] = {
    "awaiting_upload": {"status": "deleted", "failure": None},
    "failed": {"status": "deleted", "failure": None},
    "processing": {"status": "failed", "failure": ImageFailure.GIVEN_UP.value},
    "deleted": {"updated_at": func.now()},  # asked for again; not for another hour
}
"""What becomes of rows that have had a status for too long."""


async def sweep_rows(tools: Tools) -> int:
    """Bring rows to an end that nobody else will; returns how many. What is deleted is left to jobs."""
    async with tools.database.write(Scope()) as session:
        found = await find_unfinished(session, most=MOST_AT_ONCE)
    for each in found:
        async with tools.database.write(Scope(tenant_id=each.tenant_id)) as session:
            await end(session, each)
    return len(found)


async def end(session: AsyncSession, unfinished: Unfinished) -> None:
    """Only if it still is as it was found: it may have come to life meanwhile."""
    as_found = update(MediaAsset).where(MediaAsset.id == unfinished.asset_id, MediaAsset.status == unfinished.status)
    values = ENDS[unfinished.status]
    changed = (await session.execute(as_found.values(**values).returning(MediaAsset.id))).first()
    if changed is not None and unfinished.status != "processing":
        enqueue_job(session, tenant_id=unfinished.tenant_id, kind=REMOVE, asset_id=unfinished.asset_id)


async def sweep_objects(tools: Tools, *, prefix: str = "", settled: timedelta = SETTLED) -> int:
    """Delete objects whose asset has no row; returns how many. `prefix` may be a tenant's."""
    strays = 0
    waiting: defaultdict[uuid.UUID, dict[str, uuid.UUID]] = defaultdict(dict)
    async for stored in tools.objects.list(prefix):
        named = asset_of(stored.key)
        if named is None or datetime.now(UTC) - stored.stored_at < settled:
            continue
        tenant_id, asset_id = named
        waiting[tenant_id][stored.key] = asset_id
        if len(waiting) > 1 or len(waiting[tenant_id]) >= MOST_AT_ONCE:
            strays += await delete_strays(tools, waiting)
    return strays + await delete_strays(tools, waiting)


async def delete_strays(tools: Tools, seen: defaultdict[uuid.UUID, dict[str, uuid.UUID]]) -> int:
    """Of the objects seen delete those that no row names, and forget all."""
    deleted = 0
    for tenant_id, objects in seen.items():
        rows = await rows_of(tools, tenant_id, list(set(objects.values())))
        strays = [key for key, asset_id in objects.items() if asset_id not in rows]
        await tools.objects.delete(strays)
        deleted += len(strays)
    seen.clear()
    return deleted


async def rows_of(tools: Tools, tenant_id: uuid.UUID, asset_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of the assets there are, tombstones too."""
    async with tools.database.read(Scope(tenant_id=tenant_id)) as session:
        return set((await session.execute(select(MediaAsset.id).where(MediaAsset.id.in_(asset_ids)))).scalars())


def asset_of(key: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Tenant and asset that an object is of; None for what is not ours to judge."""
    tenant, _, path = key.partition("/")
    folder = next((each for each in FOLDERS if path.startswith(f"{each}/")), None)
    if folder is None:
        return None
    try:
        return uuid.UUID(tenant), uuid.UUID(path.removeprefix(f"{folder}/").split("/")[0])
    except ValueError:
        return None
