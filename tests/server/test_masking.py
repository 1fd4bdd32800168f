"""Wherever something breaks: one coded error with the request's id, its place in the log, and nothing that was said."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson
import pytest
import strawberry
from sqlalchemy import text
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig

from bootstrap import Parts, build_parts, server_parts
from db.security.roles import APP, connected
from domain.ports import Claims, ThrottleStatus
from gql.access import OPEN
from gql.pipeline import Api as Schema
from gql.roots import door
from server.app import create_app
from server.graphql_endpoint import GraphQLEndpoint
from settings import Settings
from tests.support.api import Reply, running_api
from tests.support.breakable import Breakable
from tests.support.conformance import INSIDE
from tests.support.factories import Product, Shop
from tests.support.orders import SUBMIT

CANARY = "zahra-canary"
"""Stands in the data wherever something breaks: whoever repeats what a driver said repeats it."""

Path = list[str | int]


@dataclass(frozen=True, slots=True)
class Broken:
    """A shop with one item for sale, on a database that can be damaged."""

    breakable: Breakable
    shop: Shop
    product: Product
    logged: io.StringIO

    async def ask(self, query: str, *, owner: bool = False, **variables: Any) -> Reply:
        token = self.shop.token if owner else None
        return await self.breakable.api.execute(query, variables, token=token, tenant=self.shop.slug)

    async def as_administrator(self, *statements: str) -> None:
        """Writes what the application never would, past constraints and policies."""
        async with connected(self.breakable.admin_url) as connection:
            for statement in statements:
                await connection.execute(text(statement))

    def holds_back(self, reply: Reply, *paths: Path) -> None:
        """There is an error at or below each path and no other, masked in the answer and in the log."""
        assert reply.status == 200, reply.body
        told = [error["path"] for error in reply.body["errors"]]
        assert [path[: len(above)] for path, above in zip(sorted(told), paths, strict=True)] == list(paths), told
        check_masked(reply.body, reply.headers, self.logged)


def check_masked(body: Mapping[str, Any], headers: Mapping[str, str], logged: io.StringIO) -> None:
    request_id = headers["x-request-id"]
    for error in body["errors"]:
        assert error["extensions"] == {"code": "INTERNAL_ERROR", "requestId": request_id}
        assert not INSIDE.search(error["message"]), error
    lines = [orjson.loads(line) for line in logged.getvalue().splitlines()]
    told = [line for line in lines if line["event"] == "unexpected_error"]
    assert [line["request_id"] for line in told] == [request_id] * len(body["errors"])
    # What graphql-core itself finds has no place in our own code, but a field.
    assert all(line["error"] and (line["frames"] or line["field"]) for line in told), told
    assert CANARY not in str(body)
    assert CANARY not in logged.getvalue()


@pytest.fixture
async def broken(patient: Breakable, logged: io.StringIO) -> Broken:
    shop = await patient.factory.shop()
    return Broken(patient, shop, await patient.factory.product(shop, name=CANARY, stock=5), logged)


async def test_a_root_query(broken: Broken) -> None:
    await broken.breakable.run(f"REVOKE SELECT ON catalog_items FROM {APP}")
    query = "query($id: ID!) { store { slug } node(id: $id) { id } nodes(ids: []) { id } }"
    reply = await broken.ask(query, id=broken.product.id)
    broken.holds_back(reply, ["node"])
    assert reply.body["data"] == {"store": {"slug": broken.shop.slug}, "node": None, "nodes": []}


async def test_a_field_further_down(broken: Broken) -> None:
    await broken.breakable.run(f"REVOKE SELECT ON catalog_items FROM {APP}")
    reply = await broken.ask(
        f'{{ store {{ slug item(slug: "{broken.product.item.slug}") {{ id }} categories {{ id }} }} }}'
    )
    broken.holds_back(reply, ["store", "item"])
    assert reply.body["data"]["store"] == {"slug": broken.shop.slug, "item": None, "categories": []}


async def test_a_batch_of_a_loader(broken: Broken) -> None:
    """Every field that waited for the batch fails, and no other."""
    other = await broken.breakable.factory.product(broken.shop)
    await broken.breakable.run(f"REVOKE SELECT ON catalog_variants FROM {APP}")
    first, second = f'"{broken.product.item.slug}"', f'"{other.item.slug}"'
    selected = f"a: item(slug: {first}) {{ variants {{ id }} }} b: item(slug: {second}) {{ variants {{ id }} }}"
    reply = await broken.ask(f"{{ store {{ {selected} c: item(slug: {second}) {{ slug }} }} }}")
    broken.holds_back(reply, ["store", "a"], ["store", "b"])
    assert reply.body["data"]["store"] == {"a": None, "b": None, "c": {"slug": other.item.slug}}


LATE = {
    "at the last statement": "AFTER INSERT ON orders",
    "when it is committed": "AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED",
}


@pytest.mark.parametrize("moment", LATE.values(), ids=LATE.keys())
async def test_a_mutation_that_has_written(broken: Broken, moment: str) -> None:
    """All of it is taken back, what another mutation of the document did stays, and the same key may try again."""
    await broken.breakable.run(
        """CREATE FUNCTION quote_it() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'no order for %', NEW.customer_name USING DETAIL = NEW.customer_name; END $$""",
        f"CREATE CONSTRAINT TRIGGER quote_it {moment} FOR EACH ROW EXECUTE FUNCTION quote_it()",
    )
    customer = {"name": CANARY, "email": f"{CANARY}@people.test"}
    lines = [{"variantId": broken.product.variant_id, "quantity": 2}]
    given = {"idempotencyKey": "0123456789abcdef0123456789", "customer": customer, "lines": lines}
    both = """mutation($input: OrderSubmitInput!) {
      before: tenantUpdate(input: {contactPhone: "+965 5555 5555"}) { tenant { contactPhone } }
      orderSubmit(input: $input) { order { id } userErrors { code } }
      after: tenantUpdate(input: {brandPrimary: "#0a7b3c"}) { tenant { contactPhone brandPrimary } }
    }"""
    reply = await broken.ask(both, owner=True, input=given)
    broken.holds_back(reply, ["orderSubmit"])
    assert reply.body["data"] == {
        "before": {"tenant": {"contactPhone": "+965 5555 5555"}},
        "orderSubmit": None,
        "after": {"tenant": {"contactPhone": "+965 5555 5555", "brandPrimary": "#0a7b3c"}},
    }
    left = "query($id: ID!) { tenant { orders { totalCount } item(id: $id) { variants { stock } } } }"
    seen = (await broken.ask(left, owner=True, id=broken.product.id)).data["tenant"]
    assert seen == {"orders": {"totalCount": 0}, "item": {"variants": [{"stock": 5}]}}

    await broken.breakable.run("DROP TRIGGER quote_it ON orders")
    assert (await broken.ask(SUBMIT, owner=True, input=given)).payload("orderSubmit")["order"]["number"] == 1001


async def test_a_value_that_its_enum_does_not_know(broken: Broken) -> None:
    await broken.as_administrator(
        "ALTER TABLE catalog_items DROP CONSTRAINT ck_catalog_items_kind", f"UPDATE catalog_items SET kind = '{CANARY}'"
    )
    for _ in range(3):  # whatever is kept of a document after its first execution must mask as well
        broken.logged.truncate(broken.logged.seek(0))
        reply = await broken.ask(f'{{ store {{ slug item(slug: "{broken.product.item.slug}") {{ kind }} }} }}')
        broken.holds_back(reply, ["store", "item"])
        assert reply.body["data"]["store"] == {"slug": broken.shop.slug, "item": None}


async def test_a_number_that_its_scalar_cannot_write(broken: Broken) -> None:
    """A number beyond 32 bits is our fault, not the client's, and is not told."""
    customer = {"name": CANARY, "email": f"{CANARY}@people.test"}
    lines = [{"variantId": broken.product.variant_id, "quantity": 1}]
    given = {"idempotencyKey": "0123456789abcdef0123456789", "customer": customer, "lines": lines}
    order = (await broken.ask(SUBMIT, input=given)).payload("orderSubmit")["order"]
    await broken.as_administrator("UPDATE orders SET number = 3000000007")
    for _ in range(3):
        broken.logged.truncate(broken.logged.seek(0))
        query = "query($id: ID!) { tenant { slug order(id: $id) { number } } }"
        reply = await broken.ask(query, owner=True, id=order["id"])
        assert "3000000007" not in str(reply.body)
        broken.holds_back(reply, ["tenant", "order", "number"])
        assert reply.body["data"]["tenant"] == {"slug": broken.shop.slug, "order": None}


async def test_finding_out_who_asks(settings: Settings, logged: io.StringIO) -> None:
    """Before anything runs, so the answer has no data and its status says so."""
    nowhere = settings.model_copy(update={"database_url": f"postgresql://{CANARY}:{CANARY}@127.0.0.1:9/{CANARY}"})
    async with running_api(build_parts(nowhere)) as api:
        reply = await api.execute("{ __typename }", tenant=CANARY)
    assert (reply.status, reply.body.keys()) == (500, {"errors"})
    check_masked(reply.body, reply.headers, logged)


class BrokenVerifier:
    """Verifies no token: something is wrong with it."""

    async def verify(self, token: str) -> Claims:
        raise RuntimeError(f"what is this: {token}")


async def test_looking_at_a_token(parts: Parts, logged: io.StringIO) -> None:
    app = create_app(replace(server_parts(parts), verifier=BrokenVerifier()))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sadu.test") as client:
        headers = {"authorization": f"Bearer {CANARY}"}
        response = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert (response.status_code, response.json().keys()) == (500, {"errors"})
    check_masked(response.json(), response.headers, logged)


@dataclass
class BrokenThrottle:
    """Counts no points: something is wrong with one of its ways to do so."""

    broken: str

    def counted(self, way: str, client: str, points: int) -> ThrottleStatus:
        if way == self.broken:
            raise RuntimeError(f"no {points} points for {client} {CANARY}")
        return ThrottleStatus(10_000, 10_000, 1_000)

    def spend(self, client: str, points: int) -> ThrottleStatus | None:
        return None if self.broken == "take" else self.counted("spend", client, points)

    async def take(self, client: str, points: int) -> ThrottleStatus:
        return self.counted("take", client, points)

    def give_back(self, client: str, points: int) -> ThrottleStatus:
        return self.counted("give_back", client, points)


@pytest.mark.parametrize("way", ["spend", "take", "give_back"])
async def test_counting_points(parts: Parts, logged: io.StringIO, way: str) -> None:
    given = server_parts(parts)
    app = create_app(replace(given, services=replace(given.services, throttle=BrokenThrottle(way))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sadu.test") as client:
        response = await client.post("/graphql", json={"query": "{ __typename }"})
    assert (response.status_code, response.json().keys()) == (500, {"errors"})
    check_masked(response.json(), response.headers, logged)


class Strange:
    """What no JSON can hold."""


@strawberry.type
class StrangeQuery:
    @door(OPEN, description="Something that cannot be written.")
    def strange(self) -> Strange:
        return Strange()


STRANGE = strawberry.Schema(
    StrangeQuery,
    config=StrawberryConfig(
        scalar_map={Strange: strawberry.scalar(name="Strange", description=CANARY, serialize=lambda value: value)}
    ),
)


async def test_writing_the_answer(parts: Parts, logged: io.StringIO) -> None:
    """The product's own schema answers nothing of the kind, so here is one that does."""
    app = create_app(server_parts(parts))
    route = next(route for route in app.routes if isinstance(route, Route) and route.path == "/graphql")
    assert isinstance(route.endpoint, GraphQLEndpoint)
    route.endpoint.api = Schema(STRANGE)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://sadu.test") as client:
        response = await client.post("/graphql", json={"query": "{ strange }"})
    assert response.status_code == 500
    assert response.headers["content-type"].startswith("application/json"), response.text
    check_masked(response.json(), response.headers, logged)
