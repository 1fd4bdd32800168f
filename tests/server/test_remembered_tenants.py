"""A process remembers tenants, and yet never acts on what one was before: another process may have changed it."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import make_url, text

from bootstrap import Parts, build_parts, issuer_of
from db.security.roles import connected
from gql.errors import Refusal
from integrations.access_tokens import JwtVerifier, StaticKeys
from server import callers
from server.callers import Callers
from server.headers import RequestHeaders
from settings import Settings
from tests.support.api import Api, Reply, running_api
from tests.support.databases import Databases
from tests.support.factories import Factory, Product, Shop
from tests.support.orders import SUBMIT
from tests.support.statements import counted_statements


@dataclass(frozen=True, slots=True)
class Process:
    """One of the API's processes, without kept answers and with one connection."""

    api: Api
    parts: Parts

    async def ask(self, query: str, slug: str, variables: dict[str, Any] | None = None, **headers: str) -> Reply:
        return await self.api.execute(query, variables, tenant=slug, headers=headers)

    async def looks_up(self, query: str, slug: str) -> int:
        """How many times the tenant is looked up for this request."""
        with counted_statements(self.parts.database) as statements:
            await self.ask(query, slug)
        return sum("identify_caller" in statement for statement in statements)

    async def remember(self, slug: str) -> None:
        await self.ask(READ, slug)
        assert await self.looks_up(READ, slug) == 0


@asynccontextmanager
async def new_process(settings: Settings) -> AsyncGenerator[Process]:
    parts = build_parts(settings.model_copy(update={"storefront_cache": 0, "pool_size": 1}))
    async with running_api(parts) as api:
        yield Process(api, parts)


@pytest.fixture(scope="module")
async def process(settings: Settings) -> AsyncGenerator[Process]:
    async with new_process(settings) as running:
        yield running


@pytest.fixture(scope="module")
async def stranger(settings: Settings) -> AsyncGenerator[Process]:
    """A process that is asked about each shop once, and so has none in memory."""
    async with new_process(settings) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another process, of another release, which tells nobody what it writes."""

    url: str

    async def change(self, shop: Shop, what: str) -> None:
        async with connected(self.url) as connection:
            await connection.execute(text(f"UPDATE tenants SET {what} WHERE id = :id"), {"id": shop.tenant.id})

    async def let_go(self, shop: Shop) -> None:
        """Of all its former slugs."""
        async with connected(self.url) as connection:
            await connection.execute(text("DELETE FROM former_slugs WHERE tenant_id = :id"), {"id": shop.tenant.id})


@pytest.fixture
def elsewhere(databases: Databases, settings: Settings) -> Elsewhere:
    return Elsewhere(databases.url(make_url(settings.database_url).database or ""))


READ = "{ store { items { nodes { slug name { value } price { amount currency } } } } }"
QUERIES = {
    "rows": READ,
    "a session": "{ store { slug locale currency name { value } categories { slug } } }",
    "rows and a session": "{ store { slug items { totalCount nodes { price { currency } name { value } } } } }",
    "nothing": "{ store { status } }",
    "nothing at all": "{ __typename }",
    "nothing that is there": '{ store { item(slug: "NO SLUG") { slug } } }',
    "a fault": '{ store { items(after: "nonsense") { nodes { slug } } } }',
}
CHANGES = {
    "suspended": "status = 'suspended'",
    "disabled": "status = 'disabled'",
    "renamed": "slug = slug || '-renamed'",
    "in another currency": "currency = 'SAR'",
    "in another language": "locale = 'ar'",
}
NOTICED = {
    "suspended": {*QUERIES} - {"nothing at all"},
    "disabled": {*QUERIES} - {"nothing at all"},
    "renamed": {*QUERIES},
    "in another currency": {"rows", "a session", "rows and a session"},
    "in another language": {"rows", "a session", "rows and a session"},
}
"""Which queries are answered differently after which change."""


def told(reply: Reply) -> tuple[int, object, list[str]]:
    return reply.status, reply.body.get("data"), reply.codes


@pytest.mark.parametrize("change", CHANGES)
async def test_the_next_request_acts_on_what_the_tenant_is_now(
    process: Process, stranger: Process, factory: Factory, elsewhere: Elsewhere, change: str
) -> None:
    for reads, query in QUERIES.items():
        shop = await factory.shop()
        await factory.product(shop)
        await process.remember(shop.slug)
        before = told(await process.ask(query, shop.slug))
        await elsewhere.change(shop, CHANGES[change])
        after = told(await process.ask(query, shop.slug))
        assert after == told(await stranger.ask(query, shop.slug)), reads
        assert (after != before) == (reads in NOTICED[change]), (reads, before, after)


async def test_a_name_that_is_another_tenants_now_leads_to_that_one(
    process: Process, factory: Factory, elsewhere: Elsewhere
) -> None:
    for query in QUERIES.values():
        old, new = await factory.shop(), await factory.shop()
        await factory.product(old)
        await process.remember(old.slug)
        expected = told(await process.ask(query, new.slug))
        await elsewhere.change(old, "slug = slug || '-old'")
        await elsewhere.let_go(old)
        await elsewhere.change(new, f"slug = '{old.slug}'")
        status, data, codes = told(await process.ask(query, old.slug))
        assert (status, str(data).replace(old.slug, new.slug), codes) == (expected[0], str(expected[1]), expected[2])


async def test_a_tenant_that_opens_again_is_served_again(
    process: Process, factory: Factory, elsewhere: Elsewhere
) -> None:
    shop = await factory.shop()
    await process.remember(shop.slug)
    await elsewhere.change(shop, "status = 'suspended'")
    for _ in range(2):
        assert (await process.ask(READ, shop.slug)).codes == ["TENANT_SUSPENDED"]
        assert await process.looks_up(READ, shop.slug) == 1
    await elsewhere.change(shop, "status = 'active'")
    assert (await process.ask(READ, shop.slug)).data["store"]["items"]["nodes"] == []
    await process.remember(shop.slug)


def order_of(product: Product) -> dict[str, Any]:
    return {
        "customer": {"name": "Sara", "email": "sara@people.test"},
        "lines": [{"variantId": product.variant_id, "quantity": 1}],
        "idempotencyKey": secrets.token_urlsafe(24),
    }


async def orders_of(elsewhere: Elsewhere, shop: Shop) -> tuple[int, int | None]:
    """How many orders there are, and what is left of the one thing on sale."""
    async with connected(elsewhere.url) as connection:
        found = await connection.execute(
            text(
                """SELECT (SELECT count(*) FROM orders WHERE tenant_id = :id),
                          (SELECT stock FROM catalog_variants WHERE tenant_id = :id)"""
            ),
            {"id": shop.tenant.id},
        )
        row = found.one()
    return row[0], row[1]


async def test_a_mutation_is_done_once_and_for_the_tenant_as_it_is_now(
    process: Process, factory: Factory, elsewhere: Elsewhere
) -> None:
    shop = await factory.shop()
    product = await factory.product(shop, stock=5)
    await process.remember(shop.slug)
    with counted_statements(process.parts.database) as statements:
        await process.ask(SUBMIT, shop.slug, {"input": order_of(product)})
    assert sum("identify_caller" in statement for statement in statements) == 1
    assert await orders_of(elsewhere, shop) == (1, 4)

    await process.remember(shop.slug)
    await elsewhere.change(shop, "brand_primary = '#123456'")
    reply = await process.ask(SUBMIT, shop.slug, {"input": order_of(product)})
    assert reply.payload("orderSubmit")["order"]["name"]
    assert await orders_of(elsewhere, shop) == (2, 3)

    await process.remember(shop.slug)
    await elsewhere.change(shop, "status = 'suspended'")
    reply = await process.ask(SUBMIT, shop.slug, {"input": order_of(product)})
    assert (reply.status, reply.codes) == (403, ["TENANT_SUSPENDED"])
    assert await orders_of(elsewhere, shop) == (2, 3)


@pytest.mark.parametrize("reads", ["rows", "a session", "rows and a session", "nothing"])
@pytest.mark.parametrize("change", ["suspended", "renamed"])
async def test_a_change_between_admission_and_the_first_read_is_noticed(
    process: Process, factory: Factory, elsewhere: Elsewhere, reads: str, change: str
) -> None:
    """The request waits for the only connection while somebody else changes the tenant."""
    shop = await factory.shop()
    await factory.product(shop)
    await process.remember(shop.slug)
    async with process.parts.database.engine.connect():
        asking = asyncio.create_task(process.ask(QUERIES[reads], shop.slug))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await elsewhere.change(shop, CHANGES[change])
    reply = await asking
    if change == "renamed":
        assert (reply.status, reply.codes) == (410, ["TENANT_MOVED"])
    elif reads == "nothing":
        assert reply.data["store"] == {"status": "UNAVAILABLE"}
    else:
        assert (reply.status, reply.codes) == (403, ["TENANT_SUSPENDED"])


async def test_a_query_that_met_a_change_is_done_again(
    process: Process, factory: Factory, elsewhere: Elsewhere
) -> None:
    """Nobody is refused because of a change that does not concern them."""
    shop = await factory.shop()
    await factory.product(shop)
    for query in QUERIES.values():
        await process.remember(shop.slug)
        before = told(await process.ask(query, shop.slug))
        await elsewhere.change(shop, "brand_primary = '#123456'")
        assert told(await process.ask(query, shop.slug)) == before


async def test_who_names_two_tenants_is_refused_though_both_are_remembered(process: Process, factory: Factory) -> None:
    here, there = await factory.shop(), await factory.shop()
    for shop in (here, there):
        await process.remember(shop.slug)
        host = f"{shop.slug}.localhost"
        assert (await process.api.execute(READ, headers={"host": host})).status == 200
        assert (await process.ask(READ, shop.slug, host=host)).status == 200
    for _ in range(2):
        reply = await process.ask(READ, here.slug, host=f"{there.slug}.localhost")
        assert (reply.status, reply.codes) == (400, ["TENANT_AMBIGUOUS"])


def headers_of(slug: str, **more: str) -> RequestHeaders:
    given = {"sadu-tenant": slug, **more}
    return RequestHeaders([(name.encode(), value.encode()) for name, value in given.items()])


@pytest.fixture
def memory(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Callers:
    """With room for three."""
    monkeypatch.setattr(callers, "MOST_REMEMBERED", 3)
    verifier = JwtVerifier(StaticKeys(parts.signer.public_key), issuer_of(parts.settings), "sadu-web")
    return Callers(parts.database, verifier, base_domain="localhost", trusted_proxies=0, deadline_seconds=10)


async def test_only_so_many_tenants_are_remembered(memory: Callers, factory: Factory) -> None:
    known = [headers_of((await factory.shop()).slug) for _ in range(5)]
    for headers in known:
        await memory.identify(headers)
    assert [memory.remembered(headers) is not None for headers in known] == [False, False, True, True, True]


async def test_names_of_nobody_are_not_remembered(memory: Callers, shop: Shop) -> None:
    known = headers_of(shop.slug)
    await memory.identify(known)
    for number in range(5):
        unknown = headers_of(f"nobody-{number}")
        with pytest.raises(Refusal):
            await memory.identify(unknown)
        hosted = headers_of("", host=f"nobody-{number}.localhost")
        assert (await memory.identify(hosted)).tenant is None
        assert memory.remembered(unknown) is memory.remembered(hosted) is None
    assert memory.remembered(known) is not None


async def test_who_brings_credentials_is_not_taken_for_a_guest(memory: Callers, shop: Shop) -> None:
    await memory.identify(headers_of(shop.slug))
    for name in ("authorization", "cookie"):
        assert memory.remembered(headers_of(shop.slug, **{name: "something"})) is None


async def test_a_memory_fades(memory: Callers, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a host that named nobody could become a tenant's, and never be asked about again."""
    monkeypatch.setattr(callers, "REMEMBERED_SECONDS", 0.05)
    await memory.identify(headers_of(shop.slug))
    assert memory.remembered(headers_of(shop.slug)) is not None
    await asyncio.sleep(0.06)
    assert memory.remembered(headers_of(shop.slug)) is None
