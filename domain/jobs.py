"""Work of a tenant's that is no mail: images, imports, exports. The contract of a handler.

A handler is a plain async function of a `Job`, listed in `domain.job_handlers` under the kind that `enqueue_job` names.

- It is called at least once for each job that was committed, until it returns; then the job is done. Where it raises,
  it is called again after a pause, and after eight tries the job is `dead`. Whatever it did may have been done before,
  wholly or in part, also by a worker that was killed: each step must bear to be done again.
- The job is its own for as long as it runs: the lease is renewed meanwhile, and a handler whose lease was lost is
  cancelled. What must not happen twice goes into one transaction with `conclude` or `continue_with`, which raise
  where the job is somebody else's by now.
- It holds no transaction while it waits for anything outside. `job.write()` is under the tenant's scope.
- It may take ten minutes. Work that may take longer than some seconds is cut into slices: `continue_with` ends this job
  and enqueues its continuation at once, behind what other tenants are waiting for.
- What will never succeed is no exception: record it where the tenant's staff see it, and return.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import OutboxMessage
from db.queries.outbox import Lease
from db.session import Database, Scope
from domain.images import ImageRenderer
from domain.leases import JOBS, LEASE_SECONDS, LeaseLost, close_as_done, held
from domain.object_store import ObjectStore
from domain.outbox import enqueue_job
from domain.payment_gateways import Gateways
from domain.search_indexes import SearchIndexes


@dataclass(frozen=True, slots=True)
class Tools:
    """What handlers work with."""

    database: Database
    objects: ObjectStore
    images: ImageRenderer
    gateways: Gateways
    search_indexes: SearchIndexes | None = None
    """Where items of some tenants are searched; None where all are searched in Postgres."""


@dataclass
class Job:
    """One try at one job."""

    tools: Tools
    lease: Lease
    kind: str
    payload: Mapping[str, Any]
    is_concluded: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Renewing the lease and ending it are one after the other: each has to know what the lease is."""

    @property
    def tenant_id(self) -> uuid.UUID:
        return self.lease.owner_id

    @property
    def scope(self) -> Scope:
        return Scope(tenant_id=self.lease.owner_id)

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A read-only transaction under the tenant's scope."""
        return self.tools.database.read(self.scope)

    def write(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction under the tenant's scope."""
        return self.tools.database.write(self.scope)

    async def conclude(self, session: AsyncSession) -> None:
        """The job is done with this transaction; nothing is to follow in it. Raises `LeaseLost`."""
        async with self._turn:
            if not await close_as_done(session, JOBS, self.lease):
                raise LeaseLost
            self.is_concluded = True

    async def continue_with(self, session: AsyncSession, **payload: uuid.UUID | str) -> None:
        """The job is done with this transaction, and another of its kind takes over. Raises `LeaseLost`."""
        enqueue_job(session, tenant_id=self.tenant_id, kind=self.kind, **payload)
        await self.conclude(session)

    async def renew(self) -> None:
        """Have the lease for longer. Raises `LeaseLost`."""
        async with self._turn:
            if self.is_concluded:
                return
            until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, LEASE_SECONDS)
            longer = update(OutboxMessage).where(held(JOBS, self.lease)).values(due_at=until)
            async with self.write() as session:
                renewed = (await session.execute(longer.returning(OutboxMessage.due_at))).scalar_one_or_none()
            if renewed is None:
                raise LeaseLost
            self.lease = replace(self.lease, until=renewed)


Handler = Callable[[Job], Awaitable[None]]
Ending = Callable[[AsyncSession, Job], Awaitable[None]]
"""What to record in the transaction that gives a job up: whoever waits for it must not wait for ever."""
