"""A database that nobody else has rows in: for plans, and for what is taken apart."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bootstrap import Parts, build_parts
from db.security.roles import APP, OWNER
from settings import Settings
from tests.support.databases import Databases


@asynccontextmanager
async def parts_of_own(databases: Databases, settings: Settings, name: str) -> AsyncGenerator[Parts]:
    """The parts on a new database of that name, which is dropped afterwards."""
    await databases.clone(name)
    urls = {"database_url": databases.url(name, APP), "owner_database_url": databases.url(name, OWNER)}
    built = build_parts(settings.model_copy(update=urls))
    try:
        yield built
    finally:
        await built.close()
        await databases.drop(name)
