"""What a resolver has at hand: who asks, ways to read and write, loaders. Never a session."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

import strawberry

from db.models import OutboxMessage
from db.rows import Rows, RowsTransaction, read_rows, write_rows
from db.session import AsyncSession, Database, RequestReads, Scope
from db.storefront_writes import has_written_storefront
from domain.actors import Actor, ActorKind
from domain.along import Along
from domain.callers import Caller, TenantBrief
from domain.carts import GuestCarts
from domain.errors import AccessDenied
from domain.object_store import ObjectStore
from domain.outbox import has_work
from domain.payment_gateways import Gateways
from domain.ports import AttemptLimits, Holder, IdentityProvider, Origin, SearchEngine, Throttle, WorkSignal
from domain.signing import Signer
from domain.visit_batches import VisitBatches
from domain.visit_sightings import Sighting
from domain.visits import Recorded
from gql.elements import Elements
from gql.loaders import Loaders
from gql.refresh_cookies import RefreshCookie
from gql.selections import Selections

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What the process has built once and every request uses."""

    database: Database
    platform_database: Database
    identity: IdentityProvider
    signal: WorkSignal
    throttle: Throttle
    attempts: AttemptLimits
    signer: Signer
    search: SearchEngine
    visits: VisitBatches
    storefront_changed: Callable[[UUID], None]
    """Told of a tenant right after this process has committed a change of what its shoppers see."""
    guest_carts: GuestCarts
    objects: ObjectStore
    gateways: Gateways
    media_url: str
    """Where the public objects are, without a slash at the end."""


@dataclass
class Context:
    """One request. `actor` is who acts in the request's tenant; RLS follows `actor.scope`."""

    services: Services
    caller: Caller
    request_id: str
    selections: Selections
    language: str | None = None
    """What the caller would rather read; None leaves it to the tenant."""
    address: str | None = None
    """The IP address that the request comes from, as far as that can be believed."""
    access_token: str | None = None
    """The token that the caller was identified by."""
    refresh_cookie: RefreshCookie | None = None
    """Where the caller's browser keeps its refresh token; None for clients that keep it themselves."""
    actor: Actor = field(init=False)
    scope: Scope = field(init=False)
    loaders: Loaders = field(init=False)
    elements: Elements = field(init=False)

    def __post_init__(self) -> None:
        self.actor = self.caller.actor(self.request_id, self.address)
        self.scope = self.caller.scope
        self._reads = RequestReads(self.services.database)
        self._last_rows: RowsTransaction | None = None
        self._has_recorded = False
        self.loaders = Loaders(self._reads, self.scope)
        self.elements = Elements()

    @property
    def tenant(self) -> TenantBrief:
        """The tenant of the request; its door has made sure that there is one."""
        if self.caller.tenant is None:
            raise AccessDenied("no tenant")
        return self.caller.tenant

    @property
    def operator(self) -> Actor:
        """The operator acting on the platform; `AccessDenied` for anyone else."""
        if not self.caller.operator or self.caller.lacks_mfa:
            raise AccessDenied("operator")
        return Actor(
            ActorKind.OPERATOR, person_id=self.caller.person_id, request_id=self.request_id, address=self.address
        )

    @property
    def origin(self) -> Origin:
        return Origin(self.request_id, self.address)

    @property
    def holder(self) -> Holder:
        """The signed-in person as the holder of their account; `AccessDenied` for anyone else."""
        if self.caller.session_id is None or self.access_token is None:
            raise AccessDenied("not signed in")
        return Holder(self.actor.person, self.caller.session_id, self.access_token, self.origin)

    def has_registered(self, customer_id: UUID) -> None:
        """From now on the caller is a customer of the request's store."""
        self.actor = replace(self.actor, customer_id=customer_id)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A short read-only transaction in the actor's scope, shared with reads that overlap it."""
        async with self._reads.read(self.scope) as session:
            yield session

    def read_rows(self) -> RowsTransaction:
        """As `read`, for the hot path: one statement that was compiled before, in a transaction of its own."""
        scope = self._reads.claimed(self.scope)
        transaction = read_rows(self.services.database, scope)
        self._last_rows = transaction if scope.edition is not None else self._last_rows
        return transaction

    @property
    def has_read(self) -> bool:
        """Some transaction has made sure that what is remembered of tenant and caller is still so."""
        has_read_rows = self._last_rows is not None and self._last_rows.began
        return self._reads.began or has_read_rows or self._has_recorded

    def take(self, found: Along[T]) -> T:
        """What was read; the loaders learn what came along."""
        self.loaders.know(found)
        return found.value

    @asynccontextmanager
    async def write(self, *, tenant_id: UUID | None = None) -> AsyncGenerator[AsyncSession]:
        """One transaction in the actor's scope; committed, loaders cleared, worker woken at the end of the block.

        `tenant_id` is for a tenant that the actor is about to make or to join: the scope is that tenant's.
        """
        scope = Scope(tenant_id or self.actor.tenant_id, self.actor.person_id)
        async with self.services.database.write(scope) as session:
            yield session
        self._after_commit(session, scope.tenant_id)
        if has_work(session):
            await self.services.signal.wake()

    @asynccontextmanager
    async def write_rows(self) -> AsyncGenerator[Rows]:
        """As `write`, for the hot path, and for what leaves the storefront as it is but for stock."""
        async with write_rows(self.services.database, self.scope) as rows:
            yield rows
        self.loaders.clear()
        if OutboxMessage in rows.written:
            await self.services.signal.wake()

    async def record_visit(self, sighting: Sighting) -> Recorded:
        """Written together with others, in a transaction that knows the tenant alone; committed when this returns."""
        edition = self.tenant.edition if self.caller.is_remembered else None
        recorded = await self.services.visits.record(Scope(self.tenant.id, edition=edition), sighting)
        self._has_recorded = True
        return recorded

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
        self._after_commit(session, tenant_id)

    def _after_commit(self, session: AsyncSession, tenant_id: UUID | None) -> None:
        self.loaders.clear()
        if tenant_id is not None and has_written_storefront(session):
            self.services.storefront_changed(tenant_id)


Info = strawberry.Info[Context, None]
