"""Checkouts that come at once, and ones that die in between: nothing is oversold, doubled or lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from bootstrap import Parts, build_parts
from db.models import Discount, DiscountUse, IdempotencyRecord, Order, OutboxMessage
from db.security.roles import APP, connected
from db.session import Scope
from domain.carts import CartChange, Portion
from gql.ids import global_id
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.away_redis import RedisProxy
from tests.support.breakable import Breakable, breakable_api
from tests.support.carts import Basket
from tests.support.checkouts import Market, outcomes, told
from tests.support.databases import Databases
from tests.support.discounts import DiscountDesk
from tests.support.factories import Factory, Shop
from tests.support.orders import OnSale, Till

STOCK_HELD = "SELECT FROM catalog_variants WHERE id = '{}' FOR UPDATE"
DISCONNECT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = 'sadu_app' AND datname = current_database() AND wait_event_type = 'Lock'"""


@pytest.fixture
async def market(parts: Parts, api: Api, shop: Shop) -> Market:
    return await Market.of(Till(parts, api, shop))


@pytest.fixture
async def breakable(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Breakable]:
    """With a deadline that no test waits for."""
    name = f"{process_name}_checkouts"
    async with breakable_api(databases, name, settings, deadline_seconds=60) as running:
        yield running


async def market_of(breakable: Breakable) -> Market:
    return await Market.of(Till(breakable.parts, breakable.api, await breakable.factory.shop()))


async def baskets(market: Market, count: int, sold: OnSale, price: str, code: str | None = None) -> list[Basket]:
    """Guests' carts with one of it."""
    change = CartChange(
        added=[Portion(sold.variant_id, 1, Decimal(price), 0)], details={"discount_code": code} if code else {}
    )
    kept, tenant_id = market.till.parts.guest_carts, market.till.shop.tenant.id
    made = await asyncio.gather(*(kept.create(tenant_id, change) for _ in range(count)))
    return [Basket(market.till, cart_id=global_id("guestcart", cart.id)) for cart in made]


async def counted(market: Market, *tables: type) -> list[int]:
    async with market.till.parts.database.read(Scope(market.till.shop.tenant.id)) as session:
        return [(await session.execute(select(func.count()).select_from(table))).scalar_one() for table in tables]


async def test_64_buyers_of_the_last_ten_are_ten_orders(market: Market) -> None:
    """Mission C4, O6."""
    sold = await market.till.sell(stock=10, price="4.750")
    carts = await baskets(market, 64, sold, "4.750")
    placed, refused = outcomes(await market.send_all(market.given(cart, "6.250") for cart in carts))
    assert len(placed) == 10
    assert Counter(told(refused)) == {("INSUFFICIENT_STOCK", "lines.0.quantity"): 54}
    assert await market.till.left(sold) == 0
    assert sorted(order["number"] for order in placed) == list(range(1001, 1011))
    # Who got nothing still has their cart, and whoever got something an empty one.
    left = await asyncio.gather(*(cart.read() for cart in carts))
    assert [bool(cart) for cart in left].count(True) == 54


async def test_100_uses_at_once_of_a_code_for_ten_are_ten_orders(market: Market, api: Api, shop: Shop) -> None:
    """Mission C3, C4."""
    await DiscountDesk(api, shop).create("TEN", usageLimit=10)
    sold = await market.till.sell(stock=1_000, price="5.000")
    carts = await baskets(market, 100, sold, "5.000", "TEN")
    placed, refused = outcomes(await market.send_all(market.given(cart, "6.000") for cart in carts))
    assert len(placed) == 10
    assert Counter(told(refused)) == {("DISCOUNT_USED_UP", "discountCode"): 90}
    assert {order["discountCode"] for order in placed} == {"TEN"}
    assert await market.till.left(sold) == 990
    assert await counted(market, DiscountUse, Order) == [10, 10]
    async with market.till.parts.database.read(Scope(shop.tenant.id)) as session:
        assert (await session.execute(select(Discount.usage_count))).scalar_one() == 10


@pytest.mark.parametrize("is_guest", [True, False])
async def test_checkouts_of_one_cart_at_once_are_one_order(market: Market, factory: Factory, *, is_guest: bool) -> None:
    """Mission C4: whatever their keys are."""
    sold = await market.till.sell(stock=100, price="4.750")
    customer = None if is_guest else await factory.customer(market.till.shop)
    basket = await market.basket((sold, 2), member=customer)
    inputs = [market.given(basket, "11.000") for _ in range(8)]
    replies = await asyncio.gather(*(market.send(given, customer) for given in inputs))
    placed, refused = outcomes(replies)
    assert len(placed) == 1
    assert {path for _, path in told(refused)} == {"cartId"}
    assert await market.till.left(sold) == 98
    assert await basket.quantities() == {}


async def test_one_key_sent_at_once_is_one_order(market: Market) -> None:
    """Mission C4."""
    sold = await market.till.sell(stock=100, price="4.750")
    given = market.given(await market.basket((sold, 1)), "6.250")
    placed, refused = outcomes(await market.send_all([given] * 16))
    # Who came when the cart was gone already, and was answered by the key alone, got the order as well.
    assert (len(placed), refused) == (16, [])
    assert {order["id"] for order in placed} == {placed[0]["id"]}
    assert await market.till.left(sold) == 99


async def test_what_comes_into_the_cart_meanwhile_stays(breakable: Breakable) -> None:
    """Mission C4: a cart is emptied exactly as far as it was ordered."""
    market = await market_of(breakable)
    shirt, mug = await market.till.sell(price="4.750"), await market.till.sell(price="1.000")
    basket = await market.basket((shirt, 2), note="Ring")
    async with breakable.held(STOCK_HELD.format(shirt.variant_id)):
        checkout = asyncio.create_task(market.complete(basket, "11.000"))
        await breakable.until_one_waits()
        await basket.add((shirt, 3), (mug, 1))
    order = await checkout
    assert [line["quantity"] for line in order["lines"]] == [2]
    cart = await basket.read()
    assert cart is not None
    assert (await basket.quantities(), cart["note"]) == ({shirt.id: 3, mug.id: 1}, None)
    assert (await market.complete(basket, "16.750"))["number"] == 1002


async def test_whoever_waits_for_stock_holds_no_number(breakable: Breakable) -> None:
    """Mission O6: other orders of the tenant go on meanwhile."""
    market = await market_of(breakable)
    wanted, other = await market.till.sell(price="4.750"), await market.till.sell(price="1.000")
    waiting, passing = await market.basket((wanted, 1)), await market.basket((other, 1))
    await market.complete(await market.basket((other, 1)), "2.500")
    async with breakable.held(STOCK_HELD.format(wanted.variant_id)):
        checkout = asyncio.create_task(market.complete(waiting, "6.250"))
        await breakable.until_one_waits()
        assert (await market.complete(passing, "2.500"))["number"] == 1002
    assert (await checkout)["number"] == 1003


async def test_dying_before_the_commit_leaves_nothing_and_asking_again_orders(breakable: Breakable) -> None:
    """Mission C4, N4."""
    market = await market_of(breakable)
    desk = DiscountDesk(market.till.api, market.till.shop)
    await desk.create("TEN", usageLimit=1)
    sold = await market.till.sell(stock=5, price="5.000")
    basket = await market.basket((sold, 2), discountCode="TEN")
    given = market.given(basket, "10.500")
    number = "LOCK TABLE counters IN EXCLUSIVE MODE"
    for held in (STOCK_HELD.format(sold.variant_id), "SELECT FROM discounts FOR UPDATE", number):
        async with breakable.held(held):
            checkout = asyncio.create_task(market.send(given))
            await breakable.until_one_waits()
            async with connected(breakable.admin_url) as administrator:
                await administrator.execute(text(DISCONNECT))
            assert (await checkout).codes == ["INTERNAL_ERROR"]
        assert await counted(market, Order, IdempotencyRecord, OutboxMessage, DiscountUse) == [0, 0, 0, 0]
        assert (await market.till.left(sold), await basket.quantities()) == (5, {sold.id: 2})

    first = (await market.send(given)).payload("checkoutComplete")["order"]
    again = (await market.send(given)).payload("checkoutComplete")["order"]
    assert again == first
    assert await counted(market, Order, DiscountUse) == [1, 1]
    assert await market.till.left(sold) == 3


async def test_a_cart_that_is_ordered_and_was_not_emptied_is_ordered_once(
    breakable: Breakable, databases: Databases, process_name: str, settings: Settings
) -> None:
    """Mission C4, C1: Redis goes away, or the process, between the order and the emptying of a guest's cart."""
    market = await market_of(breakable)
    sold = await market.till.sell(stock=5, price="5.000")
    basket = await market.basket((sold, 2))
    given = market.given(basket, "11.500")
    urls = {"database_url": databases.url(f"{process_name}_checkouts", APP)}
    async with RedisProxy(settings.redis_url) as proxy:
        parts = build_parts(settings.model_copy(update={**urls, "redis_url": proxy.url}))
        async with running_api(parts) as elsewhere:
            async with breakable.held(STOCK_HELD.format(sold.variant_id)):
                checkout = asyncio.create_task(market.at(elsewhere).send(given))
                await breakable.until_one_waits()
                proxy.cut()
            first = (await checkout).payload("checkoutComplete")["order"]
        await parts.close()
    assert await basket.quantities() == {sold.id: 2}

    await basket.add((sold, 1))
    late = await market.refusal(basket, "16.500")
    assert told(late) == [("STALE", "cartId")]
    assert await basket.quantities() == {sold.id: 1}
    again = (await market.send(given)).payload("checkoutComplete")["order"]
    assert again["id"] == first["id"]
    assert await basket.quantities() == {sold.id: 1}
    assert (await market.complete(basket, "6.500"))["number"] == 1002
    assert await market.till.left(sold) == 2
