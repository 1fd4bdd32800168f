"""Cost buckets: shared through Redis by several processes, charged locally, kept up without Redis.

Each `CostBuckets` is what one process has. Where time is to give back nothing, it gives back a point a second.
"""

import asyncio
import io
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import structlog
from redis.asyncio import Redis

from devstack.ports import choose_port
from devstack.valkey import Valkey
from domain.ports import Throttled
from integrations.cost_buckets import MOST_CLIENTS, CostBuckets, Pace
from integrations.cost_levels import MOST_CONNECTIONS
from server.logs import configure
from settings import Settings

NO_REDIS = "redis://127.0.0.1:1/0"
QUICK = Pace(settle_seconds=0.02, stale_seconds=0.2, pause_seconds=0.1)
UNSETTLED = Pace(settle_seconds=1_000, stale_seconds=1_000)
PATIENT = Pace(pause_seconds=1_000)


@pytest.fixture
def client() -> str:
    return secrets.token_hex(8)


@asynccontextmanager
async def process(redis_url: str, *, restore_rate: int = 1, pace: Pace | None = None) -> AsyncGenerator[CostBuckets]:
    """One process's buckets of 1,000 points."""
    buckets = CostBuckets(redis_url, maximum=1_000, restore_rate=restore_rate, pace=pace)
    buckets.start()
    try:
        yield buckets
    finally:
        await buckets.close()


@contextmanager
def valkey(folder: Path, port: int) -> Generator[None]:
    server = Valkey(folder, port, durable=False)
    server.start()
    try:
        yield
    finally:
        server.stop()


def redis_at(url: str) -> Redis:
    return Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType] - redis-py leaves the options untyped


async def left(buckets: CostBuckets, client: str) -> int:
    """What Redis says, if the buckets have not seen the client lately."""
    return (await buckets.take(client, 0)).currently_available


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - another task settles meanwhile
            await asyncio.sleep(0.01)


def refused(buckets: CostBuckets, client: str, points: int) -> bool:
    try:
        return buckets.spend(client, points) is None
    except Throttled:
        return True


async def test_two_processes_share_a_bucket(settings: Settings, client: str) -> None:
    async with process(settings.redis_url) as one, process(settings.redis_url) as other:
        assert (await one.take(client, 600)).currently_available == 400
        status = await other.take(client, 300)
        assert (status.maximum_available, status.currently_available, status.restore_rate) == (1_000, 100, 1)
        with pytest.raises(Throttled) as refusal:
            await other.take(client, 200)
        assert refusal.value.status.currently_available == 100
        assert 95 <= refusal.value.retry_after <= 100


async def test_what_is_charged_here_is_settled_everywhere(settings: Settings, client: str) -> None:
    async with process(settings.redis_url, pace=QUICK) as one, process(settings.redis_url, pace=QUICK) as other:
        await one.take(client, 0)
        await other.take(client, 0)
        for _ in range(9):
            assert one.spend(client, 90) is not None
        await eventually(lambda: refused(other, client, 250))


async def test_a_stranger_and_an_expensive_request_ask_redis(settings: Settings, client: str) -> None:
    async with process(settings.redis_url, pace=UNSETTLED) as one, process(settings.redis_url) as other:
        assert one.spend(client, 1) is None
        await one.take(client, 0)
        assert one.spend(client, 99) is not None
        await other.take(client, 850)
        assert one.spend(client, 100) is None
        with pytest.raises(Throttled):
            await one.take(client, 100)


async def test_a_view_is_not_trusted_for_long(settings: Settings, client: str) -> None:
    pace = Pace(settle_seconds=1_000, stale_seconds=0.1)
    async with process(settings.redis_url, pace=pace) as buckets:
        await buckets.take(client, 1)
        assert buckets.spend(client, 1) is not None
        await asyncio.sleep(0.15)
        assert buckets.spend(client, 1) is None
        assert (await buckets.take(client, 1)).currently_available == 997


async def test_what_was_not_needed_is_given_back(settings: Settings, client: str) -> None:
    async with process(settings.redis_url, pace=QUICK) as one, process(settings.redis_url) as other:
        await one.take(client, 900)
        assert one.give_back(client, 850).currently_available == 950
        await asyncio.sleep(0.1)
        assert await left(other, client) == 950
        assert one.give_back(client, 5_000).currently_available == 1_000


async def test_an_answer_that_took_long_is_given_back_as_well(settings: Settings, client: str) -> None:
    async with process(settings.redis_url, pace=QUICK) as one, process(settings.redis_url) as other:
        await one.take(client, 900)
        await asyncio.sleep(0.5)
        assert client not in one._views  # pyright: ignore[reportPrivateUsage] - forgotten: it did nothing meanwhile
        one.give_back(client, 850)
        await asyncio.sleep(0.1)
        assert 950 <= await left(other, client) <= 951


async def test_what_processes_grant_at_once_becomes_a_debt(settings: Settings, client: str) -> None:
    async with (
        process(settings.redis_url, pace=UNSETTLED) as one,
        process(settings.redis_url, pace=UNSETTLED) as other,
        process(settings.redis_url) as third,
    ):
        for each in (one, other):
            await each.take(client, 0)
            for _ in range(9):
                each.spend(client, 90)
        await one.take(client, 150)  # an expensive request settles
        with pytest.raises(Throttled):
            await other.take(client, 150)
        with pytest.raises(Throttled) as refusal:
            await third.take(client, 10)
        assert refusal.value.status.currently_available == 0
        assert 775 <= refusal.value.retry_after <= 780


async def test_time_restores(settings: Settings, client: str) -> None:
    async with process(settings.redis_url, restore_rate=4_000) as one:
        await one.take(client, 1_000)
        with pytest.raises(Throttled) as refusal:
            await one.take(client, 900)
        await asyncio.sleep(refusal.value.retry_after + 0.01)
        await one.take(client, 900)
        await asyncio.sleep(0.3)
        assert one.give_back(client, 0).currently_available == 1_000


async def test_more_than_a_bucket_takes_a_full_one(settings: Settings, client: str) -> None:
    async with process(settings.redis_url) as buckets:
        assert (await buckets.take(client, 1_500)).currently_available == 0
        with pytest.raises(Throttled) as refusal:
            await buckets.take(client, 1)
        assert 495 <= refusal.value.retry_after <= 501


async def test_keys_expire_when_their_buckets_are_full(settings: Settings, client: str) -> None:
    async with process(settings.redis_url, restore_rate=1_000) as buckets:
        await buckets.take(client, 700)
        async with redis_at(settings.redis_url) as redis:
            assert 500 < await redis.pttl(f"sadu:cost:{client}") <= 700


async def test_charging_a_view_is_cheap(settings: Settings, client: str) -> None:
    """It stands in the way of every request."""
    async with process(settings.redis_url, restore_rate=100_000_000, pace=UNSETTLED) as buckets:
        await buckets.take(client, 0)
        taken: list[float] = []
        for _ in range(5):
            began = time.process_time()
            for _ in range(1_000):
                buckets.spend(client, 1)
            taken.append((time.process_time() - began) / 1_000)
    assert min(taken) < 10e-6, taken


# --- without Redis


async def test_without_redis_each_process_counts_for_itself(client: str) -> None:
    stream = io.StringIO()
    configure("DEBUG", stream=stream)
    try:
        async with process(NO_REDIS) as buckets:
            assert (await buckets.take(client, 600)).currently_available == 400
            with pytest.raises(Throttled):
                await buckets.take(client, 600)
            for _ in range(20):
                await buckets.take(secrets.token_hex(8), 10)
            assert stream.getvalue().count("cost_buckets_lost") == 1
        async with process(NO_REDIS, pace=Pace(pause_seconds=0)) as buckets:
            for _ in range(5):
                await buckets.take(client, 1)
    finally:
        structlog.reset_defaults()
    assert stream.getvalue().count("cost_buckets_lost") == 2  # one a minute from each
    assert client not in stream.getvalue()


async def test_a_redis_that_failed_is_not_asked_again_for_a_while() -> None:
    asked: list[asyncio.StreamWriter] = []

    def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, process(f"redis://127.0.0.1:{port}/0", pace=PATIENT) as buckets:
        await buckets.take(secrets.token_hex(8), 10)
        attempts = len(asked)
        for _ in range(50):
            await buckets.take(secrets.token_hex(8), 10)
        assert len(asked) == attempts > 0


async def test_a_silent_redis_is_waited_for_once(tmp_path: Path, client: str) -> None:
    """0.3 s for all together. One after another they would wait for 12 s, those without a connection as well."""
    port = choose_port()
    url = f"redis://127.0.0.1:{port}/0"
    with valkey(tmp_path, port):
        async with process(url, pace=PATIENT) as buckets:
            await buckets.take(client, 100)
            async with redis_at(url) as redis:
                await redis.execute_command("CLIENT", "PAUSE", "60000", "ALL")  # pyright: ignore[reportUnknownMemberType]
            began = time.monotonic()
            await asyncio.gather(*(buckets.take(secrets.token_hex(8), 500) for _ in range(40 * MOST_CONNECTIONS)))
            for _ in range(40):
                await buckets.take(secrets.token_hex(8), 500)
            assert 0.2 < time.monotonic() - began < 4


async def test_redis_may_go_and_come_back(tmp_path: Path, client: str) -> None:
    """What was spent meanwhile is owed as far as time has not given it back; what is new is shared again."""
    port = choose_port()
    url = f"redis://127.0.0.1:{port}/0"
    async with process(url, pace=QUICK) as one, process(url, pace=QUICK) as other:
        with valkey(tmp_path, port):
            await one.take(client, 100)
        assert (await one.take(client, 300)).currently_available == 600
        with pytest.raises(Throttled):
            await one.take(client, 900)
        with valkey(tmp_path, port):
            await asyncio.sleep(0.3)
            assert 600 <= await left(one, client) <= 701
            assert 600 <= await left(other, client) <= 701


async def test_what_time_gave_back_while_redis_was_away_is_not_owed(tmp_path: Path, client: str) -> None:
    port = choose_port()
    url = f"redis://127.0.0.1:{port}/0"
    async with process(url, restore_rate=5_000, pace=QUICK) as one:
        for _ in range(5):
            await one.take(client, 1_000)
            await asyncio.sleep(0.22)
        with valkey(tmp_path, port):
            await asyncio.sleep(0.15)
            assert await left(one, client) == 1_000


# --- memory


async def test_idle_clients_are_forgotten(settings: Settings) -> None:
    async with process(settings.redis_url, restore_rate=1_000, pace=QUICK) as buckets:
        for _ in range(100):
            await buckets.take(secrets.token_hex(8), 10)
        assert len(buckets._views) == 100  # pyright: ignore[reportPrivateUsage] - memory is what it is about
        await eventually(lambda: not buckets._views)  # pyright: ignore[reportPrivateUsage]


async def test_clients_are_bounded_without_redis(client: str) -> None:
    async with process(NO_REDIS) as buckets:
        await buckets.take(client, 500)
        for number in range(MOST_CLIENTS + 100):
            await buckets.take(str(number), 1)
        assert len(buckets._views) == MOST_CLIENTS  # pyright: ignore[reportPrivateUsage]
        assert len(buckets._active) == MOST_CLIENTS  # pyright: ignore[reportPrivateUsage]
