"""The Cognito that answers as a test tells it to."""

from collections.abc import AsyncGenerator, Generator

import pytest

from bootstrap import Parts
from integrations.cognito_pool import CognitoPool
from tests.support.cognito_people import provider_with, verifier_of
from tests.support.cognito_stand_in import (
    CLIENT,
    POOL_ID,
    SECRET,
    Cognito,
)
from tests.support.http_stand_in import Answered, StandIn, stand_in
from tests.support.identity_providers import Accounts


@pytest.fixture(scope="module")
def server() -> Generator[StandIn]:
    with stand_in(lambda _: Answered(b"", 500)) as server:
        yield server


@pytest.fixture(scope="module")
async def pool(server: StandIn) -> AsyncGenerator[CognitoPool]:
    """One for all tests: boto3 takes long to begin with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        pool = CognitoPool("eu-central-1", POOL_ID, CLIENT, SECRET, endpoint_url=server.url)
        yield pool
        await pool.close()


@pytest.fixture
def cognito(server: StandIn) -> Cognito:
    told = Cognito()
    server.answer = told.answer
    return told


@pytest.fixture
def accounts(cognito: Cognito, pool: CognitoPool, server: StandIn, parts: Parts) -> Accounts:
    return Accounts("cognito", parts, provider_with(pool, server, parts), verifier_of(server))
