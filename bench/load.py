"""The load generator, a process of its own: raw keep-alive connections that read nothing but status and length.

It takes one JSON command a line (`Command`) and answers each with one line (`Outcome`).
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import uvloop

from bench import checkouts
from bench.catalogue import Catalogue
from bench.traffic import Traffic

CONNECTIONS = 32
WARM_UP_SECONDS = 0.3
SAMPLE_EVERY = 101
"""A prime, so that samples do not always fall on the same tenant."""
MOST_SAMPLES = 400


@dataclass(frozen=True, slots=True)
class Command:
    """What to do for how long. With a `rate` so many requests begin each second whatever the answers; else each
    connection sends its next request when it has its answer. `sweep` sends every known request once instead. Whatever
    waits for others on purpose needs more `connections`."""

    port: int
    work: str
    seconds: float = 0.0
    rate: float | None = None
    sweep: bool = False
    connections: int = CONNECTIONS
    redis_url: str = ""
    """Where carts are filled before the clock runs, for checkouts."""


@dataclass(slots=True)
class Outcome:
    """What came back. `answers` counts all, the rest of the figures only those after the warm-up."""

    answers: int = 0
    counted: int = 0
    seconds: float = 0.0
    took: float = 0.0
    """Seconds from the first request until the last answer."""
    milliseconds: dict[str, float] = field(default_factory=dict[str, float])
    wrong_statuses: int = 0
    wrong_bodies: int = 0
    example: str = ""


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on its way."""

    def __init__(
        self, answered: "Callable[[Connection, bytes, int], None]", lost: "Callable[[Connection], None]"
    ) -> None:
        self._answered, self._lost = answered, lost
        self._received = b""
        self._missing = -1
        self._transport: asyncio.Transport | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of the class without inheriting it.
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, since: float) -> None:
        """`since` is the moment from which this request waits."""
        assert self._transport is not None
        self.since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        if self._missing < 0:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            at = received.find(b"content-length: ", 0, end)
            if at < 0:
                raise RuntimeError(f"an answer without a length: {received[:200]!r}")
            self._missing = end + 4 + int(received[at + 16 : received.index(b"\r", at)])
        if len(received) >= self._missing:
            body_at = received.index(b"\r\n\r\n") + 4
            self._received, self._missing = b"", -1
            self._answered(self, received, body_at)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._lost(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Load:
    """One command being carried out."""

    def __init__(self, command: Command, requests: Iterator[bytes]) -> None:
        self.command, self._requests = command, requests
        self._outcome = Outcome()
        self._latencies: list[float] = []
        self._samples: list[bytes] = []
        self._idle: deque[Connection] = deque()
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._counting_from = self._ends = 0.0
        self._busy = 0
        self._all_answered = asyncio.Event()
        self._finished = False

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        connections: list[Connection] = []
        for _ in range(self.command.connections):
            _, connection = await loop.create_connection(
                lambda: Connection(self._answered, self._lost), "127.0.0.1", self.command.port
            )
            connections.append(connection)
        begun = time.perf_counter()
        self._counting_from = begun + (0 if self.command.sweep else WARM_UP_SECONDS)
        self._ends = float("inf") if self.command.sweep else self._counting_from + self.command.seconds
        if self.command.rate is None:
            for connection in connections:
                self._next(connection)
            await self._all_answered.wait()
        else:
            self._idle.extend(connections)
            await self._at_rate(self.command.rate, begun)
        ended, self._finished = time.perf_counter(), True
        self._outcome.took = ended - begun
        for connection in connections:
            connection.close()
        return self._summary(ended)

    async def _at_rate(self, rate: float, begun: float) -> None:
        self._busy += 1  # for this loop: answers may all be there while requests are yet to be sent
        for number in range(int(rate * (WARM_UP_SECONDS + self.command.seconds))):
            due = begun + number / rate
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            request = next(self._requests)
            if self._idle:
                self._send(self._idle.popleft(), request, due)
            else:
                self._waiting.append((request, due))
        self._busy -= 1
        if self._busy:
            await self._all_answered.wait()

    def _send(self, connection: Connection, request: bytes, since: float) -> None:
        self._busy += 1
        connection.send(request, since)

    def _next(self, connection: Connection) -> None:
        if self.command.rate is not None:
            if self._waiting:
                self._send(connection, *self._waiting.popleft())
            else:
                self._idle.append(connection)
            return
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._ends else None
        if request is not None:
            self._send(connection, request, now)

    def _answered(self, connection: Connection, answer: bytes, body_at: int) -> None:
        now, outcome = time.perf_counter(), self._outcome
        self._busy -= 1
        outcome.answers += 1
        if not answer.startswith(b"HTTP/1.1 200"):
            outcome.wrong_statuses += 1
            outcome.example = outcome.example or answer[:500].decode("utf-8", "replace")
        if outcome.answers % SAMPLE_EVERY == 1 and len(self._samples) < MOST_SAMPLES:
            self._samples.append(answer[body_at:])
        if self._counting_from <= now < self._ends or self.command.rate is not None:
            outcome.counted += 1
            self._latencies.append(now - connection.since)
        self._next(connection)
        if not self._busy:
            self._all_answered.set()

    def _lost(self, _connection: Connection) -> None:
        if not self._finished:
            self._outcome.wrong_statuses += 1
            self._outcome.example = self._outcome.example or "the server closed a connection"
            self._all_answered.set()

    def _summary(self, now: float) -> Outcome:
        outcome = self._outcome
        outcome.seconds = min(now, self._ends) - self._counting_from
        ordered = sorted(self._latencies)
        for name, part in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99)):
            outcome.milliseconds[name] = ordered[int(part * (len(ordered) - 1))] * 1000 if ordered else 0.0
        for sample in self._samples:
            if complaint := complaint_about(sample):
                outcome.wrong_bodies += 1
                outcome.example = outcome.example or complaint
        return outcome


def complaint_about(answer: bytes) -> str:
    """What is wrong with an answer; empty when it holds what was asked for."""
    parsed = json.loads(answer)
    asked: dict[str, dict[str, object]] = parsed.get("data") or {}
    things = [thing for root in asked.values() for name, thing in (root or {}).items() if name != "userErrors"]
    good = "errors" not in parsed and things and all(thing and nodes_of(thing) for thing in things)
    return "" if good else answer[:500].decode("utf-8", "replace")


def nodes_of(thing: object) -> object:
    """What makes an answer a good one: of a list its nodes, of anything else that it is there."""
    return cast("dict[str, object]", thing).get("nodes", True) if isinstance(thing, dict) else thing


def main() -> None:
    """Carry out commands until the input ends."""
    catalogue = Catalogue.read(Path(sys.argv[1]))
    traffic = Traffic(catalogue, seed=time.time_ns())
    for line in sys.stdin:
        command = Command(**json.loads(line))
        if command.work in checkouts.WORKS:
            requests = iter(checkouts.requests_of(command.work, catalogue, command.redis_url, command.seconds))
        else:
            requests = iter(traffic.fixed[command.work]) if command.sweep else traffic.endless(command.work)
        outcome = uvloop.run(Load(command, requests).run())
        sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
