"""Deleting what nobody needs any more, for as long as the worker lives. Several workers may do it at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from db.queries.storefront import forget_old_changes
from db.queries.visits import forget_old_visits
from db.session import AsyncSession, Database, Scope
from domain.jobs import Tools
from domain.media_sweep import sweep_objects, sweep_rows

PAUSE_SECONDS = 600.0
OBJECTS_PAUSE_SECONDS = 86_400.0
MOST_VISITS_OF_ONE, MOST_VISITS = 1_000, 10_000
"""Of one tenant, and in all, at a time: what remains is for the next time."""

log = structlog.get_logger("sadu.retention")


async def forget_regularly(database: Database, *, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Rows that have had their time, every ten minutes. Ends only when cancelled."""

    def forgetting(forget: Callable[[AsyncSession], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            async with database.write(Scope()) as session:
                await forget(session)

        return work

    await asyncio.gather(*(regularly(forgetting(each), kept, pause_seconds) for kept, each in FORGOTTEN.items()))


async def sweep_regularly(
    tools: Tools, *, pause_seconds: float = PAUSE_SECONDS, objects_pause_seconds: float = OBJECTS_PAUSE_SECONDS
) -> None:
    """Unfinished pictures every ten minutes; the whole storage, which is listed for it, at the start and once a day."""

    async def sweep() -> None:
        await sweep_rows(tools)

    async def sweep_storage() -> None:
        strays = await sweep_objects(tools)
        log.info("storage_swept", strays=strays)

    await asyncio.gather(
        regularly(sweep, "media_not_swept", pause_seconds),
        regularly(sweep_storage, "storage_not_swept", objects_pause_seconds),
    )


async def regularly(work: Callable[[], Awaitable[None]], event_of_failure: str, pause_seconds: float) -> None:
    """Ends only when cancelled; what goes wrong is told, and tried again after the pause."""
    while True:
        try:
            await work()
        except Exception as error:
            log.warning(event_of_failure, error=type(error).__name__)
        await asyncio.sleep(pause_seconds)


async def forget_visits(session: AsyncSession) -> None:
    await forget_old_visits(session, most_of_one=MOST_VISITS_OF_ONE, most=MOST_VISITS)


FORGOTTEN: Mapping[str, Callable[[AsyncSession], Awaitable[None]]] = {
    "old_changes_kept": forget_old_changes,
    "old_visits_kept": forget_visits,
}
"""What is deleted, each in a transaction of its own, by what is logged where that fails."""
