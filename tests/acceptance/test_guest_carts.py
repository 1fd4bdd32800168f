"""What is particular about guests' carts: Redis may be away, forget, or be slow; and nobody guesses an id."""

import asyncio
from dataclasses import replace

import pytest

from bootstrap import Parts
from gql.ids import known_id
from settings import Settings
from tests.support.api import Api
from tests.support.away_redis import nowhere, silent
from tests.support.carts import Basket, given_lines
from tests.support.factories import Factory, Shop
from tests.support.orders import Till
from tests.support.redis_keys import Keys, redis_at
from tests.support.storefront import other_process

LIFETIME_MS = 30 * 24 * 60 * 60 * 1_000
READ = "query($id: ID!) { store { status cart(id: $id) { id } } }"


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


async def key_of(redis: Keys, till: Till, basket: Basket) -> str:
    cart_id = known_id("guestcart", basket.cart_id or "")
    assert cart_id
    (key,) = await redis.keys(f"*{cart_id.hex}*")
    assert till.shop.tenant.id.hex in key
    return key


async def test_a_cart_lives_for_thirty_days_from_its_last_use(till: Till, settings: Settings) -> None:
    """Mission C1: reading it is use, too."""
    sold = await till.sell()
    basket = await Basket(till).filled((sold, 1))
    async with redis_at(settings.redis_url) as redis:
        key = await key_of(redis, till, basket)
        for use in (basket.read, lambda: basket.keep((sold, 3)), lambda: basket.do("cartUpdate", note="Ring")):
            await redis.pexpire(key, 60_000)
            await use()
            assert LIFETIME_MS - 60_000 < await redis.pttl(key) <= LIFETIME_MS


async def test_ids_have_128_random_bits(till: Till) -> None:
    """Mission C1: no bit of them is the same in all, or tells of a moment."""
    sold = await till.sell()
    baskets = await asyncio.gather(*(Basket(till).filled((sold, 1)) for _ in range(64)))
    ids = [known_id("guestcart", basket.cart_id or "") for basket in baskets]
    numbers = [each.int for each in ids if each]
    assert len(set(numbers)) == 64
    always, never = (1 << 128) - 1, 0
    for number in numbers:
        always, never = always & number, never | number
    assert (always, never) == (0, (1 << 128) - 1)


async def test_a_cart_that_redis_has_forgotten_is_unknown(till: Till, settings: Settings) -> None:
    """Mission C1."""
    sold = await till.sell()
    basket = await Basket(till).filled((sold, 1))
    async with redis_at(settings.redis_url) as redis:
        await redis.delete(await key_of(redis, till, basket))
    assert await basket.read() is None
    again = await basket.send("cartLinesAdd", lines=given_lines((sold, 1)))
    assert again.faults("cartLinesAdd") == [("NOT_FOUND", ["cartId"])]
    assert await basket.read() is None


async def assert_customers_go_on(till: Till, api: Api, factory: Factory, settings: Settings, redis_url: str) -> None:
    sold = await till.sell()
    guest, customer = await Basket(till).filled((sold, 1)), Basket(till, await factory.customer(till.shop))
    loop = asyncio.get_running_loop()
    async with other_process(settings, redis_url=redis_url) as (away, _):
        there, theirs = guest.at(away), customer.at(away)
        began = loop.time()
        for named in (there, replace(there, cart_id=None)):
            refused = await named.send("cartLinesAdd", lines=given_lines((sold, 1)))
            assert (refused.status, refused.codes) == (503, ["CART_UNAVAILABLE"])
            assert int(refused.headers["retry-after"]) > 0
            assert "data" not in refused.body
        asked = await away.execute(READ, {"id": guest.cart_id}, tenant=till.shop.slug)
        assert (asked.status, asked.codes) == (200, ["CART_UNAVAILABLE"])
        assert asked.body["data"] == {"store": {"status": "OPEN", "cart": None}}
        merging = await replace(theirs, cart_id=guest.cart_id).send("cartMerge")
        assert (merging.status, merging.codes) == (503, ["CART_UNAVAILABLE"])
        # Each waits half a second at most; the bound is far from what a client's or the driver's own patience would be.
        assert loop.time() - began < 8

        await theirs.add((sold, 2))
        await theirs.keep((sold, 3))
        assert await theirs.quantities() == {sold.id: 3}
    assert await guest.quantities() == {sold.id: 1}


async def test_without_redis_guests_hear_of_it_and_customers_go_on(
    till: Till, api: Api, factory: Factory, settings: Settings
) -> None:
    """Mission C1."""
    await assert_customers_go_on(till, api, factory, settings, nowhere())


async def test_a_redis_that_says_nothing_holds_nobody_up(
    till: Till, api: Api, factory: Factory, settings: Settings
) -> None:
    """Mission C1."""
    async with silent() as redis_url:
        await assert_customers_go_on(till, api, factory, settings, redis_url)
