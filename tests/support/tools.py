"""What the fixtures of a test give, in one hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support.api import Api
from tests.support.factories import Factory
from tests.support.mail import Post
from tests.support.redis_keys import redis_at

LATEST: dict[str, tuple[str, str]] = {}
"""Of each table of this process's database, by which transactions its rows were written, and their digest then."""


@dataclass(frozen=True, slots=True)
class Tools:
    """`superuser` sees the rows of every tenant in this process's database."""

    api: Api
    factory: Factory
    post: Post
    superuser: AsyncConnection

    async def rows(self) -> Mapping[str, str]:
        """A digest of all rows of each table, and guests' carts.

        Only where a row was written since they were asked for last are the rows themselves read.
        """
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        tables = (await self.superuser.execute(text(named))).scalars().all()
        written = await self.of_each(tables, "sum(xmin::text::bigint), sum(hashtid(ctid)::bigint)")
        stale = [table for table in tables if LATEST.get(table, ("", ""))[0] != written[table]]
        digests = await self.of_each(stale, "sum(hashtextextended(t::text, 0))")
        LATEST.update({table: (written[table], digests[table]) for table in stale})
        return {**{table: LATEST[table][1] for table in tables}, **await self.guest_carts()}

    async def of_each(self, tables: Sequence[str], sums: str) -> Mapping[str, str]:
        selects = [f"SELECT '{table}', count(*), {sums} FROM \"{table}\" t" for table in tables]
        found = await self.superuser.execute(text(" UNION ALL ".join(selects))) if selects else ()
        return {table: f"{rest}" for table, *rest in found}

    async def guest_carts(self) -> Mapping[str, str]:
        redis_url = self.factory.parts.settings.redis_url
        async with redis_at(redis_url) as redis:
            return {key: f"{sorted((await redis.hgetall(key)).items())}" for key in await redis.keys("sadu:cart:*")}
