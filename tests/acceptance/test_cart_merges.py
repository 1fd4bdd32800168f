"""A guest signs in, and what was in the cart is in the customer's: once, whatever happens in between."""

import asyncio
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from settings import Settings
from tests.support.api import Api, Reply
from tests.support.away_redis import RedisProxy
from tests.support.carts import PLACE, RATE, Basket, quantities_in, warnings_in
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by
from tests.support.orders import Till
from tests.support.storefront import other_process


@dataclass(frozen=True, slots=True)
class Both:
    """A guest's cart, and the cart of the customer who the guest turns out to be."""

    guest: Basket
    customer: Basket

    async def merge(self) -> dict[str, Any]:
        payload: dict[str, Any] = (await self.send()).payload("cartMerge")
        return payload

    async def send(self) -> Reply:
        return await replace(self.customer, cart_id=self.guest.cart_id).send("cartMerge")


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


@pytest.fixture
async def both(till: Till, factory: Factory) -> Both:
    return Both(Basket(till), Basket(till, await factory.customer(till.shop)))


async def test_quantities_add_up_to_what_stock_allows(both: Both) -> None:
    """Mission C1: what found no place is told."""
    till = both.guest.till
    plenty, unlimited, few, none = [await till.sell(stock=stock) for stock in (100, None, 5, 10)]
    mine = await till.sell()
    await both.customer.add((plenty, 2), (few, 4), (mine, 1))
    both = replace(both, guest=await both.guest.filled((unlimited, 7), (plenty, 3), (few, 4), (none, 2)))
    await till.change(none, stock=0)

    merged = await both.merge()

    assert quantities_in(merged["cart"]) == {plenty.id: 5, few.id: 5, mine.id: 1, unlimited.id: 7}
    assert merged["leftOut"] == [{"variantId": few.id, "quantity": 3}, {"variantId": none.id, "quantity": 2}]
    assert (merged["cart"]["isGuest"], merged["cart"]["warnings"]) == (False, [])
    assert await both.customer.read() == merged["cart"]
    assert await both.guest.read() is None


async def test_what_the_customer_had_stays(both: Both) -> None:
    """Mission C1: neither stock nor the guest's cart takes anything away, and the price is as seen first."""
    till = both.guest.till
    sold, other = await till.sell(stock=5, price="2.000"), await till.sell(price="1.000")
    await both.customer.add((sold, 5))
    await both.customer.do("cartUpdate", note="Mine", destination={"country": "KW"})
    await till.change(sold, stock=3, price="3.000")
    both = replace(both, guest=await both.guest.filled((sold, 1), (other, 1)))
    await both.guest.do("cartUpdate", note="Guest's", discountCode="EID", destination=PLACE, shippingRateId=RATE)
    await till.change(other, price="1.500")

    cart = (await both.merge())["cart"]

    assert quantities_in(cart) == {sold.id: 5, other.id: 1}
    assert [line["seenPrice"]["amount"] for line in cart["lines"]] == ["2.000", "1.000"]
    assert warnings_in(cart) == [
        ("PRICE_CHANGED", sold.id),
        ("INSUFFICIENT_STOCK", sold.id),
        ("PRICE_CHANGED", other.id),
    ]
    assert (cart["note"], cart["discountCode"], cart["shippingRateId"]) == ("Mine", "EID", None)
    assert cart["destination"] == {"country": "KW", "governorate": None, "area": None}


async def test_what_the_customer_has_not_said_comes_along(both: Both) -> None:
    """Mission C1."""
    both = replace(both, guest=await both.guest.filled((await both.guest.till.sell(), 1)))
    await both.guest.do("cartUpdate", note="Guest's", destination=PLACE, shippingRateId=RATE)
    cart = (await both.merge())["cart"]
    assert (cart["note"], cart["destination"], cart["shippingRateId"]) == ("Guest's", PLACE, RATE)


async def test_a_cart_is_full_at_a_hundred_lines(both: Both) -> None:
    """Mission C1."""
    sold = [await both.guest.till.sell() for _ in range(102)]
    await both.customer.add(*((each, 1) for each in sold[:99]))
    both = replace(both, guest=await both.guest.filled(*((each, 2) for each in (sold[0], *sold[99:]))))

    merged = await both.merge()

    assert quantities_in(merged["cart"]) == {each.id: 1 for each in sold[1:99]} | {sold[0].id: 3, sold[99].id: 2}
    assert merged["leftOut"] == [{"variantId": each.id, "quantity": 2} for each in sold[100:]]


async def test_merging_twice_and_at_once_is_merging_once(both: Both, factory: Factory) -> None:
    """Mission C1: by one customer many times, or by two."""
    till = both.guest.till
    sold = await till.sell(stock=None)
    both = replace(both, guest=await both.guest.filled((sold, 3)))
    another = replace(both, customer=Basket(till, await factory.customer(till.shop)))

    replies = await asyncio.gather(*(each.send() for each in (both, another) for _ in range(6)))

    assert all(reply.status == 200 and "errors" not in reply.body for reply in replies)
    found = [await each.customer.quantities() for each in (both, another)]
    assert sorted(found, key=len) == [{}, {sold.id: 3}]
    winner, loser = (both, another) if found[0] else (another, both)
    assert (await winner.merge())["leftOut"] == []
    assert await winner.customer.quantities() == {sold.id: 3}
    assert (await loser.send()).faults("cartMerge") == [("NOT_FOUND", ["cartId"])]
    for unknown in ("guestcart_01h2xcejqtf2nbrexx3vqjhp41", (await winner.customer.read() or {})["id"], ""):
        reply = await replace(loser.customer, cart_id=unknown).send("cartMerge")
        assert reply.faults("cartMerge") == [("NOT_FOUND", ["cartId"])]


async def died_between(both: Both, settings: Settings) -> None:
    """The customer merges at a process that Postgres hears of it from, and Redis never does: as if it died there."""
    till = both.customer.till
    async with RedisProxy(settings.redis_url) as redis, other_process(settings, redis_url=redis.url) as (api, parts):
        there = replace(both, customer=both.customer.at(api))
        async with parts.database.write(till.shop.actor.scope) as session:
            await session.execute(text("SELECT FROM carts FOR UPDATE"))
            merging = asyncio.create_task(there.merge(), context=Context())
            await when_blocked_by(session)
            redis.cut()
        await merging


async def test_what_was_merged_and_not_yet_taken_away_is_not_merged_again(both: Both, settings: Settings) -> None:
    """Mission C1: a process dies between Postgres and Redis, and the guest has put in more before it is repeated."""
    till = both.guest.till
    first, second = await till.sell(stock=None), await till.sell(stock=None)
    await both.customer.add((first, 1))
    both = replace(both, guest=await both.guest.filled((first, 2)))

    await died_between(both, settings)
    assert await both.customer.quantities() == {first.id: 3}
    assert await both.guest.quantities() == {first.id: 2}
    await both.guest.add((first, 5), (second, 4))

    assert quantities_in((await both.merge())["cart"]) == {first.id: 8, second.id: 4}
    assert await both.guest.read() is None
    assert quantities_in((await both.merge())["cart"]) == {first.id: 8, second.id: 4}


async def test_members_and_guests_merge_nothing(both: Both) -> None:
    """Mission C1: who is no customer yet registers first."""
    sold = await both.guest.till.sell()
    guest = await both.guest.filled((sold, 1))
    assert (await guest.send("cartMerge")).status == 401
    owner = replace(guest, member=guest.till.shop.owner)
    assert (await owner.send("cartMerge")).codes == ["FORBIDDEN"]
    assert await guest.quantities() == {sold.id: 1}
