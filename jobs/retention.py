"""Deleting what nobody needs any more, for as long as the worker lives."""

import asyncio

import structlog

from db.queries.storefront import forget_old_changes
from db.session import Database, Scope

PAUSE_SECONDS = 600.0

log = structlog.get_logger("sadu.retention")


async def forget_regularly(database: Database, *, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Ends only when cancelled. Several workers may do it at once."""
    while True:
        try:
            async with database.write(Scope()) as session:
                await forget_old_changes(session)
        except Exception as error:
            log.warning("old_changes_kept", error=type(error).__name__)
        await asyncio.sleep(pause_seconds)
