"""A supervisor to kill: starts a stack, tells where it is on standard output, then sleeps.

Run as a program: `python stack_process.py DIRECTORY [--watchdog]`.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from devstack.processes import Children
from devstack.stack import RECORD, Stack


def main() -> None:
    directory = Path(sys.argv[1])
    children = Children(directory / RECORD, use_watchdog="--watchdog" in sys.argv)
    ended = children.end_leftovers()
    stack = Stack(directory, durable=True, children=children)
    told = {**asdict(stack.start()), "ended": ended, "children": json.loads(children.record.read_text())}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    time.sleep(60)


if __name__ == "__main__":
    main()
