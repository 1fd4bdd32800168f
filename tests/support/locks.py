"""Seeing that somebody waits."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

from sqlalchemy import text

from db.session import AsyncSession, Database
from tests.support.factories import Shop

WAITING = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"


def writing(database: Database, shop: Shop, work: Callable[[AsyncSession], Awaitable[Any]]) -> asyncio.Task[Any]:
    """Another request of the same shop, in a transaction of its own."""

    async def run() -> Any:
        async with database.write(shop.actor.scope) as session:
            return await work(session)

    return asyncio.create_task(run(), context=Context())  # which does not know of the connection that we hold


async def when_blocked_by(session: AsyncSession) -> None:
    """Wait until somebody waits for this session's locks."""
    for _ in range(500):
        if (await session.execute(text(f"SELECT EXISTS ({WAITING})"))).scalar_one():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")
