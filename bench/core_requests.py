"""The rows of the table: list, item and order, without and with the response cache, beside their limits."""

from bench.agreement import check_orders, check_reads
from bench.load import Command
from bench.report import CACHED, ORDER, UNCACHED, Report, Row, Target
from bench.rounds import Client
from bench.world import Server, World

ROUNDS, SECONDS = 3, 3.0
WORKS = ("list", "item", "order")


def measure_core_requests(world: World, client: Client, report: Report, works: list[str]) -> None:
    """One server process each, all at once; whoever is not asked costs nothing."""
    cold, cached = world.sadu(), world.sadu(cached=True)
    hand_written, bare = world.limit(), world.limit(bare=True)
    catalogue = world.catalogue
    check_reads([cold, cached, hand_written, bare], catalogue)
    check_orders(world, [cold, cached, hand_written], catalogue)
    for work in works:
        if work == "order":
            report.rows.append(row_of(client, work, (cached, hand_written), ORDER))
            continue
        sweep(client, work, [cached, bare])
        report.rows.append(row_of(client, f"{work}, cold", (cold, hand_written), UNCACHED))
        report.rows.append(row_of(client, f"{work}, cached", (cached, bare), CACHED))
    for server in (cold, cached, hand_written, bare):
        server.stop()


def sweep(client: Client, work: str, servers: list[Server]) -> None:
    """Ask for everything once, so that whoever remembers answers has them."""
    for server in servers:
        client.run(Command(server.port, work, sweep=True))


def row_of(client: Client, name: str, pair: tuple[Server, Server], target: Target) -> Row:
    """Sadu and its limit in turns; the name begins with the kind of request."""
    sadu, limit = client.in_turns(name.partition(",")[0], pair, rounds=ROUNDS, seconds=SECONDS)
    return Row(name, sadu, limit, target)
