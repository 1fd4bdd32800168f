"""A real PostgreSQL server of our own: on TCP at 127.0.0.1, SCRAM for everybody, and no Unix socket."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from devstack.files import keep_secret, tail, write_private
from devstack.part import ServerPart
from devstack.ports import LOOPBACK, choose_port
from devstack.postgres_binaries import find_binaries, locale_arguments, major_version, runnable_by_strangers
from devstack.process_table import birth, command_line
from devstack.processes import Children, Command, PartFailedError, wait_until
from devstack.unprivileged import hand_over, reachable_home, unprivileged_account

SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# A crash may lose everything, and nothing waits for a disk.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10min",
    # In the data, and gone with them: POSIX segments of a killed server stay in memory until the next boot.
    "dynamic_shared_memory_type": "mmap",
}
STILL_IN_USE = "pre-existing shared memory block"
# The last line but one that the server writes into postmaster.pid (see miscadmin.h, LOCK_FILE_LINE_PM_STATUS).
STATUS_LINE = 7


class Postgres(ServerPart):
    """One server and its data, below `directory` or where `nobody` can reach it when we are root.

    With `durable=False` it is fast and may lose everything in a crash; data that had to be kept outside of
    `directory` is then removed by `stop`. Without a port a free one is chosen.
    """

    def __init__(
        self, directory: Path, port: int | None = None, durable: bool = True, *, children: Children | None = None
    ) -> None:
        super().__init__(directory, children)
        self.port = port or choose_port()
        self.durable = durable
        self._account = unprivileged_account()
        self._home = reachable_home(self._directory, lasting=durable)
        self._borrowed_home = self._home != self._directory
        self._binaries = find_binaries() if self._account is None else runnable_by_strangers(find_binaries())

    @property
    def data(self) -> Path:
        """The data directory, where Postgres's own files are."""
        return self._home / "postgres"

    @property
    def password(self) -> str:
        """The superuser's, kept beside the data and readable by our user only; known before the first start."""
        return keep_secret(self._password_file)

    def admin_url(self, database: str = "postgres") -> str:
        """A superuser's URL; only for making roles and databases."""
        return f"postgresql://{SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def wait_ready(self) -> None:
        """Wait until connections are accepted; see `start`."""
        give_up = time.monotonic() + 20
        while True:
            child = self._running_child()
            try:
                wait_until(child, self._is_ready)
            except PartFailedError:
                # After kill -9 of the server its own children take a moment to notice; until then it refuses to start.
                if STILL_IN_USE not in tail(self._log, characters=600) or time.monotonic() > give_up:
                    raise
                time.sleep(0.2)
                self._children.forget(child)
                self._child = self._children.spawn(self._command())
            else:
                return

    def stop(self) -> None:
        """Close every connection and stop; safe to call twice."""
        super().stop()
        if self._borrowed_home and not self.durable:
            shutil.rmtree(self._home, ignore_errors=True)

    @property
    def _password_file(self) -> Path:
        return self._home / "postgres.password"

    @property
    def _log(self) -> Path:
        return self._home / "postgres.log"

    def _prepare(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._settle_earlier_run()
        if not (self.data / "PG_VERSION").exists():
            self._create_data()

    def _command(self) -> Command:
        settings = SETTINGS if self.durable else {**SETTINGS, **THROWAWAY_SETTINGS}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Command(
            name="Postgres",
            arguments=[self._binaries / "postgres", "-D", self.data, "-p", str(self.port), *options],
            log=self._log,
            environment=_environment(),
            folder=Path("/"),
            account=self._account,
            # SIGINT is its fast shutdown: SIGTERM would wait for the clients to leave.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
        )

    def _is_ready(self) -> bool:
        with suppress(OSError, IndexError, ValueError):
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return int(lines[0]) == self._running_child().pid and lines[STATUS_LINE].strip() == "ready"
        return False

    def _create_data(self) -> None:
        # Under another name until it is whole, so that a start killed half way leaves nothing to trip over.
        unfinished = self.data.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        hand_over(unfinished, self._account)
        self._run_initdb(unfinished, self.password)
        unfinished.rename(self.data)

    def _run_initdb(self, data: Path, password: str) -> None:
        password_file = self._home / "postgres.password.initial"
        write_private(password_file, password)
        hand_over(password_file, self._account)
        try:
            self._run(
                [
                    *(self._binaries / "initdb", "-D", data, "-U", SUPERUSER, "-E", "UTF8", "--no-sync"),
                    *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", f"--pwfile={password_file}"),
                    *locale_arguments(major_version(self._binaries)),
                ]
            )
        finally:
            password_file.unlink()

    def _run(self, arguments: Sequence[str | Path]) -> None:
        account = self._account
        ran = subprocess.run(
            arguments,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        if ran.returncode != 0:
            raise PartFailedError(f"initdb ended with code {ran.returncode}:\n{ran.stdout}{ran.stderr}")

    def _settle_earlier_run(self) -> None:
        """Settle a postmaster.pid of a run that was killed.

        Postgres overlooks one whose process is gone. But our earlier server may still be running, or the id may belong
        to somebody else by now (after a reboot, in a new container), or to a zombie that nobody reaps; then it would
        refuse to start.
        """
        lock = self.data / "postmaster.pid"
        try:
            first, _, rest = lock.read_text(encoding="utf-8").partition("\n")
            pid = int(first)
        except (OSError, ValueError):
            lock.unlink(missing_ok=True)
            return
        if str(self.data) in command_line(pid):
            _end_server(pid)
        # Its parent's id never counts as another server's. The rest must stay: from it Postgres sees whether children
        # of the earlier server still have its memory, and refuses until they are gone.
        if lock.exists():
            lock.write_text(f"{os.getpid()}\n{rest}", encoding="utf-8")


def _end_server(pid: int) -> None:
    born = birth(pid)
    for number, patience in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        give_up = time.monotonic() + patience
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        while birth(pid) == born and born is not None and time.monotonic() < give_up:
            time.sleep(0.02)


def _environment() -> dict[str, str]:
    # Nothing of the caller's: PGDATA, PGPORT and locales of the shell would change what the server does.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C" if sys.platform == "darwin" else "C.UTF-8", "TZ": "UTC"}
