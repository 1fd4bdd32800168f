"""Reading rows by statements that are compiled once: the hot path, without sessions and entities.

The same transactions as `db.session` opens, in the same scope and from the same pool, but spoken to the driver itself:
BEGIN and the scope are one message, the statement the second, COMMIT the third.
"""

from collections.abc import Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from asyncpg import Connection, PostgresError, Record
from sqlalchemy import BindParameter, ClauseElement, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import greenlet_spawn

from db.session import (
    STALE_CALLER,
    AsyncSession,
    Database,
    Scope,
    StaleCallerError,
    hold_connection,
    holding_connection,
    surely,
)

T = TypeVar("T")

ROLLBACK_SECONDS = 5.0
"""A connection that does not answer by then is thrown away; nobody can cut this short."""

dialect = PGDialect_asyncpg()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with the names of its parameters in their order."""

    sql: str
    parameters: tuple[str, ...]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order in which the driver wants them."""
        return [values[name] for name in self.parameters]


def compile_statement(statement: ClauseElement) -> Statement:
    """The statement as the driver takes it. Every value that varies must be a `parameter`."""
    compiled = cast("SQLCompiler", statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    if fixed:
        raise ValueError(f"write these as literals, or name them: {', '.join(fixed)}")
    return Statement(str(compiled), tuple(cast("Sequence[str]", compiled.positiontup)))


def parameter(name: str, kind: "TypeEngine[T]") -> BindParameter[T]:
    """A value that is given whenever the statement runs."""
    return bindparam(name, value=None, type_=kind)


class Rows(Protocol):
    """An open transaction in one scope."""

    @property
    def written(self) -> set[type]: ...
    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]: ...


class RowsTransaction:
    """One short transaction, for `async with`. Raises `StaleCallerError` as sessions do.

    Written out, and not by `asynccontextmanager`: every page of every store goes through here.
    """

    __slots__ = ("_connection", "_database", "_pooled", "_scope", "_token", "_writes", "began", "written")

    _connection: "Connection[Record]"
    _pooled: PoolProxiedConnection
    _token: Token[bool]

    def __init__(self, database: Database, scope: Scope, *, writes: bool) -> None:
        self._database, self._scope, self._writes = database, scope, writes
        self.began = False
        self.written: set[type] = set()
        """The entities of which `db.writes` has inserted rows."""

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]:
        """What the statement answers for these values."""
        return await self._connection.fetch(statement.sql, *statement.arguments(values))

    async def __aenter__(self) -> "RowsTransaction":
        self._token = hold_connection()
        try:
            self._pooled, self._connection = await check_out(self._database)
            try:
                await begin(
                    self._connection, self._scope, self._database.statement_timeout_ms, read_only=not self._writes
                )
            except BaseException:
                await surely(abandon(self._connection, self._pooled))
                raise
        except BaseException:
            holding_connection.reset(self._token)
            raise
        self.began = True
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        try:
            if error is not None:
                await surely(abandon(self._connection, self._pooled))
                return
            try:
                outcome = await self._connection.execute("COMMIT")
            except BaseException:
                await surely(abandon(self._connection, self._pooled))
                raise
            # The pool has nothing to wait for: it knows of no transaction of ours.
            self._pooled.close()
            if outcome != "COMMIT":
                # Postgres rolls back, and raises nothing, where a statement had failed and nobody minded.
                raise RuntimeError("nothing was committed: a statement in the transaction had failed")
        finally:
            holding_connection.reset(self._token)


def read_rows(database: Database, scope: Scope) -> RowsTransaction:
    """One short read-only transaction for statements that were compiled once."""
    return RowsTransaction(database, scope, writes=False)


def write_rows(database: Database, scope: Scope) -> RowsTransaction:
    """One unit of work in such statements, committed at the end of the block and rolled back on any exception."""
    return RowsTransaction(database, scope, writes=True)


class LoneRows:
    """Statements that are transactions of their own, in nobody's scope: for definer functions, which need none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.written: set[type] = set()

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]:
        token = hold_connection()
        try:
            pooled, connection = await check_out(self._database)
            try:
                found = await connection.fetch(
                    statement.sql, *statement.arguments(values), timeout=self._database.statement_timeout_ms / 1000
                )
            except BaseException:
                await surely(abandon(connection, pooled))
                raise
            pooled.close()
            return found
        finally:
            holding_connection.reset(token)


class SessionRows:
    """The transaction of a session, for statements that were compiled once."""

    def __init__(self, connection: "Connection[Record]") -> None:
        self._connection = connection
        self.written: set[type] = set()

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]:
        return await self._connection.fetch(statement.sql, *statement.arguments(values))


async def rows_within(session: AsyncSession) -> SessionRows:
    """What was added to the session before is written first."""
    await session.flush()
    raw = await (await session.connection()).get_raw_connection()
    return SessionRows(cast("Connection[Record]", raw.driver_connection))


async def check_out(database: Database) -> "tuple[PoolProxiedConnection, Connection[Record]]":
    """A connection that is open as far as we know: after a restart of Postgres each old one would fail a request."""
    while True:
        pooled = await greenlet_spawn(database.engine.sync_engine.pool.connect)
        connection = cast("Connection[Record]", pooled.driver_connection)
        if not connection.is_closed():
            return pooled, connection
        await surely(greenlet_spawn(pooled.invalidate))


async def begin(connection: "Connection[Record]", scope: Scope, timeout_ms: int, *, read_only: bool) -> None:
    """One message: so it holds no parameters, and each value is of a type that has no quotes to break out of."""
    mode = " READ ONLY" if read_only else ""
    expected = "" if scope.edition is None else f"; SELECT {expectation(scope, scope.edition)}"
    try:
        await connection.execute(
            f"BEGIN{mode}; SELECT set_config('app.current_tenant', '{scope.tenant_id or ''}', true), "
            f"set_config('app.current_person', '{scope.person_id or ''}', true), "
            f"set_config('statement_timeout', '{int(timeout_ms)}', true){expected}"
        )
    except PostgresError as error:
        if error.sqlstate == STALE_CALLER:
            raise StaleCallerError from None
        raise


def expectation(scope: Scope, edition: int) -> str:
    """The call that raises unless tenant and caller are still what they were."""
    if scope.session_id is None and scope.key_id is None:
        return f"expect_tenant({int(edition)})"
    session, key = (f"'{each}'" if each else "NULL" for each in (scope.session_id, scope.key_id))
    return f"expect_caller({session}, {key}, {int(edition)})"


async def abandon(connection: "Connection[Record]", pooled: PoolProxiedConnection) -> None:
    """End the transaction in whatever state it is; a connection that cannot is thrown away."""
    try:
        await connection.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
    except Exception:  # what matters is the failure that led here
        connection.terminate()
        await greenlet_spawn(pooled.invalidate)
    else:
        await greenlet_spawn(pooled.close)
