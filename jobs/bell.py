"""Hearing the API's signals: an arq worker whose only job rings the couriers."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func

from jobs.queue import DELIVER, from_json, queue_at, to_json

POLL_SECONDS = 0.2
RECONNECT_SECONDS = 1.0
JOB_SECONDS = 5
"""The job takes no time; if its worker is killed in it, signals are lost until this and arq's ten seconds are over."""
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0

log = structlog.get_logger("sadu.bell")


class Bell:
    """Calls `ring` after each signal, for as long as it runs, whatever becomes of Redis."""

    def __init__(self, redis_url: str, ring: Callable[[], None]) -> None:
        self._redis_url, self._ring = redis_url, ring
        self._silent = False

    async def run(self) -> None:
        """Ends only when cancelled; connects again a second after each loss."""
        while True:
            try:
                await self._listen()
            except Exception as error:
                self._tell_loss(error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        redis = queue_at(self._redis_url, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS)
        worker = self._worker(redis)
        try:
            await worker.main()
        finally:
            for job in worker.tasks.values():
                job.cancel()
            await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
            await redis.aclose(close_connection_pool=True)

    def _worker(self, redis: ArqRedis) -> Worker:
        return Worker(
            [func(deliver, name=DELIVER)],
            redis_pool=redis,
            job_serializer=to_json,
            job_deserializer=from_json,
            # Not in the job itself: until arq has cleared it away, a new signal folds into it. What was committed
            # before that is seen by the couriers that look after it.
            after_job_end=self._heard,
            on_startup=self._connected,
            handle_signals=False,
            poll_delay=POLL_SECONDS,
            job_timeout=JOB_SECONDS,
            keep_result=0,
            log_results=False,
        )

    async def _heard(self, ctx: dict[Any, Any]) -> None:  # noqa: ARG002 - arq's name
        self._ring()

    async def _connected(self, ctx: dict[Any, Any]) -> None:  # noqa: ARG002
        self._silent = False
        log.info("signals_heard")
        self._ring()

    def _tell_loss(self, error: Exception) -> None:
        """Once per outage."""
        if not self._silent:
            log.warning("signals_lost", error=type(error).__name__)
        self._silent = True


async def deliver(ctx: dict[Any, Any], *_nothing: Any, **_more: Any) -> None:
    """The signal's job: that it ran is the message."""
