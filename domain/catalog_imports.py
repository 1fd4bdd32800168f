"""Imports of the catalogue: made, started, one at a time for a tenant, cancelled, looked up.

The file goes to the object store by a signed request; the worker reads it (`domain.catalog_import_files`), checks its
rows and applies them (`domain.catalog_import_slices`). Whoever changes an import holds its row.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogImport, CatalogImportError, new_id
from db.models.catalog_transfers import RUNNING
from domain import audit
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.catalog_csv import MOST_BYTES
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.jobs import Job
from domain.object_store import ObjectStore, PresignedUpload, key_of
from domain.outbox import enqueue_job, enqueue_job_for_later
from domain.pages import Page, PageRequest, newest_first
from domain.texts import required
from domain.transitions import StateMachine
from domain.uploads import LINK_SURELY_ENDED, UploadKind, check_upload, offer

JOB = "catalog_import"
SWEEP_JOB = "catalog_import_sweep"
KEPT = timedelta(days=7)
"""How long an import's file, rows and errors are kept after it was made."""
DOWNLOAD_TIME = timedelta(minutes=10)
MOST_OPEN = 20
CONTENT_TYPE = "text/csv"
FILES = UploadKind("imports", (CONTENT_TYPE,), MOST_BYTES)
ENDED = ("checked", "applied", "refused", "cancelled", "failed", "expired")
WITH_REPORT = ("checked", "applied", "refused")
IMPORT_STATUS = StateMachine(
    "The import",
    {
        "created": ("queued", "cancelled"),
        "queued": ("cancelled",),
        **dict.fromkeys(RUNNING, ("cancelled",)),
        "checked": ("queued",),
        **dict.fromkeys(ENDED[1:], ()),
    },
)
"""What staff may bring about; the worker does the rest."""


@dataclass(frozen=True, slots=True)
class Start:
    """How an import is to run. `stored_size` is what the object store has of its file; None if it has none."""

    is_dry_run: bool
    is_all_or_nothing: bool
    stored_size: int | None


def file_key(tenant_id: uuid.UUID, import_id: uuid.UUID) -> str:
    return FILES.key(tenant_id, import_id)


def report_key(tenant_id: uuid.UUID, import_id: uuid.UUID) -> str:
    return key_of(tenant_id, "imports", f"{import_id}-report.csv")


async def create(session: AsyncSession, *, actor: Actor, file_name: str, size: int) -> CatalogImport:
    """An import that waits for its file. Faults: invalid name or size, LIMIT_REACHED."""
    require(actor, Permission.CATALOG_MANAGE)
    faults = Faults()
    name = ""
    with faults.collecting():
        name = required(file_name, "fileName", limit=200)
    with faults.collecting():
        check_upload(FILES, content_type=CONTENT_TYPE, size=size)
    faults.raise_any()
    await take_turn(session, actor.tenant)
    # Those that nobody starts count until their time for the upload is over.
    is_open = CatalogImport.status.in_(("created", "queued", *RUNNING))
    is_young = CatalogImport.created_at > func.now() - LINK_SURELY_ENDED
    counting = select(func.count()).select_from(CatalogImport).where(is_open, is_young)
    if (await session.execute(counting)).scalar_one() >= MOST_OPEN:
        raise UserFault(FaultCode.LIMIT_REACHED, f"At most {MOST_OPEN} imports at once: let the others end first.")
    made = CatalogImport(
        tenant_id=actor.tenant,
        id=new_id(),
        file_name=name,
        size=size,
        actor_kind=actor.kind.value,
        actor_id=actor.identity,
    )
    session.add(made)
    enqueue_job_for_later(session, tenant_id=actor.tenant, kind=SWEEP_JOB, due_in=KEPT, import_id=made.id)
    await session.flush()
    return made


async def offer_upload(objects: ObjectStore, made: CatalogImport) -> PresignedUpload:
    """The link by which the file is sent: once the row is committed, and outside of transactions."""
    return await offer(
        objects, FILES, tenant_id=made.tenant_id, upload_id=made.id, content_type=CONTENT_TYPE, size=made.size
    )


async def signed_report(objects: ObjectStore, *, found: CatalogImport) -> str | None:
    """Where the report can be had for some minutes; None while there is none."""
    if found.errors == 0 or found.status not in WITH_REPORT or found.swept_at is not None:
        return None
    key, name = report_key(found.tenant_id, found.id), f"errors {found.file_name.removesuffix('.csv')}.csv"
    return await objects.presign_download(key, file_name=name, expires_in=DOWNLOAD_TIME)


async def stored_size(objects: ObjectStore, *, actor: Actor, import_id: uuid.UUID) -> int | None:
    """How many bytes of the file have arrived; None where there is none, or no such import of this tenant."""
    require(actor, Permission.CATALOG_MANAGE)
    found = await objects.stat(file_key(actor.tenant, import_id))
    return None if found is None else found.size


async def start(session: AsyncSession, *, actor: Actor, import_id: uuid.UUID, wanted: Start) -> CatalogImport:
    """Begin, or wait for the tenant's other imports. After a dry run the same file can be applied.

    Faults: NOT_FOUND; ILLEGAL_TRANSITION; REQUIRED where the file has not arrived.
    """
    require(actor, Permission.CATALOG_MANAGE)
    await take_turn(session, actor.tenant)
    found = await locked(session, actor, import_id)
    IMPORT_STATUS.check(found.status, "queued", "id")
    if wanted.stored_size != found.size or found.swept_at is not None:
        raise UserFault(FaultCode.REQUIRED, "The file has not arrived: upload it first, or make a new import.", ("id",))
    found.status, found.queued_at = "queued", func.clock_timestamp()
    found.is_dry_run, found.is_all_or_nothing = wanted.is_dry_run, wanted.is_all_or_nothing
    if not wanted.is_dry_run:
        audit.record(session, actor=actor, act=Act.CATALOG_IMPORT, import_id=str(found.id), file_name=found.file_name)
    await session.flush()
    await begin_next(session, actor.tenant)
    await session.refresh(found)
    return found


async def cancel(session: AsyncSession, *, actor: Actor, import_id: uuid.UUID) -> CatalogImport:
    """Stop behind the slice that is being written; what was applied stays. Faults: NOT_FOUND, ILLEGAL_TRANSITION."""
    require(actor, Permission.CATALOG_MANAGE)
    await take_turn(session, actor.tenant)
    found = await locked(session, actor, import_id)
    IMPORT_STATUS.check(found.status, "cancelled", "id")
    found.status, found.ended_at = "cancelled", func.now()
    audit.record(
        session, actor=actor, act=Act.CATALOG_IMPORT_CANCEL, import_id=str(found.id), file_name=found.file_name
    )
    await session.flush()
    await begin_next(session, actor.tenant)
    await session.refresh(found)
    return found


async def end(session: AsyncSession, found: CatalogImport, status: str) -> None:
    """The worker is done with an import that it holds: the next one of the tenant begins."""
    found.status, found.ended_at = status, func.now()
    await session.flush()
    await begin_next(session, found.tenant_id)


async def give_up(session: AsyncSession, job: Job) -> None:
    """After the last try: staff see it, and the tenant's next import begins."""
    await take_turn(session, job.tenant_id)
    key = job.tenant_id, uuid.UUID(job.payload["import_id"])
    found = await session.get(CatalogImport, key, with_for_update=True)
    if found is not None and found.status in RUNNING:
        await end(session, found, "failed")


async def begin_next(session: AsyncSession, tenant_id: uuid.UUID) -> None:
    """Let the import begin that has waited longest, unless one is running.

    Of two who try at once only one may: the index over running imports refuses, and `take_turn` keeps that from being
    an error.
    """
    running = select(CatalogImport.id).where(CatalogImport.status.in_(RUNNING))
    if (await session.execute(running)).first() is not None:
        return
    waiting = select(CatalogImport).where(CatalogImport.status == "queued")
    waiting = waiting.order_by(CatalogImport.queued_at, CatalogImport.id).limit(1).with_for_update()
    following = (await session.execute(waiting.execution_options(populate_existing=True))).scalar_one_or_none()
    if following is None:
        return
    following.status = "reading" if not following.is_read else status_when_read(following)
    following.started_at, following.ended_at, following.done_items = func.now(), None, 0
    following.created = following.updated = following.unchanged = following.failed = following.errors = 0
    # Those of a dry run.
    await session.execute(delete(CatalogImportError).where(CatalogImportError.import_id == following.id))
    await session.flush()
    enqueue_job(session, tenant_id=tenant_id, kind=JOB, import_id=following.id)


def status_when_read(found: CatalogImport) -> str:
    """What comes behind reading: a file that is applied as a whole or not at all is checked as a whole first."""
    return "checking" if found.is_dry_run or found.is_all_or_nothing else "applying"


async def take_turn(session: AsyncSession, tenant_id: uuid.UUID) -> None:
    """Who starts, cancels or ends imports of a tenant goes one after the other. Taken before any import's row."""
    key = func.hashtextextended(f"catalog imports {tenant_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def locked(session: AsyncSession, actor: Actor, import_id: uuid.UUID) -> CatalogImport:
    """An import that nobody else changes until this transaction ends, the worker included. Fault: NOT_FOUND."""
    found = await session.get(CatalogImport, (actor.tenant, import_id), with_for_update=True)
    if found is None:
        raise not_found("import", "id")
    return found


async def find_import(session: AsyncSession, *, actor: Actor, import_id: uuid.UUID) -> CatalogImport | None:
    require(actor, Permission.CATALOG_MANAGE)
    return await session.get(CatalogImport, (actor.tenant, import_id))


async def list_imports(session: AsyncSession, *, actor: Actor, page: PageRequest) -> Page[CatalogImport]:
    """The tenant's imports, the newest first."""
    require(actor, Permission.CATALOG_MANAGE)
    return await newest_first(
        session,
        select(CatalogImport),
        moment=CatalogImport.created_at,
        row_id=CatalogImport.id,
        position=lambda each: (each.created_at, each.id),
        page=page,
    )


async def count_imports(session: AsyncSession, *, actor: Actor) -> int:
    require(actor, Permission.CATALOG_MANAGE)
    return (await session.execute(select(func.count()).select_from(CatalogImport))).scalar_one()


def progress(found: CatalogImport) -> int:
    """Per cent of the work: reading counts for a tenth of it, and so does each item for its share of the rest."""
    if found.status in ("created", "queued"):
        return 0
    if found.status in ENDED and found.status != "cancelled":
        return 100
    read = 10 if found.is_read else 10 * found.read_bytes // max(found.size * 2, 1)
    return min(99, read + 90 * found.done_items // max(found.items, 1))
