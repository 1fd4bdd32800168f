"""Work that blocks, in a few threads of its own, so that it delays nothing else in the process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from domain.errors import FaultCode, UserFault

T = TypeVar("T")


class FewThreads:
    """At most `at_once` things are done; the rest wait, and beyond `most_waiting` they are turned away."""

    def __init__(self, at_once: int, most_waiting: int, *, name: str) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._most = at_once + most_waiting
        self._unfinished = 0

    async def run(self, work: Callable[[], T]) -> T:
        """The threads, not this coroutine, hold the place: a caller may be cancelled. Fault: LIMIT_REACHED."""
        if self._unfinished >= self._most:
            raise UserFault(FaultCode.LIMIT_REACHED, "Too many people are signing in. Try again in a moment.")
        self._unfinished += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._unfinished -= 1

    def close(self) -> None:
        """For the end of the process; waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)
