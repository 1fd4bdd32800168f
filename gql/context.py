"""What a resolver has at hand: who asks, ways to read and write, loaders. Never a session."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import strawberry

from db.session import AsyncSession, Database, RequestReads, Scope
from domain.actors import Actor, ActorKind
from domain.callers import Caller, TenantBrief
from domain.errors import AccessDenied
from domain.outbox import has_work
from domain.ports import IdentityProvider, WorkSignal
from gql.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Services:
    """What the process has built once and every request uses."""

    database: Database
    platform_database: Database
    identity: IdentityProvider
    signal: WorkSignal


@dataclass
class Context:
    """One request. `actor` is who acts in the request's tenant; RLS follows `actor.scope`."""

    services: Services
    caller: Caller
    request_id: str
    actor: Actor = field(init=False)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.actor = self.caller.actor(self.request_id)
        self._reads = RequestReads(self.services.database)
        self.loaders = Loaders(self._reads, self.actor.scope)

    @property
    def tenant(self) -> TenantBrief:
        """The tenant of the request; its door has made sure that there is one."""
        if self.caller.tenant is None:
            raise AccessDenied("no tenant")
        return self.caller.tenant

    @property
    def operator(self) -> Actor:
        """The operator acting on the platform; `AccessDenied` for anyone else."""
        if not self.caller.operator:
            raise AccessDenied("operator")
        return Actor(ActorKind.OPERATOR, person_id=self.caller.person_id, request_id=self.request_id)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A short read-only transaction in the actor's scope, shared with reads that overlap it."""
        async with self._reads.read(self.actor.scope) as session:
            yield session

    @asynccontextmanager
    async def write(self, *, tenant_id: UUID | None = None) -> AsyncGenerator[AsyncSession]:
        """One transaction in the actor's scope; committed, loaders cleared, worker woken at the end of the block.

        `tenant_id` is for `tenantCreate` alone: the scope of the tenant that is being made.
        """
        scope = Scope(tenant_id or self.actor.tenant_id, self.actor.person_id)
        async with self.services.database.write(scope) as session:
            yield session
        self.loaders.clear()
        if has_work(session):
            await self.services.signal.wake()

    @asynccontextmanager
    async def read_platform(self) -> AsyncGenerator[AsyncSession]:
        """Reads across tenants under the platform's login: for operators alone."""
        scope = Scope(person_id=self.operator.person_id)
        async with self.services.platform_database.read(scope) as session:
            yield session

    @asynccontextmanager
    async def write_platform(self, tenant_id: UUID) -> AsyncGenerator[AsyncSession]:
        """Writes what center control may write about one tenant, under the platform's login."""
        scope = Scope(tenant_id=tenant_id, person_id=self.operator.person_id)
        async with self.services.platform_database.write(scope) as session:
            yield session
        self.loaders.clear()


Info = strawberry.Info[Context, None]
