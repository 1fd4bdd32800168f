"""One set of embedded parts for a run; a database of its own, under production's roles, for each test process."""

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bootstrap import Parts, build_parts
from db.security.roles import APP, OWNER, PLATFORM
from devstack.mailbox import Mailbox
from devstack.object_store import ACCESS_KEY
from devstack.stack import Stack, throwaway_directory
from integrations.passwords import Argon2Passwords
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop
from tests.support.mail import Post

RUNNING = pytest.StashKey[ExitStack]()
DATABASES = pytest.StashKey[Databases]()


def pytest_configure(config: pytest.Config) -> None:
    """The controller starts Postgres, Valkey and S3 once and migrates a template with the real migrations."""
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[DATABASES] = Databases(**workerinput["databases"])
    elif not config.option.collectonly:
        running = config.stash[RUNNING] = ExitStack()
        folder = running.enter_context(throwaway_directory())
        stack = running.enter_context(Stack(folder, durable=False, parts={"postgres", "redis", "s3"}))
        where = stack.addresses
        databases = Databases(
            where.postgres_admin_url, where.redis_url, where.s3_url, where.s3_secret_key, where.media_url
        )
        databases.prepare()
        config.stash[DATABASES] = databases


def pytest_configure_node(node: Any) -> None:
    """Each process of pytest-xdist learns where the parts are."""
    node.workerinput["databases"] = asdict(node.config.stash[DATABASES])


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUNNING in config.stash:
        config.stash[RUNNING].close()


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Databases:
    return pytestconfig.stash[DATABASES]


@pytest.fixture(scope="session")
def process_name() -> str:
    """A name for this test process's database."""
    return f"sadu_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="session")
def mailbox() -> Generator[Mailbox]:
    """A mailbox that receives by SMTP what this test process sends."""
    box = Mailbox()
    box.start()
    yield box
    box.stop()


@pytest.fixture(scope="session")
async def database_name(databases: Databases, process_name: str) -> AsyncGenerator[str]:
    """This process's database: every test makes its own tenants in it."""
    await databases.clone(process_name)
    yield process_name
    await databases.drop(process_name)


@pytest.fixture(scope="session")
def settings(
    databases: Databases, database_name: str, mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The product's settings as the environment would give them."""
    key_file = tmp_path_factory.mktemp("identity") / "key.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    redis_database = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "0"))))
    return Settings(
        env="test",
        database_url=databases.url(database_name, APP),
        platform_database_url=databases.url(database_name, PLATFORM),
        owner_database_url=databases.url(database_name, OWNER),
        redis_url=f"{databases.redis_url.rstrip('/')}/{redis_database}",
        smtp_url=mailbox.url,
        s3_url=databases.s3_url,
        s3_access_key=ACCESS_KEY,  # pyright: ignore[reportArgumentType] - as the environment gives it
        media_url=databases.media_url,
        s3_secret_key=databases.s3_secret_key,  # pyright: ignore[reportArgumentType]
        secret_key="a key of the tests that is long enough",  # pyright: ignore[reportArgumentType] - as the environment gives it
        secrets_directory=tmp_path_factory.mktemp("secrets"),
        identity_private_key_file=key_file,
        public_url="http://sadu.test",
        cost_bucket=100_000_000,  # every test asks from one address
        cost_restore=10_000_000,
        auth_attempts_per_address=100_000,
        auth_attempts_per_account=100_000,
    )


@pytest.fixture(scope="session")
async def parts(settings: Settings) -> AsyncGenerator[Parts]:
    """The product, built by `bootstrap` as in production; only the cost of hashing is lowered."""
    built = build_parts(settings, passwords=Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1))
    yield built
    await built.close()


@pytest.fixture(scope="session")
async def api(parts: Parts) -> AsyncGenerator[Api]:
    """The running API and a client of it."""
    async with running_api(parts) as running:
        yield running


@pytest.fixture(scope="session")
def factory(parts: Parts, settings: Settings) -> Factory:
    assert settings.owner_database_url
    return Factory(parts, settings.owner_database_url)


@pytest.fixture(scope="session")
def post(parts: Parts, mailbox: Mailbox) -> Post:
    return Post(parts, mailbox)


@pytest.fixture
async def shop(factory: Factory) -> Shop:
    """A tenant of this test's own, with its owner."""
    return await factory.shop()
