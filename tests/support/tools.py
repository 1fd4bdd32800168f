"""What the fixtures of a test give, in one hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support.api import Api
from tests.support.factories import Factory
from tests.support.mail import Post
from tests.support.redis_keys import redis_at


@dataclass(frozen=True, slots=True)
class Tools:
    """`superuser` sees the rows of every tenant in this process's database."""

    api: Api
    factory: Factory
    post: Post
    superuser: AsyncConnection

    async def rows(self) -> Mapping[str, str]:
        """A digest of all rows of each table, and guests' carts."""
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        tables = (await self.superuser.execute(text(named))).scalars().all()
        digests = " UNION ALL ".join(
            f"SELECT '{table}', count(*), sum(hashtextextended(t::text, 0)) FROM \"{table}\" t" for table in tables
        )
        found = {table: f"{rest}" for table, *rest in await self.superuser.execute(text(digests))}
        return {**found, **await self.guest_carts()}

    async def guest_carts(self) -> Mapping[str, str]:
        redis_url = self.factory.parts.settings.redis_url
        async with redis_at(redis_url) as redis:
            return {key: f"{sorted((await redis.hgetall(key)).items())}" for key in await redis.keys("sadu:cart:*")}
