"""Payments that staff note: the money has come by a transfer, in cash, or by a link."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import Order, Payment, new_id
from domain import idempotency, payments
from domain.actors import Actor, Permission, require
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.money import checked_amount
from domain.payment_log import note
from domain.payment_providers import ChargeState, ChargeStatus, Exchange
from domain.texts import required

OPERATION = "payment.mark_paid"
MANUAL = "manual"
LONGEST_REFERENCE = 200
ONE_OF_A_REFERENCE = "uq_payments_tenant_id_provider_reference"
"""Two may note the same transfer at once: both find it new, and the second is refused by this."""


@dataclass(frozen=True, slots=True)
class Received:
    """What staff know of the money."""

    order_id: uuid.UUID
    amount: Decimal
    reference: str


async def mark_paid(session: AsyncSession, *, actor: Actor, given: Received, idempotency_key: str) -> Payment:
    """Note that an order's money has come; the order is paid and confirmed.

    Faults: invalid reference and amount, NOT_FOUND, ALREADY_PAID, ILLEGAL_TRANSITION, IN_USE while it is being paid
    online, TAKEN where another payment has this reference, IDEMPOTENCY_KEY_REUSED.
    """
    require(actor, Permission.PAYMENTS_MANAGE)
    faults = Faults()
    amount, reference = given.amount, given.reference
    with faults.collecting():
        amount = checked_amount(given.amount, "amount")
    with faults.collecting():
        reference = required(given.reference, "reference", limit=LONGEST_REFERENCE)
    faults.raise_any()
    key = idempotency.Key.of(actor, OPERATION, idempotency_key, given)
    payment_id = new_id()
    if before := await idempotency.claim(session, key, payment_id):
        return await session.get_one(Payment, (actor.tenant, before))
    order = await payable_order(session, given.order_id, amount)
    await check_new(session, reference)
    payment = await open_payment(session, order)
    if payment is None:
        payment = Payment(tenant_id=order.tenant_id, id=payment_id, order_id=order.id, provider=MANUAL)
        payment.amount, payment.currency = order.total, order.currency
        session.add(payment)
    payment.reference = reference
    await flushed(session, {ONE_OF_A_REFERENCE: taken()})
    await idempotency.lead_to(session, key, payment.id)
    state = ChargeState(reference, ChargeStatus.PAID, amount, order.currency)
    paid = await payments.apply(session, actor=actor, payment_id=payment.id, state=state)
    said = Exchange("mark_paid", {"amount": str(amount), "reference": reference}, {"actor": str(actor.identity)})
    note(session, paid, [said], outcome="paid")
    await session.refresh(paid)
    return paid


async def payable_order(session: AsyncSession, order_id: uuid.UUID, amount: Decimal) -> Order:
    """The order, locked."""
    locked = select(Order).where(Order.id == order_id).with_for_update()
    order = (await session.execute(locked)).scalar_one_or_none()
    if order is None:
        raise not_found("order", "orderId")
    if order.payment_status != "unpaid":
        raise UserFault(FaultCode.ALREADY_PAID, "This order is paid.", ("orderId",))
    if order.status == "cancelled":
        raise UserFault(FaultCode.HOLD_ENDED, "This order was cancelled: give the money back.", ("orderId",))
    if amount != order.total:
        told = f"The order costs {order.total} {order.currency}: it is paid with exactly this."
        raise UserFault(FaultCode.INVALID, told, ("amount",))
    return order


async def check_new(session: AsyncSession, reference: str) -> None:
    """One transfer pays one order."""
    same = select(Payment.id).where(Payment.provider == MANUAL, Payment.reference == reference)
    if (await session.execute(same)).first() is not None:
        raise taken()


def taken() -> UserFault:
    return UserFault(FaultCode.TAKEN, "Another payment was noted with this reference.", ("reference",))


async def open_payment(session: AsyncSession, order: Order) -> Payment | None:
    """What the shopper has begun by arrangement, locked. What they began online must end first."""
    opened = select(Payment).where(Payment.order_id == order.id, Payment.status.in_(payments.OPEN)).with_for_update()
    payment = (await session.execute(opened)).scalar_one_or_none()
    if payment is not None and payment.provider != MANUAL:
        told = "The shopper is paying this order online: wait until that has ended, or it may be paid twice."
        raise UserFault(FaultCode.IN_USE, told, ("orderId",))
    return payment
