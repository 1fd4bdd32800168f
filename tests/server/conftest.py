"""What tests of the server share: an API whose database may be damaged, and its logs."""

import io
from collections.abc import AsyncGenerator, Generator

import pytest
import structlog

from server.logs import configure
from settings import Settings
from tests.support.breakable import Breakable, breakable_api
from tests.support.databases import Databases


@pytest.fixture
async def breakable(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Breakable]:
    """With a short deadline."""
    async with breakable_api(databases, f"{process_name}_breakable", settings, deadline_seconds=0.5) as running:
        yield running


@pytest.fixture
async def patient(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Breakable]:
    """With a deadline that no test waits for: what ends here ends for another reason."""
    async with breakable_api(databases, f"{process_name}_patient", settings, deadline_seconds=60) as running:
        yield running


@pytest.fixture
def logged() -> Generator[io.StringIO]:
    """What the process logs, as production would."""
    stream = io.StringIO()
    configure("DEBUG", stream=stream)
    yield stream
    structlog.reset_defaults()
