"""Limits on attempts: exact among processes, sliding, without a trace of whose they are, and closed without Redis.

Each `RedisAttemptLimits` is what one process has.
"""

import asyncio
import io
import secrets
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from redis.asyncio import Redis

from devstack.ports import choose_port
from devstack.valkey import Valkey
from domain.attempts import Attempt, AttemptKind, MostAttempts
from domain.ports import LimitsUnavailable, TooManyAttempts
from integrations.attempt_limits import RedisAttemptLimits
from server.logs import configure
from settings import Settings

NO_REDIS = "redis://127.0.0.1:1/0"
ADDRESS, EMAIL = "198.51.100.7", "noura@people.test"
HOUR = timedelta(hours=1)
GUESS = AttemptKind("guess", HOUR, HOUR)
VISIT = AttemptKind("visit", HOUR)


@asynccontextmanager
async def process(
    redis_url: str, secret_key: bytes, *, per_address: int = 1_000, per_account: int = 1_000
) -> AsyncGenerator[RedisAttemptLimits]:
    limits = RedisAttemptLimits(redis_url, secret_key=secret_key, most=MostAttempts(per_address, per_account))
    try:
        yield limits
    finally:
        await limits.close()


@pytest.fixture
def key() -> bytes:
    """Nobody else's attempts are counted under it."""
    return secrets.token_bytes(32)


@contextmanager
def valkey(folder: Path, port: int) -> Generator[str]:
    """A Redis of the test's own, and where it is."""
    server = Valkey(folder, port, durable=False)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def redis_at(url: str) -> Redis:
    return Redis.from_url(url, decode_responses=True)  # pyright: ignore[reportUnknownMemberType] - redis-py leaves the options untyped


async def said(redis: Redis, *command: str) -> Any:
    """What Redis answers."""
    return await cast("Any", redis).execute_command(*command)


async def attempt(
    limits: RedisAttemptLimits, *kinds: AttemptKind, account: str | None = EMAIL, address: str = ADDRESS
) -> timedelta | None:
    """None when it was granted, else how long to wait."""
    try:
        await limits.grant([Attempt(kind, account) for kind in kinds], address=address)
    except TooManyAttempts as refusal:
        return refusal.retry_after
    return None


@pytest.mark.parametrize("limit", ["per_address", "per_account"])
async def test_of_64_simultaneous_attempts_at_two_processes_exactly_ten_are_granted(
    settings: Settings, key: bytes, limit: str
) -> None:
    """Mission X5."""
    most: dict[str, Any] = {limit: 10}
    async with process(settings.redis_url, key, **most) as one, process(settings.redis_url, key, **most) as other:
        waits = await asyncio.gather(
            *(
                attempt(
                    (one, other)[number % 2],
                    GUESS,
                    account=f"{number}@people.test" if limit == "per_address" else EMAIL,
                    address=f"198.51.100.{number}" if limit == "per_account" else ADDRESS,
                )
                for number in range(64)
            )
        )
    assert sum(wait is None for wait in waits) == 10
    assert all(HOUR - timedelta(seconds=5) < wait <= HOUR for wait in waits if wait)


async def test_the_window_slides(settings: Settings, key: bytes) -> None:
    """Each attempt makes room for one other, a window after it was made: none begins anew."""
    kind = AttemptKind("guess", timedelta(seconds=3))
    async with process(settings.redis_url, key, per_address=3) as limits:
        for _ in range(3):
            assert await attempt(limits, kind) is None
            await asyncio.sleep(0.6)
        first = await attempt(limits, kind)
        assert first is not None
        assert first.total_seconds() < 1.25
        await asyncio.sleep(first.total_seconds())
        assert await attempt(limits, kind) is None
        second = await attempt(limits, kind)
        assert second is not None
        assert second.total_seconds() < 0.65


async def test_who_keeps_trying_waits_no_longer(settings: Settings, key: bytes) -> None:
    kind = AttemptKind("guess", timedelta(seconds=0.5), timedelta(seconds=0.5))
    async with process(settings.redis_url, key, per_account=1) as limits:
        assert await attempt(limits, kind) is None
        began = time.monotonic()
        refused = 0
        while await attempt(limits, kind) is not None:
            refused += 1
            assert time.monotonic() - began < 10
        assert refused > 20
        assert time.monotonic() - began > 0.4


async def test_a_refused_attempt_counts_nowhere(settings: Settings, key: bytes) -> None:
    async with process(settings.redis_url, key, per_address=2, per_account=1) as limits:
        assert await attempt(limits, GUESS) is None
        for _ in range(10):
            assert await attempt(limits, GUESS) is not None
        assert await attempt(limits, GUESS, account="hamad@people.test") is None
        assert await attempt(limits, GUESS, account="dana@people.test") is not None


async def test_attempts_of_one_request_are_granted_together_or_not_at_all(settings: Settings, key: bytes) -> None:
    async with process(settings.redis_url, key, per_address=5) as limits:
        assert await attempt(limits, *[GUESS] * 6) == HOUR
        assert await attempt(limits, *[GUESS] * 4) is None
        assert await attempt(limits, GUESS, GUESS) is not None
        assert await attempt(limits, *[VISIT] * 5, GUESS) is None
        assert await attempt(limits, GUESS) is not None


async def test_kinds_count_apart(settings: Settings, key: bytes) -> None:
    async with process(settings.redis_url, key, per_address=1) as limits:
        assert await attempt(limits, GUESS) is None
        assert await attempt(limits, VISIT) is None
        assert await attempt(limits, GUESS, address="198.51.100.8") is None
        assert await attempt(limits, GUESS) is not None


async def test_redis_is_told_neither_address_nor_account_and_forgets(tmp_path: Path, key: bytes) -> None:
    with valkey(tmp_path, choose_port()) as url:
        async with (
            process(url, key, per_address=50) as limits,
            process(url, b"another key") as stranger,
            redis_at(url) as redis,
        ):
            for _ in range(500):
                await attempt(limits, GUESS)
            keys: list[str] = await said(redis, "KEYS", "*")
            assert len(keys) == 2, "one for the address and one for the account"
            for name in keys:
                assert await said(redis, "LLEN", name) == 50, "as many as are granted, however many were refused"
                assert await said(redis, "MEMORY", "USAGE", name) < 2_048
                assert 3_590_000 < await said(redis, "PTTL", name) <= 3_600_000
                told = name + "".join(await said(redis, "LRANGE", name, "0", "-1"))
                assert all(each not in told for each in (ADDRESS, "noura", "people", "guess"))
            await attempt(stranger, GUESS)
            assert await said(redis, "DBSIZE") == 4, "who does not know our secret cannot tell whose key it is"
            await attempt(limits, AttemptKind("glance", timedelta(seconds=0.1)))
            assert await said(redis, "DBSIZE") == 5
            await asyncio.sleep(0.15)
            assert len(await said(redis, "KEYS", "*")) == 4


# --- without Redis


async def test_without_redis_nothing_is_granted(key: bytes) -> None:
    """Mission X5."""
    stream = io.StringIO()
    configure("DEBUG", stream=stream)
    try:
        async with process(NO_REDIS, key) as limits:
            began = time.monotonic()
            for _ in range(20):
                with pytest.raises(LimitsUnavailable):
                    await attempt(limits, GUESS)
            assert time.monotonic() - began < 5
    finally:
        structlog.reset_defaults()
    assert stream.getvalue().count("attempt_limits_lost") == 1
    assert ADDRESS not in stream.getvalue()
    assert EMAIL not in stream.getvalue()


async def test_a_silent_redis_is_not_waited_for_long_and_no_answer_is_mistaken(tmp_path: Path, key: bytes) -> None:
    with valkey(tmp_path, choose_port()) as url:
        async with process(url, key, per_address=3) as limits, redis_at(url) as redis:
            await attempt(limits, VISIT)
            await said(redis, "CLIENT", "PAUSE", "4000", "ALL")
            began = time.monotonic()
            # More than there are connections: those who wait for one wait no longer than the others.
            answers = await asyncio.gather(*(attempt(limits, VISIT) for _ in range(60)), return_exceptions=True)
            assert time.monotonic() - began < 3
            assert all(isinstance(answer, LimitsUnavailable) for answer in answers)
            await asyncio.sleep(4.2)
            waits = await asyncio.gather(*(attempt(limits, GUESS) for _ in range(60)))
            assert sum(wait is None for wait in waits) == 3


async def test_redis_may_go_and_come_back(tmp_path: Path, key: bytes) -> None:
    """The new one does not know the script, and the first attempt at it is granted all the same."""
    port = choose_port()
    async with process(f"redis://127.0.0.1:{port}/0", key, per_address=2) as limits:
        for _ in range(2):
            with pytest.raises(LimitsUnavailable):
                await attempt(limits, GUESS)
            with valkey(tmp_path, port):
                assert await attempt(limits, GUESS, GUESS) is None
                assert await attempt(limits, GUESS) is not None


async def test_a_redis_that_takes_no_more_is_as_good_as_none(tmp_path: Path, key: bytes) -> None:
    with valkey(tmp_path, choose_port()) as url:
        async with process(url, key) as limits, redis_at(url) as redis:
            assert await attempt(limits, GUESS) is None
            await said(redis, "CONFIG", "SET", "maxmemory", "1")
            with pytest.raises(LimitsUnavailable):
                await attempt(limits, GUESS)
            await said(redis, "CONFIG", "SET", "maxmemory", "0")
            assert await attempt(limits, GUESS) is None
