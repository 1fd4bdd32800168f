"""The memory of answers under stress: many at once, slow ones, hostile ones, and a database that is gone."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.models import new_id
from db.security.roles import connected
from db.session import Database, create_engine
from server.answer_cache import OVERHEAD_BYTES, AnswerCache
from server.http import MOST_BYTES
from server.storefront_versions import FRESH_SECONDS, StorefrontVersions
from tests.support.breakable import Breakable, checked_out
from tests.support.catalog import CatalogClient
from tests.support.databases import Databases
from tests.support.statements import counted_statements
from tests.support.storefront import Storefront, data_of, is_from_memory, other_process

ITEMS = "{ store { items { nodes { slug name { en } } } } }"
BOTH = "{ store { name { en } items { nodes { variants { price { amount } } } } } }"
RENAME = 'mutation { tenantUpdate(input: {name: {en: "New name"}}) { userErrors { code } } }'
LOCK_ITEMS = "LOCK TABLE catalog_items IN ACCESS EXCLUSIVE MODE"
LOCK_VARIANTS = "LOCK TABLE catalog_variants IN ACCESS EXCLUSIVE MODE"
TENANT = new_id()


async def opened(breakable: Breakable) -> Storefront:
    """A shop with an item; the process knows what has changed, and who the tenant is."""
    shop = await breakable.factory.shop()
    await breakable.factory.product(shop)
    front = Storefront(breakable.api, breakable.parts, shop)
    await front.warm("{ store { slug } }")
    return front


def start(front: Storefront, guests: int, query: str = ITEMS) -> list[asyncio.Task[httpx.Response]]:
    return [asyncio.create_task(front.ask(query)) for _ in range(guests)]


async def test_a_hundred_simultaneous_misses_are_one_statement(patient: Breakable) -> None:
    front = await opened(patient)
    await asyncio.sleep(FRESH_SECONDS)  # until everything that made the shop is known
    expected = await front.truth(ITEMS)
    with counted_statements(patient.parts.database) as statements:
        async with patient.held(LOCK_ITEMS):
            asking = start(front, 100)
            await patient.until_one_waits()
            await asyncio.sleep(0.3)
            assert await patient.waiting_queries() == 1
        answers = await asyncio.gather(*asking)
    assert len(statements) == 1
    assert all(data_of(answer) == expected for answer in answers)
    assert sum(not is_from_memory(answer) for answer in answers) == 1


async def test_a_change_in_the_middle_of_it_makes_them_two(patient: Breakable) -> None:
    """Not a hundred: a hot page is asked for at the very moment of each edit."""
    front = await opened(patient)
    await asyncio.sleep(FRESH_SECONDS)
    with counted_statements(patient.parts.database) as statements:
        async with patient.held(LOCK_ITEMS):
            asking = start(front, 100)
            await patient.until_one_waits()
            async with connected(patient.admin_url) as writer:
                await writer.execute(text("UPDATE tenants SET brand_primary = '#123456'"))
            await asyncio.sleep(FRESH_SECONDS)
        answers = await asyncio.gather(*asking)
    about_items = [statement for statement in statements if "catalog_items" in statement]
    assert len(about_items) == 2, about_items
    assert all(data_of(answer)["store"]["items"]["nodes"] for answer in answers)


async def test_when_the_first_client_goes_away_the_others_are_answered(patient: Breakable) -> None:
    front = await opened(patient)
    async with patient.held(LOCK_ITEMS):
        [first] = start(front, 1)
        await patient.until_one_waits()
        others = start(front, 20)
        await asyncio.sleep(0.2)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.sleep(0.2)
        assert not any(each.done() for each in others)
        assert await patient.waiting_queries() == 1, "one of the others asks now, for all of them"
    for answer in await asyncio.gather(*others):
        assert data_of(answer)["store"]["items"]["nodes"]
    assert checked_out(patient.parts.database) == 0


async def test_when_the_first_one_fails_the_others_are_answered(breakable: Breakable) -> None:
    """The first one's deadline passes just before the others could be answered."""
    front = await opened(breakable)
    async with breakable.held(LOCK_ITEMS):
        [first] = start(front, 1)
        await breakable.until_one_waits()
        others = start(front, 20)
        assert (await first).status_code == 503
    for answer in await asyncio.gather(*others):
        assert data_of(answer)["store"]["items"]["nodes"]
    assert is_from_memory(await front.ask(ITEMS))


async def test_a_slow_answer_does_not_outlive_a_change_of_its_own_process(patient: Breakable) -> None:
    """It read the shop's name, waits for the prices, and is told after the name has changed."""
    front = await opened(patient)
    old = front.shop.tenant.name_en
    async with patient.held(LOCK_VARIANTS):
        [slow] = start(front, 1, BOTH)
        await patient.until_one_waits()
        await asyncio.sleep(0.2)
        reply = await front.api.execute(RENAME, token=front.shop.token, tenant=front.shop.slug)
        reply.payload("tenantUpdate")
        waiting = start(front, 3, BOTH)
        await asyncio.sleep(0.2)
    told = data_of(await slow)["store"]["name"]["en"]
    assert told == old, "it must have been read before the change, or this test proves nothing"
    for answer in [*await asyncio.gather(*waiting), await front.ask(BOTH)]:
        assert data_of(answer)["store"]["name"]["en"] == "New name"


async def test_a_slow_answer_does_not_outlive_a_change_made_elsewhere(patient: Breakable) -> None:
    front = await opened(patient)
    async with patient.held(LOCK_VARIANTS):
        [slow] = start(front, 1, BOTH)
        await patient.until_one_waits()
        await asyncio.sleep(0.2)
        async with connected(patient.admin_url) as writer:
            await writer.execute(text("UPDATE tenants SET name_en = 'New name'"))
        await asyncio.sleep(FRESH_SECONDS)
    assert data_of(await slow)["store"]["name"]["en"] == front.shop.tenant.name_en
    assert data_of(await front.ask(BOTH))["store"]["name"]["en"] == "New name"


async def test_without_the_database_nothing_is_served_from_memory(patient: Breakable, databases: Databases) -> None:
    front = await opened(patient)
    await front.warm(ITEMS)
    name = patient.parts.database.engine.url.database
    async with connected(databases.admin_url) as server:
        await server.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        disconnect = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        await server.execute(text(disconnect), {"name": name})
        await asyncio.sleep(FRESH_SECONDS)
        for _ in range(10):
            assert (await front.ask(ITEMS)).status_code in (500, 503)
            await asyncio.sleep(0.05)
        await server.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    await front.warm(ITEMS)


async def test_a_staff_edit_in_the_middle_of_many_guests_is_never_followed_by_the_old(patient: Breakable) -> None:
    front = await opened(patient)
    office = CatalogClient.of(front.api, front.shop)
    done = False

    async def look_around() -> None:
        while not done:
            await front.ask(ITEMS)

    guests = [asyncio.create_task(look_around()) for _ in range(8)]
    item = await office.create()
    for version in range(1, 21):
        await office.change("catalogItemUpdate", id=item["id"], version=version, name={"en": f"Edit {version}"})
        shown = await front.shown(ITEMS)
        assert shown["store"]["items"]["nodes"][0]["name"]["en"] == f"Edit {version}"
    done = True
    await asyncio.gather(*guests)


@pytest.fixture
async def versions(parts: Parts) -> AsyncGenerator[StorefrontVersions]:
    """Known for the next second."""
    engine = create_engine(parts.settings.database_url, pool_size=1)
    made = StorefrontVersions(Database(engine))
    await made.poll()
    yield made
    await engine.dispose()


def version_in(versions: StorefrontVersions) -> int:
    version = versions.version_of(TENANT)
    assert version is not None
    return version


async def test_the_least_recently_used_is_forgotten_first(versions: StorefrontVersions) -> None:
    each, version = 1_000, version_in(versions)
    cache = AnswerCache(versions, most_bytes=10 * (each + OVERHEAD_BYTES))
    for number in range(10):
        cache.keep(number, b"x" * each, TENANT, version, weight=0)
    assert cache.get(0) is not None
    cache.keep(10, b"x" * each, TENANT, version, weight=0)
    assert [number for number in range(11) if cache.get(number) is None] == [1]
    cache.keep(0, b"y" * each, TENANT, version, weight=0)
    assert [number for number in range(11) if cache.get(number) is None] == [1], "replaced, it takes no more room"
    versions.bump(TENANT)
    assert not any(cache.get(number) for number in range(11))
    for number in range(100, 110):
        cache.keep(number, b"x" * each, TENANT, version_in(versions), weight=0)
    assert all(cache.get(number) for number in range(100, 110)), "what was void has given its room back"


async def test_an_answer_that_would_push_many_others_out_is_not_kept(versions: StorefrontVersions) -> None:
    version, most = version_in(versions), 80_000
    cache = AnswerCache(versions, most_bytes=most)
    cache.keep("fits", b"x" * (most // 8 - OVERHEAD_BYTES), TENANT, version, weight=0)
    cache.keep("larger", b"x" * (most // 8 - OVERHEAD_BYTES + 1), TENANT, version, weight=0)
    assert (cache.get("fits") is not None, cache.get("larger")) == (True, None)


async def test_long_requests_count_as_what_they_take(patient: Breakable) -> None:
    """Guests who make each request as long as it may be push one another out, and take no more memory."""
    shop = (await opened(patient)).shop
    async with other_process(patient.parts.settings, storefront_cache=1) as (api, parts):
        front = Storefront(api, parts, shop)
        await front.warm("{ store { slug } }")
        long = [f"{{ store {{ slug }} }} # {number:03} {'x' * (MOST_BYTES - 200)}" for number in range(24)]
        for query in long:
            await front.ask(query)
        kept = [is_from_memory(await front.ask(query)) for query in reversed(long)]
    assert kept[0]
    assert sum(kept) <= 2**20 // MOST_BYTES
