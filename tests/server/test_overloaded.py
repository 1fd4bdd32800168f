"""Mission S7: what cannot be kept waiting is refused, and told so that clients and balancers understand it."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import httpx
import pytest

from bootstrap import Parts, server_parts
from domain.visit_batches import Pace, VisitBatches
from server.app import create_app
from tests.support.api import Api
from tests.support.factories import Shop
from tests.support.orders import SUBMIT, Till, submission
from tests.support.visits import Visitor

NOWHERE = "http://sadu.test"
BOTH = SUBMIT.replace(
    "($input: OrderSubmitInput!) {", "($input: OrderSubmitInput!) { visitRecord(input: {}) { visitId }"
)


@pytest.fixture
async def full(parts: Parts) -> AsyncGenerator[Api]:
    """An API in which no visit may wait."""
    made = server_parts(parts)
    visits = VisitBatches(parts.database, pace=Pace(most_waiting=0))
    api = Api(NOWHERE)
    await api.http.aclose()
    app = create_app(replace(made, services=replace(made.services, visits=visits)))
    api.http = httpx.AsyncClient(base_url=NOWHERE, transport=httpx.ASGITransport(app))
    async with api.http:
        yield api


async def test_a_visit_that_cannot_wait_is_refused(full: Api, api: Api, shop: Shop) -> None:
    reply = await Visitor(full, shop).record()
    assert (reply.status, reply.codes) == (503, ["TEMPORARILY_UNAVAILABLE"])
    assert reply.headers["retry-after"] == "1"
    assert (await Visitor(api, shop).listed())["totalCount"] == 0


async def test_what_else_was_done_in_the_document_is_told(full: Api, api: Api, parts: Parts, shop: Shop) -> None:
    till = Till(parts, api, shop)
    given = submission((await till.sell(), 1))
    reply = await full.execute(BOTH, {"input": given}, tenant=shop.slug)
    assert (reply.status, reply.codes) == (200, ["TEMPORARILY_UNAVAILABLE"])
    assert reply.body["data"]["visitRecord"] is None
    assert reply.body["data"]["orderSubmit"]["order"]["number"] == 1001
