"""What the embedded servers have in common: each is one child process that is waited for, revived and stopped."""

import time
from abc import ABC, abstractmethod
from pathlib import Path

from devstack.processes import Child, Children, Command, wait_until

REVIVAL_SECONDS = 2.0


class ServerPart(ABC):
    """A server program with its data and log below `directory`.

    It can be used alone, by `start` and `stop`; the stack calls `spawn` and `wait_ready`, so that the parts come up
    side by side.
    """

    def __init__(self, directory: Path, children: Children | None) -> None:
        self._directory = directory.resolve()
        self._children = children or Children(self._directory / f"{type(self).__name__.lower()}.processes")
        self._child: Child | None = None
        self._spawned_at = 0.0

    def start(self) -> None:
        """Start and wait until it can be used.

        Raises:
            PartFailedError: it ended or was not ready in a minute; tells the end of its log.
            ProgramMissingError: there is nothing to run.
        """
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Start without waiting. From the main thread only."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._prepare()
        self._child = self._children.spawn(self._command())
        self._spawned_at = time.monotonic()

    def wait_ready(self) -> None:
        """Wait until it can be used; see `start`."""
        wait_until(self._running_child(), self._is_ready)

    def revive(self) -> bool:
        """Start it again if it has died, without waiting and not too often; whether it had."""
        child = self._child
        if child is None or child.exit_code is None or time.monotonic() - self._spawned_at < REVIVAL_SECONDS:
            return False
        self._children.forget(child)
        self.spawn()
        return True

    def stop(self) -> None:
        """Stop in good order; safe to call twice."""
        if self._child is not None:
            self._children.stop(self._child)
            self._child = None

    def _running_child(self) -> Child:
        if self._child is None:
            raise RuntimeError(f"{type(self).__name__} was not started")
        return self._child

    @abstractmethod
    def _prepare(self) -> None:
        """Make the folders and files that the program wants to find."""

    @abstractmethod
    def _command(self) -> Command:
        """What to run."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether it answers now."""
