"""Guest orders become the customer's who proves the address that they were placed under."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Update, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order
from domain import order_links, timeline
from domain.actors import Actor
from domain.errors import UserFault, not_found
from domain.identity import viewing_person
from domain.signing import Signer

MOST_AT_ONCE = 1_000
"""Anybody can place orders under an address: so many must not keep its owner from registering."""


async def claim_all(session: AsyncSession, *, actor: Actor, customer_id: uuid.UUID, email: str) -> None:
    """Give the customer the store's guest orders under their proven address, at most 1,000 at once."""
    unclaimed = (
        select(Order.id)
        .where(Order.customer_id.is_(None), Order.customer_email == email)
        .order_by(Order.id)
        .limit(MOST_AT_ONCE)
        .with_for_update()
    )
    found = (await session.execute(unclaimed)).scalars().all()
    if found:
        await session.execute(giving(found, customer_id).execution_options(synchronize_session=False))
        note(session, actor, found)


async def claim(session: AsyncSession, *, actor: Actor, signer: Signer, token: str) -> Order:
    """The order of a signed link, from now on the customer's; theirs already, it stays as it is.

    Fault: NOT_FOUND, for a link that is no good as for an order under another address.
    """
    customer_id = actor.customer
    order_id = order_links.linked_order(signer, tenant_id=actor.tenant, token=token)
    person = await viewing_person(session, actor=actor)
    if order_id is None or person.confirmed_at is None:
        raise no_such_order()
    claimable = and_(Order.customer_id.is_(None), Order.customer_email == person.email)
    mine = or_(claimable, Order.customer_id == customer_id)
    held = select(Order).where(Order.id == order_id, mine).with_for_update()
    order = (await session.execute(held)).scalar_one_or_none()
    if order is None:
        raise no_such_order()
    if order.customer_id is not None:
        return order
    note(session, actor, [order_id])
    given = giving([order_id], customer_id).returning(Order)
    return (await session.execute(given, execution_options={"populate_existing": True})).scalar_one()


def giving(order_ids: Sequence[uuid.UUID], customer_id: uuid.UUID) -> Update:
    return update(Order).where(Order.id.in_(order_ids)).values(customer_id=customer_id)


def note(session: AsyncSession, actor: Actor, order_ids: Sequence[uuid.UUID]) -> None:
    for order_id in order_ids:
        timeline.note(session, actor=actor, subject=("order", order_id), event="order.claimed")


def no_such_order() -> UserFault:
    return not_found("order", "token")
