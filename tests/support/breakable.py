"""The API on a database of its own, which a test may damage, lock and watch."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text

from bootstrap import Parts, build_parts
from db.security.roles import APP, OWNER, PLATFORM, connected
from db.session import Database
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.databases import Databases
from tests.support.factories import Factory


@dataclass(frozen=True, slots=True)
class Breakable:
    """The API on a database of its own that a test may damage."""

    api: Api
    parts: Parts
    factory: Factory
    owner_url: str
    admin_url: str

    async def waiting_queries(self) -> int:
        """How many of the application's statements wait for a lock now. Only an administrator sees others wait."""
        async with connected(self.admin_url) as connection:
            query = """SELECT count(*) FROM pg_stat_activity
                       WHERE usename = 'sadu_app' AND datname = current_database() AND wait_event_type = 'Lock'"""
            return (await connection.execute(text(query))).scalar_one()

    async def run(self, *statements: str) -> None:
        """Change the database as its owner."""
        async with connected(self.owner_url) as connection:
            for statement in statements:
                await connection.execute(text(statement))

    @asynccontextmanager
    async def held(self, statement: str) -> AsyncGenerator[None]:
        """Somebody else keeps in this block the locks that the statement takes."""
        async with connected(self.admin_url) as connection:
            await connection.execute(text("BEGIN"))
            await connection.execute(text(statement))
            try:
                yield
            finally:
                await connection.execute(text("ROLLBACK"))

    async def until_one_waits(self) -> None:
        """Returns once a statement of the application waits for a lock."""

        async def one_waits() -> bool:
            return await self.waiting_queries() == 1

        await happens(one_waits, within=5)

    async def has_let_go(self) -> bool:
        """No statement waits in Postgres, and every connection is back in the pool."""
        return checked_out(self.parts.database) == 0 and await self.waiting_queries() == 0


def checked_out(database: Database) -> int:
    """How many connections of the pool are in use."""
    return database.engine.pool.checkedout()  # type: ignore[attr-defined, no-any-return] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] - the pool's class is only known at run time


async def happens(condition: Callable[[], Awaitable[bool]], *, within: float) -> None:
    """Fails unless the condition comes true within so many seconds."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - what it waits for happens in another process
            await asyncio.sleep(0.01)


@asynccontextmanager
async def breakable_api(
    databases: Databases, name: str, settings: Settings, *, deadline_seconds: float
) -> AsyncGenerator[Breakable]:
    """A running API on a new database, which is dropped afterwards."""
    await databases.clone(name)
    urls = {
        "database_url": databases.url(name, APP),
        "platform_database_url": databases.url(name, PLATFORM),
        "deadline_seconds": deadline_seconds,
    }
    parts = build_parts(settings.model_copy(update=urls))
    owner_url = databases.url(name, OWNER)
    try:
        async with running_api(parts) as api:
            yield Breakable(api, parts, Factory(parts, owner_url), owner_url, databases.url(name))
    finally:
        await databases.drop(name)
