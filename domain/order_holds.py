"""The end of the time for which an unpaid order holds its stock: money is looked for once more, then all is let go."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, Payment
from domain import discounts, orders, payment_asking, payments
from domain.actors import system
from domain.jobs import Job
from domain.outbox import enqueue_job_for_later
from domain.payment_providers import CredentialsRefused, ProviderError, ProviderRefused

PAUSE = timedelta(seconds=30)
PATIENCE = timedelta(hours=1)
"""For so long a provider that does not answer keeps the stock. Money that is found later is dealt with, too."""
REASON = "It was not paid in time."


async def end_hold(job: Job) -> None:
    """A job: cancels an order that was not paid in time, and gives back what it held."""
    order_id = uuid.UUID(job.payload["order_id"])
    async with job.read() as session:
        order, now = await with_moment(session, order_id)
        payable = await payable_payments(session, order_id)
    if not waits_for_money(order):
        return
    try:
        for payment in payable:
            await end_payment(job, payment)
        is_settled = True
    except ProviderError:
        is_settled = order.held_until is None or now > order.held_until + PATIENCE
    async with job.write() as session:
        if not await let_go(session, order_id, is_settled=is_settled):
            enqueue_job_for_later(session, tenant_id=job.tenant_id, kind=job.kind, due_in=PAUSE, order_id=order_id)
        await job.conclude(session)


def waits_for_money(order: Order) -> bool:
    """Staff who confirm an order do not wait for its money any more."""
    return order.status == "pending" and order.payment_status == "unpaid" and order.held_until is not None


async def with_moment(session: AsyncSession, order_id: uuid.UUID) -> tuple[Order, datetime]:
    found = select(Order, func.clock_timestamp()).where(Order.id == order_id)
    row = (await session.execute(found)).one()
    return row[0], row[1]


async def payable_payments(session: AsyncSession, order_id: uuid.UUID) -> list[Payment]:
    found = select(Payment).where(Payment.order_id == order_id, Payment.status.in_(payments.PAYABLE))
    return list((await session.execute(found.order_by(Payment.id))).scalars())


async def end_payment(job: Job, payment: Payment) -> None:
    """Paid in the last moment, or never. Raises `ProviderError` where nobody knows."""
    gateways = job.tools.gateways
    try:
        if payment.status != "failed":
            payment = await payment_asking.look(job, gateways, payment)
        if payment.status in payments.PAYABLE:
            await payment_asking.call_off(job, gateways, payment)
    except CredentialsRefused:
        raise
    except ProviderRefused as refused:
        async with job.write() as session:
            await payments.close(session, payment_id=payment.id, status="failed", failure=refused.code)


async def let_go(session: AsyncSession, order_id: uuid.UUID, *, is_settled: bool) -> bool:
    """Cancel the order, if that is still what is to be done. False where it is too early."""
    locked = select(Order, func.clock_timestamp()).where(Order.id == order_id).with_for_update()
    order, now = (await session.execute(locked.execution_options(populate_existing=True))).one()
    if not waits_for_money(order):
        return True
    if order.held_until > now or not is_settled or await was_begun_meanwhile(session, order_id, now):
        return False
    actor = system(order.tenant_id)
    await orders.advance(session, actor=actor, order_id=order_id, to="cancelled", reason=REASON)
    await orders.release_stock(session, order_id)
    await discounts.give_back(session, order_id=order_id)
    return True


async def was_begun_meanwhile(session: AsyncSession, order_id: uuid.UUID, now: datetime) -> bool:
    """Somebody has begun to pay in the last moment: the provider is asked about that first."""
    recent = (Payment.status.in_(payments.OPEN), Payment.created_at > now - PAUSE)
    found = select(Payment.id).where(Payment.order_id == order_id, *recent)
    return (await session.execute(found.limit(1))).first() is not None


async def start_over(session: AsyncSession, job: Job) -> None:
    """Where the job was given up, it is begun anew: no stock may be held for ever."""
    order_id = str(job.payload["order_id"])
    enqueue_job_for_later(session, tenant_id=job.tenant_id, kind=job.kind, due_in=PATIENCE, order_id=order_id)
