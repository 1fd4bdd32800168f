"""Payments: reading them, and taking in what a provider says of one.

What is said may come late, twice and in any order. A payment only ever moves on, so the end is the same.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, Payment, PaymentTransaction
from domain import order_payments, refund_settlement
from domain.actors import Actor, Permission
from domain.errors import not_found
from domain.payment_providers import ChargeState, ChargeStatus
from domain.transitions import StateMachine

PAYMENT_STATUS = StateMachine(
    "The payment",
    {
        "pending": ("authorised", "failed", "cancelled", "paid"),
        "authorised": ("failed", "cancelled", "paid"),
        "failed": ("cancelled", "paid"),
        "cancelled": ("paid",),
        "paid": (),
    },
)
"""Forward alone: what leads back is old news. Money may come last from anywhere."""
OPEN = ("pending", "authorised")
PAYABLE = (*OPEN, "failed")
"""Those that might still be paid."""


async def payments_of(session: AsyncSession, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Payment]]:
    """The attempts at several orders, oldest first, for a loader; whoever has the order may see them."""
    statement = select(Payment).where(Payment.order_id.in_(order_ids)).order_by(Payment.id)
    found: dict[uuid.UUID, list[Payment]] = {order_id: [] for order_id in order_ids}
    for payment in (await session.execute(statement)).scalars():
        found[payment.order_id].append(payment)
    return found


async def payments_by_id(session: AsyncSession, payment_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Payment]:
    """Payments by id, for a loader; whoever shows one has asked for a permission."""
    rows = await session.execute(select(Payment).where(Payment.id.in_(payment_ids)))
    return {payment.id: payment for payment in rows.scalars()}


async def transactions_of(
    session: AsyncSession, payment_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PaymentTransaction]]:
    """The logs of several payments, oldest first, for a loader; whoever shows one asks `sees_log` first."""
    logged = select(PaymentTransaction).where(PaymentTransaction.payment_id.in_(payment_ids))
    found: dict[uuid.UUID, list[PaymentTransaction]] = {payment_id: [] for payment_id in payment_ids}
    for entry in (await session.execute(logged.order_by(PaymentTransaction.id))).scalars():
        found[entry.payment_id].append(entry)
    return found


def may_be_paid(payment: Payment) -> bool:
    """Whether the provider may take money for it yet: where a card was declined, shoppers try another."""
    return payment.status in OPEN or (payment.status == "failed" and payment.reference is not None)


def sees_log(actor: Actor) -> bool:
    return actor.may(Permission.ORDERS_READ)


async def with_moment(session: AsyncSession, payment_id: uuid.UUID) -> tuple[Payment, datetime]:
    """A payment, and the database's moment: what the provider is asked from now on is no older."""
    found = select(Payment, func.clock_timestamp()).where(Payment.id == payment_id)
    row = (await session.execute(found.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise not_found("payment", "id")
    return row[0], row[1]


async def hold(session: AsyncSession, payment_id: uuid.UUID) -> tuple[Order, Payment]:
    """Order and payment, locked in this order."""
    of_payment = and_(Payment.tenant_id == Order.tenant_id, Payment.order_id == Order.id)
    locked_order = select(Order).join(Payment, of_payment).where(Payment.id == payment_id).with_for_update(of=Order)
    order = (await session.execute(locked_order.execution_options(populate_existing=True))).scalar_one()
    locked = select(Payment).where(Payment.id == payment_id).with_for_update()
    payment = (await session.execute(locked.execution_options(populate_existing=True))).scalar_one()
    return order, payment


async def apply(
    session: AsyncSession, *, actor: Actor, payment_id: uuid.UUID, state: ChargeState, asked_at: datetime | None = None
) -> Payment:
    """Take in what the provider said, and what follows from it for the order. Nothing follows from old news."""
    order, payment = await hold(session, payment_id)
    payment.reference = payment.reference or state.reference
    is_latest = asked_at is None or payment.checked_at is None or asked_at >= payment.checked_at
    if is_latest:
        payment.provider_status, payment.provider_amount = state.status.value, state.amount_paid
        payment.checked_at = asked_at or payment.checked_at
    is_news = state.status.value in PAYMENT_STATUS.steps[payment.status]
    paid_at = await moment(session) if is_news and state.status is ChargeStatus.PAID else None
    if is_news:
        payment.status, payment.paid_at = state.status.value, paid_at
        payment.failure = state.failure or payment.failure
    payment.redirect_url = state.redirect_url or payment.redirect_url if payment.status == "pending" else None
    if paid_at is not None:
        payment.amount_paid = state.amount_paid
        await session.flush()
        is_whole = state.currency == payment.currency and state.amount_paid >= payment.amount
        await order_payments.receive(session, actor=actor, order=order, payment=payment, is_whole=is_whole)
        if asked_at is not None:
            refund_settlement.watch_later(session, payment)
    if is_latest:
        await refund_settlement.take_in(session, actor=actor, order=order, payment=payment, states=state.refunds)
    await session.flush()
    return payment


async def moment(session: AsyncSession) -> datetime:
    return (await session.execute(select(func.now()))).scalar_one()


async def close(session: AsyncSession, *, payment_id: uuid.UUID, status: str, failure: str | None) -> Payment:
    """End a payment that no provider knows of. One that has moved on meanwhile stays as it is."""
    _, payment = await hold(session, payment_id)
    if payment.reference is None and status in PAYMENT_STATUS.steps[payment.status]:
        payment.status, payment.failure, payment.redirect_url = status, failure, None
    await session.flush()
    return payment
