"""`sadu dev` as a person meets it: started, killed in every way, and started again."""

import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from devstack.process_table import birth
from devstack.stack import throwaway_directory

ROOT = Path(__file__).parents[2]
STATE_KEYS = {
    "api_url",
    "admin_api_url",
    "graphiql_url",
    "mail_url",
    "database_url",
    "owner_database_url",
    "redis_url",
    "s3_url",
    "demo",
}


@pytest.fixture
def directory() -> Generator[Path]:
    with throwaway_directory() as folder:
        yield folder


def command(directory: Path) -> subprocess.Popen[str]:
    # The settings of whoever runs the tests would replace embedded parts.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SADU_")}
    return subprocess.Popen(
        [sys.executable, "-c", "from cli.main import app; app()", "dev"],
        cwd=ROOT,
        env={**environment, "SADU_DEV_DIRECTORY": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextmanager
def running(directory: Path) -> Generator[subprocess.Popen[str]]:
    """One that has told that it is ready. At the end it is killed, if it still runs, and nothing of it may be left."""
    with command(directory) as process:
        try:
            wait_for(lambda: (directory / "state.json").exists() or process.poll() is not None, seconds=60)
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            children = pids(directory)
            yield process
        finally:
            process.kill()
    wait_for(lambda: not any(birth(pid) for pid in children))


def wait_for(condition: Any, *, seconds: float = 15) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


def pids(directory: Path) -> dict[int, str]:
    return {int(each["pid"]): str(each["name"]) for each in json.loads((directory / "processes.json").read_text())}


def state(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "state.json").read_text())


def is_ready(directory: Path) -> bool:
    address = urlsplit(str(state(directory)["api_url"]))
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def test_it_runs_alone_tells_what_it_has_and_stops(directory: Path) -> None:
    with running(directory) as process:
        assert is_ready(directory)
        assert set(state(directory)) == STATE_KEYS
        assert set(state(directory)["demo"]) >= {"tenants", "platform"}
        assert stat.S_IMODE((directory / "state.json").stat().st_mode) == 0o600
        assert sorted(pids(directory).values()) == ["API", "Postgres", "S3", "Valkey", "Worker"]
        with command(directory) as second:
            told, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "running already" in told
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=20)
        assert process.returncode == 0, told
        assert "Sadu is ready" in told
        assert not (directory / "state.json").exists()
        assert not (directory / "processes.json").exists()


def test_a_service_that_dies_comes_back_and_a_killed_command_too(directory: Path) -> None:
    with running(directory):
        (api,) = (pid for pid, name in pids(directory).items() if name == "API")
        os.kill(api, signal.SIGKILL)
        wait_for(lambda: birth(api) is None)
        wait_for(lambda: is_ready(directory))
        assert api not in pids(directory)
    # `running` killed it with -9 and has seen its children go; what it wrote is still there.
    assert (directory / "state.json").exists()
    (directory / "state.json").unlink()
    with running(directory) as again:
        assert is_ready(directory)
        again.send_signal(signal.SIGINT)
        assert again.wait(20) == 0
