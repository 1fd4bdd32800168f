"""Rounds of load, taken in turns so that whatever disturbs the machine disturbs both sides; medians count."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.cores import processor_seconds
from bench.load import Command, Outcome
from bench.world import ROOT, Server, World


class WorthlessError(SystemExit):
    """The answers were not those that were asked for, so their speed means nothing."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one server did with one kind of request; milliseconds, and processor time of a request."""

    per_second: float
    p50: float
    p95: float
    p99: float
    server_cpu: float
    database_cpu: float
    busy: float
    """Part of the time in which the server's core worked for it."""


class Client:
    """The load generator's process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load", str(world.catalogue_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        world.cores.give_others([self._process.pid])

    def run(self, command: Command) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(command)) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WorthlessError("the load generator ended")
        outcome = Outcome(**json.loads(line))
        if outcome.wrong_statuses or outcome.wrong_bodies:
            raise WorthlessError(f"{command.work}: answers that were not asked for, such as\n{outcome.example}")
        return outcome

    def measure(self, server: Server, command: Command) -> Figures:
        """One round, and what it cost."""
        backends = self._world.postgres_pids()
        before = processor_seconds([server.pid]), processor_seconds(backends), os.times().elapsed
        outcome = self.run(command)
        backends = [*backends, *(pid for pid in self._world.postgres_pids() if pid not in backends)]
        after = processor_seconds([server.pid]), processor_seconds(backends), os.times().elapsed
        each = 1000 / max(outcome.answers, 1)
        return Figures(
            per_second=outcome.counted / outcome.seconds,
            p50=outcome.milliseconds["p50"],
            p95=outcome.milliseconds["p95"],
            p99=outcome.milliseconds["p99"],
            server_cpu=(after[0] - before[0]) * each,
            database_cpu=(after[1] - before[1]) * each,
            busy=(after[0] - before[0]) / (after[2] - before[2]),
        )

    def in_turns(self, work: str, servers: Sequence[Server], *, rounds: int, seconds: float) -> list[Figures]:
        """The medians of each server's rounds."""
        return self.alternating([(server, work) for server in servers], rounds=rounds, seconds=seconds)

    def alternating(
        self, contenders: Sequence[tuple[Server, str]], *, rounds: int, seconds: float, rate: float | None = None
    ) -> list[Figures]:
        """The medians of the rounds of each server with its kind of request."""
        taken: list[list[Figures]] = [[] for _ in contenders]
        for number in range(rounds):
            # Whoever is first in a round meets other neighbours than whoever is last: change places.
            order = range(len(contenders)) if number % 2 == 0 else reversed(range(len(contenders)))
            for place in order:
                server, work = contenders[place]
                command = Command(server.port, work, seconds, rate, redis_url=self._world.valkey.url)
                taken[place].append(self.measure(server, command))
        return [medians(each) for each in taken]

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(10)


def medians(rounds: Sequence[Figures]) -> Figures:
    columns = {name: [asdict(each)[name] for each in rounds] for name in asdict(rounds[0])}
    return Figures(**{name: median(values) for name, values in columns.items()})
