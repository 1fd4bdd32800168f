"""Stripe as a payment provider: its own page (Checkout), or a PaymentIntent that the store's page confirms."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import stripe
from stripe import PaymentIntent, Refund, StripeObject
from stripe.checkout import Session

from domain.payment_providers import (
    Account,
    AmountNotPayable,
    Capabilities,
    ChargeState,
    ChargeStatus,
    CredentialField,
    NewCharge,
    NewRefund,
    ProviderRefused,
    RefundState,
    WebhookEvent,
    minor_units,
)
from integrations import stripe_webhooks
from integrations.payment_exchanges import PaymentHttp
from integrations.stripe_charges import (
    ORDER_NUMBER,
    PAYMENT_ID,
    REFUND_ID,
    charge_of_intent,
    charge_of_session,
    id_in,
    intent_of,
    refund_of,
)
from integrations.stripe_client import API_URL, SECRET_KEY, Conversation, conversation
from integrations.stripe_currencies import CURRENCIES

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams, RefundListParams
    from stripe.params.checkout import SessionCreateParams

FLOW, PAYMENT_INTENT = "flow", "payment_intent"
SHORTEST_SESSION = timedelta(minutes=31)
"""Stripe opens a page for 30 minutes at least, by its own clock."""
CHECKOUT_LOCALES = {"en": "en"}
"""Checkout speaks no Arabic: others get the language of their browser."""
LONGEST_TEXT, MOST_PAGES = 500, 10


@dataclass(frozen=True)
class StripePayments:
    """Asks with the tenant's own key. Cards and their wallets alone: what is paid is known at once.

    Keys are known to Stripe for a day. A refund that was made is found by our id in it, however much later.
    """

    http: PaymentHttp
    api_url: str = API_URL
    name: str = "stripe"
    capabilities: Capabilities = field(
        default=Capabilities(
            currencies=CURRENCIES,
            is_online=True,
            has_refunds=True,
            has_partial_refunds=True,
            has_webhooks=True,
            credentials=(
                CredentialField(SECRET_KEY, r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9]{10,250}"),
                CredentialField(stripe_webhooks.WEBHOOK_SECRET, r"whsec_[A-Za-z0-9+/=_-]{10,250}"),
                CredentialField(FLOW, rf"checkout|{PAYMENT_INTENT}", is_required=False),
            ),
        )
    )

    async def create(self, account: Account, wanted: NewCharge) -> ChargeState:
        if wanted.currency not in CURRENCIES:
            raise AmountNotPayable
        amount = minor_units(wanted.amount, CURRENCIES[wanted.currency])
        async with self._asking(account, "create") as asked:
            options: stripe.RequestOptions = {"idempotency_key": wanted.idempotency_key}
            made: Session | PaymentIntent
            if account.values.get(FLOW) == PAYMENT_INTENT:
                made = await asked.client.v1.payment_intents.create_async(intent_params(wanted, amount), options)
                begun = charge_of_intent(made)
            else:
                made = await asked.client.v1.checkout.sessions.create_async(session_params(wanted, amount), options)
                begun = charge_of_session(made)
            if is_replayed(made):
                begun = (await read(asked, begun.reference)).state
        return replace(begun, exchanges=asked.log.exchanges)

    async def capture(self, account: Account, reference: str, *, idempotency_key: str) -> ChargeState:
        async with self._asking(account, "capture") as asked:
            found = await read(asked, reference)
            intent = found.intent
            if intent is not None and intent.status == "requires_capture":
                options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
                with suppress_refusal():
                    await asked.client.v1.payment_intents.capture_async(intent.id, options=options)
                found = await read(asked, reference)
        return replace(found.state, exchanges=asked.log.exchanges)

    async def cancel(self, account: Account, reference: str) -> ChargeState:
        async with self._asking(account, "cancel") as asked:
            found = await read(asked, reference)
            if found.state.status in (ChargeStatus.PENDING, ChargeStatus.FAILED, ChargeStatus.AUTHORISED):
                await call_off(asked, found)
                found = await read(asked, reference)
        return replace(found.state, exchanges=asked.log.exchanges)

    async def refund(self, account: Account, wanted: NewRefund) -> RefundState:
        if wanted.currency not in CURRENCIES:
            raise AmountNotPayable
        amount = minor_units(wanted.amount, CURRENCIES[wanted.currency])
        async with self._asking(account, "refund") as asked:
            found = await read(asked, wanted.reference)
            refund = next((each for each in found.refunds if id_in(each.metadata, REFUND_ID) == wanted.refund_id), None)
            if refund is None:
                if found.intent is None or found.state.status is not ChargeStatus.PAID:
                    raise ProviderRefused("not_paid", asked.log.exchanges)
                refund = await give_back(asked, found.intent, wanted, amount)
        return replace(refund_of(refund), exchanges=asked.log.exchanges)

    async def status(self, account: Account, reference: str) -> ChargeState:
        async with self._asking(account, "status") as asked:
            found = await read(asked, reference)
        return replace(found.state, exchanges=asked.log.exchanges)

    async def parse_webhook(
        self, account: Account, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> WebhookEvent:
        return stripe_webhooks.parse(account, headers, body, now=now)

    def _asking(self, account: Account, operation: str) -> AbstractAsyncContextManager[Conversation]:
        return conversation(self.http, self.api_url, account, operation)


@dataclass(frozen=True, slots=True)
class Found:
    """A charge as Stripe has it now. Without a session the intent is the charge."""

    session: Session | None
    intent: PaymentIntent | None
    refunds: Sequence[Refund]

    @property
    def state(self) -> ChargeState:
        if self.session is not None:
            return charge_of_session(self.session, self.refunds)
        if self.intent is None:
            raise ProviderRefused("no_charge")
        return charge_of_intent(self.intent, self.refunds)


def is_replayed(made: StripeObject) -> bool:
    """Stripe answers a key that it knows as it did the first time, whatever has happened since."""
    response = made.last_response
    return response is not None and response.headers.get("idempotent-replayed") == "true"


async def read(asked: Conversation, reference: str) -> Found:
    session, intent = None, None
    if reference.startswith("cs_"):
        session = await asked.client.v1.checkout.sessions.retrieve_async(reference, {"expand": ["payment_intent"]})
        intent = intent_of(session)
    else:
        intent = await asked.client.v1.payment_intents.retrieve_async(reference)
    is_paid = intent is not None and intent.status == "succeeded"
    return Found(session, intent, await refunds_of(asked, intent) if intent is not None and is_paid else ())


async def refunds_of(asked: Conversation, intent: PaymentIntent) -> Sequence[Refund]:
    """All of them, the newest first."""
    found: list[Refund] = []
    for _ in range(MOST_PAGES):
        wanted: RefundListParams = {"payment_intent": intent.id, "limit": 100}
        if found:
            wanted["starting_after"] = found[-1].id
        page = await asked.client.v1.refunds.list_async(wanted)
        found += page.data
        if not page.has_more:
            break
    return found


@contextmanager
def suppress_refusal() -> Generator[None]:
    """What is paid, or called off, at this very moment is refused; whoever asked looks again."""
    try:
        yield
    except stripe.InvalidRequestError as refused:
        if refused.http_status != 400:
            raise


async def call_off(asked: Conversation, found: Found) -> None:
    """Of a page Stripe calls off the payment itself."""
    with suppress_refusal():
        if found.session is not None:
            await asked.client.v1.checkout.sessions.expire_async(found.session.id)
        elif found.intent is not None:
            await asked.client.v1.payment_intents.cancel_async(found.intent.id, {"cancellation_reason": "abandoned"})


async def give_back(asked: Conversation, intent: PaymentIntent, wanted: NewRefund, amount: int) -> Refund:
    metadata = {REFUND_ID: str(wanted.refund_id)}
    if payment_id := id_in(intent.metadata, PAYMENT_ID):
        metadata[PAYMENT_ID] = str(payment_id)
    if wanted.reason:
        metadata["reason"] = wanted.reason[:LONGEST_TEXT]
    return await asked.client.v1.refunds.create_async(
        {
            "payment_intent": intent.id,
            "amount": amount,
            "reason": "requested_by_customer",
            "metadata": metadata,
        },
        {"idempotency_key": wanted.idempotency_key},
    )


def session_params(wanted: NewCharge, amount: int) -> "SessionCreateParams":
    """The same for the same charge whenever it is asked: Stripe refuses a key that comes with anything else."""
    metadata = {PAYMENT_ID: str(wanted.payment_id), ORDER_NUMBER: wanted.order_number}
    description = wanted.description[:LONGEST_TEXT]
    return {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": wanted.currency.lower(),
                    "unit_amount": amount,
                    "product_data": {"name": description or wanted.order_number},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},  # what is paid is what was asked for, in its own currency
        "client_reference_id": str(wanted.payment_id),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": description},
        "customer_email": wanted.email,
        "locale": CHECKOUT_LOCALES.get(wanted.locale, "auto"),
        "success_url": wanted.return_url,
        "cancel_url": wanted.return_url,
        # Longer than the stock is held, for Stripe has no shorter ones: `cancel` closes the page when the hold ends.
        "expires_at": int((wanted.expires_at + SHORTEST_SESSION).timestamp()),
    }


def intent_params(wanted: NewCharge, amount: int) -> "PaymentIntentCreateParams":
    return {
        "amount": amount,
        "currency": wanted.currency.lower(),
        "allowed_payment_method_types": ["card"],
        "description": wanted.description[:LONGEST_TEXT],
        "metadata": {PAYMENT_ID: str(wanted.payment_id), ORDER_NUMBER: wanted.order_number},
    }
