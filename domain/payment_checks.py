"""Work on payments that nobody waits for: asking about those that have not ended.

A job is enqueued with each payment, and enqueues the next until the payment has ended: whatever dies, some job is left.
"""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Payment
from domain import payment_asking, payments
from domain.jobs import Job
from domain.outbox import enqueue_job_for_later
from domain.payment_providers import CredentialsRefused, ProviderError, ProviderRefused

CHECK = "payment.check"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
GIVES_UP_AFTER = timedelta(days=30)
"""By then every provider has ended a charge."""


def check_later(session: AsyncSession, payment: Payment, *, times: int = 0) -> None:
    """Ask again in a while: soon at first, then ever more rarely."""
    enqueue_job_for_later(
        session,
        tenant_id=payment.tenant_id,
        kind=CHECK,
        due_in=pause_after(times),
        payment_id=payment.id,
        times=str(times + 1),
    )


def pause_after(times: int) -> timedelta:
    return min(FIRST_PAUSE * 2 ** min(times, 12), LONGEST_PAUSE)


async def check(job: Job) -> None:
    """A job: asks about a payment, or ends it where its order wants no money any more."""
    payment_id, times = uuid.UUID(job.payload["payment_id"]), int(job.payload.get("times", "0"))
    async with job.read() as session:
        payment, now = await payments.with_moment(session, payment_id)
        is_wanted = await payment_asking.wants_money(session, payment)
    if not payments.may_be_paid(payment) or now - payment.created_at > GIVES_UP_AFTER:
        return
    try:
        payment = await find_out(job, payment, now, is_wanted=is_wanted)
    except ProviderError as error:  # which is in the log; later more is known
        if isinstance(error, ProviderRefused) and not isinstance(error, CredentialsRefused):
            payment = await closed(job, payment, error)
    async with job.write() as session:
        if payments.may_be_paid(payment):
            check_later(session, payment, times=times)
        await job.conclude(session)


async def find_out(job: Job, payment: Payment, now: datetime, *, is_wanted: bool) -> Payment:
    """What was promised in time is taken, though nobody came back in time to see it; then the rest is called off."""
    has_run_out = payment.expires_at is not None and payment.expires_at < now
    if is_wanted and not has_run_out:
        return await payment_asking.look(job, job.tools.gateways, payment)
    if is_wanted:
        with suppress(ProviderRefused):  # such as a promise that is not kept: it is let go
            payment = await payment_asking.look(job, job.tools.gateways, payment)
        if payment.status not in payments.PAYABLE:
            return payment
    return await payment_asking.call_off(job, job.tools.gateways, payment)


async def closed(job: Job, payment: Payment, refused: ProviderRefused) -> Payment:
    """A charge that was never begun, and never will be."""
    async with job.write() as session:
        return await payments.close(session, payment_id=payment.id, status="failed", failure=refused.code)


async def start_over(session: AsyncSession, job: Job) -> None:
    """Where the job was given up, it is begun anew: no payment may be forgotten."""
    payment_id = str(job.payload["payment_id"])
    enqueue_job_for_later(session, tenant_id=job.tenant_id, kind=job.kind, due_in=LONGEST_PAUSE, payment_id=payment_id)
