"""`sadu dev` as a person meets it: started, killed in every way, and started again."""

import os
import signal
import stat
from collections.abc import Generator
from pathlib import Path

import pytest

from devstack.process_table import birth
from devstack.stack import throwaway_directory
from tests.support.dev_process import command, is_ready, pids, running, state, wait_for

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
