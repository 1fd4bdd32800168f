"""Ends children whose parent died where the system does not do it (macOS has no PDEATHSIG).

Run as a program. Standard input is a pipe whose other end only the parent holds, on which it writes one line
for each child it starts (`+ <pid> <signal>`) or has seen end (`- <pid>`). The pipe closing means that the parent is
gone, however it died: then every child still listed gets its signal, and SIGKILL if it has not gone after that.
Started with `python -I -S`, so it imports nothing but the standard library.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

PATIENCE_SECONDS = 5.0


def watch(lines: Iterable[str]) -> None:
    """Follow the parent's lines until they end, then end every child that is left."""
    left: dict[int, int] = {}
    for line in lines:
        match line.split():
            case ["+", pid, number]:
                left[int(pid)] = int(number)
            case ["-", pid]:
                left.pop(int(pid), None)
            case _:
                pass
    _end(left)


def _end(children: dict[int, int]) -> None:
    for pid, number in children.items():
        _send(pid, number)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while any(_send(pid, 0) for pid in children) and time.monotonic() < give_up:
        time.sleep(0.05)
    for pid in children:
        _send(pid, signal.SIGKILL)


def _send(pid: int, number: int) -> bool:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
        return True
    return False


if __name__ == "__main__":
    watch(sys.stdin)
