"""Claims of guest orders that meet each other: one of them has it, and tells it once."""

import asyncio
import contextvars
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from sqlalchemy import func, insert, select

from bootstrap import Parts
from db.models import Order, TimelineEntry, new_id
from db.session import AsyncSession
from domain import customers, order_claims
from domain.actors import Actor, ActorKind
from domain.customers import Registration
from domain.order_links import order_token
from domain.signing import Signer
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by
from tests.support.orders import Till, submission

SIGNER = Signer(b"a key of the tests that is long enough")
Claim = Callable[[AsyncSession, Actor, str], Awaitable[object]]


async def by_link(session: AsyncSession, actor: Actor, token: str) -> object:
    return await order_claims.claim(session, actor=actor, signer=SIGNER, token=token)


async def by_registering(session: AsyncSession, actor: Actor, _token: str) -> object:
    return await customers.register(session, actor=actor, given=Registration())


async def guest_order(till: Till, email: str) -> Order:
    given = submission((await till.sell(), 1), customer={"name": "Fahad", "email": email})
    number = (await till.submit(given)).payload("orderSubmit")["order"]["number"]
    async with till.parts.database.read(till.shop.guest.scope) as session:
        return (await session.execute(select(Order).where(Order.number == number))).scalar_one()


@pytest.mark.parametrize("claims", list(product([by_link, by_registering], repeat=2)))
async def test_of_two_claims_that_meet_the_second_waits_and_finds_it_done(
    parts: Parts, api: Api, factory: Factory, shop: Shop, claims: tuple[Claim, Claim]
) -> None:
    """Mission T7."""
    first, second = claims
    member = await factory.member()
    actor = Actor(ActorKind.PERSON, shop.tenant.id, member.person.id)
    async with parts.database.write(actor.scope) as session:
        customer = await customers.register(session, actor=actor, given=Registration())
    actor = replace(actor, customer_id=customer.id)
    order = await guest_order(Till(parts, api, shop), member.person.email)
    token = order_token(SIGNER, order)

    async def other() -> None:
        async with parts.database.write(actor.scope) as session:
            await second(session, actor, token)

    async with parts.database.write(actor.scope) as session:
        await first(session, actor, token)
        await session.flush()
        waiting = asyncio.create_task(other(), context=contextvars.Context())
        await when_blocked_by(session)
    await waiting
    assert await claims_of(parts, shop, order.id) == ["order.placed", "order.claimed"]


async def claims_of(parts: Parts, shop: Shop, order_id: uuid.UUID) -> list[str]:
    async with parts.database.read(shop.actor.scope) as session:
        noted = select(TimelineEntry.event).where(TimelineEntry.subject_id == order_id).order_by(TimelineEntry.id)
        return list((await session.execute(noted)).scalars())


async def test_however_many_orders_strangers_placed_under_an_address_its_owner_registers(
    parts: Parts, factory: Factory, shop: Shop
) -> None:
    member = await factory.member()
    row = {"tenant_id": shop.tenant.id, "customer_name": "Stranger", "customer_email": member.person.email}
    row |= {"locale": "en", "currency": "KWD", "total": Decimal(1)}
    orders = [row | {"id": new_id(), "number": number} for number in range(order_claims.MOST_AT_ONCE + 3)]
    actor = Actor(ActorKind.PERSON, shop.tenant.id, member.person.id)
    async with parts.database.write(actor.scope) as session:
        await session.execute(insert(Order), orders)
    mine = select(func.count()).select_from(Order).where(Order.customer_id.is_not(None))
    for expected in (order_claims.MOST_AT_ONCE, len(orders), len(orders)):
        async with parts.database.write(actor.scope) as session:
            await customers.register(session, actor=actor, given=Registration())
            await session.flush()
            assert (await session.execute(mine)).scalar_one() == expected
