"""How long a cached answer may live: processes learn of each other's changes, or say that they do not know."""

import asyncio
import io
import json
import signal
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.models import new_id
from db.queries.storefront import Changes
from db.security.roles import APP, connected
from db.session import Database, create_engine
from server.storefront_versions import LONGEST_GAP, StorefrontVersions, follows
from tests.support.databases import Databases
from tests.support.outbox import eventually
from tests.support.storefront import write_and_die

BARE, OTHER = new_id(), new_id()


@dataclass(frozen=True, slots=True)
class Ground:
    """A database that may be damaged, with two tenants, and two processes that cache answers about them."""

    admin: AsyncEngine
    name: str
    url: str
    here: StorefrontVersions
    there: StorefrontVersions

    async def change(self, tenant_id: uuid.UUID, connection: AsyncConnection | None = None) -> None:
        if connection is None:
            async with self.admin.begin() as own:
                await self.change(tenant_id, own)
        else:
            statement = text("UPDATE tenants SET brand_primary = CAST(clock_timestamp() AS text) WHERE id = :tenant")
            await connection.execute(statement, {"tenant": tenant_id})

    async def start(self) -> None:
        await self.here.poll()
        await self.there.poll()

    async def disconnect(self) -> None:
        async with self.admin.begin() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            await connection.execute(text(f"{others} AND usename = '{APP}'"))


@pytest.fixture
async def ground(databases: Databases, process_name: str) -> AsyncGenerator[Ground]:
    name = f"{process_name}_versions"
    await databases.clone(name)
    url = databases.url(name, APP)
    engines = [create_engine(url, pool_size=1) for _ in range(2)]
    admin = create_engine(databases.url(name), pool_size=3)
    async with admin.begin() as connection:
        for tenant_id in (BARE, OTHER):
            values = {"id": tenant_id, "slug": f"shop-{tenant_id}"}
            await connection.execute(text("INSERT INTO tenants (id, slug, name_en) VALUES (:id, :slug, 'A')"), values)
    yield Ground(admin, name, url, *(StorefrontVersions(Database(engine)) for engine in engines))
    for engine in (*engines, admin):
        await engine.dispose()
    await databases.drop(name)


@asynccontextmanager
async def running(versions: StorefrontVersions) -> AsyncGenerator[None]:
    task = asyncio.create_task(versions.run())
    try:
        await eventually(lambda: versions.version_of(BARE) is not None)
        yield
    finally:
        versions.close()
        await asyncio.wait_for(task, 5)


async def becomes_void(versions: StorefrontVersions, cached: int | None) -> float:
    """After how many seconds what was cached under this version may no longer be served."""
    began = time.monotonic()
    await eventually(lambda: versions.version_of(BARE) != cached, 5)
    return time.monotonic() - began


async def test_a_change_is_known_everywhere_within_a_second(ground: Ground) -> None:
    async with running(ground.here), running(ground.there):
        waited: list[float] = []
        for _ in range(8):
            cached, elsewhere = ground.there.version_of(BARE), ground.there.version_of(OTHER)
            await ground.change(BARE)
            waited.append(await becomes_void(ground.there, cached))
            assert ground.there.version_of(OTHER) == elsewhere is not None
            assert ground.there.version_of(BARE) is not None
    assert max(waited) < 1, waited


async def test_a_process_knows_its_own_change_at_once(ground: Ground) -> None:
    await ground.start()
    seen = [ground.here.version_of(BARE)]
    other = ground.here.version_of(OTHER)
    for _ in range(3):
        await ground.change(BARE)
        ground.here.bump(BARE)
        seen.append(ground.here.version_of(BARE))
        await ground.here.poll()
        seen.append(ground.here.version_of(BARE))
    assert None not in seen
    assert len(set(seen)) >= 4, "each commit makes void what was cached before"
    assert ground.here.version_of(OTHER) == other


async def test_no_version_ever_comes_back(ground: Ground) -> None:
    seen: list[int | None] = []
    for _ in range(3):
        await ground.here.poll()
        seen.append(ground.here.version_of(BARE))
        ground.here.bump(OTHER)
        ground.here.bump(BARE)
        seen.append(ground.here.version_of(BARE))
        await ground.disconnect()
        with pytest.raises(DBAPIError):
            await ground.here.poll()
    assert len(set(seen)) == len(seen)


async def test_commits_out_of_order_are_both_seen(ground: Ground) -> None:
    """The lower number commits later, when a higher one has been seen already."""
    await ground.start()
    async with ground.admin.connect() as first, ground.admin.connect() as second:
        await ground.change(BARE, first)
        await ground.change(OTHER, second)
        cached = ground.here.version_of(BARE)
        other = ground.here.version_of(OTHER)
        await second.commit()
        await ground.here.poll()
        assert ground.here.version_of(BARE) == cached
        assert ground.here.version_of(OTHER) != other
        await ground.here.poll()
        await first.commit()
        await ground.here.poll()
    assert ground.here.version_of(BARE) not in (cached, None)


async def test_a_long_transaction_makes_no_change_count_again(ground: Ground) -> None:
    async with ground.admin.connect() as old:
        await ground.change(OTHER, old)
        await ground.start()
        cached = ground.here.version_of(BARE)
        await ground.change(BARE)
        await ground.here.poll()
        assert ground.here.version_of(BARE) != cached
        cached = ground.here.version_of(BARE)
        for _ in range(3):
            await ground.here.poll()
            assert ground.here.version_of(BARE) == cached is not None
        await old.rollback()


async def test_a_writer_killed_after_its_commit_is_heard(ground: Ground) -> None:
    async with running(ground.there):
        cached = ground.there.version_of(BARE)
        assert await write_and_die(ground.url, BARE) == -signal.SIGKILL
        await becomes_void(ground.there, cached)
        await eventually(lambda: ground.there.version_of(BARE) not in (cached, None), 10)


async def test_without_the_database_nobody_knows(ground: Ground, databases: Databases) -> None:
    async with running(ground.there), connected(databases.admin_url) as server:
        cached = ground.there.version_of(BARE)
        await server.execute(text(f'ALTER DATABASE "{ground.name}" ALLOW_CONNECTIONS false'))
        await ground.disconnect()
        await asyncio.sleep(1)
        for _ in range(20):
            assert ground.there.version_of(BARE) is None
            await asyncio.sleep(0.05)
        await server.execute(text(f'ALTER DATABASE "{ground.name}" ALLOW_CONNECTIONS true'))
        await eventually(lambda: ground.there.version_of(BARE) is not None, 10)
        assert ground.there.version_of(BARE) != cached, "what a failover has lost may be cached"


async def test_a_lost_connection_ends_trust_at_once(ground: Ground) -> None:
    await ground.start()
    cached = ground.here.version_of(BARE)
    await ground.disconnect()
    with pytest.raises(DBAPIError):
        await ground.here.poll()
    assert ground.here.version_of(BARE) is None
    await ground.here.poll()
    assert ground.here.version_of(BARE) not in (cached, None)


async def test_a_silent_database_is_not_trusted(ground: Ground) -> None:
    """It neither answers nor breaks the connection."""
    async with running(ground.there):
        async with ground.admin.connect() as connection:
            await connection.execute(text("LOCK TABLE storefront_changes"))
            await asyncio.sleep(1.05)
            for _ in range(20):
                assert ground.there.version_of(BARE) is None
                await asyncio.sleep(0.05)
        await eventually(lambda: ground.there.version_of(BARE) is not None, 10)


async def test_a_connection_that_fell_silent_is_replaced(ground: Ground) -> None:
    """As behind a firewall that has forgotten it: no error, and no answer ever."""
    address, silent = make_url(ground.url), [False]

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            if not silent[0]:
                writer.write(chunk)
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent[0] = False  # a new connection works
        there, back = await asyncio.open_connection(address.host, address.port)
        await asyncio.gather(forward(reader, back), forward(there, writer), return_exceptions=True)

    proxy = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    through = address.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    engine = create_engine(through, pool_size=1)
    versions = StorefrontVersions(Database(engine))
    async with running(versions):
        silent[0] = True
        await eventually(lambda: versions.version_of(BARE) is None, 5)
        await eventually(lambda: versions.version_of(BARE) is not None, 10)
    await engine.dispose()
    proxy.close()


async def test_an_old_poll_is_not_trusted(ground: Ground) -> None:
    """What counts is when it began: what was committed while it was under way may be missing in it."""
    await ground.start()
    cached = ground.here.version_of(BARE)
    async with ground.admin.connect() as connection:
        await connection.execute(text("LOCK TABLE storefront_changes"))
        poll = asyncio.create_task(ground.here.poll())
        await asyncio.sleep(0.6)
    await poll
    assert ground.here.version_of(BARE) == cached
    await asyncio.sleep(0.5)
    assert ground.here.version_of(BARE) is None
    await ground.here.poll()
    assert ground.here.version_of(BARE) == cached


async def test_before_the_first_poll_and_after_the_end_nobody_knows(ground: Ground) -> None:
    assert ground.here.version_of(BARE) is None
    async with running(ground.here):
        assert ground.here.version_of(BARE) is not None
    assert ground.here.version_of(BARE) is None
    await ground.here.poll()
    assert ground.here.version_of(BARE) is None


def test_looks_are_compared_within_one_servers_life_and_within_retention() -> None:
    now = datetime.now(UTC)
    last = Changes("1:1:", now, now, ())
    found = replace(last, moment=now + LONGEST_GAP - timedelta(seconds=1))
    assert follows(found, last)
    assert not follows(replace(found, moment=now + LONGEST_GAP), last)
    assert not follows(replace(found, server_started=now + timedelta(seconds=1)), last)
    assert timedelta(hours=1) >= 2 * LONGEST_GAP, "changes are kept for an hour"


async def test_an_outage_is_logged_once_a_minute_and_tells_no_secret(ground: Ground, logged: io.StringIO) -> None:
    nowhere = create_engine("postgresql://sadu_app:secret@127.0.0.1:1/nothing", pool_size=1)
    versions = StorefrontVersions(Database(nowhere))
    task = asyncio.create_task(versions.run())
    await asyncio.sleep(1.2)
    versions.close()
    await asyncio.wait_for(task, 5)
    await nowhere.dispose()
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["storefront_versions_unknown"]
    assert "secret" not in logged.getvalue()
