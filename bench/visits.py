"""A thousand visits a second, and what shoppers beside them notice of it."""

from concurrent.futures import ThreadPoolExecutor
from statistics import median

from bench.load import WARM_UP_SECONDS, Command, Outcome
from bench.mixed import RATE
from bench.report import Line, Report, Target
from bench.rounds import Client, Figures, medians
from bench.world import Server, World

VISITS = 1_000.0
CONNECTIONS = 512
"""An answer comes when the batch is committed: so many visits wait at the same time."""
ROUNDS, SECONDS = 5, 4.0
RECORDED = Target(0.95, 0.99)
BESIDE = Target(3.0, 1.25, at_most=True)
"""A request more often meets one that is being served: its p95 grows where the server's core is busier."""
PROMISED = Target(300, 30, at_most=True)
PROCESSOR = Target(None, 0.5, at_most=True)


def measure_visits(world: World, client: Client, report: Report) -> None:
    """The same reads and orders of one server, with visits and without, in turns."""
    server, visitors = world.sadu(cached=True), Client(world)
    client.run(Command(server.port, "mixed", 1.0, RATE))
    visitors.run(Command(server.port, "visit", 1.0, VISITS / 4, connections=CONNECTIONS))
    alone: list[Figures] = []
    beside: list[Figures] = []
    recorded: list[Outcome] = []
    for number in range(ROUNDS):
        for with_visits in (False, True) if number % 2 == 0 else (True, False):
            if with_visits:
                shoppers, visits = together(client, visitors, server)
                beside.append(shoppers)
                recorded.append(visits)
            else:
                alone.append(client.measure(server, Command(server.port, "mixed", SECONDS, RATE)))
    server.stop()
    visitors.close()
    report.lines += lines_of(medians(alone), medians(beside), recorded)


def together(client: Client, visitors: Client, server: Server) -> tuple[Figures, Outcome]:
    """Both loads begin and end at the same time."""
    command = Command(server.port, "visit", SECONDS, VISITS, connections=CONNECTIONS)
    with ThreadPoolExecutor(1) as other:
        recording = other.submit(visitors.run, command)
        shoppers = client.measure(server, Command(server.port, "mixed", SECONDS, RATE))
        return shoppers, recording.result()


def lines_of(alone: Figures, beside: Figures, recorded: list[Outcome]) -> list[Line]:
    """Of visits that come in faster than they are stored, the last ones are answered the later: that makes the rate."""
    due = WARM_UP_SECONDS + SECONDS
    kept_up = median(min(1.0, due / each.took) for each in recorded)
    p95 = median(each.milliseconds["p95"] for each in recorded)
    # Figures beside visits count all that the server did in that time.
    share = RATE / VISITS
    each_visit = (beside.server_cpu - alone.server_cpu) * share, (beside.database_cpu - alone.database_cpu) * share
    rates = f"{RATE:.0f} reads and orders a second"
    told = f"p95 of the answer {p95:.0f} ms; {rates} beside them; server busy {beside.busy:.0%}"
    both = f"{beside.p95:.2f} and {alone.p95:.2f} ms; p50 {beside.p50:.2f} and {alone.p50:.2f} ms; {rates}"
    parts = f"server {each_visit[0]:.3f}, Postgres {each_visit[1]:.3f} ms; the latter is shared by a batch"
    return [
        Line(f"part of {VISITS:.0f} visits a second that is stored", kept_up, "", RECORDED, told),
        Line("the storefront's p95 beside visits", beside.p95, "ms", PROMISED),
        Line("the storefront's p95 beside visits against without", beside.p95 / alone.p95, "x", BESIDE, both),
        Line("processor time of a visit", sum(each_visit), "ms", PROCESSOR, parts),
    ]
