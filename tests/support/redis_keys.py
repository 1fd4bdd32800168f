"""Looking into Redis: what the tests ask of it, with its types."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

from redis.asyncio import Redis


class Keys(Protocol):
    """redis-py leaves these half untyped."""

    async def keys(self, pattern: str) -> list[str]: ...
    async def hgetall(self, name: str) -> Mapping[str, str]: ...
    async def pexpire(self, name: str, time: int) -> object: ...
    async def pttl(self, name: str) -> int: ...
    async def delete(self, *names: str) -> int: ...


@asynccontextmanager
async def redis_at(url: str) -> AsyncGenerator[Keys]:
    redis: Any = Redis.from_url(url, decode_responses=True)  # pyright: ignore[reportUnknownMemberType]
    async with redis:
        yield cast("Keys", redis)
