"""Giving money back: what staff ask for, and what is left when an order is called off.

The amount is reserved here, in one short transaction under the locks of order and payment. `domain.refund_asking` asks
the provider then; what came by arrangement goes back by hand, and is only noted.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, Payment, Refund, RefundLine, new_id
from domain import audit, idempotency, payment_log, payments, refund_lines, refund_settlement
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.money import FILS, checked_amount
from domain.payment_gateways import Gateways, is_payable
from domain.payment_providers import Capabilities, Exchange
from domain.refund_amounts import step_of
from domain.refund_lines import ReturnedLine
from domain.texts import cleaned

OPERATION = "refund.create"
LONGEST_REASON, LONGEST_REFERENCE = 500, 200


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What staff ask for: an amount, or lines and shipping, or neither for all that is left."""

    payment_id: uuid.UUID
    amount: Decimal | None = None
    lines: Sequence[ReturnedLine] = ()
    includes_shipping: bool = False
    reason: str | None = None
    reference: str | None = None
    """By which it is found at the bank, where the money goes back by hand."""

    @property
    def is_by_parts(self) -> bool:
        return bool(self.lines) or self.includes_shipping


async def create(
    session: AsyncSession, *, actor: Actor, gateways: Gateways, given: NewRefund, idempotency_key: str
) -> Refund:
    """Reserve the amount, and have the provider asked.

    Faults: those of the input, NOT_FOUND, REFUND_TOO_LARGE, UNAVAILABLE_HERE where the provider gives nothing back, or
    no part of it; TAKEN where another refund was noted with the reference, IDEMPOTENCY_KEY_REUSED.
    """
    require(actor, Permission.PAYMENTS_MANAGE)
    checked = checked_input(given)
    key = idempotency.Key.of(actor, OPERATION, idempotency_key, given)
    refund_id = new_id()
    if before := await idempotency.claim(session, key, refund_id):
        return await session.get_one(Refund, (actor.tenant, before), populate_existing=True)
    order, payment = await held_payment(session, given.payment_id)
    capabilities = gateways.capabilities(payment.provider)
    check_reference(capabilities, checked)
    made, lines = await planned(session, order=order, payment=payment, given=checked, capabilities=capabilities)
    made.id, made.origin, made.reason = refund_id, "staff", checked.reason
    refund_settlement.reserve(session, actor=actor, order=order, payment=payment, refund=made)
    await session.flush()
    session.add_all(RefundLine(tenant_id=made.tenant_id, refund_id=made.id, **line.values()) for line in lines)
    record_act(session, actor, made)
    if capabilities is not None and capabilities.has_refunds:
        refund_settlement.ask_soon(session, made)
    else:
        await note_by_hand(session, actor=actor, order=order, payment=payment, refund=made, given=checked)
    await session.flush()
    await session.refresh(made)
    return made


async def give_back_rest(
    session: AsyncSession, *, actor: Actor, gateways: Gateways, order_id: uuid.UUID, reason: str | None
) -> None:
    """Begin to give back all that is left of what was paid for an order, as far as its providers can.

    What came by arrangement goes back by hand: until staff note that, the order is among the mismatches.
    """
    require(actor, Permission.ORDERS_MANAGE)
    why = cleaned(reason, "reason", limit=LONGEST_REASON)
    await session.execute(select(Order.id).where(Order.id == order_id).with_for_update())
    paid = select(Payment.id).where(Payment.order_id == order_id, Payment.status == "paid").order_by(Payment.id)
    payment_ids = (await session.execute(paid)).scalars().all()
    if payment_ids:  # an order that nobody has paid is called off without any money
        require(actor, Permission.PAYMENTS_MANAGE)
    for payment_id in payment_ids:
        order, payment = await payments.hold(session, payment_id)
        left = refund_settlement.left_of(payment, await refund_settlement.refunds_of_payment(session, payment_id))
        capabilities = gateways.capabilities(payment.provider)
        if left <= 0 or capabilities is None or not can_give_back(capabilities, payment, left):
            continue
        refund = Refund(id=new_id(), origin="cancellation", amount=left, reason=why)
        refund_settlement.reserve(session, actor=actor, order=order, payment=payment, refund=refund)
        await session.flush()
        record_act(session, actor, refund)
        refund_settlement.ask_soon(session, refund)


def checked_input(given: NewRefund) -> NewRefund:
    """Everything that can be told without looking at the order."""
    faults = Faults()
    amount, reason, reference = given.amount, given.reason, given.reference
    if amount is not None:
        with faults.collecting():
            amount = checked_amount(amount, "amount")
            if amount == 0:
                raise UserFault(FaultCode.INVALID, "Give back more than nothing.", ("amount",))
        if given.is_by_parts:
            faults.add(FaultCode.INVALID, "Name an amount, or lines and shipping.", "amount")
    with faults.collecting():
        refund_lines.check(given.lines)
    with faults.collecting():
        reason = cleaned(reason, "reason", limit=LONGEST_REASON)
    with faults.collecting():
        reference = cleaned(reference, "reference", limit=LONGEST_REFERENCE)
    faults.raise_any()
    return NewRefund(given.payment_id, amount, given.lines, given.includes_shipping, reason, reference)


async def held_payment(session: AsyncSession, payment_id: uuid.UUID) -> tuple[Order, Payment]:
    if (await session.execute(select(Payment.id).where(Payment.id == payment_id))).first() is None:
        raise not_found("payment", "paymentId")
    return await payments.hold(session, payment_id)


def check_reference(capabilities: Capabilities | None, given: NewRefund) -> None:
    """Either the provider names the refund, or staff do."""
    is_by_hand = capabilities is not None and not capabilities.is_online
    if capabilities is None or (capabilities.is_online and not capabilities.has_refunds):
        told = "This way of paying gives nothing back from here: do it at the provider's own pages."
        raise UserFault(FaultCode.UNAVAILABLE_HERE, told, ("paymentId",))
    if is_by_hand and given.reference is None:
        told = "This payment goes back by hand: say how it is found at the bank."
        raise UserFault(FaultCode.REQUIRED, told, ("reference",))
    if not is_by_hand and given.reference is not None:
        raise UserFault(FaultCode.INVALID, "The provider gives this refund its reference.", ("reference",))


async def planned(
    session: AsyncSession, *, order: Order, payment: Payment, given: NewRefund, capabilities: Capabilities | None
) -> tuple[Refund, Sequence[refund_lines.PlannedLine]]:
    """The refund that was asked for, if so much is left. Faults: NOT_FOUND, REFUND_TOO_LARGE, UNAVAILABLE_HERE."""
    left = refund_settlement.left_of(payment, await refund_settlement.refunds_of_payment(session, payment.id))
    refund, lines = Refund(amount=left if given.amount is None else given.amount), []
    if given.is_by_parts:
        step = step_of(capabilities, payment.currency) if capabilities else FILS
        parts = await refund_lines.plan(
            session, order=order, lines=given.lines, includes_shipping=given.includes_shipping, step=step
        )
        refund, lines = Refund(amount=parts.amount, parts=parts.exact, shipping=parts.shipping), list(parts.lines)
    if refund.amount <= 0 or refund.amount > left:
        told = f"{left} {payment.currency} can still be given back." if left else "Nothing is left to give back."
        raise UserFault(FaultCode.REFUND_TOO_LARGE, told, (amount_field(given),))
    if capabilities is not None and capabilities.is_online and not can_give_back(capabilities, payment, refund.amount):
        told = "The provider can give back neither this amount nor a part that is as small."
        raise UserFault(FaultCode.UNAVAILABLE_HERE, told, (amount_field(given),))
    return refund, lines


def amount_field(given: NewRefund) -> str:
    if given.amount is not None:
        return "amount"
    return "lines" if given.lines else "includesShipping" if given.includes_shipping else "paymentId"


def can_give_back(capabilities: Capabilities, payment: Payment, amount: Decimal) -> bool:
    is_part = amount != payment.amount_paid
    has_such = capabilities.has_refunds and (capabilities.has_partial_refunds or not is_part)
    return has_such and is_payable(capabilities, amount, payment.currency)


async def note_by_hand(
    session: AsyncSession, *, actor: Actor, order: Order, payment: Payment, refund: Refund, given: NewRefund
) -> None:
    """The money has gone back already: the refund is at its end at once."""
    known = await refund_settlement.refunds_of_payment(session, payment.id)
    if any(each.reference == given.reference for each in known):
        raise UserFault(FaultCode.TAKEN, "Another refund was noted with this reference.", ("reference",))
    refund.reference = given.reference
    await refund_settlement.settle(session, actor=actor, order=order, payment=payment, refund=refund, to="succeeded")
    said = Exchange("refund", {"amount": str(refund.amount), "reference": given.reference}, None)
    payment_log.note(session, payment, [said], outcome="succeeded")


def record_act(session: AsyncSession, actor: Actor, refund: Refund) -> None:
    audit.record(
        session,
        actor=actor,
        act=Act.REFUND_CREATE,
        refund=str(refund.id),
        payment=str(refund.payment_id),
        order=str(refund.order_id),
        amount=str(refund.amount),
    )


async def refunds_of_orders(session: AsyncSession, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Refund]]:
    """Refunds of several orders, oldest first, for a loader; whoever has the order may see them."""
    rows = select(Refund).where(Refund.order_id.in_(order_ids)).order_by(Refund.id)
    found: dict[uuid.UUID, list[Refund]] = {order_id: [] for order_id in order_ids}
    for refund in (await session.execute(rows)).scalars():
        found[refund.order_id].append(refund)
    return found


async def refunds_of_payments(session: AsyncSession, payment_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Refund]]:
    """As `refunds_of_orders`, of payments."""
    rows = select(Refund).where(Refund.payment_id.in_(payment_ids)).order_by(Refund.id)
    found: dict[uuid.UUID, list[Refund]] = {payment_id: [] for payment_id in payment_ids}
    for refund in (await session.execute(rows)).scalars():
        found[refund.payment_id].append(refund)
    return found


async def refunds_by_id(session: AsyncSession, refund_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Refund]:
    """Refunds by id, for a loader."""
    rows = await session.execute(select(Refund).where(Refund.id.in_(refund_ids)))
    return {refund.id: refund for refund in rows.scalars()}


async def lines_of(session: AsyncSession, refund_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[RefundLine]]:
    """What several refunds are for, for a loader; whoever shows it asks `payments.sees_log` first."""
    rows = select(RefundLine).where(RefundLine.refund_id.in_(refund_ids)).order_by(RefundLine.id)
    found: dict[uuid.UUID, list[RefundLine]] = {refund_id: [] for refund_id in refund_ids}
    for line in (await session.execute(rows)).scalars():
        found[line.refund_id].append(line)
    return found
