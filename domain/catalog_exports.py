"""Exports of the catalogue: asked for by staff, written by the worker, fetched by a signed link for some days."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogExport, CatalogItem, CatalogItemCategory, new_id
from db.queries.catalog import shelf_of
from domain import audit, csv_cells
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.catalog_csv import COLUMNS
from domain.catalog_export_rows import rows_of
from domain.errors import FaultCode, UserFault
from domain.jobs import Job
from domain.object_store import ObjectStore, key_of
from domain.outbox import enqueue_job, enqueue_job_for_later
from domain.pages import Page, PageRequest, newest_first
from domain.texts import SLUG

JOB = "catalog_export"
SWEEP_JOB = "catalog_export_sweep"
KEPT = timedelta(days=7)
DOWNLOAD_TIME = timedelta(minutes=10)
MOST_QUEUED = 5
SLICE_ITEMS = 100
"""Read in one transaction, and held in memory at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items are written; None leaves it open. `category` is a slug and means those below it, too."""

    status: str | None = None
    kind: str | None = None
    category: str | None = None


def file_key(tenant_id: uuid.UUID, export_id: uuid.UUID) -> str:
    return key_of(tenant_id, "exports", f"{export_id}.csv")


async def create(session: AsyncSession, *, actor: Actor, wanted: Wanted) -> CatalogExport:
    """Have the catalogue written. Faults: INVALID category, LIMIT_REACHED."""
    require(actor, Permission.CATALOG_MANAGE)
    if wanted.category is not None and not SLUG.fullmatch(wanted.category):
        raise UserFault(FaultCode.INVALID, "This is not the slug of a category.", ("category",))
    key = func.hashtextextended(f"catalog exports {actor.tenant}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))
    queued = select(func.count()).select_from(CatalogExport).where(CatalogExport.status == "queued")
    if (await session.execute(queued)).scalar_one() >= MOST_QUEUED:
        raise UserFault(FaultCode.LIMIT_REACHED, f"At most {MOST_QUEUED} exports at once: let the others end first.")
    made = CatalogExport(
        tenant_id=actor.tenant,
        id=new_id(),
        item_status=wanted.status,
        item_kind=wanted.kind,
        category=wanted.category,
        actor_kind=actor.kind.value,
        actor_id=actor.identity,
    )
    session.add(made)
    audit.record(session, actor=actor, act=Act.CATALOG_EXPORT, export_id=str(made.id))
    enqueue_job(session, tenant_id=actor.tenant, kind=JOB, export_id=made.id)
    enqueue_job_for_later(session, tenant_id=actor.tenant, kind=SWEEP_JOB, due_in=KEPT, export_id=made.id)
    await session.flush()
    return made


async def find_export(session: AsyncSession, *, actor: Actor, export_id: uuid.UUID) -> CatalogExport | None:
    require(actor, Permission.CATALOG_MANAGE)
    return await session.get(CatalogExport, (actor.tenant, export_id))


async def list_exports(session: AsyncSession, *, actor: Actor, page: PageRequest) -> Page[CatalogExport]:
    """The tenant's exports, the newest first."""
    require(actor, Permission.CATALOG_MANAGE)
    return await newest_first(
        session,
        select(CatalogExport),
        moment=CatalogExport.created_at,
        row_id=CatalogExport.id,
        position=lambda each: (each.created_at, each.id),
        page=page,
    )


async def count_exports(session: AsyncSession, *, actor: Actor) -> int:
    require(actor, Permission.CATALOG_MANAGE)
    return (await session.execute(select(func.count()).select_from(CatalogExport))).scalar_one()


async def signed_download(objects: ObjectStore, *, found: CatalogExport) -> str | None:
    """Where the file can be had for some minutes; None while there is none."""
    if found.status != "done":
        return None
    name = f"catalog {found.created_at:%Y-%m-%d}.csv"
    key = file_key(found.tenant_id, found.id)
    return await objects.presign_download(key, file_name=name, expires_in=DOWNLOAD_TIME)


async def run_export(job: Job) -> None:
    """The handler. Done again it writes the same file again, of the catalogue as it is by then."""
    key = job.tenant_id, uuid.UUID(job.payload["export_id"])
    async with job.read() as session:
        found = await session.get(CatalogExport, key)
    if found is None or found.status != "queued":
        return
    writing = Writing(job, Wanted(found.item_status, found.item_kind, found.category))
    size = await job.tools.objects.write_stream(file_key(*key), writing.chunks(), content_type="text/csv")
    async with job.write() as session:
        await end(session, key, status="done", rows=writing.rows, size=size)


async def give_up(session: AsyncSession, job: Job) -> None:
    """After the last try: staff see it, and can ask for another one."""
    await end(session, (job.tenant_id, uuid.UUID(job.payload["export_id"])), status="failed")


async def end(
    session: AsyncSession, key: tuple[uuid.UUID, uuid.UUID], *, status: str, rows: int = 0, size: int | None = None
) -> None:
    found = await session.get_one(CatalogExport, key, with_for_update=True)
    if found.status == "queued":
        found.status, found.rows, found.size, found.ended_at = status, rows, size, datetime.now(UTC)


class Writing:
    """The catalogue as pieces of a file. Counts the rows that it has written."""

    def __init__(self, job: Job, wanted: Wanted) -> None:
        self.job, self.wanted, self.rows = job, wanted, 0

    async def chunks(self) -> AsyncIterator[bytes]:
        """Slice by slice, the oldest items first, each as it is when its turn comes."""
        yield csv_cells.BEGINNING + csv_cells.lines([list(COLUMNS)])
        behind: tuple[datetime, uuid.UUID] | None = None
        while True:
            async with self.job.read() as session:
                items = await next_items(session, self.wanted, behind)
                rows = await rows_of(session, items)
            if not items:
                return
            self.rows += len(rows)
            yield csv_cells.lines([row.get(name, "") for name in COLUMNS] for row in rows)
            behind = items[-1].created_at, items[-1].id


async def next_items(
    session: AsyncSession, wanted: Wanted, behind: tuple[datetime, uuid.UUID] | None
) -> list[CatalogItem]:
    statement = select(CatalogItem).order_by(CatalogItem.created_at, CatalogItem.id).limit(SLICE_ITEMS)
    if behind is not None:
        statement = statement.where(tuple_(CatalogItem.created_at, CatalogItem.id) > behind)
    if wanted.status is not None:
        statement = statement.where(CatalogItem.status == wanted.status)
    if wanted.kind is not None:
        statement = statement.where(CatalogItem.kind == wanted.kind)
    if wanted.category is not None:
        shelf = shelf_of(literal(wanted.category))
        places = select(CatalogItemCategory.item_id).join(shelf, shelf.c.id == CatalogItemCategory.category_id)
        statement = statement.where(CatalogItem.id.in_(places))
    return list((await session.execute(statement)).scalars())


async def sweep_export(job: Job) -> None:
    """The handler that takes an export's file away, some days after it was asked for."""
    export_id = uuid.UUID(job.payload["export_id"])
    await job.tools.objects.delete([file_key(job.tenant_id, export_id)])
    async with job.write() as session:
        found = await session.get(CatalogExport, (job.tenant_id, export_id), with_for_update=True)
        if found is not None:
            found.status = "expired" if found.status == "done" else "failed"
