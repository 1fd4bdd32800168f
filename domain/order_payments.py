"""What becomes of an order when money arrives for it.

In time, the order is paid and confirmed. Late, it is taken up again if it was only the end of its hold that called it
off, and all that it held can be had once more; otherwise the money goes back by itself. Both are in the timeline.
"""

import uuid
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, OrderLine, Payment, Refund, TimelineEntry
from db.rows import rows_within
from domain import discounts, orders, outbox, refund_settlement, stock, timeline
from domain.actors import Actor, ActorKind, system


async def receive(session: AsyncSession, *, actor: Actor, order: Order, payment: Payment, is_whole: bool) -> None:
    """The payment has just become paid, under the locks of order and payment. Called once for each payment."""
    details = {"payment_id": str(payment.id), "provider": payment.provider, "amount": str(payment.amount_paid)}
    if not is_whole:
        note(session, actor, order, "order.payment_differs", expected=str(payment.amount), **details)
    elif order.payment_status != "unpaid":
        await give_back(session, order, payment, "order_paid")
    elif order.status != "cancelled":
        await mark_paid(session, actor=actor, order=order, **details)
    elif await take_up_again(session, order):
        note(session, actor, order, "order.paid", **details)
    else:
        await give_back(session, order, payment, "order_cancelled")


async def mark_paid(session: AsyncSession, *, actor: Actor, order: Order, **details: str) -> None:
    """A pending order is confirmed by it; one that has gone further stays where it is."""
    note(session, actor, order, "order.paid", **details)
    if order.status == "pending":
        await orders.advance(session, actor=actor, order_id=order.id, to="confirmed", payment_status="paid")
    else:
        await set_statuses(session, order.id, payment_status="paid")


async def take_up_again(session: AsyncSession, order: Order) -> bool:
    """Whether the order could have again all that it held. Where it could not, nothing has changed."""
    if not await ended_with_its_hold(session, order.id) or not await hold_stock_again(session, order.id):
        return False
    if not await discounts.use_again(session, order_id=order.id):
        await orders.release_stock(session, order.id)
        return False
    actor = system(order.tenant_id)
    note(session, actor, order, "order.reinstated", **{"from": "cancelled", "to": "confirmed"})
    outbox.enqueue(session, actor=actor, kind="mail.order_confirmed", order_id=order.id)
    await set_statuses(session, order.id, status="confirmed", payment_status="paid")
    return True


async def ended_with_its_hold(session: AsyncSession, order_id: uuid.UUID) -> bool:
    """Nobody called it off: what people have decided is not undone by money."""
    cancelled = select(TimelineEntry.id).where(
        TimelineEntry.subject_id == order_id,
        TimelineEntry.event == "order.cancelled",
        TimelineEntry.actor_kind == ActorKind.SYSTEM.value,
    )
    return (await session.execute(cancelled.limit(1))).first() is not None


async def hold_stock_again(session: AsyncSession, order_id: uuid.UUID) -> bool:
    """Take what is limited by now, for all lines or for none. An archived variant can be had no more."""
    wanted: Counter[uuid.UUID] = Counter()
    lines = select(OrderLine.variant_id, OrderLine.quantity).where(OrderLine.order_id == order_id)
    for variant_id, quantity in await session.execute(lines):
        wanted[variant_id] += quantity
    rows = await rows_within(session)
    left = await stock.lock(rows, wanted)
    if any(variant_id not in left or too_few(left, variant_id, count) for variant_id, count in wanted.items()):
        return False
    limited = {variant_id: count for variant_id, count in wanted.items() if left[variant_id] is not None}
    await stock.take(rows, limited)
    holding = (OrderLine.order_id == order_id, OrderLine.variant_id.in_(limited))
    held = update(OrderLine).where(*holding).values(stock_held=OrderLine.quantity)
    await session.execute(held.execution_options(synchronize_session=False))
    return True


def too_few(left: Mapping[uuid.UUID, int | None], variant_id: uuid.UUID, count: int) -> bool:
    available = left[variant_id]
    return available is not None and available < count


async def give_back(session: AsyncSession, order: Order, payment: Payment, reason: str) -> None:
    """Have the money returned: nobody gets anything for it. Its refund is as any other, begun by nobody."""
    actor = system(order.tenant_id)
    payment.return_reason = reason
    note(session, actor, order, "order.payment_returned", payment_id=str(payment.id), cause=reason)
    if payment.amount_paid > 0:
        refund = Refund(origin="return", amount=payment.amount_paid, reason=reason)
        refund_settlement.reserve(session, actor=actor, order=order, payment=payment, refund=refund)
        refund_settlement.ask_soon(session, refund)
    await session.flush()


def note(session: AsyncSession, actor: Actor, order: Order, event: str, **details: str) -> None:
    timeline.note(session, actor=actor, subject=("order", order.id), event=event, **details)


async def set_statuses(session: AsyncSession, order_id: uuid.UUID, **statuses: str) -> None:
    changed = update(Order).where(Order.id == order_id).values(**statuses).returning(Order)
    await session.execute(changed, execution_options={"populate_existing": True})
