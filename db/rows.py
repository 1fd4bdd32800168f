"""Reading rows by statements that are compiled once: the hot path, without sessions and entities.

The same transactions as `db.session` opens, in the same scope and from the same pool, but spoken to the driver itself:
BEGIN and the scope are one message, the statement the second, COMMIT the third.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from asyncpg import Connection, PostgresError, Record
from sqlalchemy import BindParameter, Select, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import greenlet_spawn

from db.session import STALE_TENANT, Database, Scope, StaleTenantError, sole_connection, surely

T = TypeVar("T")

dialect = PGDialect_asyncpg()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with the names of its parameters in their order."""

    sql: str
    parameters: tuple[str, ...]


def compile_statement(statement: "Select[Any]") -> Statement:
    """The statement as the driver takes it. Every value that varies must be a `parameter`."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    if fixed:
        raise ValueError(f"write these as literals, or name them: {', '.join(fixed)}")
    return Statement(str(compiled), tuple(cast("Sequence[str]", compiled.positiontup)))


def parameter(name: str, kind: "TypeEngine[T]") -> BindParameter[T]:
    """A value that is given whenever the statement runs."""
    return bindparam(name, value=None, type_=kind)


class Rows(Protocol):
    """An open read-only transaction in one scope."""

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]: ...


class ConnectionRows:
    def __init__(self, connection: "Connection[Record]") -> None:
        self._connection = connection

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]:
        """What the statement answers for these values."""
        return await self._connection.fetch(statement.sql, *[values[name] for name in statement.parameters])


@asynccontextmanager
async def read_rows(database: Database, scope: Scope) -> AsyncGenerator[Rows]:
    """One short read-only transaction. Raises `StaleTenantError` as sessions do."""
    with sole_connection():
        pooled = cast("PoolProxiedConnection", await greenlet_spawn(database.engine.sync_engine.pool.connect))
        connection = cast("Connection[Record]", pooled.driver_connection)
        try:
            await begin(connection, scope, database.statement_timeout_ms)
            yield ConnectionRows(connection)
            await connection.execute("COMMIT")
        except BaseException:
            await surely(abandon(connection, pooled))
            raise
        # Nothing in it waits, so nothing can cut it short.
        await greenlet_spawn(pooled.close)


async def begin(connection: "Connection[Record]", scope: Scope, timeout_ms: int) -> None:
    """One message: so it holds no parameters, and each value is of a type that has no quotes to break out of."""
    expected = "" if scope.edition is None else f"; SELECT expect_tenant({int(scope.edition)})"
    try:
        await connection.execute(
            f"BEGIN READ ONLY; SELECT set_config('app.current_tenant', '{scope.tenant_id or ''}', true), "
            f"set_config('app.current_person', '{scope.person_id or ''}', true), "
            f"set_config('statement_timeout', '{int(timeout_ms)}', true){expected}"
        )
    except PostgresError as error:
        if error.sqlstate == STALE_TENANT:
            raise StaleTenantError from None
        raise


async def abandon(connection: "Connection[Record]", pooled: PoolProxiedConnection) -> None:
    """End the transaction in whatever state it is; a connection that cannot is thrown away."""
    try:
        await connection.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - what matters is the failure that led here
        connection.terminate()
        await greenlet_spawn(pooled.invalidate)
    else:
        await greenlet_spawn(pooled.close)
