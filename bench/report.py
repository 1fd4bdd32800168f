"""What a run found, beside what it should: printed as a table and kept as JSON."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.rounds import Figures
from bench.world import ROOT

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Target:
    """What a row must reach (None where nothing must), and what it should. With `at_most` less is better."""

    must: float | None
    aim: float
    at_most: bool = False

    def reached(self, value: float) -> str:
        """In words; a missed "must" fails the run."""
        if (value <= self.aim) if self.at_most else (value >= self.aim):
            return "aim met"
        if self.must is None:
            return "aim missed"
        if (value <= self.must) if self.at_most else (value >= self.must):
            return "must met"
        return "MISSED"

    @property
    def told(self) -> str:
        sign = "<=" if self.at_most else ">="
        must = "" if self.must is None else f"{self.must:g}"
        return f"{sign} {must or '–'} / {self.aim:g}"


UNCACHED, CACHED, ORDER = Target(0.5, 0.9), Target(0.7, 0.95), Target(0.4, 0.7)
TENANTS = Target(1.1, 1.02, at_most=True)


@dataclass(frozen=True, slots=True)
class Row:
    """Sadu beside its limit for one kind of request.

    The verdict is by requests per second, which is what clients get and what the targets are written in. They flatter
    whoever waits for the same database as its limit does: so the ratio of processor times stands beside it.
    """

    name: str
    sadu: Figures
    limit: Figures
    target: Target

    @property
    def by_rate(self) -> float:
        return self.sadu.per_second / self.limit.per_second

    @property
    def by_cpu(self) -> float:
        """Of the server's processor time for one request."""
        return self.limit.server_cpu / self.sadu.server_cpu

    @property
    def verdict(self) -> str:
        return self.target.reached(self.by_rate)


@dataclass(frozen=True, slots=True)
class Line:
    """A single figure with its target."""

    name: str
    value: float
    unit: str
    target: Target
    details: str = ""

    @property
    def verdict(self) -> str:
        return self.target.reached(self.value)


@dataclass
class Report:
    """Everything one run measured. `remarks` are printed below the table."""

    machine: str
    rows: list[Row] = field(default_factory=list[Row])
    lines: list[Line] = field(default_factory=list[Line])
    remarks: list[str] = field(default_factory=list[str])
    failures: list[str] = field(default_factory=list[str])
    """What else must not be, such as a sequential scan."""

    @property
    def missed(self) -> list[str]:
        return [*(each.name for each in (*self.rows, *self.lines) if each.verdict == "MISSED"), *self.failures]

    def printed(self) -> str:
        """For a terminal of 150 columns."""
        parts = [f"\n{self.machine}\n"]
        if self.rows:
            parts.append(table([HEADINGS, *(cells(row) for row in self.rows)]))
        parts += [
            f"{line.name}: {line.value:.3g} {line.unit} ({line.target.told}): {line.verdict}  {line.details}"
            for line in self.lines
        ]
        parts += self.remarks
        parts.append(f"\nmissed: {', '.join(self.missed)}" if self.missed else "\nnothing missed")
        return "\n".join(parts)

    def keep(self) -> Path:
        """Write the figures to `results/<moment>-<commit>.json`."""
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{commit()}.json"
        kept = {
            "machine": self.machine,
            "commit": commit(),
            "rows": [
                {**asdict(row), "by_rate": row.by_rate, "by_cpu": row.by_cpu, "verdict": row.verdict}
                for row in self.rows
            ],
            "lines": [{**asdict(line), "verdict": line.verdict} for line in self.lines],
            "remarks": self.remarks,
            "missed": self.missed,
        }
        file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        return file


HEADINGS = [
    *("", "req/s", "limit", "ratio", "CPU ms", "limit", "ratio", "Postgres ms", "limit", "p50 ms", "p95", "p99"),
    *("limit p95", "busy %", "limit", "must / aim", ""),
]


def cells(row: Row) -> list[str]:
    sadu, limit = row.sadu, row.limit
    return [
        row.name,
        f"{sadu.per_second:.0f}",
        f"{limit.per_second:.0f}",
        f"{row.by_rate:.3f}",
        f"{sadu.server_cpu:.3f}",
        f"{limit.server_cpu:.3f}",
        f"{row.by_cpu:.3f}",
        f"{sadu.database_cpu:.3f}",
        f"{limit.database_cpu:.3f}",
        f"{sadu.p50:.1f}",
        f"{sadu.p95:.1f}",
        f"{sadu.p99:.1f}",
        f"{limit.p95:.1f}",
        f"{sadu.busy * 100:.0f}",
        f"{limit.busy * 100:.0f}",
        row.target.told,
        row.verdict,
    ]


def table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(zipped))
        for zipped in (list(zip(row, widths, strict=True)) for row in rows)
    )


def commit() -> str:
    """The commit that is checked out, with a mark when files were changed since; `unknown` without git."""
    asked = subprocess.run(
        ["/usr/bin/env", "git", "describe", "--always", "--dirty", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return asked.stdout.strip() or "unknown"
