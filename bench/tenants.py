"""The list at 5,000 tenants beside the list at 10: who is alone in the house must not be faster."""

from bench.catalogue import ITEMS, TENANTS
from bench.plans import Plan, plans_of
from bench.report import TENANTS as TARGET
from bench.report import Line, Report
from bench.rounds import Client, Figures
from bench.world import DATABASE, World

MANY_DATABASE = "bench_many"
MANY, FEW_ITEMS = 5_000, 20
LARGE_ITEMS = 20_000
"""Of the last tenant: what the planner expects of an average one is most wrong there."""
ROUNDS, SECONDS = 6, 2.0


def measure_many_tenants(world: World, client: Client, report: Report) -> None:
    """The same ten tenants in both databases; in one of them 4,989 small ones and a large one live beside them."""
    world.make_database(MANY_DATABASE)
    world.fill(MANY_DATABASE, first=1, last=TENANTS, items=ITEMS)
    world.fill(MANY_DATABASE, first=TENANTS + 1, last=MANY - 1, items=FEW_ITEMS)
    world.fill(MANY_DATABASE, first=MANY, last=MANY, items=LARGE_ITEMS)
    few, many = world.sadu(), world.sadu(database=MANY_DATABASE)
    figures = client.in_turns("list", (few, many), rounds=ROUNDS, seconds=SECONDS)
    few.stop()
    many.stop()
    report.lines.append(line_of(*figures))
    compare_plans(world, report)


def line_of(few: Figures, many: Figures) -> Line:
    """Judged by the processor time of server and Postgres together, which a busy machine disturbs least."""
    ratio = (many.server_cpu + many.database_cpu) / (few.server_cpu + few.database_cpu)
    told = (
        f"{few.per_second / many.per_second:.3f} by requests a second, "
        f"{many.database_cpu / few.database_cpu:.3f} by Postgres alone "
        f"({few.database_cpu:.3f} and {many.database_cpu:.3f} ms a request)"
    )
    return Line(f"the list at {MANY:,} tenants against {TENANTS}", ratio, "x", TARGET, told)


def compare_plans(world: World, report: Report) -> None:
    """Prints what was chosen; fails where a page of one tenant cost more than the page.

    That another plan was chosen among ten tenants is told and is no failure: their tables are small.
    """
    shop = "bench-1"
    few = plans_of(world, DATABASE, shop, small_tables=True)
    many = plans_of(world, MANY_DATABASE, shop)
    large = plans_of(world, MANY_DATABASE, f"bench-{MANY}")
    for name in many:
        report.remarks.append(f"\n{name}")
        for plans in zip(few[name], many[name], large[name], strict=True):
            report.remarks.append(told(*plans))
        report.failures.extend(f"{name}: {fault}" for plan in many[name] for fault in plan.faults)
        report.failures.extend(
            f"{name}, shop of {LARGE_ITEMS:,}: {fault}" for plan in large[name] for fault in plan.faults
        )


def told(few: Plan, many: Plan, large: Plan) -> str:
    """A statement with its times and its plan among many tenants, and with other plans where others were chosen."""
    parts = [
        f"  {' '.join(many.statement.split())[:150]}",
        f"   {few.milliseconds:.3f} ms at {TENANTS} tenants, {many.milliseconds:.3f} ms at {MANY:,}, "
        f"{large.milliseconds:.3f} ms in the shop of {LARGE_ITEMS:,} items among these:",
        many.described,
    ]
    if few.shape != many.shape:
        parts.append(f"   another plan at {TENANTS} tenants:\n{few.described}")
    if large.shape != many.shape or large.faults:
        parts.append(f"   in the shop of {LARGE_ITEMS:,} items:\n{large.described}")
    return "\n".join(parts)
