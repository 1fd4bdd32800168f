"""What an order takes out of a cart: just what was ordered, and that once."""

import asyncio
from contextvars import Context
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from bootstrap import Parts
from db.models import Customer, new_id
from db.rows import write_rows
from domain import carts, checkouts
from domain.actors import Actor, ActorKind
from domain.carts import Cart, CartChange, Ordered, Portion
from integrations.redis_guest_carts import RedisGuestCarts
from tests.support.away_redis import nowhere
from tests.support.factories import Factory, Shop

DATES, COFFEE, TEA = new_id(), new_id(), new_id()


def adding(**quantities: int) -> CartChange:
    named = {"dates": DATES, "coffee": COFFEE, "tea": TEA}
    given = enumerate(quantities.items())
    return CartChange(added=[Portion(named[name], count, Decimal("1.000"), place) for place, (name, count) in given])


@dataclass(frozen=True, slots=True)
class Shopper:
    """A customer of a store, at their cart."""

    parts: Parts
    actor: Actor

    async def put(self, change: CartChange) -> Cart:
        async with write_rows(self.parts.database, self.actor.scope) as rows:
            return await carts.change_own(rows, actor=self.actor, cart_id=None, change=change)

    async def order(self, order_id: UUID, *, fails: bool = False) -> Cart:
        """As a checkout does, in the transaction of the order; what was in the cart."""
        async with write_rows(self.parts.database, self.actor.scope) as rows:
            cart = await carts.hold_own(rows, actor=self.actor)
            ordered = Ordered(order_id, cart.quantities, cart.note, cart.discount_code)
            await carts.empty_own(rows, actor=self.actor, cart=cart, ordered=ordered)
            if fails:
                raise RuntimeError("the order was refused")
        return cart


@pytest.fixture
async def shopper(parts: Parts, shop: Shop, factory: Factory) -> Shopper:
    member = await factory.customer(shop)
    async with parts.database.read(shop.actor.scope) as session:
        customer_id = (await session.execute(select(Customer.id))).scalar_one()
    return Shopper(parts, Actor(ActorKind.PERSON, shop.tenant.id, member.person.id, customer_id=customer_id))


async def test_an_order_takes_out_of_a_guests_cart_what_was_ordered_and_once(parts: Parts, shop: Shop) -> None:
    """Mission C1, C4: what was added meanwhile stays, and repeating it does no harm."""
    kept, actor = parts.guest_carts, shop.guest
    cart = await kept.create(actor.tenant, adding(dates=2, coffee=3))
    await kept.change(actor.tenant, cart.id, CartChange(details={"note": "Ring", "discount_code": "EID"}))
    ordered = Ordered(new_id(), cart.quantities, "Ring", "EID")
    await kept.change(actor.tenant, cart.id, adding(coffee=1, tea=4))

    for _ in range(2):
        await kept.empty_ordered(actor.tenant, cart.id, ordered)
        left = await kept.load(actor.tenant, cart.id)
        assert left
        assert (left.quantities, left.note, left.discount_code) == ({COFFEE: 1, TEA: 4}, None, None)

    await kept.change(actor.tenant, cart.id, adding(dates=2))
    await kept.change(actor.tenant, cart.id, CartChange(details={"discount_code": "NEW"}))
    await kept.empty_ordered(actor.tenant, cart.id, ordered)
    left = await kept.load(actor.tenant, cart.id)
    assert left
    assert (left.quantities, left.discount_code) == ({COFFEE: 1, TEA: 4, DATES: 2}, "NEW")

    another = Ordered(new_id(), left.quantities)
    await kept.empty_ordered(actor.tenant, cart.id, another)
    assert await kept.load(actor.tenant, cart.id) is None
    await kept.empty_ordered(actor.tenant, cart.id, another)
    assert await kept.load(actor.tenant, cart.id) is None


async def test_an_order_that_is_placed_is_not_undone_by_a_redis_that_is_away(shop: Shop) -> None:
    """Mission C4."""
    away = RedisGuestCarts(nowhere())
    await checkouts.empty(away, shop.guest, new_id(), Ordered(new_id(), {}))
    await away.close()


async def test_a_guests_cart_is_emptied_at_its_own_store_alone(parts: Parts, shop: Shop, factory: Factory) -> None:
    """Mission C1, T3."""
    cart = await parts.guest_carts.create(shop.tenant.id, adding(dates=2))
    other = (await factory.shop()).guest
    ordered = Ordered(new_id(), cart.quantities)
    await parts.guest_carts.empty_ordered(other.tenant, cart.id, ordered)
    await parts.guest_carts.empty_merged(other.tenant, cart.id, edition=0, quantities=cart.quantities)
    left = await parts.guest_carts.load(shop.tenant.id, cart.id)
    assert left
    assert left.quantities == {DATES: 2}


async def test_what_was_merged_leaves_a_guests_cart_once(parts: Parts, shop: Shop) -> None:
    """Mission C1: a process that was slow takes nothing of what was put in since."""
    kept, tenant_id = parts.guest_carts, shop.tenant.id
    cart = await kept.create(tenant_id, adding(dates=2, tea=1))
    merged = {DATES: 2}
    await kept.empty_merged(tenant_id, cart.id, edition=cart.edition, quantities=merged)
    await kept.change(tenant_id, cart.id, adding(dates=5))
    await kept.empty_merged(tenant_id, cart.id, edition=cart.edition, quantities=merged)
    left = await kept.load(tenant_id, cart.id)
    assert left
    assert (left.edition, left.quantities) == (1, {TEA: 1, DATES: 5})


async def test_simultaneous_orders_of_a_customers_cart_share_it(shopper: Shopper) -> None:
    """Mission C1, C4: of eight at once one has what was in it; and what is added afterwards stays."""
    await shopper.put(adding(dates=2, coffee=3))
    placed = await asyncio.gather(*(shopper.order(new_id()) for _ in range(8)))
    assert sorted((cart.quantities for cart in placed), key=len)[-2:] == [{}, {DATES: 2, COFFEE: 3}]
    assert (await shopper.put(adding(tea=1))).quantities == {TEA: 1}


async def test_what_is_added_while_an_order_is_placed_stays(shopper: Shopper) -> None:
    """Mission C1, C4: it waits for the order, which does not know of it."""
    await shopper.put(adding(dates=2))
    async with write_rows(shopper.parts.database, shopper.actor.scope) as rows:
        cart = await carts.hold_own(rows, actor=shopper.actor)
        later = asyncio.create_task(shopper.put(adding(dates=3)), context=Context())
        ordered = Ordered(new_id(), cart.quantities)
        await carts.empty_own(rows, actor=shopper.actor, cart=cart, ordered=ordered)
    assert (await later).quantities == {DATES: 3}


async def test_a_refused_order_leaves_the_cart_as_it_was(shopper: Shopper) -> None:
    """Mission C1, C4."""
    before = await shopper.put(adding(dates=2))
    with pytest.raises(RuntimeError, match="refused"):
        await shopper.order(new_id(), fails=True)
    assert (await shopper.order(new_id())).quantities == before.quantities
