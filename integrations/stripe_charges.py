"""What Stripe's Checkout Sessions and PaymentIntents say of a charge."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

from stripe import PaymentIntent, Refund, StripeObject
from stripe.checkout import Session

from domain.payment_providers import (
    ChargeState,
    ChargeStatus,
    CurrencyRule,
    RefundState,
    RefundStatus,
    from_minor_units,
)
from integrations.stripe_currencies import CURRENCIES

PAYMENT_ID, REFUND_ID, ORDER_NUMBER = "payment_id", "refund_id", "order_number"
"""What we write into Stripe's `metadata`."""
INTENT_STATUSES = {
    "requires_payment_method": ChargeStatus.PENDING,
    "requires_confirmation": ChargeStatus.PENDING,
    "requires_action": ChargeStatus.PENDING,
    "processing": ChargeStatus.PENDING,
    "requires_capture": ChargeStatus.AUTHORISED,
    "succeeded": ChargeStatus.PAID,
    "canceled": ChargeStatus.CANCELLED,
}
REFUND_STATUSES = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
"""Every other is under way."""
NOTHING = Decimal("0.000")


def intent_of(session: Session) -> PaymentIntent | None:
    """The payment of a session that was read with it; None before the shopper has tried to pay."""
    return session.payment_intent if isinstance(session.payment_intent, PaymentIntent) else None


def charge_of_session(session: Session, refunds: Sequence[Refund] = ()) -> ChargeState:
    intent = intent_of(session)
    status = status_of_session(session, intent)
    return ChargeState(
        reference=session.id,
        status=status,
        amount_paid=amount_received(intent, status),
        currency=(session.currency or "").upper(),
        redirect_url=session.url if status is ChargeStatus.PENDING and session.status == "open" else None,
        failure=failure_of(intent),
        refunds=[refund_of(each) for each in refunds],
    )


def charge_of_intent(intent: PaymentIntent, refunds: Sequence[Refund] = ()) -> ChargeState:
    status = status_of_intent(intent)
    return ChargeState(
        reference=intent.id,
        status=status,
        amount_paid=amount_received(intent, status),
        currency=intent.currency.upper(),
        client_secret=intent.client_secret if status is ChargeStatus.PENDING else None,
        failure=failure_of(intent),
        refunds=[refund_of(each) for each in refunds],
    )


def status_of_session(session: Session, intent: PaymentIntent | None) -> ChargeStatus:
    """An open page bears with declined cards: the shopper tries another one there."""
    by_intent = status_of_intent(intent) if intent else ChargeStatus.PENDING
    if by_intent in (ChargeStatus.PAID, ChargeStatus.AUTHORISED):
        return by_intent
    if session.status == "complete":
        return by_intent
    return ChargeStatus.CANCELLED if session.status == "expired" else ChargeStatus.PENDING


def status_of_intent(intent: PaymentIntent) -> ChargeStatus:
    if intent.status == "requires_payment_method" and intent.last_payment_error:
        return ChargeStatus.FAILED
    return INTENT_STATUSES.get(intent.status, ChargeStatus.PENDING)


def failure_of(intent: PaymentIntent | None) -> str | None:
    error = intent.last_payment_error if intent and intent.status != "succeeded" else None
    return (error.decline_code or error.code or error.type) if error else None


def amount_received(intent: PaymentIntent | None, status: ChargeStatus) -> Decimal:
    if intent is None or status is not ChargeStatus.PAID:
        return NOTHING
    return from_minor_units(intent.amount_received, rule_of(intent.currency))


def refund_of(refund: Refund) -> RefundState:
    return RefundState(
        reference=refund.id,
        status=REFUND_STATUSES.get(refund.status or "", RefundStatus.PENDING),
        amount=from_minor_units(refund.amount, rule_of(refund.currency)),
        refund_id=id_in(refund.metadata, REFUND_ID),
    )


def rule_of(currency: str) -> CurrencyRule:
    return CURRENCIES.get(currency.upper(), CurrencyRule(2))


def id_in(metadata: StripeObject | None, name: str) -> uuid.UUID | None:
    """One of our ids in Stripe's `metadata`, where merchants may have written as well."""
    given = metadata.to_dict() if metadata is not None else {}
    with suppress(ValueError):
        return uuid.UUID(str(given.get(name)))
    return None
