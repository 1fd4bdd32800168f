"""The Cognito that answers as a test tells it to, and the stand-ins of payment providers."""

from collections.abc import AsyncGenerator, Generator

import pytest

from bootstrap import Parts
from integrations.cognito_pool import CognitoPool
from integrations.payment_exchanges import PaymentHttp
from tests.support.cognito_people import provider_with, verifier_of
from tests.support.cognito_stand_in import (
    CLIENT,
    POOL_ID,
    SECRET,
    Cognito,
)
from tests.support.http_stand_in import Answered, StandIn, stand_in
from tests.support.identity_providers import Accounts
from tests.support.paypal.server import FakePayPal, fake_paypal
from tests.support.stripe.server import FakeStripe, fake_stripe


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


@pytest.fixture(scope="module")
def stripe() -> Generator[FakeStripe]:
    with fake_stripe() as fake:
        yield fake


@pytest.fixture(scope="module")
def paypal() -> Generator[FakePayPal]:
    with fake_paypal() as fake:
        yield fake


@pytest.fixture(scope="module")
async def http() -> AsyncGenerator[PaymentHttp]:
    connections = PaymentHttp()
    yield connections
    await connections.close()
