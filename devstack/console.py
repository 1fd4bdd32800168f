"""What the development command says: its progress, and the table at the end."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from devstack.process_table import own_age


@dataclass(frozen=True, slots=True)
class Person:
    """One demo login to show."""

    role: str
    email: str
    password: str
    access_token: str
    tenant: str | None


class Progress:
    """Says what is done, with the time since the start."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, emoji=False, soft_wrap=True)
        self._started = time.perf_counter() - own_age()

    @property
    def seconds(self) -> float:
        """Since the process began."""
        return time.perf_counter() - self._started

    def done(self, what: str) -> None:
        """One line for a step that is finished."""
        self.console.print(f"  [green]✓[/green] {what} [dim]{self.seconds:.1f} s[/dim]")

    def note(self, what: str) -> None:
        """One line that is no step."""
        self.console.print(f"  [dim]·[/dim] {what}")

    def trouble(self, what: str) -> None:
        """One line of bad news; whatever stands in it is printed as it is."""
        self.console.print(f"  [red]![/red] {time.strftime('%H:%M:%S')} ", end="")
        self.console.print(what, markup=False)


def show_welcome(
    console: Console,
    *,
    seconds: float,
    addresses: Mapping[str, str],
    people: Sequence[Person],
    first_query: str,
    files: str,
) -> None:
    """Everything somebody needs to begin; what is long comes first, so that the addresses stay in sight.

    Tokens and query stand on lines of their own, to be copied whole. `files` says where the same stands for scripts.
    """
    console.print("\n[bold]Bearer tokens[/bold], good for 12 hours (header [cyan]Authorization: Bearer …[/cyan])")
    for person in people:
        console.print(f"\n[cyan]{person.role}[/cyan]{f' of {person.tenant}' if person.tenant else ''}")
        console.print(person.access_token, markup=False)
    console.print("\n[bold]A first query[/bold] to paste into GraphiQL\n")
    console.print(first_query.strip(), markup=False)
    console.print("\n[bold]Demo people[/bold], as they were first made\n")
    headings = ("Role", "Tenant", "Email", "Password")
    rows = [(each.role, each.tenant or "—", each.email, each.password) for each in people]
    console.print(_aligned([headings, *rows]), markup=False)
    console.print(f"\n[bold]Sadu is ready[/bold] after {seconds:.1f} s. Ctrl-C stops all of it.\n")
    console.print(_aligned([(name, value) for name, value in addresses.items() if value]), markup=False)
    console.print(f"\n  {files}\n", markup=False)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns that line up and are never cut or wrapped: what stands in them is there to be copied."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"  {line.rstrip()}" for line in lines)
