"""A whole deployment of its own, whose parts are killed with -9 and started again: database, Redis, API and worker."""

import asyncio
import os
import random
import shutil
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import text

from bootstrap import Parts, build_parts
from db.security.roles import APP, OWNER, PLATFORM, connected
from devstack.ports import LOOPBACK, choose_port
from devstack.postgres import Postgres
from devstack.valkey import Valkey
from integrations.passwords import Argon2Passwords
from settings import Settings
from tests.support.databases import Databases

SADU = Path(sys.executable).parent / "sadu"
DATABASE = "sadu_kills"
UNREACHABLE = "The database cannot be reached"


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as a deployment gives them."""
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    for name in ("secret_key", "s3_access_key", "s3_secret_key"):
        values[name] = values[name].get_secret_value() if values[name] else None
    told = {f"SADU_{name.upper()}": str(value) for name, value in values.items() if value is not None}
    return {**os.environ, **told}


@dataclass
class Program:
    """A `sadu` command that is to run all the time. It may end by itself only where it finds no database to begin."""

    command: str
    environment: Mapping[str, str]
    log: Path
    process: Process | None = None
    faults: list[str] = field(default_factory=list[str])
    is_wanted: bool = True

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            log.write(b"-- started\n")
            log.flush()
            self.process = await asyncio.create_subprocess_exec(
                SADU, self.command, env=self.environment, stdout=log, stderr=log
            )

    async def look_after(self) -> None:
        """Start it again if it has ended, as whatever runs containers does."""
        if self.is_running or not self.is_wanted:
            return
        code = self.process.returncode if self.process else None
        if code not in (None, -signal.SIGKILL) and UNREACHABLE not in self.last_words():
            self.faults.append(f"sadu {self.command} ended with {code}: {self.last_words()[-400:]}")
        await self.start()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace").rsplit("-- started\n", 1)[-1]

    def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()

    async def stop(self) -> None:
        self.is_wanted = False
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 40)


@dataclass
class Deployment:
    """Everything that runs, and how often each was killed."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    databases: Databases
    settings: Settings
    parts: Parts
    api: Program
    worker: Program
    kills: Counter[str] = field(default_factory=Counter[str])

    @property
    def url(self) -> str:
        return self.settings.public_url

    @property
    def admin_url(self) -> str:
        return self.databases.url(DATABASE)

    async def look_after(self) -> None:
        """What has ended is started again. Ends when cancelled."""
        while True:
            self.postgres.revive()
            self.valkey.revive()
            for program in (self.api, self.worker):
                await program.look_after()
            await asyncio.sleep(0.1)

    async def ready(self) -> None:
        """Until all of it can be used."""
        async with asyncio.timeout(120), httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            while True:
                with suppress(httpx.HTTPError):
                    answer = await client.get("/health/ready")
                    if answer.status_code == 200 and "worker_started" in self.worker.last_words():
                        return
                await asyncio.sleep(0.1)

    async def kill_now_and_then(self, dice: random.Random) -> None:
        """Any part at any moment, sometimes two at once, whenever everything is up again. Ends when cancelled."""
        while True:
            await self.ready()
            await asyncio.sleep(dice.uniform(0.1, 2.5))
            for _ in range(dice.choice([1, 1, 1, 2])):
                victim = dice.choice(["API", "API", "worker", "worker", "Redis", "database", "database"])
                await self.kill(victim, dice)

    async def kill(self, victim: str, dice: random.Random) -> None:
        match victim:
            case "API":
                self.api.kill()
            case "worker":
                self.worker.kill()
            case "Redis":
                send(self.pid_of("valkey"), signal.SIGKILL)
            case _:
                victim = f"database, {await self.kill_database(dice)}"
        self.kills[victim] += 1

    async def kill_database(self, dice: random.Random) -> str:
        """The whole server with -9 or by an immediate shutdown, or one of its sessions, after which it recovers."""
        how = dice.choice(["the server", "immediate shutdown", "a session"])
        server = self.pid_of("postgres")
        if how == "a session":
            sessions = children_of(server)
            send(dice.choice(sessions) if sessions else server, signal.SIGKILL)
        else:
            send(server, signal.SIGKILL if how == "the server" else signal.SIGQUIT)
        return how

    def pid_of(self, part: str) -> int | None:
        server = {"postgres": self.postgres, "valkey": self.valkey}[part]
        child = server._child  # pyright: ignore[reportPrivateUsage] - nobody but tests kills it
        return child.pid if child is not None and child.exit_code is None else None

    async def statement(self, sql: str) -> None:
        """Done by a superuser, behind everybody's back."""
        async with connected(self.admin_url) as connection:
            await connection.execute(text(sql))

    async def sadu(self, *arguments: str) -> tuple[int, str]:
        """Run the command to its end: its exit status, and what it said."""
        process = await asyncio.create_subprocess_exec(
            SADU, *arguments, env=self.api.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()


def send(pid: int | None, number: signal.Signals) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def children_of(pid: int | None) -> list[int]:
    """The processes that serve Postgres's clients, and some that write for all."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in found.read_text().split()] if found.exists() else []


@asynccontextmanager
async def deployment(settings: Settings, folder: Path, **changes: object) -> AsyncGenerator[Deployment]:
    """On a durable Postgres and a durable Redis; `changes` are settings."""
    postgres, valkey = Postgres(folder), Valkey(folder)
    for part in (postgres, valkey):
        part.start()
    try:
        databases = Databases(postgres.admin_url(), valkey.url, "", "", "")
        await asyncio.to_thread(databases.prepare)
        await databases.clone(DATABASE)
        port = choose_port()
        url = f"http://{LOOPBACK}:{port}"
        own = {
            "database_url": databases.url(DATABASE, APP),
            "platform_database_url": databases.url(DATABASE, PLATFORM),
            "owner_database_url": databases.url(DATABASE, OWNER),
            "redis_url": valkey.url,
            "port": port,
            "public_url": url,
        }
        given = settings.model_copy(update={**own, **changes})
        parts = build_parts(given, passwords=Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1))
        api, worker = (Program(name, environment_of(given), folder / f"{name}.log") for name in ("serve", "worker"))
        running = Deployment(folder, postgres, valkey, databases, given, parts, api, worker)
        looking = asyncio.create_task(running.look_after())
        try:
            await running.ready()
            yield running
        finally:
            looking.cancel()
            for program in (api, worker):
                await program.stop()
            await parts.close()
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(postgres.data.parent, ignore_errors=True)
