"""When a query has to end: at its deadline, or with its client."""

import asyncio
import time
from types import TracebackType

from starlette.types import Receive

from server.callers import too_slow
from server.http import ClientGone

PATIENCE_SECONDS = 0.05
"""Nobody watches a query before it has taken so long: most have ended by then, without the task that a watch takes."""


class Bounds:
    """For `async with`: what runs inside is cancelled at the deadline, a 503, or with its client, a `ClientGone`."""

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive, self._deadline = receive, time.monotonic() + seconds
        self._watch: asyncio.Task[None] | None = None
        self._ended_by: Exception | None = None

    async def __aenter__(self) -> None:
        loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._timer = loop.call_later(PATIENCE_SECONDS, self._begin_watch)

    async def __aexit__(
        self, error: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch is not None and not self._watch.done():
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._ended_by is None or self._task is None or error is not asyncio.CancelledError:
            return
        # Unless somebody else has cancelled the request as well, it goes on: to tell why it was ended.
        if self._task.uncancel() == 0:
            raise self._ended_by from None

    def _begin_watch(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._until_it_ends())

    async def _until_it_ends(self) -> None:
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
            self._ended_by = ClientGone()
        except TimeoutError:
            self._ended_by = too_slow()
        if self._task is not None:
            self._task.cancel()
