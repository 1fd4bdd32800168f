"""`make bench`: measure, print, keep, and fail where a "must" is missed."""

from typing import Annotated

import typer

from bench.checkout_requests import measure_checkouts
from bench.core_requests import WORKS, measure_core_requests
from bench.mixed import measure_mixed_load
from bench.profiling import print_profile
from bench.report import Report
from bench.rounds import Client
from bench.signed import measure_known_callers
from bench.tenants import measure_many_tenants
from bench.visits import measure_visits
from bench.world import running_world

PARTS = (*WORKS, "checkout", "signed", "mixed", "visits", "tenants")


def main(
    only: Annotated[str, typer.Option(help=f"One of {', '.join(PARTS)}, or several with commas.")] = "",
    profile: Annotated[bool, typer.Option(help="Only show where the server's time goes under the list load.")] = False,
) -> None:
    """Sadu beside hand-written code that gives the same answers, both measured in this run."""
    wanted = only.split(",") if only else list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    with running_world() as world:
        client = Client(world)
        if profile:
            print_profile(world, client)
            return
        report = Report(world.cores.told)
        if works := [work for work in WORKS if work in wanted]:
            measure_core_requests(world, client, report, works)
        if "checkout" in wanted:
            measure_checkouts(world, client, report)
        if "signed" in wanted:
            measure_known_callers(world, client, report)
        if "mixed" in wanted:
            measure_mixed_load(world, client, report)
        if "visits" in wanted:
            measure_visits(world, client, report)
        if "tenants" in wanted:
            measure_many_tenants(world, client, report)
        client.close()
    print(report.printed())
    print(f"kept in {report.keep()}")
    raise typer.Exit(1 if report.missed else 0)


if __name__ == "__main__":
    typer.run(main)
