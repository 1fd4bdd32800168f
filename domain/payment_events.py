"""Messages of providers: kept as soon as they are proven, applied by the worker.

A message is a hint. What counts is what the provider answers when it is asked then, so they may come in any order and
any number of times.
"""

import uuid
from contextlib import suppress

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Payment, PaymentAccount, PaymentEvent, new_id
from domain import payment_asking, payment_log, payments
from domain.jobs import Job
from domain.outbox import enqueue_job
from domain.payment_checks import check_later
from domain.payment_log import kept, plain_text
from domain.payment_providers import Exchange, ProviderRefused, WebhookEvent

APPLY = "payment.event"
LONGEST_NAME = 500


async def has_account(session: AsyncSession, provider: str) -> bool:
    """Whether the tenant has ever set up this way of paying, also if it offers it no longer: payments go on."""
    found = select(PaymentAccount.id).where(PaymentAccount.provider == provider)
    return (await session.execute(found)).first() is not None


async def keep(session: AsyncSession, *, tenant_id: uuid.UUID, provider: str, event: WebhookEvent) -> bool:
    """Store the message and have it applied; False where it was stored before."""
    event_row_id = new_id()
    values = {
        "tenant_id": tenant_id,
        "id": event_row_id,
        "provider": provider,
        "event_id": plain_text(event.event_id)[:LONGEST_NAME],
        "kind": plain_text(event.kind)[:LONGEST_NAME],
        "reference": plain_text(event.reference)[:LONGEST_NAME] if event.reference else None,
        "payment_id": event.payment_id,
        "payload": kept(event.payload),
    }
    new = insert(PaymentEvent).values(values).on_conflict_do_nothing().returning(PaymentEvent.id)
    if (await session.execute(new)).first() is None:
        return False
    enqueue_job(session, tenant_id=tenant_id, kind=APPLY, event_id=event_row_id)
    return True


async def apply_event(job: Job) -> None:
    """A job: asks about the payment that a message is about, unless it was asked about since the message came.

    One that is about a payment which we do not know is not applied, and told by `domain.reconciliation`: unless the
    answer that names the charge was still on its way, and its own job has asked since.
    """
    async with job.read() as session:
        event = await session.get_one(PaymentEvent, (job.tenant_id, uuid.UUID(job.payload["event_id"])))
        payment = await payment_of(session, event)
        told = await free_reference(session, event)
    was_unknown = payment is not None and payment.reference is None
    if payment is not None and (payment.checked_at is None or payment.checked_at < event.received_at):
        with suppress(ProviderRefused):  # it is in the log: the provider does not know the charge, or us, any more
            payment = await payment_asking.look(job, job.tools.gateways, payment, told=told)
    async with job.write() as session:
        if payment is not None:
            said = Exchange("webhook", {"event": event.event_id, "kind": event.kind}, event.payload)
            payment_log.note(session, payment, [said], outcome="applied")
            if was_unknown and payment.status == "failed" and payments.may_be_paid(payment):
                check_later(session, payment)  # nobody asked any more: it was thought never to have been begun
        if payment is not None or names_nothing(event):
            applied = update(PaymentEvent).where(PaymentEvent.id == event.id)
            await session.execute(applied.values(applied_at=func.now()))
        await job.conclude(session)


def names_nothing(event: PaymentEvent) -> bool:
    return event.payment_id is None and event.reference is None


async def free_reference(session: AsyncSession, event: PaymentEvent) -> str | None:
    """The charge that the message names, unless it is another payment's: one charge pays one order."""
    if event.reference is None or event.payment_id is None:
        return event.reference
    named = (Payment.provider == event.provider, Payment.reference == event.reference)
    others = select(Payment.id).where(*named, Payment.id != event.payment_id)
    return None if (await session.execute(others)).first() else event.reference


async def payment_of(session: AsyncSession, event: PaymentEvent) -> Payment | None:
    """By our own identifier, or by the provider's."""
    found = select(Payment).where(Payment.provider == event.provider)
    if event.payment_id is not None:
        found = found.where(Payment.id == event.payment_id)
    elif event.reference is not None:
        found = found.where(Payment.reference == event.reference)
    else:
        return None
    return (await session.execute(found)).scalar_one_or_none()
