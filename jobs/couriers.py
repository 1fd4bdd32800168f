"""Carrying out what an outbox has due, for as long as the process lives."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from db.queries.outbox import Lease
from db.session import Database
from domain.leases import Outbox, Outcome, claim

log = structlog.get_logger("sadu.courier")


MAIL_SLOTS = 20
JOB_SLOTS = 4
"""Messages under way at once and per outbox; each is started as soon as it is leased."""


class Courier:
    """One outbox's deliverer. Its state is what is under way, and whether somebody rang since it looked."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        deliver: Callable[[Lease], Awaitable[Outcome]],
        *,
        slots: int,
        sweep_seconds: float,
        one_each: bool = False,
    ) -> None:
        """With `one_each`, no owner has more than one under way: thousands of rows leave room for others' pictures."""
        self._database, self._outbox, self._deliver = database, outbox, deliver
        self._slots, self._sweep_seconds, self._one_each = slots, sweep_seconds, one_each
        self._under_way: dict[asyncio.Task[Outcome | None], uuid.UUID] = {}
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
                log.warning("outbox_unreachable", outbox=self._outbox.name, error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), self._sweep_seconds)

    async def drain(self) -> int:
        """Deliver what is due, and what that leads to, until nothing is.

        Returns how many messages were handled, whatever became of them.
        """
        handled = 0
        try:
            while started := await self._start_all_due():
                handled += started
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
            free = self._slots - len(self._under_way)
            leases = await claim(self._database, self._outbox, free, self._busy())
            for lease in leases:
                task = asyncio.create_task(self._handle(lease))
                self._under_way[task] = lease.owner_id
                task.add_done_callback(self._ended)
            started += len(leases)
            if len(leases) < free:
                return started

    async def _room(self) -> None:
        """Until at least half of the slots are free: claims look at thousands of rows, so they come in batches."""
        while len(self._under_way) > self._slots // 2:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    def _busy(self) -> list[uuid.UUID]:
        """The owners who have as much under way as they may."""
        return list(self._under_way.values()) if self._one_each else []

    def _ended(self, task: asyncio.Task[Outcome | None]) -> None:
        del self._under_way[task]
        if self._one_each:
            self.ring()  # what had to step back is due

    async def _handle(self, lease: Lease) -> Outcome | None:
        try:
            return await self._deliver(lease)
        except Exception as error:
            log.warning("delivery_unrecorded", message_id=str(lease.message_id), error=type(error).__name__)
            return None
