"""Visits that come together are written together: a batch is one tenant's, one statement in one transaction.

Whoever brings one is answered when its batch is committed, and not before. Batches that wait for a connection go on
filling, so a database that is slow is asked less often, and not for less.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, field
from uuid import UUID

from db.rows import write_rows
from db.session import Database, Scope, StaleCallerError
from domain.errors import Overloaded
from domain.visit_sightings import Sighting
from domain.visits import Recorded, record


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the first sighting of a batch waits for others, and how many there may be."""

    gather_seconds: float = 0.075
    """On average, and each time another: batches of many tenants that are due at one moment hold up whoever comes."""
    most_in_batch: int = 500
    most_waiting: int = 5_000
    """In all batches together, those that are being written included."""
    most_waiting_of_one: int = 2_500
    """Of one tenant: so that a flood at one store leaves room for the others' visits."""
    most_writers: int = 2
    """Connections that are taken from the pool at most."""


@dataclass(eq=False, slots=True)
class Batch:
    """Sightings in one scope. `written` has what became of each, in their order, or why nothing was written."""

    scope: Scope
    written: "asyncio.Future[Sequence[Recorded] | BaseException]"
    sightings: list[Sighting] = field(default_factory=list[Sighting])
    is_due: bool = False
    """A writer has it, or will have it."""


class BatchFailedError(RuntimeError):
    """The batch was not written, or nobody knows whether it was."""


class VisitBatches:
    """The batches of one process."""

    def __init__(self, database: Database, *, pace: Pace | None = None) -> None:
        self._database, self._pace = database, pace or Pace()
        self._open: dict[Scope, Batch] = {}
        """Where the next sighting of a scope goes; also while the batch waits for its turn."""
        self._due: deque[Batch] = deque()
        self._writers: set[asyncio.Task[None]] = set()
        self._writing = self._waiting = 0
        self._waiting_of: Counter[UUID | None] = Counter()

    async def record(self, scope: Scope, sighting: Sighting) -> Recorded:
        """The visit, once it is committed.

        Raises `Overloaded` where too many wait already, `StaleCallerError` where the tenant has changed since it was
        remembered: in both cases nothing was written.
        """
        tenant_id, pace = scope.tenant_id, self._pace
        if self._waiting >= pace.most_waiting or self._waiting_of[tenant_id] >= pace.most_waiting_of_one:
            raise Overloaded
        batch = self._open.get(scope) or self._opened(scope)
        place = len(batch.sightings)
        batch.sightings.append(sighting)
        self._waiting += 1
        self._waiting_of[tenant_id] += 1
        if len(batch.sightings) >= self._pace.most_in_batch:
            self._make_due(batch)
        outcome = await asyncio.shield(batch.written)
        if isinstance(outcome, StaleCallerError):
            raise StaleCallerError
        if isinstance(outcome, BaseException):
            raise BatchFailedError from outcome
        return outcome[place]

    async def close(self) -> None:
        """Write what waits. Nobody is to bring anything any more."""
        for batch in list(self._open.values()):
            self._make_due(batch)
        while self._writers:
            await asyncio.gather(*self._writers, return_exceptions=True)

    def _opened(self, scope: Scope) -> Batch:
        loop = asyncio.get_running_loop()
        batch = self._open[scope] = Batch(scope, loop.create_future())
        gathering = self._pace.gather_seconds * random.uniform(0.5, 1.5)  # noqa: S311 - any moment will do
        loop.call_later(gathering, self._make_due, batch)
        return batch

    def _make_due(self, batch: Batch) -> None:
        """It has waited for long enough, or is full: then the next sighting opens another."""
        if len(batch.sightings) >= self._pace.most_in_batch:
            self._shut(batch)
        if batch.is_due:
            return
        batch.is_due = True
        self._due.append(batch)
        if self._writing < self._pace.most_writers:
            self._writing += 1
            # In a context of its own: that of a request knows of the request's transaction.
            writer = asyncio.get_running_loop().create_task(self._write_due(), context=Context())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)

    def _shut(self, batch: Batch) -> None:
        if self._open.get(batch.scope) is batch:
            del self._open[batch.scope]

    async def _write_due(self) -> None:
        """Ends where nothing is due; from that very moment on it does not count as a writer any more."""
        try:
            while self._due:
                batch = self._due.popleft()
                self._shut(batch)
                batch.written.set_result(await self._outcome(batch))
                self._told(batch.scope.tenant_id, len(batch.sightings))
        finally:
            self._writing -= 1

    def _told(self, tenant_id: UUID | None, many: int) -> None:
        self._waiting -= many
        self._waiting_of[tenant_id] -= many
        if not self._waiting_of[tenant_id]:
            del self._waiting_of[tenant_id]

    async def _outcome(self, batch: Batch) -> "Sequence[Recorded] | BaseException":
        tenant_id = batch.scope.tenant_id
        assert tenant_id is not None  # noqa: S101 - the door of the mutation wants a tenant
        try:
            async with write_rows(self._database, batch.scope) as rows:
                return await record(rows, tenant_id=tenant_id, sightings=batch.sightings)
        except Exception as error:
            return error
