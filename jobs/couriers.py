"""Carrying out what an outbox has due, for as long as the process lives."""

import asyncio
from contextlib import suppress

import structlog

from db.queries.outbox import Lease
from domain.deliveries import Outbox, Outcome, Post, claim, deliver

SLOTS = 20
"""Messages under way at once and per outbox; each is started as soon as it is leased."""

log = structlog.get_logger("sadu.courier")


class Courier:
    """One outbox's deliverer. Its state is what is under way, and whether somebody rang since it looked."""

    def __init__(self, post: Post, outbox: Outbox, sweep_seconds: float) -> None:
        self._post, self._outbox, self._sweep_seconds = post, outbox, sweep_seconds
        self._under_way: set[asyncio.Task[Outcome | None]] = set()
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Say that there is work; costs nothing if the courier is busy already."""
        self._bell.set()

    async def run(self) -> None:
        """Deliver what is due whenever somebody rings, and every few seconds anyway. Ends when cancelled."""
        while True:
            self._bell.clear()  # before looking, so that a ring while looking counts
            try:
                await self._start_all_due()
            except Exception as error:
                log.warning(
                    "outbox_unreachable", outbox=self._outbox.messages.__tablename__, error=type(error).__name__
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), self._sweep_seconds)

    async def drain(self) -> int:
        """Deliver what is due now and wait for it. Returns how many messages were handled, whatever became of them."""
        try:
            handled = await self._start_all_due()
            await self.finish(None)
        except BaseException:
            await self.finish(0)
            raise
        return handled

    async def finish(self, seconds: float | None) -> None:
        """Wait for what is under way; what takes longer is broken off, and its lease will pass on."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _start_all_due(self) -> int:
        """Start on every message that is due, waiting for free slots. One slow message holds up no other."""
        started = 0
        while True:
            await self._room()
            free = SLOTS - len(self._under_way)
            leases = await claim(self._post.database, self._outbox, free)
            for lease in leases:
                task = asyncio.create_task(self._handle(lease))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            started += len(leases)
            if len(leases) < free:
                return started

    async def _room(self) -> None:
        """Until at least half of the slots are free: claims look at thousands of rows, so they come in batches."""
        while len(self._under_way) > SLOTS // 2:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    async def _handle(self, lease: Lease) -> Outcome | None:
        try:
            return await deliver(self._post, self._outbox, lease)
        except Exception as error:
            log.warning("delivery_unrecorded", message_id=str(lease.message_id), error=type(error).__name__)
            return None
