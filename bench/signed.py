"""What it costs to know who calls: the list as a guest asks for it, as somebody signed in, and as a program."""

from bench.load import Command
from bench.report import Line, Report, Target
from bench.rounds import Client, Figures
from bench.world import World

ROUNDS, SECONDS = 12, 1.0
RATE = 100.0
"""Requests a second at which hardly any waits for another: so latency is the request's own."""
PROCESSOR, LATENCY = Target(1.15, 1.10, at_most=True), Target(None, 1.15, at_most=True)
"""Latency alone fails nothing: two milliseconds are soon three where something else runs."""
CALLERS = {"list by person": "signed in", "list by key": "with an API key"}


def measure_known_callers(world: World, client: Client, report: Report) -> None:
    """One server without kept answers, so that each of the three is answered from the database."""
    server = world.sadu()
    contenders = [(server, work) for work in ("list", *CALLERS)]
    for _, work in contenders:
        client.run(Command(server.port, work, sweep=True))
    loaded = client.alternating(contenders, rounds=ROUNDS, seconds=SECONDS)
    unhurried = client.alternating(contenders, rounds=ROUNDS, seconds=SECONDS, rate=RATE)
    server.stop()
    for place, told in enumerate(CALLERS.values(), 1):
        report.lines.append(processor_line(told, loaded[place], loaded[0]))
        report.lines.append(latency_line(told, unhurried[place], unhurried[0]))


def processor_line(told: str, known: Figures, guest: Figures) -> Line:
    """Of server and Postgres together: whoever asks the database about callers pays there, too."""
    ratio = (known.server_cpu + known.database_cpu) / (guest.server_cpu + guest.database_cpu)
    parts = (
        f"server {known.server_cpu:.3f} and {guest.server_cpu:.3f} ms a request, "
        f"Postgres {known.database_cpu:.3f} and {guest.database_cpu:.3f}"
    )
    return Line(f"the list {told} against a guest's, processor time", ratio, "x", PROCESSOR, parts)


def latency_line(told: str, known: Figures, guest: Figures) -> Line:
    parts = f"p50 {known.p50:.2f} and {guest.p50:.2f} ms at {RATE:.0f} requests a second"
    return Line(f"the list {told} against a guest's, latency", known.p50 / guest.p50, "x", LATENCY, parts)
