"""Mission S7: the API killed with -9 under visits; whoever was answered is stored, whoever was not is told nothing."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.session import AsyncSession, Scope
from devstack.ports import LOOPBACK, choose_port
from settings import Settings
from tests.support.api import Api
from tests.support.deployment import environment_of
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by
from tests.support.visits import Visitor

KILLS = 5
SADU = Path(sys.executable).parent / "sadu"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    port = choose_port()
    return environment_of(settings.model_copy(update={"port": port, "public_url": f"http://{LOOPBACK}:{port}"}))


@pytest.fixture
async def visitor(factory: Factory, environment: dict[str, str]) -> AsyncGenerator[Visitor]:
    api = Api(environment["SADU_PUBLIC_URL"])
    yield Visitor(api, await factory.shop())
    await api.http.aclose()


async def serve(api: Api, environment: dict[str, str]) -> Process:
    """A server that answers."""
    process = await asyncio.create_subprocess_exec(SADU, "serve", env=environment, stderr=asyncio.subprocess.DEVNULL)
    for _ in range(600):
        try:
            if (await api.http.get("/health/ready")).status_code == 200:
                return process
        except httpx.TransportError:
            await asyncio.sleep(0.05)
    raise AssertionError("the server did not come up")


async def sightings(parts: Parts, shop: Shop) -> dict[str, int]:
    """Of each visit, by its source."""
    async with parts.database.read(Scope(shop.tenant.id)) as session:
        rows = await session.execute(text("SELECT first_source, sum(sightings) FROM visits GROUP BY first_source"))
        return {row[0]: int(row[1]) for row in rows}


async def test_whoever_was_answered_is_stored(parts: Parts, visitor: Visitor, environment: dict[str, str]) -> None:
    """Killed in the middle of everything, again and again."""
    answered, some = set[str](), asyncio.Event()

    async def come(source: str) -> None:
        try:
            await visitor.arrive(utm={"source": source})
        except httpx.TransportError:
            return
        answered.add(source)
        some.set()

    for kill in range(KILLS):
        process = await serve(visitor.api, environment)
        coming = [asyncio.create_task(come(f"{kill}-{number}")) for number in range(60)]
        await some.wait()
        some.clear()
        process.kill()
        await process.wait()
        await asyncio.gather(*coming)
    stored = await sightings(parts, visitor.shop)
    assert answered
    assert answered <= stored.keys()
    assert set(stored.values()) == {1}


async def test_what_was_written_and_not_committed_is_gone(
    parts: Parts, visitor: Visitor, environment: dict[str, str]
) -> None:
    """Killed between the statement and the commit: the client hears nothing, and nothing is there."""
    process = await serve(visitor.api, environment)
    known = await visitor.arrive(utm={"source": "known"})
    async with parts.database.write(Scope(visitor.shop.tenant.id)) as session:
        await session.execute(text("SELECT FROM visits FOR UPDATE"))
        waiting: list[asyncio.Task[Any]] = [
            asyncio.create_task(visitor.record(visitId=known)),
            asyncio.create_task(visitor.record(utm={"source": "beside it"})),
        ]
        await when_blocked_by(session)
        assert not any(task.done() for task in waiting)
        process.kill()
        await process.wait()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(each, httpx.TransportError) for each in outcomes] == [True, True]
    async with parts.database.read(Scope(visitor.shop.tenant.id)) as session:
        await nobody_waits(session)
    assert await sightings(parts, visitor.shop) == {"known": 1}
    process = await serve(visitor.api, environment)
    assert await visitor.arrive(visitId=known) == known
    process.terminate()
    await asyncio.wait_for(process.wait(), 30)
    assert await sightings(parts, visitor.shop) == {"known": 2}


async def nobody_waits(session: AsyncSession) -> None:
    """Until what the killed server had begun has ended."""
    for _ in range(500):
        held = text("SELECT count(*) FROM pg_locks WHERE relation = 'visits'::regclass AND mode = 'RowExclusiveLock'")
        if (await session.execute(held)).scalar_one() == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("a transaction of the killed server has not ended")
