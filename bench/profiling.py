"""Where the server's time goes under the list load."""

import io
import pstats
from pathlib import Path

from bench.load import Command
from bench.rounds import Client
from bench.world import ROOT, World

SECONDS = 6.0
SHOWN = 25


def print_profile(world: World, client: Client) -> None:
    """The 25 functions with most time of their own, and the 25 that took longest with what they called.

    cProfile makes small Python functions look dearer than they are and C functions cheaper: look for what surprises.
    """
    file = world.folder / "profile"
    server = world.sadu(profile=file)
    client.run(Command(server.port, "list", SECONDS))
    server.stop()
    print(told(file))


def told(file: Path) -> str:
    output = io.StringIO()
    for order in ("tottime", "cumulative"):
        statistics = pstats.Stats(str(file), stream=output)
        statistics.sort_stats(order).print_stats(SHOWN)
    return output.getvalue().replace(f"{ROOT}/", "")
