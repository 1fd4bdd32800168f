"""What a way of paying has to offer: the contract between `domain.payments` and the providers in `integrations`.

A provider is asked with a tenant's own credentials and holds nothing of its own. Whatever a webhook says is a hint that
something has happened: what counts is what `status` answers then, so it does not matter in which order hints come, or
how often. Amounts are `Decimal` on our side of this line, and whole minor units on the other.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol


class ChargeStatus(Enum):
    """What a provider says of a charge. Only `PAID` is money; a charge may become it from any other, late."""

    PENDING = "pending"
    """The shopper has not finished."""
    AUTHORISED = "authorised"
    """The money is promised, and `capture` takes it."""
    PAID = "paid"
    FAILED = "failed"
    """Declined; whether the shopper may try again with the same charge is the provider's business."""
    CANCELLED = "cancelled"
    """Called off or run out: it can no longer be paid."""


class RefundStatus(Enum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CurrencyRule:
    """How a provider counts a currency."""

    exponent: int
    """Decimals of the unit that it counts in: 3 for dinars in fils."""
    step: int = 1
    """Amounts are a multiple of so many of those units: 10 for dinars at Stripe."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing that a tenant gives in order to use a provider."""

    name: str
    """In the API and in the secret store, such as `secretKey`."""
    pattern: str
    """What it must match wholly, as a regular expression."""
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store may offer with a provider."""

    currencies: Mapping[str, CurrencyRule] | None
    """By ISO code; None where any will do, in any amount that money can have."""
    is_online: bool
    """The shopper pays elsewhere at once, so stock is held for minutes and not for days."""
    has_refunds: bool
    has_partial_refunds: bool
    has_webhooks: bool
    credentials: Sequence[CredentialField] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant's credentials at a provider, by the names of its `CredentialField`s. Never logged."""

    tenant_id: uuid.UUID
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewCharge:
    """What is to be paid. Asking twice with one `idempotency_key` makes one charge."""

    payment_id: uuid.UUID
    idempotency_key: str
    amount: Decimal
    currency: str
    order_number: str
    description: str
    email: str
    locale: str
    return_url: str
    """Where the shopper comes back to, whatever happened."""
    expires_at: datetime
    """When the stock is given back: where the provider can, it takes no money from then on."""


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What is to be given back of a charge. Asking twice with one `idempotency_key` gives back once."""

    refund_id: uuid.UUID
    idempotency_key: str
    reference: str
    """The charge's, as `ChargeState.reference` told it."""
    amount: Decimal
    currency: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back, for the payment's log. Secrets and card numbers were taken out of both."""

    operation: str
    """Such as `create` or `refund`."""
    request: Mapping[str, Any]
    response: Mapping[str, Any] | None
    """None where nothing came back."""
    http_status: int | None = None
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class RefundState:
    """What a provider knows of a refund."""

    reference: str
    status: RefundStatus
    amount: Decimal
    refund_id: uuid.UUID | None = None
    """Ours; None where the refund was made at the provider's own pages."""
    exchanges: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True)
class ChargeState:
    """What a provider knows of a charge now."""

    reference: str
    status: ChargeStatus
    amount_paid: Decimal
    currency: str
    redirect_url: str | None = None
    """Where the shopper goes in order to pay; only while `PENDING`."""
    client_secret: str | None = None
    """What the provider's own script in the shopper's browser needs; only while `PENDING`. Never kept or logged."""
    failure: str | None = None
    """The provider's code, such as `card_declined`."""
    refunds: Sequence[RefundState] = ()
    """Every refund of the charge, whoever made it."""
    exchanges: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified hint."""

    event_id: str
    """The provider's, unique."""
    kind: str
    reference: str | None
    """Of the charge that it is about; None where it is about nothing that we keep."""
    payment_id: uuid.UUID | None
    """Ours, where the event names it: hints may come before the answer to `create` was stored."""
    payload: Mapping[str, Any]
    """What is kept of it: no secrets and no card numbers."""


class ProviderError(Exception):
    """Something went wrong at a provider. `exchanges` are for the log."""

    def __init__(self, code: str, exchanges: Sequence[Exchange] = ()) -> None:
        super().__init__(code)
        self.code, self.exchanges = code, tuple(exchanges)


class ProviderUnavailable(ProviderError):
    """Nobody knows whether it was done: a timeout, a dropped connection, a 5xx. To be asked again with the same key."""


class ProviderRefused(ProviderError):
    """It was not done, and the same request will not be done later either."""


class CredentialsRefused(ProviderRefused):
    """The tenant's credentials are wrong, or were revoked."""


class WebhookRejected(Exception):
    """Not signed by the provider, too old, from the future, or not to be read. The reason is told to nobody outside."""


class PaymentProvider(Protocol):
    """One way of paying. Methods that ask the outside raise `ProviderError`s, hold no transaction, and end in 20 s."""

    @property
    def name(self) -> str:
        """In URLs, rows and the API's enum, such as `stripe`."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def create(self, account: Account, wanted: NewCharge) -> ChargeState:
        """Begin a charge, or find the one that the same key began."""
        ...

    async def capture(self, account: Account, reference: str, *, idempotency_key: str) -> ChargeState:
        """Take money that is `AUTHORISED`; of a charge that is `PAID` already it is what `status` answers."""
        ...

    async def cancel(self, account: Account, reference: str) -> ChargeState:
        """See to it that the charge can no longer be paid; answers what became of it, which may be `PAID`."""
        ...

    async def refund(self, account: Account, wanted: NewRefund) -> RefundState: ...

    async def status(self, account: Account, reference: str) -> ChargeState:
        """What the provider knows now, with all refunds."""
        ...

    async def parse_webhook(
        self, account: Account, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> WebhookEvent:
        """The event in a raw body, once its signature is proven; names of headers are in lower case.

        Raises `WebhookRejected`, or `ProviderUnavailable` where what it takes to verify cannot be had now.
        """
        ...


class AmountNotPayable(Exception):
    """The provider has no such currency, or cannot take just this amount."""


def minor_units(amount: Decimal, rule: CurrencyRule) -> int:
    """The amount in the provider's units. Raises `AmountNotPayable` rather than round."""
    units = amount.scaleb(rule.exponent)
    if units != units.to_integral_value() or int(units) % rule.step:
        raise AmountNotPayable
    return int(units)


def from_minor_units(units: int, rule: CurrencyRule) -> Decimal:
    return Decimal(units).scaleb(-rule.exponent).quantize(Decimal("0.001"))
