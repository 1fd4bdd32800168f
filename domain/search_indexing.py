"""Keeping search indexes outside in step with what was committed: by the outbox, and anew as a whole.

The truth is `search_documents`, and `search_changes` has a version for each item that has changed. Whoever writes to an
index reads document and version together, and the index refuses what is older than what it has: so writers may be late,
killed, or several, in any order. That a version was told is noted only behind the write.

While an index is filled, it gets each change as well as the one that answers. Whoever tells a change reads *after* it
which indexes there are: if the new one is not announced by then, the filling is still to come and reads the change.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence

import structlog

from db.queries import search_indexes as queries
from db.rows import Record, Rows, Statement, read_rows, write_rows
from db.session import Database, Scope
from domain.jobs import Job
from domain.search_indexes import IndexedItem, SearchIndexes

JOB = "search.index"
"""Its rows are written by a trigger (migration 0022)."""
BATCH = 500
FIRST_ID = uuid.UUID(int=0)
LONGEST_WAIT_SECONDS = 120.0
"""For transactions that began before a tenant was announced: none of ours lasts a tenth of that."""

log = structlog.get_logger("sadu.search")


class NoSearchIndexes(Exception):
    """A tenant is searched in an index that this process was not told of: its settings differ from the others'."""


class ReindexOvertaken(Exception):
    """Another reindexing has begun meanwhile, or the tenant was taken out: that one's word counts."""


async def index_changes(job: Job) -> None:
    """The handler of `JOB`: tell the indexes what has changed, whoever changed it."""
    if job.tools.search_indexes is None:
        raise NoSearchIndexes
    await write_pending(job.tools.database, job.tools.search_indexes, job.tenant_id)


async def write_pending(database: Database, indexes: SearchIndexes, tenant_id: uuid.UUID) -> None:
    """Until nothing is pending. What changes meanwhile has a job of its own, but may as well go along."""
    scope = Scope(tenant_id)
    while True:
        async with read_rows(database, scope) as rows:
            items = await read_items(rows, queries.PENDING)
            targets = await rows.fetch(queries.TARGETS, {})
        if not items or not targets:
            return
        for answers, building in targets:
            if answers:
                await indexes.write(tenant_id, items)
            if building:
                await indexes.write(tenant_id, items, index=building)
        told = {"items": [each.item_id for each in items], "versions": [each.version for each in items]}
        async with write_rows(database, scope) as rows:
            await rows.fetch(queries.NOTE_INDEXED, told)


async def is_indexed(database: Database, tenant_id: uuid.UUID) -> bool:
    """Whether the tenant's items are searched in an index outside."""
    async with read_rows(database, Scope(tenant_id)) as rows:
        return bool(await rows.fetch(queries.ANSWERS, {}))


async def reindex(database: Database, indexes: SearchIndexes, tenant_id: uuid.UUID) -> str:
    """Fill a new index with every item, put it in place of the old one, and answer from it; its name.

    Meanwhile the old one answers. Killed anywhere, nothing is lost, and beginning again ends right. Raises
    `ReindexOvertaken`.
    """
    scope = Scope(tenant_id)
    index = await indexes.make(tenant_id)
    async with write_rows(database, scope) as rows:
        await rows.fetch(queries.ANNOUNCE, {"building": index})
    await settle(database, scope)
    written = await fill(database, indexes, tenant_id, index)
    try:
        await put_in_place(database, indexes, tenant_id, index)
    except ReindexOvertaken:
        await indexes.remove(tenant_id, index=index)
        raise
    log.info("search_reindexed", tenant_id=str(tenant_id), items=written)
    return index


async def leave(database: Database, indexes: SearchIndexes, tenant_id: uuid.UUID) -> None:
    """Search the tenant's items in Postgres again, from the commit on, and take its indexes away.

    Versions stay: where the tenant comes back, they must be higher than whatever is still on its way.
    """
    async with write_rows(database, Scope(tenant_id)) as rows:
        await rows.fetch(queries.REMOVE, {})
    await indexes.remove(tenant_id)


async def settle(database: Database, scope: Scope) -> None:
    """Wait until everybody who writes sees what was just committed: for the end of whoever is writing now.

    Triggers of a transaction that was under way may not have seen the tenant announced, and noted nothing.
    """
    async with read_rows(database, scope) as rows:
        [(following,)] = await rows.fetch(queries.FOLLOWING, {})
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        async with read_rows(database, scope) as rows:
            [(horizon,)] = await rows.fetch(queries.HORIZON, {})
        if int(horizon) >= int(following):
            return
        if time.monotonic() > until:
            raise TimeoutError("a transaction elsewhere does not end")
        await asyncio.sleep(0.05)


async def fill(database: Database, indexes: SearchIndexes, tenant_id: uuid.UUID, index: str) -> int:
    """Write every item, a batch at a time and each in a transaction of its own; how many."""
    written, behind = 0, FIRST_ID
    while True:
        async with read_rows(database, Scope(tenant_id)) as rows:
            items = await read_items(rows, queries.EVERYTHING, behind=behind)
        if not items:
            return written
        await indexes.write(tenant_id, items, index=index)
        written, behind = written + len(items), items[-1].item_id


async def put_in_place(database: Database, indexes: SearchIndexes, tenant_id: uuid.UUID, index: str) -> None:
    """Only while nobody else has begun to build: whoever does waits for this moment to pass."""
    async with write_rows(database, Scope(tenant_id)) as rows:
        building = await rows.fetch(queries.HOLD_BUILDING, {})
        if [each["building"] for each in building] != [index]:
            raise ReindexOvertaken
        await indexes.put_in_place(tenant_id, index)
        await rows.fetch(queries.TAKE_OVER, {"name": index})


async def read_items(rows: Rows, statement: Statement, **values: uuid.UUID) -> Sequence[IndexedItem]:
    return [indexed_item(record) for record in await rows.fetch(statement, {**values, "most": BATCH})]


def indexed_item(record: Record) -> IndexedItem:
    item_id, version, document = record
    return IndexedItem(item_id, version, document)
