"""The signal to the worker, through arq's queue in Redis."""

import asyncio
import time

import structlog

from jobs.queue import DELIVER, queue_at

LONGEST_WAIT_SECONDS = 0.3
PAUSE_SECONDS = 2.0
"""After a failure nobody waits for Redis again for this long; the worker looks by itself more often than it matters."""
PAUSE_BETWEEN_SIGNALS_SECONDS = 0.02
SECONDS_BETWEEN_WARNINGS = 60.0

log = structlog.get_logger("sadu.work_signal")


class ArqWorkSignal:
    """Puts the one job into the queue. Connects at the first signal, and anew whenever Redis comes back."""

    def __init__(self, redis_url: str) -> None:
        self._queue = queue_at(redis_url, connect_seconds=LONGEST_WAIT_SECONDS, answer_seconds=LONGEST_WAIT_SECONDS)
        self._silent_until = self._warned_at = float("-inf")
        self._wanted = False
        self._signalling: asyncio.Task[None] | None = None

    async def wake(self) -> None:
        """Never waits and never raises: whoever has committed work has done their part.

        Any number of calls while a signal is on its way are one more signal behind it.
        """
        if time.monotonic() < self._silent_until:
            return
        self._wanted = True
        if self._signalling is None or self._signalling.done():
            self._signalling = asyncio.create_task(self._signal())

    async def _signal(self) -> None:
        while self._wanted:
            self._wanted = False
            try:
                async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                    await self._queue.enqueue_job(DELIVER, _job_id=DELIVER)
            except Exception as error:
                self._fall_silent(error)
                return
            await asyncio.sleep(PAUSE_BETWEEN_SIGNALS_SECONDS)

    async def close(self) -> None:
        """Give the connections back; for the end of the process. A signal that is on its way is sent."""
        if self._signalling is not None:
            await self._signalling
        await self._queue.aclose(close_connection_pool=True)

    def _fall_silent(self, error: Exception) -> None:
        now = time.monotonic()
        self._silent_until = now + PAUSE_SECONDS
        if now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            log.warning("work_signal_lost", error=type(error).__name__)
