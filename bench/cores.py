"""Processor time and cores of processes: what one request costs, whatever else this machine is busy with."""

import os
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PROCESSES = Path("/proc")


def processor_seconds(pids: Iterable[int]) -> float:
    """Time spent in user and kernel mode so far by these processes; those that are gone count nothing."""
    return sum(ticks_of(pid) for pid in pids) / TICK


def ticks_of(pid: int) -> int:
    fields = stat_fields(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def stat_fields(pid: int) -> list[str]:
    try:
        told = (PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The name in brackets may hold blanks and brackets itself.
    return told.rpartition(")")[2].split()


def family(parent: int) -> list[int]:
    """A process and its children."""
    pids = [int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit()]
    return [parent, *(pid for pid in pids if (fields := stat_fields(pid)) and int(fields[1]) == parent)]


class Cores:
    """One core for the servers under test, another for the client and the database, where the machine has two."""

    def __init__(self) -> None:
        usable = sorted(os.sched_getaffinity(0))
        self.server, self.others = ({usable[0]}, set(usable[1:])) if len(usable) > 1 else (set(usable), set(usable))

    @property
    def told(self) -> str:
        """How the machine is divided, for the report."""
        if self.server == self.others:
            return "everything on one core"
        return f"servers on core {min(self.server)}; client, Postgres and Valkey on {sorted(self.others)}"

    def give_server(self, pid: int) -> None:
        os.sched_setaffinity(pid, self.server)

    def give_others(self, pids: Iterable[int]) -> None:
        for pid in pids:
            os.sched_setaffinity(pid, self.others)
