"""How old a cached answer of a storefront may be: a version per tenant, which changes whenever the answer might.

Triggers note each change in the transaction that makes it, and every process asks the database for new ones three times
a second. Nobody has to be told anything, so a writer may die right after its commit, and Redis plays no part.
"""

import asyncio
import random
import uuid
from contextlib import suppress
from datetime import timedelta
from time import monotonic

import structlog

from db.queries.storefront import Changes, find_changes
from db.session import Database, Scope

FRESH_SECONDS = 1.0
"""How long the versions hold, from the beginning of the poll that found them: the promise to shoppers."""
POLL_SECONDS = 0.3
DEADLINE_SECONDS = 0.9
STATEMENT_TIMEOUT_MS = 800
LONGEST_GAP = timedelta(minutes=30)
"""Between two polls, by the database's clock. Changes are kept for an hour: who sleeps longer has missed some."""
COMPLAINT_SECONDS = 60.0

log = structlog.get_logger("sadu.storefront_versions")


class StorefrontVersions:
    """Keeps the versions of all tenants for one process. Whoever caches must follow three rules.

    Ask `version_of` before reading what is to be cached, and store it with the answer. Serve the answer only while
    `version_of` is the same number again; None means that nobody knows. After a commit of this process, `bump`.

    `database` should have a pool of its own with one connection, which the caller disposes of: behind requests that
    exhaust the pool, polls would wait, and the cache would be off when it is needed most.
    """

    def __init__(self, database: Database) -> None:
        self._database = Database(database.engine, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
        self._count = 0
        self._unchanged = 0  # the version of every tenant that is not in `_versions`
        self._versions: dict[uuid.UUID, int] = {}
        self._last: Changes | None = None
        self._fresh_until = self._quiet_until = float("-inf")
        self._closed = asyncio.Event()

    def version_of(self, tenant_id: uuid.UUID) -> int | None:
        """The tenant's version, or None while changes of the last second might be unknown here."""
        return self._versions.get(tenant_id, self._unchanged) if monotonic() <= self._fresh_until else None

    def bump(self, tenant_id: uuid.UUID) -> None:
        """Make the tenant's cached answers void: at once for this process's own commits, without waiting for a poll."""
        self._count += 1
        self._versions[tenant_id] = self._count

    async def run(self) -> None:
        """Poll until `close` or cancellation, whatever becomes of the database."""
        while not self._closed.is_set():
            try:
                await self.poll()
            except Exception as error:
                self._complain(error)
            pause = POLL_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - only so that processes do not march in step
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), pause)

    def close(self) -> None:
        """Let `run` end after the poll that is under way; from now on every version is None."""
        self._closed.set()
        self._fresh_until = float("-inf")

    async def poll(self) -> None:
        """Ask once. An error makes every version None, and the next success makes every cached answer void."""
        began = monotonic()
        last, self._last = self._last, None
        try:
            found = await self._look(last)
        except BaseException:
            self._fresh_until = float("-inf")
            raise
        if last is not None and follows(found, last):
            for tenant_id in found.tenants:
                self.bump(tenant_id)
        else:
            self._bump_all()
        self._last = found
        if not self._closed.is_set():
            self._fresh_until = began + FRESH_SECONDS

    async def _look(self, last: Changes | None) -> Changes:
        async with asyncio.timeout(DEADLINE_SECONDS), self._database.read(Scope()) as session:
            return await find_changes(session, since=last.seen if last else None)

    def _bump_all(self) -> None:
        self._count += 1
        self._unchanged = self._count
        self._versions.clear()

    def _complain(self, error: Exception) -> None:
        """Once a minute."""
        if monotonic() >= self._quiet_until:
            log.warning("storefront_versions_unknown", error=type(error).__name__)
            self._quiet_until = monotonic() + COMPLAINT_SECONDS


def follows(found: Changes, last: Changes) -> bool:
    """Whether nothing can have been missed between two looks.

    Only looks with no error in between are compared at all: what a failover has lost may be cached, and transactions
    after it get numbers that the last look took for past ones. Behind a pooler only the server's start tells of it.
    """
    return found.server_started == last.server_started and found.moment - last.moment < LONGEST_GAP
