"""Points that clients spend on queries: leaky buckets in Redis, of which each process keeps a view of its own.

A process charges its view at once and settles with Redis every tenth of a second, so that a request waits for Redis
only when its client is new here, or its query expensive. What several processes grant one client within that tenth may
together exceed the bucket; its level in Redis then goes below zero, and the client waits the longer. So in the long run
the rate is exact. Without Redis each process counts for itself.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from domain.ports import Throttled, ThrottleStatus
from integrations.cost_levels import Account, CostLevels, Level

MOST_SETTLED_AT_ONCE = 500
"""Redis does nothing else meanwhile."""
EXPENSIVE = 0.1
"""Redis decides, and not a view, who takes this part of a bucket at once."""
LONGEST_WAIT_SECONDS = 0.3
SECONDS_BETWEEN_WARNINGS = 60.0
MOST_CLIENTS = 50_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How often views are settled, for how long one is trusted, and for how long nobody asks a Redis that failed."""

    settle_seconds: float = 0.1
    stale_seconds: float = 1.0
    pause_seconds: float = 2.0


log = structlog.get_logger("sadu.cost_buckets")


@dataclass(slots=True, eq=False)
class View:
    """What this process believes of a client's bucket: the level, and when it was that."""

    level: float
    at: float
    settled_at: float = float("-inf")
    owed: float = 0.0
    """Spent here, less what was given back, since Redis was last told."""
    telling: float = 0.0
    """Redis is being told of it, and has not answered."""


class CostBuckets:
    """The `Throttle` of one process. `start` in its event loop; the buckets also work before, with more trips."""

    def __init__(self, redis_url: str, *, maximum: int, restore_rate: int, pace: Pace | None = None) -> None:
        self._maximum, self._restore_rate, self._pace = maximum, restore_rate, pace or Pace()
        self._stale_seconds = self._pace.stale_seconds
        self._expensive = maximum * EXPENSIVE
        self._levels = CostLevels(
            redis_url, maximum=maximum, restore_rate=restore_rate, answer_seconds=LONGEST_WAIT_SECONDS
        )
        self._views: dict[str, View] = {}
        self._active: dict[str, View] = {}
        self._ended = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None
        self._silent_until = self._warned_at = float("-inf")

    def start(self) -> None:
        """Begin to settle in the background."""
        if self._settling is None:
            self._ended = asyncio.Event()
            self._settling = asyncio.create_task(self._keep_settling())

    async def close(self) -> None:
        """Settle a last time and give the connections back. It can be started again."""
        if self._settling is not None:
            # Not cancelled: what Redis is being told would be told again.
            self._ended.set()
            await self._settling
            self._settling = None
        await self._settle_active()
        await self._levels.close()

    def spend(self, client: str, points: int) -> ThrottleStatus | None:
        now = time.monotonic()
        view = self._views.get(client)
        if view is None or now - view.settled_at > self._stale_seconds:
            return None
        if points >= self._expensive and self._restored(view, now) >= points:
            return None
        return self._charge(client, view, points, now)

    async def take(self, client: str, points: int) -> ThrottleStatus:
        """Waits at most 0.3 s for Redis, and not at all for a while after it failed."""
        status = self.spend(client, points)
        if status is not None:
            return status
        view = self._view(client)
        if time.monotonic() >= self._silent_until:
            try:
                (level,) = await self._settle([(client, view, points)])
            except Exception as error:
                self._fall_silent(error)
            else:
                if not level.granted:
                    raise self._throttled(view, points)
                return self._status(view)
        return self._charge(client, view, points, time.monotonic())

    def give_back(self, client: str, points: int) -> ThrottleStatus:
        """Only in the view; Redis is told when the client is settled."""
        view, now = self._view(client), time.monotonic()
        view.level, view.at = min(self._restored(view, now) + points, self._maximum), now
        view.owed -= points
        self._active[client] = view
        return self._status(view)

    def _view(self, client: str) -> View:
        view = self._views.get(client)
        if view is None:
            if len(self._views) >= MOST_CLIENTS:
                self._drop(next(iter(self._views)))
            view = self._views[client] = View(self._maximum, time.monotonic())
        return view

    def _restored(self, view: View, now: float) -> float:
        return min(view.level + (now - view.at) * self._restore_rate, self._maximum)

    def _charge(self, client: str, view: View, points: int, now: float) -> ThrottleStatus:
        view.level, view.at = self._restored(view, now), now
        self._active[client] = view
        if view.level < points and view.level < self._maximum:
            raise self._throttled(view, points)
        view.level -= points
        view.owed += points
        return self._status(view)

    def _status(self, view: View) -> ThrottleStatus:
        return ThrottleStatus(self._maximum, max(0, int(view.level)), self._restore_rate)

    def _throttled(self, view: View, points: int) -> Throttled:
        missing = min(points, self._maximum) - view.level
        return Throttled(self._status(view), missing / self._restore_rate)

    async def _keep_settling(self) -> None:
        for turn in itertools.count():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.settle_seconds):
                    await self._ended.wait()
                return
            await self._settle_active()
            if turn % 10 == 0:
                self._forget()

    async def _settle_active(self) -> None:
        """Tell Redis what the clients spent who came since the last time, and hear what they spent elsewhere."""
        if time.monotonic() < self._silent_until:
            return
        active, self._active = [(client, view, 0) for client, view in self._active.items()], {}
        try:
            for start in range(0, len(active), MOST_SETTLED_AT_ONCE):
                await self._settle(active[start : start + MOST_SETTLED_AT_ONCE])
        except Exception as error:
            self._active = {client: view for client, view, _ in active} | self._active
            self._fall_silent(error)

    async def _settle(self, asked: Sequence[tuple[str, View, int]]) -> list[Level]:
        now = time.monotonic()
        owed = [self._debt(view, now) for _, view, _ in asked]
        for (_, view, _), debt in zip(asked, owed, strict=True):
            view.owed, view.telling = 0.0, view.telling + debt
        accounts = [Account(client, debt, wanted) for (client, _, wanted), debt in zip(asked, owed, strict=True)]
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                levels = await self._levels.settle(accounts)
        except BaseException:
            # It may have been told all the same. Counting it twice is the safer mistake, and time heals it.
            for (_, view, _), debt in zip(asked, owed, strict=True):
                view.owed, view.telling = view.owed + debt, view.telling - debt
            raise
        now = time.monotonic()
        for (_, view, _), debt, level in zip(asked, owed, levels, strict=True):
            view.telling -= debt
            view.level, view.at, view.settled_at = level.points - view.owed - view.telling, now, now
        return levels

    def _debt(self, view: View, now: float) -> float:
        """What Redis is to be told. Of what was spent while it was away, time has given some back already."""
        if now - view.settled_at <= self._stale_seconds:
            return view.owed
        return min(view.owed, self._maximum - self._restored(view, now))

    def _forget(self) -> None:
        """Clients of whom there is nothing to remember: the next request asks Redis, or finds the bucket full."""
        now = time.monotonic()
        idle = [
            client
            for client, view in self._views.items()
            if now - view.at > self._stale_seconds and self._debt(view, now) == 0
        ]
        for client in idle:
            self._drop(client)

    def _drop(self, client: str) -> None:
        del self._views[client]
        self._active.pop(client, None)

    def _fall_silent(self, error: Exception) -> None:
        now = time.monotonic()
        self._silent_until = now + self._pace.pause_seconds
        if now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            log.warning("cost_buckets_lost", error=type(error).__name__)
