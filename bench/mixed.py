"""Mixed load: reads and orders of all tenants at a fixed rate, as a busy evening would bring them."""

from bench.load import Command
from bench.report import Line, Report, Target
from bench.rounds import Client
from bench.world import World

RATE = 150.0
SECONDS = 8.0
P95, P99 = Target(300, 300, at_most=True), Target(None, 100, at_most=True)


def measure_mixed_load(world: World, client: Client, report: Report) -> None:
    """Latency counts from the moment at which a request was due, so that a queue before the server shows."""
    server = world.sadu(cached=True)
    figures = client.measure(server, Command(server.port, "mixed", SECONDS, rate=RATE))
    told = f"at {RATE:.0f} requests a second: 80 % lists, 15 % items, 5 % orders; server busy {figures.busy:.0%}"
    report.lines.append(Line("mixed load, p95", figures.p95, "ms", P95, told))
    report.lines.append(Line("mixed load, p99", figures.p99, "ms", P99))
    server.stop()
