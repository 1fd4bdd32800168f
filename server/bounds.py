"""When a query has to end: at its deadline, or with its client."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import Receive

from server.callers import too_slow
from server.http import ClientGone

PATIENCE_SECONDS = 0.05
"""Nobody looks whether the client is still there before a query has taken so long: most have ended by then."""


class Listener:
    """Ends a `timeout` early when the client closes its connection."""

    def __init__(self, receive: Receive, timeout: asyncio.Timeout) -> None:
        self._receive, self._timeout = receive, timeout
        self._task: asyncio.Task[None] | None = None
        self._start = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._listen)
        self.client_is_gone = False

    def _listen(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._until_disconnected())

    async def _until_disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.client_is_gone = True
        self._timeout.reschedule(asyncio.get_running_loop().time())

    async def stop(self) -> None:
        self._start.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def bounded(receive: Receive, seconds: float) -> AsyncGenerator[None]:
    """What runs inside is cancelled at the deadline, a 503, or when the client is gone, a `ClientGone`."""
    listener: Listener | None = None
    try:
        async with asyncio.timeout(seconds) as timeout:
            listener = Listener(receive, timeout)
            try:
                yield
            finally:
                await listener.stop()
    except TimeoutError:
        if listener is not None and listener.client_is_gone:
            raise ClientGone from None
        raise too_slow() from None
