"""`sadu dev`: the whole product on this machine, from nothing, in one command."""

import asyncio
import http.client
import json
import os
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.seed import Demo, seed_demo
from db.migrations import is_at_head, upgrade_to_head
from db.security.roles import prepare_database
from devstack.console import Person, Progress, show_welcome
from devstack.environment import (
    DatabaseSettings,
    IncompleteSettingsError,
    database_settings,
    embedded_parts,
    part_settings,
    process_settings,
)
from devstack.files import write_private
from devstack.lock import AlreadyRunningError, exclusive
from devstack.ports import LOOPBACK, choose_port
from devstack.processes import Children, PartFailedError, ProgramMissingError
from devstack.service import Service
from devstack.stack import RECORD, Addresses, Ports, Stack
from devstack.unprivileged import reachable_home
from settings import Settings

ROOT = Path(__file__).resolve().parents[1]
API_PORT = 8000
# Ports that a Postgres, Redis or mail program of the machine's own is unlikely to hold.
PORTS = Ports(postgres=54320, redis=63790, s3=9890, media=9891, smtp=10250, mail=8025)
PART_NAMES = {"postgres": "Postgres", "redis": "Valkey", "s3": "S3", "mail": "Mailbox"}
LOOK_SECONDS = 0.2
READY_SECONDS = 60.0


def run_dev(*, reset: bool) -> None:
    """Run everything until Ctrl-C or SIGTERM; with `reset` forget the data of earlier runs first.

    Raises:
        SystemExit: with code 1, after saying why, when something cannot be started.
    """
    progress = Progress()
    directory = Path(os.environ.get("SADU_DEV_DIRECTORY") or ROOT / ".dev").resolve()
    _end_by_interrupt()
    try:
        with exclusive(directory / "lock"):
            _run(directory, progress, reset=reset)
    except AlreadyRunningError as error:
        progress.trouble(f"sadu dev is running already: {error}")
        raise SystemExit(1) from error
    except (PartFailedError, ProgramMissingError, IncompleteSettingsError) as error:
        progress.trouble(str(error))
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        return  # how it is meant to end


def _end_by_interrupt() -> None:
    """Let `kill` and a closed terminal end it as Ctrl-C does."""
    # SIGINT too: a shell without job control starts its background jobs with that ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # which is what nohup asks for
        signal.signal(signal.SIGHUP, signal.default_int_handler)


@dataclass(slots=True)
class _Running:
    """What runs, in the order in which it has to be stopped."""

    api: Service
    worker: Service
    stack: Stack

    @property
    def services(self) -> tuple[Service, Service]:
        return self.api, self.worker


def _run(directory: Path, progress: Progress, *, reset: bool) -> None:
    children = Children(directory / RECORD)
    state = directory / "state.json"
    state.unlink(missing_ok=True)
    if ended := children.end_leftovers():
        progress.note(f"ended what an earlier run had left running: {', '.join(ended)}")
    if reset:
        _forget_data(directory)
        progress.done("Data of earlier runs removed")
    given = dict(os.environ)
    stack = _build_stack(directory, given, children, progress)
    database = database_settings(given, stack.addresses, directory)
    os.environ.update(_environment(given, directory, stack.addresses, database, progress))
    running = _build_services(directory, children, stack)
    try:
        _start(running, database, progress, state)
        _supervise(running, progress)
    finally:
        _stop(running, progress, state)


def _forget_data(directory: Path) -> None:
    homes = {directory, reachable_home(directory, lasting=True)}
    for entry in [entry for home in homes for entry in home.iterdir() if entry.name != "lock"]:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _build_stack(directory: Path, given: Mapping[str, str], children: Children, progress: Progress) -> Stack:
    def tell(part: str) -> None:
        progress.done(PART_NAMES[part])

    return Stack(directory, True, embedded_parts(given), ports=PORTS, children=children, tell=tell)


def _environment(
    given: Mapping[str, str],
    directory: Path,
    addresses: Addresses,
    database: DatabaseSettings,
    progress: Progress,
) -> dict[str, str]:
    port = _api_port(given.get("SADU_PORT"), progress)
    return {**process_settings(given, directory, port), **part_settings(addresses), **database.variables}


def _api_port(asked_for: str | None, progress: Progress) -> int:
    """The port that was asked for, or else the usual one; another only where nobody asked for a certain one."""
    if asked_for and not asked_for.isdecimal():
        raise IncompleteSettingsError(f"SADU_PORT is no port: {asked_for}")
    wanted = int(asked_for or API_PORT)
    port = choose_port(wanted)
    if port != wanted and asked_for:
        raise PartFailedError(f"port {wanted} is taken, and SADU_PORT asks for it")
    if port != wanted:
        progress.note(f"port {wanted} is taken, so the API is at {port}")
    return port


def _build_services(directory: Path, children: Children, stack: Stack) -> _Running:
    logs = directory / "logs"
    # The superuser's URL is for making roles: what serves requests never gets to see it.
    environment = {name: value for name, value in os.environ.items() if name != "SADU_ADMIN_DATABASE_URL"}
    api = Service("API", ["serve"], children=children, log=logs / "api.log", environment=environment)
    worker = Service("Worker", ["worker"], children=children, log=logs / "worker.log", environment=environment)
    return _Running(api, worker, stack)


def _start(running: _Running, database: DatabaseSettings, progress: Progress, state: Path) -> None:
    # They take a second to load, as long as all that they wait for.
    for service in running.services:
        service.load()
    running.stack.start()
    owner_url = database.variables["SADU_OWNER_DATABASE_URL"]
    if database.admin_url is not None:
        asyncio.run(prepare_database(database.admin_url, database=database.name, logins=database.logins))
    if not is_at_head(owner_url):
        upgrade_to_head(owner_url)
        progress.done("Database migrated")
    for service in running.services:
        service.let_go()
    settings = Settings()  # pyright: ignore[reportCallIssue] (its fields come from the environment)
    demo = asyncio.run(seed_demo(settings))
    progress.done("Demo data")
    _wait_until_ready(running, settings.port)
    progress.done("API and worker")
    addresses = _addresses(settings, running.stack.addresses)
    write_private(state, json.dumps({**addresses, "demo": demo.as_state()}, indent=2, ensure_ascii=False) + "\n")
    _show(progress, addresses, demo, state)


def _addresses(settings: Settings, parts: Addresses) -> dict[str, str]:
    api = f"http://{LOOPBACK}:{settings.port}"
    return {
        "api_url": f"{api}/graphql",
        "admin_api_url": f"{api}/admin/graphql",
        "graphiql_url": f"{api}/graphiql",
        "mail_url": parts.mail_url,
        "database_url": settings.database_url,
        "owner_database_url": settings.owner_database_url or "",
        "redis_url": settings.redis_url,
        "s3_url": settings.s3_url or "",
    }


def _show(progress: Progress, addresses: Mapping[str, str], demo: Demo, state: Path) -> None:
    titles = {
        "GraphiQL": "graphiql_url",
        "API": "api_url",
        "Admin API": "admin_api_url",
        "Mailbox": "mail_url",
        "Postgres": "database_url",
        "Redis": "redis_url",
        "S3": "s3_url",
    }
    show_welcome(
        progress.console,
        seconds=progress.seconds,
        addresses={
            **{title: addresses[name] for title, name in titles.items()},
            "GraphiQL": f"{addresses['graphiql_url']}?tenant={demo.people[0].tenant_slug}",
        },
        people=[
            Person(each.role, each.email, each.password, each.access_token, each.tenant_slug) for each in demo.people
        ],
        first_query=demo.first_query,
        files=f"All of this for scripts: {state}. Logs: {state.parent / 'logs'}.",
    )


def _wait_until_ready(running: _Running, port: int) -> None:
    give_up = time.monotonic() + READY_SECONDS
    while not _is_ready(port):
        for service in running.services:
            service.raise_if_ended()
        if time.monotonic() > give_up:
            raise PartFailedError(f"the API was not ready after {READY_SECONDS:.0f} s; see its log")
        time.sleep(0.03)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _supervise(running: _Running, progress: Progress) -> None:
    # `make` killed with -9 cannot tell us; whoever started us without it may leave us running on purpose.
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    while parent is None or os.getppid() == parent:
        for message in [*running.stack.look_after(), *running.api.look_after(), *running.worker.look_after()]:
            progress.trouble(message)
        time.sleep(LOOK_SECONDS)
    progress.trouble("make is gone, so everything stops")


def _stop(running: _Running, progress: Progress, state: Path) -> None:
    # From here on nothing may interrupt: a second Ctrl-C would leave half of it running.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    state.unlink(missing_ok=True)
    with suppress(OSError):  # the terminal may be gone
        progress.note("stopping")
    running.api.stop()
    running.worker.stop()
    running.stack.stop()
    with suppress(OSError):
        progress.note("stopped")
