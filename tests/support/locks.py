"""Seeing that somebody waits."""

import asyncio

from sqlalchemy import text

from db.session import AsyncSession

WAITING = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"


async def when_blocked_by(session: AsyncSession) -> None:
    """Wait until somebody waits for this session's locks."""
    for _ in range(500):
        if (await session.execute(text(f"SELECT EXISTS ({WAITING})"))).scalar_one():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")
