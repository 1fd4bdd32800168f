"""`sadu dev` as a process of its own, with everything that it leaves behind looked after."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devstack.process_table import birth

ROOT = Path(__file__).parents[2]


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
