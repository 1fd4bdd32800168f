"""Refunds from the moment that their amount is reserved until the provider has told their end.

Everything here is done under the locks of order and payment, in this order: whoever begins a refund sees what every
other one has reserved, and what is told of a refund is taken in once.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, OrderLine, Payment, Refund, RefundLine, new_id
from domain import stock, timeline
from domain.actors import Actor
from domain.money import ZERO
from domain.outbox import enqueue_job, enqueue_job_for_later
from domain.payment_log import plain_text
from domain.payment_providers import RefundState, RefundStatus
from domain.transitions import StateMachine

REFUND_STATUS = StateMachine("The refund", {"pending": ("succeeded", "failed"), "succeeded": (), "failed": ()})
"""What the provider says of one that has ended is kept beside it: staff have to look at a contradiction."""
ASK = "refund.ask"
"""The job that asks the provider for a refund."""
WATCH = "refund.watch"
"""The job that looks whether money was given back at the provider's own pages, and nobody was told."""
WATCHED_AFTER = [timedelta(days=days) for days in (1, 6, 23, 60)]
LONGEST_TEXT = 500
FAILED_THERE = "failed_at_provider"
"""It was under way, and then it was not."""


def reserve(session: AsyncSession, *, actor: Actor, order: Order, payment: Payment, refund: Refund) -> None:
    """Write the refund, which takes its amount from what is left. The caller has seen to it that so much is."""
    refund.tenant_id, refund.order_id, refund.payment_id = payment.tenant_id, order.id, payment.id
    refund.id, refund.status, refund.currency = refund.id or new_id(), "pending", payment.currency
    session.add(refund)
    if refund.origin in ("staff", "cancellation"):  # of others the timeline tells by itself, or when they have ended
        note(session, actor, refund, "order.refund_begun")


def ask_soon(session: AsyncSession, refund: Refund) -> None:
    enqueue_job(session, tenant_id=refund.tenant_id, kind=ASK, refund_id=refund.id)


def watch_later(session: AsyncSession, payment: Payment, *, times: int = 0) -> None:
    """Ask about a payment that has ended, a few times and ever more rarely."""
    if times < len(WATCHED_AFTER):
        enqueue_job_for_later(
            session,
            tenant_id=payment.tenant_id,
            kind=WATCH,
            due_in=WATCHED_AFTER[times],
            payment_id=payment.id,
            times=str(times + 1),
        )


async def refunds_of_payment(session: AsyncSession, payment_id: uuid.UUID) -> list[Refund]:
    """All of them, as they are under the payment's lock."""
    found = select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id)
    return list((await session.execute(found.execution_options(populate_existing=True))).scalars())


def left_of(payment: Payment, refunds: Iterable[Refund]) -> Decimal:
    """What was paid, and was neither given back nor is on its way."""
    return max(payment.amount_paid - sum((each.amount for each in refunds if is_held(each)), ZERO), ZERO)


def is_held(refund: Refund) -> bool:
    """Whether its amount is gone, or reserved. What we hold for failed and the provider has paid is gone."""
    return refund.status != "failed" or refund.provider_status == "succeeded"


async def settle(
    session: AsyncSession,
    *,
    actor: Actor,
    order: Order,
    payment: Payment,
    refund: Refund,
    to: str,
    failure: str | None = None,
) -> None:
    """End a pending refund, and what follows from it. Called once for each."""
    REFUND_STATUS.check(refund.status, to)
    now = (await session.execute(select(func.now()))).scalar_one()
    refund.status, refund.failure, refund.settled_at = to, failure, now
    await session.flush()
    if to == "failed":
        note(session, actor, refund, "order.refund_failed", cause=failure or "")
        return
    refunds = await refunds_of_payment(session, payment.id)
    payment.amount_refunded = sum((each.amount for each in refunds if each.status == "succeeded"), ZERO)
    if has_paid_the_order(payment) and order.payment_status != "unpaid":
        is_all = payment.amount_refunded >= payment.amount_paid
        order.payment_status = "refunded" if is_all else "partially_refunded"
    note(session, actor, refund, "order.refunded")
    await session.flush()
    await settle_goods(session, refund)


def has_paid_the_order(payment: Payment) -> bool:
    """What came for an order that was paid or gone, or was too little, never paid it."""
    return payment.return_reason is None and payment.amount_paid >= payment.amount


async def settle_goods(session: AsyncSession, refund: Refund) -> None:
    """What a refund was for is held by its order no longer: it is back in stock, or written off.

    So it can come back neither with another refund nor with the order's cancellation.
    """
    found = select(RefundLine, OrderLine).join(OrderLine, OrderLine.id == RefundLine.order_line_id)
    rows = await session.execute(found.where(RefundLine.refund_id == refund.id).order_by(OrderLine.variant_id))
    given: Counter[uuid.UUID] = Counter()
    for returned, line in rows:
        count = min(returned.quantity, line.stock_held)
        line.stock_held -= count
        if returned.restocks and count:
            returned.restocked = count
            given[line.variant_id] += count
    await session.flush()
    await stock.give_back(session, given)


async def take_in(
    session: AsyncSession, *, actor: Actor, order: Order, payment: Payment, states: Sequence[RefundState]
) -> None:
    """What the provider knows of refunds: ours end by it, and those that were made at its own pages are recorded."""
    if not states:
        return
    known = await refunds_of_payment(session, payment.id)
    for state in states:
        refund = found_in(known, state)
        if refund is None and state.amount <= ZERO:
            continue  # it moves nothing, and there is no row for it
        if refund is None:
            refund = made_there(payment, state)
            reserve(session, actor=actor, order=order, payment=payment, refund=refund)
            known.append(refund)
        await take_in_one(session, actor=actor, order=order, payment=payment, refund=refund, state=state)


async def take_in_one(
    session: AsyncSession, *, actor: Actor, order: Order, payment: Payment, refund: Refund, state: RefundState
) -> None:
    """What the provider says of a refund that we know. What has ended stays as it is, with the provider's word."""
    refund.reference = refund.reference or state.reference[:LONGEST_TEXT]
    refund.provider_status, refund.provider_amount = state.status.value, state.amount
    if state.status is RefundStatus.PENDING or refund.status != "pending":
        await session.flush()
        return
    to, failure = ("succeeded", None) if state.status is RefundStatus.SUCCEEDED else ("failed", FAILED_THERE)
    await settle(session, actor=actor, order=order, payment=payment, refund=refund, to=to, failure=failure)


def found_in(known: Iterable[Refund], state: RefundState) -> Refund | None:
    """By the provider's name, or by ours that it was asked with."""
    candidates = list(known)
    by_reference = next((each for each in candidates if each.reference == state.reference), None)
    return by_reference or next((each for each in candidates if each.id == state.refund_id), None)


def made_there(payment: Payment, state: RefundState) -> Refund:
    reference = plain_text(state.reference)[:LONGEST_TEXT]
    return Refund(tenant_id=payment.tenant_id, origin="provider", amount=state.amount, reference=reference)


def note(session: AsyncSession, actor: Actor, refund: Refund, event: str, **details: str) -> None:
    told = {"refund_id": str(refund.id), "payment_id": str(refund.payment_id), "amount": str(refund.amount), **details}
    timeline.note(session, actor=actor, subject=("order", refund.order_id), event=event, reason=refund.reason, **told)
