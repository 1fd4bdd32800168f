"""Tenants apart, through the API: by header, by host, by token, and under load with clients that leave."""

import asyncio
import random
from collections.abc import AsyncGenerator

import httpx
import pytest

from bootstrap import Parts, build_parts
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.factories import Factory, Shop

STORE = "{ store { slug status name { en } } }"
OFFICE = "{ tenant { slug status } store { slug name { en } } }"


async def test_the_host_names_the_tenant(api: Api, shop: Shop) -> None:
    """Mission S2."""
    reply = await api.execute(STORE, headers={"host": f"{shop.slug}.localhost:3000"})
    assert reply.data["store"]["slug"] == shop.slug
    for host in ("localhost", "nobody-has-this.localhost", f"{shop.slug}.example.com", f"a.{shop.slug}.localhost"):
        elsewhere = await api.execute(STORE, headers={"host": host})
        assert (elsewhere.status, elsewhere.codes) == (400, ["TENANT_REQUIRED"])


async def test_the_header_wins_over_a_host_that_names_nobody_and_two_tenants_are_refused(
    api: Api, factory: Factory, shop: Shop
) -> None:
    """Mission S2."""
    other = await factory.shop()
    named = await api.execute(STORE, tenant=shop.slug, headers={"host": "api.localhost"})
    assert named.data["store"]["slug"] == shop.slug
    both = await api.execute(STORE, tenant=shop.slug, headers={"host": f"{other.slug}.localhost"})
    assert (both.status, both.codes) == (400, ["TENANT_AMBIGUOUS"])
    twice = await api.http.post(
        "/graphql", json={"query": STORE}, headers=[("sadu-tenant", shop.slug), ("sadu-tenant", other.slug)]
    )
    assert (twice.status_code, twice.json()["errors"][0]["extensions"]["code"]) == (400, "TENANT_AMBIGUOUS")
    unknown = await api.execute(STORE, tenant="nobody-has-this")
    assert (unknown.status, unknown.codes) == (404, ["TENANT_NOT_FOUND"])


async def test_a_forwarded_host_is_believed_behind_a_trusted_proxy_alone(
    api: Api, settings: Settings, shop: Shop
) -> None:
    """Mission S2."""
    forwarded = {"host": "internal", "x-forwarded-host": f"claimed.example, {shop.slug}.localhost"}
    assert (await api.execute(STORE, headers=forwarded)).codes == ["TENANT_REQUIRED"]
    parts = build_parts(settings.model_copy(update={"trusted_proxies": 1}))
    async with running_api(parts) as behind_proxy:
        assert (await behind_proxy.execute(STORE, headers=forwarded)).data["store"]["slug"] == shop.slug


async def test_a_token_opens_the_tenants_of_its_person_and_no_other(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission T2, T3."""
    other = await factory.shop()
    assert (await api.execute(OFFICE, token=shop.token, tenant=shop.slug)).data["tenant"]["slug"] == shop.slug
    foreign = await api.execute(OFFICE, token=shop.token, tenant=other.slug)
    assert (foreign.status, foreign.codes, foreign.body.get("data")) == (403, ["FORBIDDEN"], None)
    guest = await api.execute(OFFICE, tenant=shop.slug)
    assert (guest.status, guest.codes, guest.body.get("data")) == (401, ["UNAUTHENTICATED"], None)


@pytest.fixture
async def small(settings: Settings) -> AsyncGenerator[tuple[Api, Parts]]:
    """The API on a pool of five connections."""
    parts = build_parts(settings.model_copy(update={"pool_size": 5}))
    async with running_api(parts) as api:
        yield api, parts


@pytest.mark.timeout(240)
async def test_five_thousand_requests_of_mixed_tenants_while_clients_leave(
    small: tuple[Api, Parts], factory: Factory
) -> None:
    """Mission T3."""
    api, parts = small
    shops = [await factory.shop() for _ in range(8)]
    answered, left = 0, 0

    async def one(number: int) -> None:
        nonlocal answered, left
        shop = shops[number % len(shops)]
        patience = random.random() * 0.03 if number % 6 == 0 else 30  # noqa: S311 - chance, not a secret
        try:
            async with asyncio.timeout(patience):
                reply = await api.execute(OFFICE, token=shop.token, tenant=shop.slug)
        except (TimeoutError, httpx.TransportError):
            left += 1
            return
        answered += 1
        assert reply.data == {
            "tenant": {"slug": shop.slug, "status": "ACTIVE"},
            "store": {"slug": shop.slug, "name": {"en": f"Shop {shop.slug}"}},
        }

    for start in range(0, 5_000, 40):
        await asyncio.gather(*(one(start + number) for number in range(40)))
    assert answered > 4_000
    assert left > 50
    await connections_back(parts)


async def connections_back(parts: Parts) -> None:
    """The server may still be ending what a client left behind; then every connection is in the pool again."""
    for _ in range(100):
        if "Connections in pool: 5" in parts.database.engine.pool.status() or (
            "Current Checked out connections: 0" in parts.database.engine.pool.status()
        ):
            return
        await asyncio.sleep(0.05)
    pytest.fail(parts.database.engine.pool.status())
