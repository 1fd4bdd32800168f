"""Sessions that are short, scoped to a tenant and a person, and never shared.

Every transaction begins by telling Postgres whose rows it may see (`SET LOCAL`, so it ends with the transaction).
A session without a scope refuses to begin. Nothing here commits early: the block's end is the commit.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import Connection, Uuid, bindparam, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

__all__ = [
    "AsyncSession",
    "Database",
    "NestedTransactionError",
    "Reads",
    "RequestReads",
    "Scope",
    "StaleCallerError",
    "create_engine",
]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction sees: a tenant's, a person's own, both, or (by default) nobody's.

    `edition` is what the tenant's row was when the process remembered it, or, with a session or an API key, everything
    that is known of the caller: the transaction begins only if it still is.
    """

    tenant_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    edition: int | None = None
    session_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None

    @property
    def once_begun(self) -> "Scope":
        """Of a request's later transactions: what a known caller is, is asked once."""
        is_known = self.session_id is not None or self.key_id is not None
        return Scope(self.tenant_id, self.person_id) if is_known else self


class ScopedSession(Session):
    """The synchronous session below `AsyncSession`; it carries the `after_begin` listener."""


class StaleCallerError(RuntimeError):
    """Tenant or caller have changed since they were remembered: find them anew, and begin again."""


class NestedTransactionError(RuntimeError):
    """A second connection was asked for while holding one: under load the pool would deadlock."""


BIND_SCOPE = text(
    "SELECT set_config('app.current_tenant', :tenant, true), set_config('app.current_person', :person, true), "
    "set_config('statement_timeout', :timeout, true)"
)
EXPECT_TENANT = text("SELECT expect_tenant(:edition)")
EXPECT_CALLER = text("SELECT expect_caller(:session, :key, :edition)").bindparams(
    bindparam("session", type_=Uuid()), bindparam("key", type_=Uuid())
)
STALE_CALLER = "SD001"
"""What `expect_tenant` and `expect_caller` raise where something has changed."""

UNNAMED_STATEMENTS: Mapping[str, object] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""How asyncpg gets along with pgbouncer in transaction mode, where a named statement may be on another connection."""

holding_connection: ContextVar[bool] = ContextVar("holding_connection", default=False)


@event.listens_for(ScopedSession, "after_begin")
def bind_scope(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    scope = session.info.get("scope")
    if not isinstance(scope, Scope):
        raise RuntimeError("a database session has no scope")  # noqa: TRY004 - a missing scope is a bug, not a type
    connection.execute(
        BIND_SCOPE,
        {
            "tenant": str(scope.tenant_id or ""),
            "person": str(scope.person_id or ""),
            "timeout": str(session.info["timeout_ms"]),
        },
    )
    if scope.edition is not None:
        expect(connection, scope)


def expect(connection: Connection, scope: Scope) -> None:
    """Raise `StaleCallerError` unless the tenant of the scope, and who calls, are still what they were."""
    try:
        if scope.session_id is None and scope.key_id is None:
            connection.execute(EXPECT_TENANT, {"edition": scope.edition})
        else:
            values = {"session": scope.session_id, "key": scope.key_id, "edition": scope.edition}
            connection.execute(EXPECT_CALLER, values)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == STALE_CALLER:
            raise StaleCallerError from None
        raise


def create_engine(url: str, *, pool_size: int, pgbouncer: bool = False) -> AsyncEngine:
    """An engine over asyncpg. `pgbouncer` means one in transaction mode: no named prepared statements then."""
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # the text of a database error must not quote what people typed
        connect_args=dict(UNNAMED_STATEMENTS) if pgbouncer else {},
    )


class Reads(Protocol):
    """What a loader or a resolver needs in order to read."""

    def read(self, scope: Scope) -> AbstractAsyncContextManager[AsyncSession]: ...


class Database:
    """One login's pool. `read` and `write` are the only ways to a session."""

    def __init__(self, engine: AsyncEngine, *, statement_timeout_ms: int = 5_000) -> None:
        self.engine = engine
        self.statement_timeout_ms = statement_timeout_ms
        self._sessions = async_sessionmaker(engine, sync_session_class=ScopedSession, expire_on_commit=False)

    def open(self, scope: Scope) -> AsyncSession:
        """A session nobody closes for you: for `read`, `write` and `RequestReads` alone."""
        return self._sessions(info={"scope": scope, "timeout_ms": self.statement_timeout_ms})

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncGenerator[AsyncSession]:
        """One short read-only transaction: a loader's batch, or a root field."""
        with sole_connection():
            session = await begin_reading(self, scope)
            try:
                yield session
            finally:
                await close_surely(session)

    @asynccontextmanager
    async def write(self, scope: Scope) -> AsyncGenerator[AsyncSession]:
        """One unit of work, committed at the end of the block and rolled back on any exception."""
        with sole_connection():
            session = self.open(scope)
            try:
                async with session.begin():
                    yield session
            finally:
                await close_surely(session)

    async def dispose(self) -> None:
        await self.engine.dispose()


class sole_connection:  # noqa: N801 - reads as a statement: `with sole_connection():`
    """Holds the right to one connection in this task; asking again inside is an error, not a deadlock."""

    def __enter__(self) -> None:
        self._token = hold_connection()

    def __exit__(self, *_exception: object) -> None:
        holding_connection.reset(self._token)


def hold_connection() -> Token[bool]:
    """Take the right to one connection, until the token is given back to `holding_connection`."""
    if holding_connection.get():
        raise NestedTransactionError("finish the open transaction before asking for another")
    return holding_connection.set(True)


async def begin_reading(database: Database, scope: Scope) -> AsyncSession:
    session = database.open(scope)
    try:
        await session.connection(execution_options={"postgresql_readonly": True})
    except BaseException:
        await close_surely(session)
        raise
    return session


async def close_surely(session: AsyncSession) -> None:
    """Closes also while this task is being cancelled, so that a connection never stays checked out."""
    await surely(session.close())


async def surely(work: Coroutine[Any, Any, None]) -> None:
    """Finish a cleanup also while this task is being cancelled."""
    running = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
    running.result()


class RequestReads:
    """The reads of one request: batches that overlap in time share one short transaction, a statement at a time.

    Saves a BEGIN, a scope and a ROLLBACK per batch. A failed or cancelled batch takes its transaction with it,
    and the next one gets a fresh one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting = 0
        self._open: tuple[Scope, AsyncSession] | None = None
        self._claimed = False
        self.began = False
        """A transaction was begun that made sure of what is remembered."""

    def claimed(self, scope: Scope) -> Scope:
        """The scope of the next transaction: of a known caller the first alone makes sure, for the whole request."""
        claimed, self._claimed = scope.once_begun if self._claimed else scope, True
        return claimed

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncGenerator[AsyncSession]:
        with sole_connection():
            self._waiting += 1
            try:
                async with self._turn:
                    try:
                        yield await self._session(scope)
                    except BaseException:
                        await self._drop()
                        raise
            finally:
                # Also when this reader was cancelled while it waited: it may have been the last one.
                self._waiting -= 1
                if self._waiting == 0:
                    await self._drop()

    @cached_property
    def _turn(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def _session(self, scope: Scope) -> AsyncSession:
        if self._open is not None and self._open[0] != scope:
            await self._drop()
        if self._open is None:
            claimed = self.claimed(scope)
            self._open = (scope, await begin_reading(self._database, claimed))
            self.began = self.began or claimed.edition is not None
        return self._open[1]

    async def _drop(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            await close_surely(opened[1])
