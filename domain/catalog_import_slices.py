"""Checking and applying the rows of an import, some items in each transaction.

An item is applied with all its rows or not at all: where one of them is wrong, the others wait for the next file. How
far the import has come is written in the transaction of the items themselves, so that a worker that was killed has
done all of a slice or nothing of it, and no item is applied twice.
"""

import itertools
import time
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import violated
from db.models import (
    CatalogImport,
    CatalogImportError,
    CatalogImportRow,
)
from db.models.catalog_transfers import RUNNING
from domain import catalog_import_errors, catalog_import_files, catalog_imports
from domain.catalog_csv import understood
from domain.catalog_import_errors import Found
from domain.catalog_import_lines import Group, Line
from domain.catalog_import_plans import planned
from domain.catalog_import_shop import read_shop
from domain.catalog_import_variants import Plan
from domain.catalog_import_writes import Writes
from domain.catalog_options import COMBINATION_INDEX
from domain.catalog_variants import MOST_VARIANTS, SKU_CONSTRAINT
from domain.errors import FaultCode
from domain.external_references import ITEM_REFERENCE, VARIANT_REFERENCE
from domain.jobs import Job

SLICE_ROWS = 120
"""More than an item has variants. With more rows there were fewer statements, but search is renewed for all of them
when the transaction ends, which must be far within the time that a statement may take.
"""
TAKEN_BY_ANOTHER = {
    SKU_CONSTRAINT: "sku",
    "uq_catalog_items_tenant_id_slug": "slug",
    COMBINATION_INDEX: "option1_value_en",
    ITEM_REFERENCE: "external_reference",
    VARIANT_REFERENCE: "variant_reference",
}
"""What somebody else may take between our look and our write."""


async def run_import(job: Job) -> None:
    """The handler: read, check, apply, as far as it gets within some seconds; then another job goes on."""
    import_id = uuid.UUID(job.payload["import_id"])
    await go_on(job, import_id)
    async with job.write() as session:
        found = await session.get(CatalogImport, (job.tenant_id, import_id))
        if found is not None and found.status in RUNNING:
            await job.continue_with(session, import_id=import_id)


async def go_on(job: Job, import_id: uuid.UUID) -> None:
    ends_at = time.monotonic() + catalog_import_files.SECONDS
    async with job.read() as session:
        found = await session.get(CatalogImport, (job.tenant_id, import_id))
    if found is None:
        return
    if found.status == "reading":
        await catalog_import_files.read_file(job, import_id)
    elif found.status in RUNNING:
        while await take_slice(job, import_id):
            if time.monotonic() >= ends_at:
                return
        await finish(job, import_id)


async def take_slice(job: Job, import_id: uuid.UUID) -> bool:
    """Check or apply the next items; whether there were any.

    Where somebody else takes a SKU or a slug in the same moment, the items are applied one by one, and the one that
    came too late is refused.
    """
    try:
        return await write_slice(job, import_id)
    except IntegrityError as error:
        if violated(error) not in TAKEN_BY_ANOTHER:
            raise
    try:
        return await write_slice(job, import_id, most_items=1)
    except IntegrityError as error:
        column = TAKEN_BY_ANOTHER.get(violated(error) or "")
        if column is None:
            raise
        return await write_slice(job, import_id, most_items=1, taken=column)


async def write_slice(
    job: Job, import_id: uuid.UUID, *, most_items: int | None = None, taken: str | None = None
) -> bool:
    """One transaction. `taken` refuses its one item for this column."""
    async with job.write() as session:
        return await fill_slice(session, job.tenant_id, import_id, most_items=most_items, taken=taken)


async def fill_slice(
    session: AsyncSession,
    tenant_id: uuid.UUID,
    import_id: uuid.UUID,
    *,
    most_items: int | None = None,
    taken: str | None = None,
) -> bool:
    found = await session.get(CatalogImport, (tenant_id, import_id), with_for_update=True)
    if found is None or found.status not in ("checking", "applying"):
        return False
    groups = (await next_groups(session, found))[:most_items]
    if not groups:
        return False
    is_applied = found.status == "applying"
    shop = await read_shop(session, import_id, groups, is_applied=is_applied)
    writes = Writes()
    for group in groups:
        if taken is not None:
            group.lines[0].refuse(taken, FaultCode.TAKEN, "Somebody else has taken this in the same moment.")
        plan = planned(shop, group)
        count(found, plan)
        if is_applied and not plan.is_refused and plan.changes_anything:
            writes.add(plan)
    await writes.flush(session, tenant_id)
    await count_rows_beyond(session, found, groups)
    found.done_items = groups[-1].number
    await catalog_import_errors.keep(session, found, problems_of(groups))
    return True


async def next_groups(session: AsyncSession, found: CatalogImport) -> list[Group]:
    """The items that come next, with all their rows; of one with too many, more than it may have."""
    row = CatalogImportRow
    wanted = select(row.row, row.line, row.item, row.cells)
    wanted = wanted.where(row.import_id == found.id, row.item > found.done_items)
    wanted = wanted.order_by(row.item, row.row).limit(SLICE_ROWS + 1)
    rows = (await session.execute(wanted)).all()
    groups = [
        Group(number, [Line(each.row, each.line, understood(each.cells)) for each in several])
        for number, several in itertools.groupby(rows, key=lambda each: each.item)
    ]
    # The last one may have rows that were not read.
    return groups[:-1] if len(rows) > SLICE_ROWS and len(groups) > 1 else groups


def count(found: CatalogImport, plan: Plan) -> None:
    outcomes = plan.outcomes()
    for outcome in ("created", "updated", "unchanged", "failed"):
        setattr(found, outcome, getattr(found, outcome) + outcomes.count(outcome))


async def count_rows_beyond(session: AsyncSession, found: CatalogImport, groups: Sequence[Group]) -> None:
    """An item with more rows than were read is refused with all of them."""
    for group in groups:
        if len(group.lines) > SLICE_ROWS:
            of_item = CatalogImportRow.import_id == found.id, CatalogImportRow.item == group.number
            rows = select(func.count()).select_from(CatalogImportRow).where(*of_item)
            found.failed += (await session.execute(rows)).scalar_one() - len(group.lines)


def problems_of(groups: Sequence[Group]) -> list[Found]:
    """An item with too many rows is told that, and not what else is wrong with each of them."""
    lines = (line for group in groups for line in group.lines[: MOST_VARIANTS + 1])
    return [Found(line.row, line.line, problem) for line in lines for problem in line.problems]


async def finish(job: Job, import_id: uuid.UUID) -> None:
    """Behind the last item: on to applying what was checked, or to the end, with a report of what was wrong."""
    key_of_import = job.tenant_id, import_id
    async with job.read() as session:
        found = await session.get_one(CatalogImport, key_of_import)
    if found.status not in ("checking", "applying"):
        return
    if found.errors:
        key = catalog_imports.report_key(job.tenant_id, import_id)
        report = catalog_import_errors.report(job, import_id)
        await job.tools.objects.write_stream(key, report, content_type=catalog_imports.CONTENT_TYPE)
    async with job.write() as session:
        await catalog_imports.take_turn(session, job.tenant_id)
        phase, found = found.status, await session.get_one(CatalogImport, key_of_import, with_for_update=True)
        if found.status != phase or found.done_items < found.items:
            return  # another worker was faster
        if found.status == "applying":
            await catalog_imports.end(session, found, "applied")
        elif found.status == "checking" and found.is_dry_run:
            await catalog_imports.end(session, found, "checked")
        elif found.status == "checking" and found.errors:
            found.refusal = await catalog_import_errors.as_refusal(session, found)
            await catalog_imports.end(session, found, "refused")
        elif found.status == "checking":
            found.status, found.done_items = "applying", 0
            found.created = found.updated = found.unchanged = found.failed = 0


async def sweep_import(job: Job) -> None:
    """The handler that takes an import's file, rows and errors away, some days after it was made."""
    import_id = uuid.UUID(job.payload["import_id"])
    keys = [each(job.tenant_id, import_id) for each in (catalog_imports.file_key, catalog_imports.report_key)]
    await job.tools.objects.delete(keys)
    async with job.write() as session:
        await catalog_imports.take_turn(session, job.tenant_id)
        found = await session.get(CatalogImport, (job.tenant_id, import_id), with_for_update=True)
        if found is None:
            return
        for table in (CatalogImportRow, CatalogImportError):
            await session.execute(delete(table).where(table.import_id == import_id))
        found.swept_at = func.now()
        if found.status in ("created", "queued"):
            await catalog_imports.end(session, found, "expired")
        elif found.status in RUNNING:
            await catalog_imports.end(session, found, "failed")
