"""Child processes that never outlive the process which started them, even when that one is killed with -9.

Three nets, because each has a hole: the kernel's PDEATHSIG (Linux only), a watchdog behind a pipe where there is
none, and a record of the children on disk, from which the next start ends whatever got through.
"""

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from devstack import watchdog
from devstack.files import tail, write_private
from devstack.process_table import birth

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.01


class PartFailedError(RuntimeError):
    """A program of the development stack ended, or did not become ready; the message tells the end of its log."""


class ProgramMissingError(RuntimeError):
    """A program that the stack runs is not on this machine; the message says how to provide it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start.

    `stop_signal` asks it to end in good order; `orphan_signal` is what it gets when its parent is gone.
    """

    name: str
    arguments: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    account: pwd.struct_passwd | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM
    reads_input: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A program that was started by `Children.spawn`."""

    command: Command
    process: subprocess.Popen[bytes]
    born: str | None

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self.process.poll()

    def fail(self, reason: str) -> PartFailedError:
        """The error to raise when this child is of no use, with the end of its log."""
        return PartFailedError(f"{self.name} {reason}. The end of {self.command.log}:\n{tail(self.command.log)}")


@dataclass(slots=True)
class Children:
    """The programs started by this process, recorded in `record` for a later run to find."""

    record: Path
    use_watchdog: bool = sys.platform != "linux"
    _running: list[Child] = field(default_factory=list["Child"])
    _watchdog: subprocess.Popen[bytes] | None = None

    def spawn(self, command: Command) -> Child:
        """Start a program. Call it from the main thread.

        Raises:
            RuntimeError: from any other thread, because PDEATHSIG fires when the spawning *thread* ends.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("children must be started from the main thread: they end with the thread that did")
        child = _start(command, with_death_signal=not self.use_watchdog)
        self._running.append(child)
        self._tell_watchdog(f"+ {child.pid} {command.orphan_signal.value}")
        self._write_record()
        return child

    def stop(self, child: Child, *, patience: float = 10.0) -> None:
        """Ask a child to end, wait `patience` seconds, then kill it. One that has ended already is only forgotten."""
        self.ask_to_stop(child)
        try:
            child.process.wait(patience)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        self.forget(child)

    def ask_to_stop(self, child: Child) -> None:
        """Send the stop signal and return at once, so that several can end together."""
        if child.process.poll() is None:
            child.process.send_signal(child.command.stop_signal)

    def forget(self, child: Child) -> None:
        """Drop a child that has ended from the record."""
        if child in self._running:
            self._running.remove(child)
        if child.process.stdin is not None:
            with suppress(OSError):
                child.process.stdin.close()
        self._tell_watchdog(f"- {child.pid}")
        self._write_record()
        if not self._running:
            self._dismiss_watchdog()

    def end_leftovers(self) -> list[str]:
        """End what an earlier run with the same record left running; returns the names of what was found."""
        found = [entry for entry in _read_record(self.record) if birth(entry.pid) == entry.born]
        for entry in found:
            _signal(entry.pid, entry.stop_signal)
        give_up = time.monotonic() + 10
        for entry in found:
            while birth(entry.pid) == entry.born:
                if time.monotonic() > give_up:
                    _signal(entry.pid, signal.SIGKILL)
                time.sleep(POLL_SECONDS)
        self.record.unlink(missing_ok=True)
        return [entry.name for entry in found]

    def _write_record(self) -> None:
        if not self._running:
            self.record.unlink(missing_ok=True)
            return
        entries = [
            {"name": each.name, "pid": each.pid, "born": each.born, "stop_signal": each.command.stop_signal.value}
            for each in self._running
        ]
        write_private(self.record, json.dumps(entries))

    def _tell_watchdog(self, line: str) -> None:
        if not self.use_watchdog:
            return
        if self._watchdog is None:
            self._watchdog = _start_watchdog()
        if self._watchdog.stdin is not None:
            with suppress(BrokenPipeError):
                self._watchdog.stdin.write(f"{line}\n".encode())
                self._watchdog.stdin.flush()

    def _dismiss_watchdog(self) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
            self._watchdog.wait()
        self._watchdog = None


def wait_until(child: Child, ready: Callable[[], bool], *, patience: float = 60.0) -> None:
    """Wait until `ready` answers true.

    Raises:
        PartFailedError: the child ended, or `patience` seconds went by.
    """
    give_up = time.monotonic() + patience
    while not ready():
        if child.exit_code is not None:
            raise child.fail(f"ended with code {child.exit_code}")
        if time.monotonic() > give_up:
            raise child.fail(f"was not ready after {patience:.0f} s")
        time.sleep(POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class _Recorded:
    name: str
    pid: int
    born: str | None
    stop_signal: int


def _read_record(record: Path) -> list[_Recorded]:
    try:
        return [_Recorded(**entry) for entry in json.loads(record.read_text(encoding="utf-8")) if entry["born"]]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _start(command: Command, *, with_death_signal: bool) -> Child:
    account = command.account
    with command.log.open("ab") as log:
        process = subprocess.Popen(
            [str(argument) for argument in command.arguments],
            stdin=subprocess.PIPE if command.reads_input else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=command.environment,
            cwd=command.folder,
            # Out of the terminal's foreground group: Ctrl-C reaches only the parent, which ends them in order.
            start_new_session=True,
            preexec_fn=_die_with_parent(command.orphan_signal) if with_death_signal else None,  # noqa: PLW1509 (must run after the change of user)
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    return Child(command, process, birth(process.pid))


def _die_with_parent(number: signal.Signals) -> Callable[[], None]:
    # Bound here: the child may already run as `nobody`, who cannot read the library.
    set_option = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        set_option(PR_SET_PDEATHSIG, number.value)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return ask_for_signal


def _start_watchdog() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", watchdog.__file__], stdin=subprocess.PIPE, start_new_session=True, cwd="/"
    )


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
