"""Asking providers for refunds, again and again under one key, until it is known what became of each.

No transaction is open meanwhile. A process may die anywhere: the job is done again, and the refund's id is the key.
"""

import uuid
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Payment, Refund
from domain import payment_asking, payment_log, payments, refund_settlement
from domain.actors import system
from domain.jobs import Job
from domain.outbox import enqueue_job_for_later
from domain.payment_checks import LONGEST_PAUSE, pause_after
from domain.payment_providers import (
    AmountNotPayable,
    CredentialsRefused,
    NewRefund,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    RefundState,
)


async def ask(job: Job) -> None:
    """A job: asks for a refund. One that is under way there is asked about in the same way, later."""
    refund_id, times = uuid.UUID(job.payload["refund_id"]), int(job.payload.get("times", "0"))
    async with job.read() as session:
        refund = await session.get_one(Refund, (job.tenant_id, refund_id))
        payment, _ = await payments.with_moment(session, refund.payment_id)
    if refund.status != "pending":
        return
    try:
        answer: RefundState | ProviderError = await answered(job, payment, refund)
    except ProviderError as error:
        answer = error
    is_refused = isinstance(answer, ProviderRefused) and not isinstance(answer, CredentialsRefused)
    if is_refused:
        with suppress(ProviderError):  # perhaps because it was given back elsewhere: then staff see that as well
            await payment_asking.look(job, job.tools.gateways, payment)
    async with job.write() as session:
        refund = await record(session, payment=payment, refund_id=refund_id, answer=answer, is_refused=is_refused)
        if refund.status == "pending":
            ask_later(session, job, times=times)
        await job.conclude(session)


async def answered(job: Job, payment: Payment, refund: Refund) -> RefundState:
    provider = job.tools.gateways.providers.get(payment.provider)
    if provider is None:
        raise ProviderUnavailable("not_offered")
    wanted = NewRefund(
        refund_id=refund.id,
        idempotency_key=str(refund.id),
        reference=payment.reference or "",
        amount=refund.amount,
        currency=refund.currency,
        reason=refund.reason,
    )
    account = await job.tools.gateways.account(payment.tenant_id, payment.provider)
    try:
        return await provider.refund(account, wanted)
    except AmountNotPayable:
        raise ProviderRefused("amount_not_payable") from None


async def record(
    session: AsyncSession,
    *,
    payment: Payment,
    refund_id: uuid.UUID,
    answer: RefundState | ProviderError,
    is_refused: bool,
) -> Refund:
    """Write down what came of it: in the log always, in the refund as far as it is known."""
    actor = system(payment.tenant_id)
    order, held = await payments.hold(session, payment.id)
    known = await refund_settlement.refunds_of_payment(session, held.id)
    refund = next(each for each in known if each.id == refund_id)
    if isinstance(answer, RefundState):
        payment_log.note(session, held, answer.exchanges, outcome=answer.status.value)
        await refund_settlement.take_in_one(
            session, actor=actor, order=order, payment=held, refund=refund, state=answer
        )
    else:
        payment_log.note(session, held, answer.exchanges, outcome=answer.code)
        if refund.status == "pending" and is_refused:
            await refund_settlement.settle(
                session, actor=actor, order=order, payment=held, refund=refund, to="failed", failure=answer.code
            )
        elif refund.status == "pending":
            refund.failure = answer.code
    await session.flush()
    return refund


def ask_later(session: AsyncSession, job: Job, *, times: int) -> None:
    enqueue_job_for_later(
        session,
        tenant_id=job.tenant_id,
        kind=refund_settlement.ASK,
        due_in=pause_after(times),
        refund_id=str(job.payload["refund_id"]),
        times=str(times + 1),
    )


async def start_over(session: AsyncSession, job: Job) -> None:
    """Where the job was given up, it is begun anew: no refund may be forgotten."""
    refund_id = str(job.payload["refund_id"])
    enqueue_job_for_later(
        session, tenant_id=job.tenant_id, kind=refund_settlement.ASK, due_in=LONGEST_PAUSE, refund_id=refund_id
    )


async def watch(job: Job) -> None:
    """A job: looks at a payment that has ended, for what was given back elsewhere."""
    payment_id, times = uuid.UUID(job.payload["payment_id"]), int(job.payload.get("times", "0"))
    async with job.read() as session:
        payment = (await session.execute(select(Payment).where(Payment.id == payment_id))).scalar_one()
    capabilities = job.tools.gateways.capabilities(payment.provider)
    if capabilities is None or not capabilities.is_online or payment.reference is None:
        return
    with suppress(ProviderError):  # which is in the log; it is looked at again
        await payment_asking.look(job, job.tools.gateways, payment)
    async with job.write() as session:
        refund_settlement.watch_later(session, payment, times=times)
        await job.conclude(session)
