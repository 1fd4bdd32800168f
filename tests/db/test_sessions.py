"""Sessions are short, scoped and never shared; a pool of one connection makes every leak show at the next checkout."""

import asyncio
import random
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.session import Database, NestedTransactionError, RequestReads, Scope, ScopedSession, create_engine
from settings import Settings
from tests.support.factories import Factory, Shop

SLUGS = text("SELECT slug FROM tenants")


@pytest.fixture
async def sole(settings: Settings) -> AsyncGenerator[Database]:
    """One connection for all."""
    database = Database(create_engine(settings.database_url, pool_size=1))
    yield database
    assert checked_out(database) == 0
    await database.dispose()


def checked_out(database: Database) -> int:
    return database.engine.pool.checkedout()  # type: ignore[attr-defined, no-any-return] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] - the pool's class is only known at run time


async def unscoped(database: Database) -> tuple[int, str]:
    """What a statement outside any scope sees on the pooled connection: rows, and what is left of the last scope."""
    async with database.engine.connect() as connection:
        row = (
            await connection.execute(
                text("SELECT (SELECT count(*) FROM tenants), coalesce(current_setting('app.current_tenant', true), '')")
            )
        ).one()
    return row[0], row[1]


async def test_each_transaction_sees_its_own_tenant_and_leaves_nothing_behind(sole: Database, factory: Factory) -> None:
    for shop in [await factory.shop() for _ in range(3)]:
        async with sole.read(Scope(shop.tenant.id)) as session:
            assert list((await session.execute(SLUGS)).scalars()) == [shop.slug]
        assert await unscoped(sole) == (0, "")


async def test_no_scope_no_rows(sole: Database, shop: Shop) -> None:
    async with sole.read(Scope()) as session:
        assert list((await session.execute(SLUGS)).scalars()) == []


async def test_a_session_without_a_scope_refuses_to_begin(sole: Database) -> None:
    async with sole.engine.connect() as connection:
        with pytest.raises(RuntimeError, match="no scope"):
            await connection.run_sync(lambda sync: ScopedSession(sync).execute(text("SELECT 1")))


async def test_an_error_ends_the_transaction_and_its_scope(sole: Database, shop: Shop) -> None:
    with pytest.raises(DBAPIError):
        async with sole.read(Scope(shop.tenant.id)) as session:
            await session.execute(text("SELECT 1 / 0"))
    with pytest.raises(ValueError, match="late"):
        async with sole.write(Scope(shop.tenant.id)) as session:
            await session.execute(text("UPDATE tenants SET brand_primary = '#000000'"))
            raise ValueError("late")
    assert await unscoped(sole) == (0, "")
    async with sole.read(Scope(shop.tenant.id)) as session:
        assert (await session.execute(text("SELECT brand_primary FROM tenants"))).scalar() is None


async def test_a_read_cannot_write(sole: Database, shop: Shop) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        async with sole.read(Scope(shop.tenant.id)) as session:
            await session.execute(text("UPDATE tenants SET brand_primary = '#000000'"))


async def test_asking_for_a_second_connection_is_an_error_not_a_deadlock(sole: Database, shop: Shop) -> None:
    scope, reads = Scope(shop.tenant.id), RequestReads(sole)
    async with sole.write(scope):
        with pytest.raises(NestedTransactionError):
            async with sole.read(scope):
                pass
        with pytest.raises(NestedTransactionError):
            async with reads.read(scope):
                pass
    async with reads.read(scope):
        with pytest.raises(NestedTransactionError):
            async with sole.write(scope):
                pass


async def test_a_cancelled_query_gives_its_connection_back(sole: Database, shop: Shop) -> None:
    async def sleep() -> None:
        async with sole.read(Scope(shop.tenant.id)) as session:
            await session.execute(text("SELECT pg_sleep(30)"))

    task = asyncio.create_task(sleep())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await unscoped(sole) == (0, "")
    async with sole.read(Scope()) as session:
        sleeping = text(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
        )
        assert (await session.execute(sleeping)).scalar() == 0


async def test_a_statement_that_takes_too_long_is_ended(settings: Settings, shop: Shop) -> None:
    database = Database(create_engine(settings.database_url, pool_size=1), statement_timeout_ms=100)
    with pytest.raises(DBAPIError, match="statement timeout"):
        async with database.read(Scope(shop.tenant.id)) as session:
            await session.execute(text("SELECT pg_sleep(5)"))
    assert await unscoped(database) == (0, "")
    await database.dispose()


async def test_overlapping_reads_share_one_transaction(sole: Database, shop: Shop) -> None:
    reads = RequestReads(sole)

    async def transaction_id() -> str:
        async with reads.read(Scope(shop.tenant.id)) as session:
            await asyncio.sleep(0)
            return (await session.execute(text("SELECT pg_backend_pid()::text || ' ' || now()"))).scalar_one()

    together = set(await asyncio.gather(*(transaction_id() for _ in range(10))))
    assert len(together) == 1
    assert checked_out(sole) == 0
    assert await transaction_id() not in together


async def test_a_failed_read_takes_only_its_own_answer_down(sole: Database, shop: Shop) -> None:
    reads = RequestReads(sole)

    async def good() -> list[str]:
        async with reads.read(Scope(shop.tenant.id)) as session:
            return list((await session.execute(SLUGS)).scalars())

    async def bad() -> None:
        async with reads.read(Scope(shop.tenant.id)) as session:
            await session.execute(text("SELECT 1 / 0"))

    outcomes = await asyncio.gather(good(), bad(), good(), bad(), good(), return_exceptions=True)
    assert [each for each in outcomes if not isinstance(each, BaseException)] == [[shop.slug]] * 3
    assert checked_out(sole) == 0


async def test_the_last_waiting_read_may_be_cancelled(sole: Database, shop: Shop) -> None:
    """The one that leaves last closes the shared transaction, even if it never had its turn."""
    reads, scope, release = RequestReads(sole), Scope(shop.tenant.id), asyncio.Event()

    async def holding() -> None:
        async with reads.read(scope):
            await release.wait()

    async def waiting() -> None:
        async with reads.read(scope):
            pytest.fail("it was cancelled before its turn")

    first = asyncio.create_task(holding())
    await asyncio.sleep(0.05)
    second = asyncio.create_task(waiting())
    await asyncio.sleep(0.05)
    release.set()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert checked_out(sole) == 0


async def test_two_scopes_never_share_a_transaction(sole: Database, factory: Factory) -> None:
    reads, shops = RequestReads(sole), [await factory.shop() for _ in range(3)]

    async def slug_of(shop: Shop) -> list[str]:
        async with reads.read(Scope(shop.tenant.id)) as session:
            return list((await session.execute(SLUGS)).scalars())

    found = await asyncio.gather(*(slug_of(shop) for shop in shops * 5))
    assert found == [[shop.slug] for shop in shops * 5]


async def test_mixed_tenants_with_random_cancels_on_a_small_pool(settings: Settings, factory: Factory) -> None:
    database = Database(create_engine(settings.database_url, pool_size=5))
    shops = [await factory.shop() for _ in range(4)]

    async def request(shop: Shop) -> None:
        reads = RequestReads(database)

        async def batch() -> None:
            async with reads.read(Scope(shop.tenant.id)) as session:
                assert list((await session.execute(SLUGS)).scalars()) == [shop.slug]

        await asyncio.gather(*(batch() for _ in range(3)))

    async def one(number: int) -> None:
        task = asyncio.create_task(request(shops[number % 4]))
        if number % 5 == 0:
            await asyncio.sleep(random.random() * 0.02)  # noqa: S311 - chance, not a secret
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        else:
            await task

    for start in range(0, 1000, 50):
        await asyncio.gather(*(one(start + number) for number in range(50)))
    assert checked_out(database) == 0
    for _ in range(5):
        assert await unscoped(database) == (0, "")
    await database.dispose()
