"""Our own programs as children: loaded early, let go when the database is ready, restarted when they die."""

import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from devstack.log_watch import LogWatch, rotate
from devstack.processes import Child, Children, Command

# Importing everything takes a second, so it happens while the database comes up. Then the program waits for a byte on
# its input; end of file instead means that nobody is left to want it.
LOAD_THEN_WAIT = "import sys, cli.main; sys.stdin.read(1) and cli.main.app(prog_name='sadu')"
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 30.0


class Service:
    """One `sadu` command that is to run all the time, with its output in a log.

    It gets SIGKILL when its parent is gone: it must survive that anyhow, and an orderly end may hang.
    """

    def __init__(
        self, name: str, arguments: list[str], *, children: Children, log: Path, environment: Mapping[str, str]
    ) -> None:
        rotate(log)
        self.name = name
        self._children = children
        self._log_watch = LogWatch(log)
        self._command = Command(
            name=name,
            arguments=[sys.executable, "-c", LOAD_THEN_WAIT, *arguments],
            log=log,
            environment=environment,
            orphan_signal=signal.SIGKILL,
            reads_input=True,
        )
        self._child: Child | None = None
        self._failures = 0
        self._started_at = 0.0
        self._restart_at = 0.0

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._child.pid if self._child is not None else None

    def load(self) -> None:
        """Start the program up to the point where all of its code is loaded."""
        self._child = self._children.spawn(self._command)
        self._started_at = time.monotonic()

    def let_go(self) -> None:
        """Let the loaded program do its work."""
        if self._child is not None and self._child.process.stdin is not None:
            # It may have died while loading, which `raise_if_ended` and `look_after` tell.
            with suppress(BrokenPipeError):
                self._child.process.stdin.write(b"\n")
                self._child.process.stdin.close()

    def raise_if_ended(self) -> None:
        """While starting up an end is not repaired but told.

        Raises:
            PartFailedError: it ended; tells the end of its log.
        """
        if self._child is not None and (code := self._child.exit_code) is not None:
            raise self._child.fail(f"ended with code {code}")

    def look_after(self) -> list[str]:
        """Restart it when it has died, later each time; returns what there is to tell. Call it now and then."""
        told = [f"{self.name}: {error}" for error in self._log_watch.new_errors()]
        now = time.monotonic()
        if self._child is not None and (code := self._child.exit_code) is not None:
            self._children.forget(self._child)
            self._child = None
            self._failures = 1 if now - self._started_at > STEADY_SECONDS else self._failures + 1
            pause = min(0.25 * 2**self._failures, LONGEST_PAUSE)
            self._restart_at = now + pause
            told.append(f"{self.name} {_how_it_ended(code)}; restarting in {pause:.1f} s (see {self._command.log})")
        if self._child is None and now >= self._restart_at:
            self.load()
            self.let_go()
        return told

    def stop(self) -> None:
        """Stop it in good order, or kill it after five seconds; safe to call twice."""
        if self._child is not None:
            self._children.stop(self._child, patience=5)
            self._child = None


def _how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
