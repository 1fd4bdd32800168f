"""Rows are read in the scope that sessions have, and a connection comes back clean whatever ends the transaction."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest
from asyncpg import Connection, DivisionByZeroError, InterfaceError, QueryCanceledError, ReadOnlySQLTransactionError
from sqlalchemy import Text, make_url, select, text

from db.models import Tenant
from db.rows import RowsTransaction, Statement, compile_statement, parameter, read_rows, rows_within, write_rows
from db.security.roles import connected
from db.session import Database, NestedTransactionError, RequestReads, Scope, StaleCallerError, create_engine
from domain.callers import identify
from settings import Settings
from tests.support.breakable import checked_out
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop

SLUGS = Statement("SELECT slug FROM tenants", ())
SLEEP = Statement("SELECT pg_sleep(30)", ())
FAIL = Statement("SELECT 1 / 0", ())
Opening = Callable[[Database, Scope], AbstractAsyncContextManager[object]]


@asynccontextmanager
async def written(database: Database, scope: Scope) -> AsyncGenerator[None]:
    """A unit of work, which begins with its first statement."""
    async with database.write(scope) as session:
        await session.execute(text("SELECT 1"))
        yield


OPENINGS: dict[str, Opening] = {
    "rows": read_rows,
    "written rows": write_rows,
    "read": Database.read,
    "write": written,
    "shared read": lambda database, scope: RequestReads(database).read(scope),
}
opened_in_any_way = pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS.keys())


@pytest.fixture(params=[False, True], ids=["named statements", "as behind pgbouncer"])
async def sole(settings: Settings, request: pytest.FixtureRequest) -> AsyncGenerator[Database]:
    """One connection for all: what the last user left of a transaction, the next one sees."""
    database = Database(create_engine(settings.database_url, pool_size=1, pgbouncer=request.param))
    yield database
    assert checked_out(database) == 0
    await database.dispose()


async def slugs(database: Database, scope: Scope) -> list[str]:
    async with read_rows(database, scope) as rows:
        return [row["slug"] for row in await rows.fetch(SLUGS, {})]


async def is_clean(database: Database, databases: Databases) -> None:
    """The pool's connection is idle outside any transaction, and nothing is left of a scope."""
    async with database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        assert not raw.is_in_transaction()
        assert not await raw.fetch("SELECT slug FROM tenants")
        assert await raw.fetchval("SELECT current_setting('app.current_tenant', true)") in ("", None)
        assert await raw.fetchval("SELECT current_setting('app.current_person', true)") in ("", None)
        assert await raw.fetchval("SELECT current_setting('statement_timeout')") == "0"
    assert checked_out(database) == 0
    async with connected(databases.admin_url) as admin:
        busy = """SELECT count(*) FROM pg_stat_activity
                  WHERE query LIKE 'SELECT pg_sleep%' AND state <> 'idle' AND datname = :name"""
        name = database.engine.url.database
        assert (await admin.execute(text(busy), {"name": name})).scalar_one() == 0


async def test_rows_are_those_of_the_scopes_tenant(sole: Database, factory: Factory) -> None:
    for shop in [await factory.shop() for _ in range(3)]:
        assert await slugs(sole, Scope(shop.tenant.id)) == [shop.slug]
        assert await slugs(sole, Scope()) == []


async def test_rows_are_those_of_the_scopes_person(sole: Database, factory: Factory) -> None:
    member, other = await factory.member(), await factory.member()
    people = Statement("SELECT id FROM people WHERE id = ANY ($1)", ("ids",))
    for scope, seen in ((Scope(person_id=member.person.id), [member.person.id]), (Scope(), [])):
        async with read_rows(sole, scope) as rows:
            found = await rows.fetch(people, {"ids": [member.person.id, other.person.id]})
        assert [row["id"] for row in found] == seen


async def test_rows_cannot_write(sole: Database, shop: Shop, databases: Databases) -> None:
    with pytest.raises(ReadOnlySQLTransactionError):
        async with read_rows(sole, Scope(shop.tenant.id)) as rows:
            await rows.fetch(Statement("UPDATE tenants SET brand_primary = '#000000'", ()), {})
    await is_clean(sole, databases)


async def test_values_are_given_by_name_in_the_statements_order(sole: Database) -> None:
    statement = Statement("SELECT $1::text || $2::text", ("first", "second"))
    async with read_rows(sole, Scope()) as rows:
        assert (await rows.fetch(statement, {"second": "b", "other": "c", "first": "a"}))[0][0] == "ab"
        with pytest.raises(KeyError):
            await rows.fetch(statement, {"first": "a"})


def test_a_value_written_into_a_statement_is_refused() -> None:
    """It would be compiled in once, and be everybody's."""
    fitting = compile_statement(select(Tenant.id).where(Tenant.slug == parameter("slug", Text())))
    assert fitting.parameters == ("slug",)
    with pytest.raises(ValueError, match="literals"):
        compile_statement(select(Tenant.id).where(Tenant.slug == "somebody's"))


@opened_in_any_way
async def test_nobody_asks_for_a_second_connection(sole: Database, shop: Shop, opening: Opening) -> None:
    scope = Scope(shop.tenant.id)
    async with opening(sole, scope):
        with pytest.raises(NestedTransactionError):
            async with read_rows(sole, scope):
                pass
    async with read_rows(sole, scope):
        with pytest.raises(NestedTransactionError):
            async with opening(sole, scope):
                pass
    assert await slugs(sole, scope) == [shop.slug]


async def test_nothing_is_left_behind_after_success(sole: Database, shop: Shop, databases: Databases) -> None:
    assert await slugs(sole, Scope(shop.tenant.id, shop.owner.person.id)) == [shop.slug]
    await is_clean(sole, databases)


async def test_nothing_is_left_behind_after_an_error(sole: Database, shop: Shop, databases: Databases) -> None:
    with pytest.raises(DivisionByZeroError):
        async with read_rows(sole, Scope(shop.tenant.id)) as rows:
            await rows.fetch(FAIL, {})
    await is_clean(sole, databases)
    with pytest.raises(ValueError, match="of ours"):
        async with read_rows(sole, Scope(shop.tenant.id)) as rows:
            await rows.fetch(SLUGS, {})
            raise ValueError("of ours")
    await is_clean(sole, databases)


@pytest.mark.parametrize("opening", [read_rows, write_rows])
async def test_a_failure_that_was_passed_over_is_no_success(
    sole: Database, shop: Shop, databases: Databases, opening: Callable[[Database, Scope], RowsTransaction]
) -> None:
    """Postgres ends such a transaction with a rollback, whatever it is told."""
    with pytest.raises(RuntimeError, match="nothing was committed"):
        async with opening(sole, Scope(shop.tenant.id)) as rows:
            await rows.fetch(SLUGS, {})
            with pytest.raises(DivisionByZeroError):
                await rows.fetch(FAIL, {})
    await is_clean(sole, databases)


@pytest.mark.parametrize("fails", [False, True])
async def test_what_is_written_in_rows_is_committed_at_the_end_or_not_at_all(
    sole: Database, shop: Shop, databases: Databases, *, fails: bool
) -> None:
    recolour = Statement("UPDATE tenants SET brand_primary = $1", ("colour",))
    with suppress(DivisionByZeroError):
        async with write_rows(sole, Scope(shop.tenant.id)) as rows:
            await rows.fetch(recolour, {"colour": "#123456"})
            if fails:
                await rows.fetch(FAIL, {})
    await is_clean(sole, databases)
    async with sole.read(Scope(shop.tenant.id)) as session:
        colour = (await session.execute(text("SELECT brand_primary FROM tenants"))).scalar_one()
    assert colour == (None if fails else "#123456")


async def test_a_statement_that_takes_too_long_is_ended(settings: Settings, shop: Shop, databases: Databases) -> None:
    database = Database(create_engine(settings.database_url, pool_size=1), statement_timeout_ms=100)
    with pytest.raises(QueryCanceledError, match="statement timeout"):
        async with read_rows(database, Scope(shop.tenant.id)) as rows:
            await rows.fetch(SLEEP, {})
    await is_clean(database, databases)
    await database.dispose()


async def cancelled(unit: asyncio.Task[Any], times: int = 1, pause: float = 0) -> None:
    for _ in range(times):
        unit.cancel()
        await asyncio.sleep(pause)
    with pytest.raises(asyncio.CancelledError):
        await unit


@pytest.mark.parametrize(("times", "pause"), [(1, 0), (4, 0), (4, 0.0005), (4, 0.002)])
async def test_a_fetch_that_is_cancelled_ends_in_postgres(
    sole: Database, shop: Shop, databases: Databases, times: int, pause: float
) -> None:
    async def fetch() -> None:
        async with read_rows(sole, Scope(shop.tenant.id)) as rows:
            await rows.fetch(SLEEP, {})

    unit = asyncio.create_task(fetch())
    await asyncio.sleep(0.05)
    await cancelled(unit, times, pause)
    await is_clean(sole, databases)


@pytest.mark.parametrize("waits_for", ["BEGIN", "SELECT slug", "COMMIT"])
async def test_a_cancel_at_any_moment_leaves_nothing_behind(
    sole: Database, shop: Shop, databases: Databases, waits_for: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled after the message was sent and before its answer was read, and a few turns of the loop later."""
    sent = asyncio.Event()

    def announcing(method: Callable[..., Any]) -> Callable[..., Any]:
        async def send(self: Any, query: str, *values: Any) -> Any:
            if query.startswith(waits_for):
                asyncio.get_running_loop().call_soon(sent.set)
            return await method(self, query, *values)

        return send

    for name in ("execute", "fetch"):
        monkeypatch.setattr(Connection, name, announcing(getattr(Connection, name)))
    for turns in range(6):
        unit = asyncio.create_task(slugs(sole, Scope(shop.tenant.id)))
        await sent.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        unit.cancel()
        await asyncio.gather(unit, return_exceptions=True)
        sent.clear()
        await is_clean(sole, databases)
        assert await slugs(sole, Scope(shop.tenant.id)) == [shop.slug]
        sent.clear()


async def test_a_connection_that_broke_is_not_used_again(sole: Database, shop: Shop, databases: Databases) -> None:
    pid = Statement("SELECT pg_backend_pid()", ())
    with pytest.raises(InterfaceError, match="closed"):
        async with read_rows(sole, Scope(shop.tenant.id)) as rows:
            process = (await rows.fetch(pid, {}))[0][0]
            async with connected(databases.admin_url) as admin:
                await admin.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": process})
            await asyncio.sleep(0.05)
            await rows.fetch(SLUGS, {})
    assert checked_out(sole) == 0
    assert await slugs(sole, Scope(shop.tenant.id)) == [shop.slug]


async def test_connections_that_broke_while_nobody_used_them_fail_nobody(
    settings: Settings, shop: Shop, databases: Databases
) -> None:
    """As after a restart of Postgres: each connection of the pool would else fail one request."""
    database, scope = Database(create_engine(settings.database_url, pool_size=3)), Scope(shop.tenant.id)
    process = Statement("SELECT pg_backend_pid() AS pid, pg_sleep(0.1)", ())

    async def pid() -> int:
        async with read_rows(database, scope) as rows:
            return (await rows.fetch(process, {}))[0]["pid"]

    pids = set(await asyncio.gather(*(pid() for _ in range(3))))
    assert len(pids) == 3
    async with connected(databases.admin_url) as admin:
        await admin.execute(
            text("SELECT pg_terminate_backend(pid) FROM unnest(CAST(:pids AS integer[])) AS pid"), {"pids": list(pids)}
        )
    await asyncio.sleep(0.1)
    assert [await slugs(database, scope) for _ in range(3)] == [[shop.slug]] * 3
    assert pids.isdisjoint(await asyncio.gather(*(pid() for _ in range(3))))
    await database.dispose()


async def edition_of(database: Database, shop: Shop) -> int:
    async with database.read(Scope()) as session:
        caller = await identify(await rows_within(session), header_slug=shop.slug, host_slug=None)
    assert caller.tenant is not None
    return caller.tenant.edition


@opened_in_any_way
async def test_a_tenant_that_has_changed_is_not_begun_with(
    sole: Database, shop: Shop, databases: Databases, settings: Settings, opening: Opening
) -> None:
    """Whatever was changed, and whoever changed it."""
    change = "UPDATE tenants SET {} WHERE id = :tenant"
    for what in ("status = status", "brand_primary = '#123456'", "locale = 'ar'", f"slug = '{Factory.word()}'"):
        async with sole.read(Scope(shop.tenant.id)) as session:
            edition = (await session.execute(text("SELECT xmin::text::bigint FROM tenants"))).scalar_one()
        scope = Scope(shop.tenant.id, edition=edition)
        for _ in range(2):
            async with opening(sole, scope):
                pass
        async with connected(databases.url(make_url(settings.database_url).database or "")) as somebody_else:
            await somebody_else.execute(text(change.format(what)), {"tenant": shop.tenant.id})
        for _ in range(2):
            with pytest.raises(StaleCallerError):
                async with opening(sole, scope):
                    pytest.fail("begun with a tenant that is another now")
        await is_clean(sole, databases)


@opened_in_any_way
async def test_an_order_or_an_item_makes_no_other_edition(
    sole: Database, shop: Shop, factory: Factory, opening: Opening
) -> None:
    """Rows that refer to a tenant lock its row, which is no change."""
    scope = Scope(shop.tenant.id, edition=await edition_of(sole, shop))
    await factory.product(shop)
    await factory.staff(shop, "member")
    async with opening(sole, scope):
        pass


@opened_in_any_way
async def test_an_edition_of_another_tenant_never_fits(sole: Database, factory: Factory, opening: Opening) -> None:
    here, there = await factory.shop(), await factory.shop()
    edition = await edition_of(sole, there)
    assert edition != await edition_of(sole, here)
    for scope in (Scope(here.tenant.id, edition=edition), Scope(edition=edition)):
        with pytest.raises(StaleCallerError):
            async with opening(sole, scope):
                pytest.fail("begun with the edition of another tenant")
    async with opening(sole, Scope(there.tenant.id, edition=edition)):
        pass
