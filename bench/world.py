"""What a run stands on: an embedded Postgres with the real roles and migrations, a Valkey, and the servers."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import make_url, text

from bench.catalogue import ITEMS, TENANTS, Catalogue, fill, read_catalogue
from bench.cores import Cores, family
from bench.credentials import introduce
from db.migrations import upgrade_to_head
from db.security.roles import APP, OWNER, PLATFORM, Logins, connected, prepare_database
from devstack.files import tail
from devstack.ports import choose_port
from devstack.postgres import Postgres
from devstack.stack import throwaway_directory
from devstack.valkey import Valkey

POOL_SIZE = 10
DATABASE = "bench"
PUBLIC_URL, CLIENT_ID = "https://api.sadu.test", "bench"
BOUNDLESS = "1000000000"
PATIENCE_SECONDS = 60.0
ROOT = Path(__file__).parents[1]


def surroundings() -> dict[str, str]:
    """The environment of this command without settings of Sadu: every run measures the same ones."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SADU_")}


class Server:
    """A process that serves HTTP on a port of its own."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        port: int,
        log: Path,
        cores: Cores,
        settings: object = None,
    ) -> None:
        self.port, self._log = port, log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**surroundings(), **environment},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        cores.give_server(self._process.pid)
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(settings).encode() + b"\n")
            self._process.stdin.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self) -> Self:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=1):
                    return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > give_up:
                    raise SystemExit(f"A server did not come up:\n{tail(self._log)}") from None
                time.sleep(0.1)

    def ask(self, tenant: str, content: bytes, *, token: str | None = None) -> bytes:
        """The answer to one GraphQL request."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Sadu-Tenant": tenant}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", content, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def stop(self) -> None:
        """End in good order; safe to call twice."""
        if self._process.poll() is None:
            self._process.send_signal(2)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class World:
    """The parts of one run. `servers` that were started end with it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack, self.cores = folder, stack, Cores()
        self.postgres = Postgres(folder / "postgres", durable=False)
        self.valkey = Valkey(folder / "valkey", durable=False)
        self._logins = Logins(*(secrets.token_hex(16) for _ in range(3)))
        self.catalogue_file = folder / "catalogue.json"
        self.key_file = folder / "key.pem"

    def prepare(self) -> None:
        """Start what is embedded, migrate, and put ten shops on the shelves."""
        for part in (self.postgres, self.valkey):
            self._stack.callback(part.stop)
            part.start()
        self.cores.give_others([pid for pid in family(os.getpid()) if pid != os.getpid()])
        self.cores.give_others(self.postgres_pids())
        self.make_database(DATABASE)
        self.fill(DATABASE, first=1, last=TENANTS, items=ITEMS)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        catalogue = self.catalogue
        introducing = introduce(
            catalogue, self.admin_url, DATABASE, key_file=self.key_file, issuer=PUBLIC_URL, client_id=CLIENT_ID
        )
        asyncio.run(introducing)
        catalogue.write(self.catalogue_file)

    @property
    def admin_url(self) -> str:
        return self.postgres.admin_url()

    @property
    def catalogue(self) -> Catalogue:
        return asyncio.run(read_catalogue(self.admin_url, DATABASE))

    def make_database(self, name: str) -> None:
        """A database as `sadu migrate` makes it."""
        asyncio.run(prepare_database(self.admin_url, database=name, logins=self._logins))
        upgrade_to_head(self.url(name, OWNER))

    def fill(self, database: str, *, first: int, last: int, items: int) -> None:
        asyncio.run(fill(self.admin_url, database, first=first, last=last, items=items))

    def url(self, database: str, role: str) -> str:
        """The URL of a login of production."""
        logins = self._logins
        password = {OWNER: logins.owner_password, APP: logins.app_password, PLATFORM: logins.platform_password}[role]
        url = make_url(self.admin_url).set(database=database, username=role, password=password)
        return url.render_as_string(hide_password=False)

    def postgres_pids(self) -> list[int]:
        """The server and every process that serves a connection."""
        pid = (self.postgres.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
        return family(int(pid))

    def settings(self, database: str, port: int) -> dict[str, str]:
        """The environment of a production process, on parts of this machine."""
        return {
            "SADU_ENV": "production",
            "SADU_ALLOW_LOOPBACK": "true",
            "SADU_PUBLIC_URL": PUBLIC_URL,
            "SADU_IDENTITY_CLIENT_ID": CLIENT_ID,
            "SADU_BASE_DOMAIN": "sadu.test",
            "SADU_PORT": str(port),
            "SADU_POOL_SIZE": str(POOL_SIZE),
            "SADU_DATABASE_URL": self.url(database, APP),
            "SADU_PLATFORM_DATABASE_URL": self.url(database, PLATFORM),
            "SADU_REDIS_URL": self.valkey.url,
            "SADU_SMTP_URL": "smtp://127.0.0.1:1025",
            "SADU_S3_REGION": "me-south-1",
            "SADU_S3_BUCKET": "nothing-is-stored",
            "SADU_MEDIA_URL": "https://cdn.sadu.test",
            "SADU_SECRET_STORE": "secrets_manager",
            "SADU_SECRETS_MANAGER_REGION": "me-south-1",
            "SADU_SECRET_KEY": secrets.token_hex(32),
            "SADU_IDENTITY_PRIVATE_KEY_FILE": str(self.key_file),
            "SADU_COST_BUCKET": BOUNDLESS,
            "SADU_COST_RESTORE": BOUNDLESS,
        }

    def sadu(self, *, database: str = DATABASE, cached: bool = False, profile: Path | None = None) -> Server:
        """`sadu serve`, with the response cache as it is by default or with none."""
        port = choose_port()
        environment = self.settings(database, port) | ({} if cached else {"SADU_STOREFRONT_CACHE": "0"})
        arguments = ["-m", "cli.main", "serve"]
        if profile is not None:
            arguments = ["-m", "cProfile", "-o", str(profile), *arguments]
        return self._started(arguments, environment, port)

    def limit(self, *, bare: bool = False) -> Server:
        """Hand-written code: over the database, or with every answer in memory."""
        settings = {
            "port": (port := choose_port()),
            "database_url": self.url(DATABASE, APP),
            "pool_size": POOL_SIZE,
            "catalogue": str(self.catalogue_file),
            "bare": bare,
            "redis_url": self.valkey.url,
        }
        return self._started(["-m", "bench.limits.app"], {}, port, settings)

    def _started(
        self, arguments: Sequence[str], environment: Mapping[str, str], port: int, settings: object = None
    ) -> Server:
        log = self.folder / f"server-{port}.log"
        server = Server(arguments, environment, port=port, log=log, cores=self.cores, settings=settings)
        self._stack.callback(server.stop)
        return server.wait_ready()

    async def rows(self, database: str, statement: str) -> list[dict[str, object]]:
        """What a superuser sees: for checks, never for what is measured."""
        async with connected(self.admin_url, database) as connection:
            return [dict(row) for row in (await connection.execute(text(statement))).mappings()]


@contextmanager
def running_world() -> Generator[World]:
    """A world that is gone at the end of the block, with everything in it."""
    with ExitStack() as stack:
        world = World(stack.enter_context(throwaway_directory()), stack)
        world.prepare()
        yield world
