"""Where orders can be placed: with a tenant that is open for business, whoever asks and however often."""

import pytest
from sqlalchemy import func, select

from bootstrap import Parts
from db.models import IdempotencyRecord, Order, OutboxMessage
from db.rows import rows_within
from db.session import Scope
from domain import platform
from domain.actors import Actor, ActorKind
from domain.errors import AccessDenied
from domain.order_submission import Customer, NewOrder, NewOrderLine, submit
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.orders import OnSale, Till, new_key


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


def an_order(sold: OnSale) -> NewOrder:
    return NewOrder(Customer("Fahad", "fahad@shoppers.test"), [NewOrderLine(sold.variant_id, 1)])


async def attempt(till: Till, actor: Actor, sold: OnSale, key: str) -> Order:
    async with till.parts.database.write(actor.scope) as session:
        return (await submit(await rows_within(session), actor=actor, given=an_order(sold), idempotency_key=key)).value


async def change_standing(till: Till, operator: Actor, status: str) -> None:
    tenant_id = till.shop.tenant.id
    async with till.parts.platform_database.write(Scope(tenant_id, operator.person_id)) as session:
        await platform.set_tenant_status(session, actor=operator, tenant_id=tenant_id, status=status, reason=None)


@pytest.mark.parametrize("status", ["suspended", "disabled"])
async def test_a_tenant_that_is_not_active_takes_no_orders(till: Till, factory: Factory, status: str) -> None:
    sold, key, shop = await till.sell(stock=5), new_key(), till.shop
    first = await attempt(till, shop.guest, sold, key)
    operator = Actor(ActorKind.OPERATOR, person_id=(await factory.operator()).person.id)
    await change_standing(till, operator, status)

    for actor in (shop.guest, shop.actor):
        for each in (key, new_key()):
            with pytest.raises(AccessDenied, match="not active"):
                await attempt(till, actor, sold, each)
    async with till.parts.database.read(shop.actor.scope) as session:
        counts = [
            (await session.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (Order, IdempotencyRecord, OutboxMessage)
        ]
    assert counts == [1, 1, 2]
    assert await till.left(sold) == 4

    await change_standing(till, operator, "active")
    assert (await attempt(till, shop.guest, sold, key)).id == first.id
