"""A database of its own for what looks across all tenants: the outbox tests count everything that is due."""

from collections.abc import AsyncGenerator, Callable, Generator

import pytest

from bootstrap import Parts
from db.security.roles import APP
from db.session import Database, create_engine
from integrations.images import PillowRenderer
from integrations.smtp import SmtpMailSender
from jobs.worker import WorkerParts
from tests.support.databases import Databases
from tests.support.outbox import Ground
from tests.support.smtp_server import ScriptedServer, smtp_server

Workers = Callable[[], WorkerParts]
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
async def outbox_url(databases: Databases, process_name: str) -> AsyncGenerator[str]:
    """The application's login to an empty database."""
    name = f"{process_name}_outbox"
    await databases.clone(name)
    yield databases.url(name, APP)
    await databases.drop(name)


@pytest.fixture
async def ground(outbox_url: str) -> AsyncGenerator[Ground]:
    database = Database(create_engine(outbox_url, pool_size=5))
    yield Ground(database)
    await database.dispose()


@pytest.fixture
def server() -> Generator[ScriptedServer]:
    """A mail server that takes everything until a test tells it otherwise."""
    with smtp_server() as running:
        yield running


@pytest.fixture
async def new_worker(outbox_url: str, server: ScriptedServer, parts: Parts) -> AsyncGenerator[Workers]:
    """Makes the parts of one more worker, with a pool of its own."""
    databases: list[Database] = []

    def make() -> WorkerParts:
        databases.append(Database(create_engine(outbox_url, pool_size=5)))
        return WorkerParts(
            database=databases[-1],
            mail=SmtpMailSender(server.url, "Sadu <no-reply@sadu.test>"),
            objects=parts.objects,
            images=PillowRenderer(),
            gateways=parts.gateways,
            secret_key=b"a secret of the tests",
            redis_url=NO_REDIS,
            public_url="https://api.sadu.test",
        )

    yield make
    for database in databases:
        await database.dispose()


@pytest.fixture
def worker(new_worker: Workers) -> WorkerParts:
    return new_worker()
