"""The rows of checkouts: with buyers of all sorts of things, and with all of them after the same thing."""

from bench.agreement import check_checkouts
from bench.checkouts import WORKS
from bench.core_requests import ROUNDS, SECONDS
from bench.report import ORDER, Report, Row
from bench.rounds import Client
from bench.world import World


def measure_checkouts(world: World, client: Client, report: Report) -> None:
    """One server process each, in turns."""
    sadu, hand_written = world.sadu(), world.limit()
    check_checkouts(world, [sadu, hand_written], world.catalogue)
    for work in WORKS:
        ours, limit = client.in_turns(work, (sadu, hand_written), rounds=ROUNDS, seconds=SECONDS)
        report.rows.append(Row(work, ours, limit, ORDER))
    for server in (sadu, hand_written):
        server.stop()
