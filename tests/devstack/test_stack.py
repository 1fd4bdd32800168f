"""The stack as a whole: what it starts works, dies with its supervisor, and comes back after that."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from db.security.roles import connected
from devstack.process_table import birth
from devstack.stack import Addresses, Ports, Stack, throwaway_directory

PROGRAM = Path(__file__).with_name("stack_process.py")


@pytest.fixture
def directory() -> Generator[Path]:
    with throwaway_directory() as folder:
        yield folder


@dataclass(frozen=True)
class Supervisor:
    """A running `stack_process.py` and what it told."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    @property
    def children(self) -> list[int]:
        return [int(child["pid"]) for child in self.told["children"]]


@contextmanager
def supervisor(directory: Path, *options: str) -> Generator[Supervisor]:
    """One that has started its stack; killed with -9 at the end, after which none of its children may be left."""
    process = subprocess.Popen(
        [sys.executable, PROGRAM, directory, *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROGRAM.parents[2])},
    )
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            assert line, "the supervisor ended before its stack was ready"
            started = Supervisor(process, json.loads(line))
            yield started
        finally:
            process.kill()
    wait_until_gone(started.children)


def wait_until_gone(pids: list[int], seconds: float = 10.0) -> None:
    give_up = time.monotonic() + seconds
    while alive := [pid for pid in pids if birth(pid) is not None]:
        assert time.monotonic() < give_up, f"still running: {alive}"
        time.sleep(0.02)


async def postgres_value(url: str, query: str) -> Any:
    async with connected(url) as connection:
        return (await connection.execute(text(query))).scalar()


async def postgres_do(url: str, statement: str) -> None:
    async with connected(url) as connection:
        await connection.execute(text(statement))


def answers_ping(url: str) -> bool:
    address = urlsplit(url)
    try:
        with socket.create_connection((cast("str", address.hostname), address.port or 0), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def http_status(url: str, path: str = "/") -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(cast("str", address.hostname), address.port, timeout=5)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


async def assert_all_answer(addresses: Addresses) -> None:
    assert await postgres_value(addresses.postgres_admin_url, "SELECT 1") == 1
    assert answers_ping(addresses.redis_url)
    assert await asyncio.to_thread(http_status, addresses.s3_url, "/sadu") == http.HTTPStatus.BAD_REQUEST
    assert await asyncio.to_thread(http_status, addresses.mail_url) == http.HTTPStatus.OK


async def test_all_parts_answer_and_stop(directory: Path) -> None:
    stack = Stack(directory, durable=False)
    with stack:
        addresses = stack.addresses
        await assert_all_answer(addresses)
    for url in (addresses.postgres_admin_url, addresses.redis_url, addresses.s3_url, addresses.mail_url):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", cast("int", urlsplit(url).port)), timeout=1)
    assert not (directory / "processes.json").exists()


def test_only_the_parts_asked_for(directory: Path) -> None:
    with Stack(directory, durable=False, parts={"redis"}) as stack:
        assert stack.addresses.redis_url
        assert stack.addresses == Addresses(redis_url=stack.addresses.redis_url)


def test_unknown_part_is_refused(directory: Path) -> None:
    with pytest.raises(ValueError, match="kafka"):
        Stack(directory, parts={"kafka"})


def test_taken_port_gives_way_to_a_free_one(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = int(other.getsockname()[1])
        with Stack(directory, durable=False, parts={"redis"}, ports=Ports(redis=taken)) as stack:
            assert urlsplit(stack.addresses.redis_url).port not in {taken, None}


def test_free_preferred_port_is_taken(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
    with Stack(directory, durable=False, parts={"mail"}, ports=Ports(mail=port)) as stack:
        assert stack.addresses.mail_url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("options", [(), ("--watchdog",)], ids=["pdeathsig", "watchdog"])
def test_nothing_outlives_a_killed_supervisor(directory: Path, options: tuple[str, ...]) -> None:
    with supervisor(directory, *options) as killed:
        assert len(killed.children) == 3
    wait_until_gone(killed.children)


async def test_data_survive_a_killed_supervisor(directory: Path) -> None:
    with supervisor(directory) as first:
        await postgres_do(first.told["postgres_admin_url"], "CREATE TABLE kept AS SELECT 42 AS answer")
    with supervisor(directory) as second:
        assert await postgres_value(second.told["postgres_admin_url"], "SELECT answer FROM kept") == 42


async def test_everything_killed_at_once_is_recovered(directory: Path) -> None:
    with supervisor(directory) as first:
        await postgres_do(first.told["postgres_admin_url"], "CREATE TABLE kept AS SELECT 42 AS answer")
        for pid in first.children:
            os.kill(pid, signal.SIGKILL)
    with supervisor(directory) as second:
        assert await postgres_value(second.told["postgres_admin_url"], "SELECT answer FROM kept") == 42


def test_leftovers_of_a_killed_run_are_ended_by_the_next(directory: Path) -> None:
    """As if neither PDEATHSIG nor a watchdog had worked: only the record on disk tells of the child."""
    stray = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    entry = {"name": "stray", "pid": stray.pid, "born": birth(stray.pid), "stop_signal": int(signal.SIGTERM)}
    (directory / "processes.json").write_text(json.dumps([entry]))
    with Stack(directory, parts={"mail"}):
        assert stray.wait(5) == -signal.SIGTERM


def test_a_recorded_id_that_now_belongs_to_another_is_left_alone(directory: Path) -> None:
    other = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    entry = {"name": "stray", "pid": other.pid, "born": "an earlier boot", "stop_signal": int(signal.SIGTERM)}
    (directory / "processes.json").write_text(json.dumps([entry]))
    with Stack(directory, parts={"mail"}):
        assert other.poll() is None
    other.kill()
    other.wait()


def test_a_part_that_died_is_started_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devstack.part.REVIVAL_SECONDS", 0.0)
    with Stack(directory, durable=False, parts={"redis"}) as stack:
        (recorded,) = json.loads((directory / "processes.json").read_text())
        os.kill(recorded["pid"], signal.SIGKILL)
        wait_until_gone([recorded["pid"]])
        give_up = time.monotonic() + 10
        told: list[str] = []
        while not answers_ping(stack.addresses.redis_url):
            assert time.monotonic() < give_up, "Valkey did not come back"
            told += stack.look_after()
        assert told == ["redis had ended and was started again"]


def test_folders_of_killed_runs_are_removed() -> None:
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    with throwaway_directory() as folder:
        left = folder.with_name(f"sadu-run-{os.geteuid()}-{gone.pid}-left")
        left.mkdir()
        (left / "data").write_text("")
        with throwaway_directory():
            assert not left.exists()
            assert folder.exists()
