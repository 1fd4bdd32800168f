"""Orders after they were placed: reading them, and moving them from status to status."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, OrderLine
from domain import discounts, outbox, stock, timeline
from domain.actors import Actor, Permission, require
from domain.errors import not_found
from domain.pages import Page, PageRequest, newest_first
from domain.texts import cleaned
from domain.transitions import StateMachine

ORDER_STATUS = StateMachine(
    "The order",
    {
        "pending": ("confirmed", "cancelled"),
        "confirmed": ("fulfilled", "cancelled"),
        "fulfilled": (),
        "cancelled": (),
    },
)
LONGEST_REASON = 500


async def list_orders(session: AsyncSession, *, actor: Actor, page: PageRequest, status: str | None) -> Page[Order]:
    """The tenant's orders, the newest placed first."""
    require(actor, Permission.ORDERS_READ)
    return await newest_first(
        session,
        with_status(select(Order), status),
        moment=Order.placed_at,
        row_id=Order.id,
        position=lambda order: (order.placed_at, order.id),
        page=page,
    )


async def count_orders(session: AsyncSession, *, actor: Actor, status: str | None) -> int:
    require(actor, Permission.ORDERS_READ)
    counting = with_status(select(func.count()).select_from(Order), status)
    return (await session.execute(counting)).scalar_one()


async def list_own_orders(session: AsyncSession, *, actor: Actor, page: PageRequest) -> Page[Order]:
    """The orders of the customer acting, the newest placed first."""
    return await newest_first(
        session,
        select(Order).where(Order.customer_id == actor.customer),
        moment=Order.placed_at,
        row_id=Order.id,
        position=lambda order: (order.placed_at, order.id),
        page=page,
    )


async def count_own_orders(session: AsyncSession, *, actor: Actor) -> int:
    counting = select(func.count()).select_from(Order).where(Order.customer_id == actor.customer)
    return (await session.execute(counting)).scalar_one()


def is_visible(order: Order, *, actor: Actor) -> bool:
    """To staff, and to the customer whose order it is."""
    own = actor.customer_id is not None and order.customer_id == actor.customer_id
    return own or actor.may(Permission.ORDERS_READ)


async def find_order(session: AsyncSession, *, actor: Actor, order_id: uuid.UUID) -> Order | None:
    require(actor, Permission.ORDERS_READ)
    return await session.get(Order, (actor.tenant, order_id))


async def orders_by_id(session: AsyncSession, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Order]:
    """Orders by id, for a loader. Whoever shows one asks `is_visible` first."""
    rows = await session.execute(select(Order).where(Order.id.in_(order_ids)))
    return {order.id: order for order in rows.scalars()}


async def lines_of(session: AsyncSession, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[OrderLine]]:
    """The lines of several orders as they were given, for a loader; whoever has the order may see them."""
    statement = select(OrderLine).where(OrderLine.order_id.in_(order_ids)).order_by(OrderLine.position)
    found: dict[uuid.UUID, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for line in (await session.execute(statement)).scalars():
        found[line.order_id].append(line)
    return found


async def confirm(session: AsyncSession, *, actor: Actor, order_id: uuid.UUID) -> Order:
    """Promise the order to the shopper. Faults: NOT_FOUND, ILLEGAL_TRANSITION."""
    require(actor, Permission.ORDERS_MANAGE)
    return await advance(session, actor=actor, order_id=order_id, to="confirmed")


async def fulfil(session: AsyncSession, *, actor: Actor, order_id: uuid.UUID) -> Order:
    """Everything was handed over: the order is complete, its goods delivered. Faults: NOT_FOUND, ILLEGAL_TRANSITION."""
    require(actor, Permission.ORDERS_MANAGE)
    return await advance(session, actor=actor, order_id=order_id, to="fulfilled", fulfilment_status="delivered")


async def cancel(session: AsyncSession, *, actor: Actor, order_id: uuid.UUID, reason: str | None) -> Order:
    """Call the order off, and give back its stock and discount.

    Faults: invalid reason, NOT_FOUND, ILLEGAL_TRANSITION.
    """
    require(actor, Permission.ORDERS_MANAGE)
    why = cleaned(reason, "reason", limit=LONGEST_REASON)
    order = await advance(session, actor=actor, order_id=order_id, to="cancelled", reason=why)
    await release_stock(session, order_id)
    await discounts.give_back(session, order_id=order_id)
    return order


async def advance(
    session: AsyncSession, *, actor: Actor, order_id: uuid.UUID, to: str, reason: str | None = None, **also: Any
) -> Order:
    """Lock the order, move it on, note who did it, and mail the shopper. Simultaneous changes come one by one."""
    current = await locked_status(session, order_id)
    ORDER_STATUS.check(current, to, "id")
    subject, details = ("order", order_id), {"from": current, "to": to, "reason": reason}
    timeline.note(session, actor=actor, subject=subject, event=f"order.{to}", **details)
    outbox.enqueue(session, actor=actor, kind=f"mail.order_{to}", order_id=order_id)
    moved = update(Order).where(Order.id == order_id).values(status=to, **also).returning(Order)
    return (await session.execute(moved, execution_options={"populate_existing": True})).scalar_one()


async def locked_status(session: AsyncSession, order_id: uuid.UUID) -> str:
    """The order's status, held until the transaction ends."""
    statement = select(Order.status).where(Order.id == order_id).with_for_update()
    status = (await session.execute(statement)).scalar_one_or_none()
    if status is None:
        raise not_found("order", "id")
    return status


async def release_stock(session: AsyncSession, order_id: uuid.UUID) -> None:
    """Give back what the lines still hold. The caller holds the order, so this happens once."""
    holding = (OrderLine.order_id == order_id, OrderLine.stock_held > 0)
    sums = select(OrderLine.variant_id, func.sum(OrderLine.stock_held)).where(*holding).group_by(OrderLine.variant_id)
    held = {variant_id: int(quantity) for variant_id, quantity in await session.execute(sums)}
    await stock.give_back(session, held)
    released = update(OrderLine).where(*holding).values(stock_held=0)
    await session.execute(released.execution_options(synchronize_session=False))


def with_status(statement: Select[Any], status: str | None) -> Select[Any]:
    return statement if status is None else statement.where(Order.status == status)
