"""PayPal as a payment provider, by Orders v2: the shopper approves at PayPal, and then the money is captured."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptography.x509 import Certificate

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
from integrations import paypal_webhooks
from integrations.payment_exchanges import PaymentHttp
from integrations.paypal_certificates import Certificates
from integrations.paypal_client import CLIENT_ID, CLIENT_SECRET, ENVIRONMENT, PayPalClient, Tokens, asking
from integrations.paypal_orders import (
    CURRENCIES,
    NOTHING,
    capture_of,
    charge_of,
    items,
    payment_of,
    refund_mark,
    refund_of,
    written,
)

ORDERS, CAPTURES = "/v2/checkout/orders", "/v2/payments/captures"
LOCALES = {"ar": "ar-EG", "en": "en-US"}
"""As PayPal knows them: its Arabic is Egypt's."""
LONGEST_DESCRIPTION, LONGEST_NOTE = 127, 255
LOOK_AGAIN = {"ORDER_ALREADY_CAPTURED", "ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED"}
DECLINED = {
    "INSTRUMENT_DECLINED",
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    "PAYER_ACCOUNT_RESTRICTED",
    "PAYER_CANNOT_PAY",
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    "TRANSACTION_BLOCKED_BY_PAYEE",
    "TRANSACTION_REFUSED",
}
MADE_NOW = 201
GONE = {"RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"}


@dataclass(frozen=True)
class PayPalPayments:
    """Asks with the tenant's own credentials. An approved order takes no money before `capture`.

    Orders of one key are one for six hours, captures and refunds for 45 days; a refund is found by our id in it later.
    """

    http: PaymentHttp
    api_url: str | None = None
    """A stand-in for both environments."""
    roots: Sequence[Certificate] | None = None
    """Whose certificates sign webhooks, if not those of the well-known authorities."""
    name: str = "paypal"
    capabilities: Capabilities = field(
        default=Capabilities(
            currencies=CURRENCIES,
            is_online=True,
            has_refunds=True,
            has_partial_refunds=True,
            has_webhooks=True,
            credentials=(
                CredentialField(CLIENT_ID, r"[A-Za-z0-9_-]{20,200}"),
                CredentialField(CLIENT_SECRET, r"[A-Za-z0-9_-]{20,200}"),
                CredentialField(paypal_webhooks.WEBHOOK_ID, r"[A-Z0-9]{10,50}"),
                CredentialField(ENVIRONMENT, r"live|sandbox", is_required=False),
            ),
        )
    )
    tokens: Tokens = field(default_factory=Tokens)
    certificates: Certificates = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "certificates", Certificates(self.http, self.api_url, self.roots))

    async def create(self, account: Account, wanted: NewCharge) -> ChargeState:
        amount = payable(wanted.amount, wanted.currency)
        async with self._asking(account, "create") as client:
            order = await client.post(ORDERS, order_of(wanted, amount), idempotency_key=wanted.idempotency_key)
            begun = charge_of(order)
            if client.log.exchanges[-1].http_status != MADE_NOW:  # perhaps as it was when the key came first
                begun = charge_of(await read(client, begun.reference))
        return replace(begun, exchanges=client.log.exchanges)

    async def capture(self, account: Account, reference: str, *, idempotency_key: str) -> ChargeState:
        async with self._asking(account, "capture") as client:
            try:
                path = f"{ORDERS}/{reference}/capture"
                state = charge_of(await client.post(path, {}, idempotency_key=idempotency_key))
            except ProviderRefused as refused:
                if refused.code not in DECLINED | LOOK_AGAIN:
                    raise
                state = charge_of(await read(client, reference))
                if refused.code in DECLINED and state.status is not ChargeStatus.PAID:
                    state = replace(state, status=ChargeStatus.FAILED, failure=refused.code, redirect_url=None)
        return replace(state, exchanges=client.log.exchanges)

    async def cancel(self, account: Account, reference: str) -> ChargeState:
        """PayPal knows no such thing: what nobody captures is never paid, and runs out by itself."""
        state = await self._look(account, reference, "cancel")
        if state.status is ChargeStatus.PAID or (state.status is ChargeStatus.PENDING and state.redirect_url is None):
            return state
        return replace(state, status=ChargeStatus.CANCELLED, redirect_url=None)

    async def refund(self, account: Account, wanted: NewRefund) -> RefundState:
        amount = payable(wanted.amount, wanted.currency)
        async with self._asking(account, "refund") as client:
            order = await read(client, wanted.reference)
            made = (refund_of(each) for each in items(order["purchase_units"][0], "refunds"))
            refund = next((each for each in made if each.refund_id == wanted.refund_id), None)
            if refund is None:
                refund = await give_back(client, order, wanted, amount)
        return replace(refund, exchanges=client.log.exchanges)

    async def status(self, account: Account, reference: str) -> ChargeState:
        return await self._look(account, reference, "status")

    async def parse_webhook(
        self, account: Account, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> WebhookEvent:
        return await paypal_webhooks.parse(self.certificates, account, headers, body, now=now)

    async def _look(self, account: Account, reference: str, operation: str) -> ChargeState:
        async with self._asking(account, operation) as client:
            try:
                state = charge_of(await read(client, reference))
            except ProviderRefused as refused:
                if refused.code not in GONE:
                    raise
                # PayPal forgets orders that nobody paid. Whoever knows that one was paid knows better than this.
                state = ChargeState(reference, ChargeStatus.CANCELLED, NOTHING, "", failure=refused.code)
        return replace(state, exchanges=client.log.exchanges)

    def _asking(self, account: Account, operation: str) -> AbstractAsyncContextManager[PayPalClient]:
        return asking(self.http, self.tokens, account, operation, api_url=self.api_url)


def payable(amount: Decimal, currency: str) -> dict[str, str]:
    """As PayPal writes it. Raises `AmountNotPayable`."""
    if currency not in CURRENCIES:
        raise AmountNotPayable
    minor_units(amount, CURRENCIES[currency])
    return written(amount, currency)


async def read(client: PayPalClient, reference: str) -> dict[str, Any]:
    return await client.get(f"{ORDERS}/{reference}")


async def give_back(
    client: PayPalClient, order: dict[str, Any], wanted: NewRefund, amount: dict[str, str]
) -> RefundState:
    capture = capture_of(order)
    if capture is None:
        raise ProviderRefused("not_paid", client.log.exchanges)
    body: dict[str, Any] = {"amount": amount, "custom_id": refund_mark(wanted.refund_id, payment_of(order))}
    if wanted.reason:
        body["note_to_payer"] = wanted.reason[:LONGEST_NOTE]
    path = f"{CAPTURES}/{capture['id']}/refund"
    made = refund_of(await client.post(path, body, idempotency_key=wanted.idempotency_key))
    return replace(made, refund_id=wanted.refund_id)


def order_of(wanted: NewCharge, amount: dict[str, str]) -> dict[str, Any]:
    """No shipping address is asked for, and no payment that would take days."""
    page = {
        "return_url": wanted.return_url,
        "cancel_url": wanted.return_url,
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
        "locale": LOCALES.get(wanted.locale, "en-US"),
    }
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "amount": amount,
                "custom_id": str(wanted.payment_id),
                # Unique for PayPal: merchants refuse to be paid twice for one.
                "invoice_id": f"{wanted.order_number}-{wanted.payment_id}",
                "description": wanted.description[:LONGEST_DESCRIPTION] or wanted.order_number,
            }
        ],
        "payment_source": {"paypal": {"email_address": wanted.email, "experience_context": page}},
    }
