"""Every provider behind one face, with what shoppers and merchants do outside, so that one suite holds for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Protocol
from uuid import UUID

from db.models import new_id
from domain.payment_providers import (
    Account,
    ChargeState,
    ChargeStatus,
    NewCharge,
    NewRefund,
    PaymentProvider,
)
from integrations.payment_exchanges import PaymentHttp
from integrations.paypal_payments import PayPalPayments
from integrations.stripe_payments import StripePayments
from tests.support.paypal.server import FakePayPal, PayPalAccount
from tests.support.provider_server import Asked, Failure
from tests.support.stripe.accounts import StripeAccount
from tests.support.stripe.server import FakeStripe

SHOPPER = "noura@example.com"


class FakeProvider(Protocol):
    """What every fake can."""

    asked: list[Asked]
    failures: list[Failure]

    def fail(self, path: str, **how: Any) -> None: ...


@dataclass
class Stage:
    """A provider that a tenant has set up, and the other side of it."""

    provider: PaymentProvider
    account: Account
    fake: FakeProvider
    create_path: str
    refund_path: str
    currency: ClassVar[str] = "USD"

    def wanted(self, amount: str = "12.340", **changes: Any) -> NewCharge:
        payment_id = new_id()
        given: dict[str, Any] = {
            "payment_id": payment_id,
            "idempotency_key": str(payment_id),
            "amount": Decimal(amount),
            "currency": self.currency,
            "order_number": "1001",
            "description": "Order 1001 of دكان",
            "email": SHOPPER,
            "locale": "ar",
            "return_url": "https://dukkan.example.com/orders/1001?paid={maybe}",
            "expires_at": datetime.now(UTC) + timedelta(minutes=15),
        }
        return NewCharge(**given | changes)

    def refund(self, reference: str, amount: str, **changes: Any) -> NewRefund:
        refund_id = new_id()
        given: dict[str, Any] = {
            "refund_id": refund_id,
            "idempotency_key": str(refund_id),
            "reference": reference,
            "amount": Decimal(amount),
            "currency": self.currency,
            "reason": "Too small",
        }
        return NewRefund(**given | changes)

    async def begin(self, amount: str = "12.340", **changes: Any) -> ChargeState:
        return await self.provider.create(self.account, self.wanted(amount, **changes))

    async def begin_paid(self, amount: str = "12.340", **changes: Any) -> ChargeState:
        """A charge that the shopper has paid, taken where it has to be."""
        begun = await self.begin(amount, **changes)
        self.shopper_pays(begun.reference)
        return await self.settle(begun.reference)

    async def settle(self, reference: str) -> ChargeState:
        """What the worker does on a hint."""
        state = await self.provider.status(self.account, reference)
        if state.status is ChargeStatus.AUTHORISED:
            state = await self.provider.capture(self.account, reference, idempotency_key=f"{reference}-capture")
        return state

    def charges(self) -> int:
        """How many shoppers could pay, or have paid."""
        raise NotImplementedError

    def paid(self) -> int:
        raise NotImplementedError

    def refunds(self) -> int:
        raise NotImplementedError

    def shopper_pays(self, reference: str) -> None:
        raise NotImplementedError

    def card_is_declined(self, reference: str) -> str:
        """What the provider calls it."""
        raise NotImplementedError

    def merchant_gives_back(self, reference: str, amount: str) -> None:
        raise NotImplementedError

    def forget_keys(self) -> None:
        """The provider knows each for a while only."""
        raise NotImplementedError

    def webhooks(self, **how: Any) -> Sequence[tuple[Mapping[str, str], bytes]]:
        """All that the provider has to tell, signed; `at` is when, `for_another` tenant's endpoint."""
        raise NotImplementedError

    @property
    def secrets(self) -> Sequence[str]:
        return [value for value in self.account.values.values() if len(value) >= 16]


@dataclass
class StripeStage(Stage):
    stripe: FakeStripe

    @property
    def merchant(self) -> StripeAccount:
        return self.stripe.account(self.account.values["secretKey"], self.account.values["webhookSecret"])

    def charges(self) -> int:
        return len(self.merchant.sessions) or len(self.merchant.intents)

    def paid(self) -> int:
        return len(self.merchant.paid())

    def refunds(self) -> int:
        return len(self.merchant.refunds)

    def shopper_pays(self, reference: str) -> None:
        self.merchant.pay(reference)

    def card_is_declined(self, reference: str) -> str:
        self.merchant.decline(reference)
        return "insufficient_funds"

    def merchant_gives_back(self, reference: str, amount: str) -> None:
        self.merchant.give_back(reference, int(Decimal(amount) * 100))

    def forget_keys(self) -> None:
        self.merchant.known.clear()

    def webhooks(self, **how: Any) -> Sequence[tuple[Mapping[str, str], bytes]]:
        moment: datetime = how.get("at", datetime.now(UTC))
        secret = "whsec_of_another_tenant" if how.get("for_another") else None
        return [self.merchant.signed(each, secret=secret, at=moment.timestamp()) for each in self.merchant.events]


@dataclass
class PayPalStage(Stage):
    paypal: FakePayPal

    @property
    def merchant(self) -> PayPalAccount:
        values = self.account.values
        return self.paypal.account(values["clientId"], values["clientSecret"], values["webhookId"])

    def charges(self) -> int:
        return len(self.merchant.orders)

    def paid(self) -> int:
        return len(self.merchant.paid())

    def refunds(self) -> int:
        return sum(len(each.refunds) for each in self.merchant.orders.values())

    def shopper_pays(self, reference: str) -> None:
        self.merchant.approve(reference)

    def card_is_declined(self, reference: str) -> str:
        self.merchant.approve(reference)
        self.merchant.orders[reference].declines = "INSTRUMENT_DECLINED"
        return "INSTRUMENT_DECLINED"

    def merchant_gives_back(self, reference: str, amount: str) -> None:
        self.merchant.give_back(reference, f"{Decimal(amount):.2f}")

    def forget_keys(self) -> None:
        self.merchant.known.clear()

    def webhooks(self, **how: Any) -> Sequence[tuple[Mapping[str, str], bytes]]:
        webhook_id = "8PT597110X687430LKGECATA" if how.get("for_another") else None
        return [self.merchant.signed(each, at=how.get("at"), webhook_id=webhook_id) for each in self.merchant.events]


def stripe_stage(fake: FakeStripe, http: PaymentHttp, *, flow: str = "checkout") -> StripeStage:
    """A tenant with an account of its own."""
    tenant_id = new_id()
    values = {**stripe_credentials(tenant_id), "flow": flow}
    fake.account(values["secretKey"], values["webhookSecret"])
    create = "/v1/payment_intents" if flow == "payment_intent" else "/v1/checkout/sessions"
    provider = StripePayments(http, fake.url)
    return StripeStage(provider, Account(tenant_id, values), fake, create, "/v1/refunds", fake)


def paypal_stage(fake: FakePayPal, http: PaymentHttp) -> PayPalStage:
    """A tenant with an account of its own."""
    tenant_id = new_id()
    values = paypal_credentials(tenant_id)
    fake.account(values["clientId"], values["clientSecret"], values["webhookId"])
    provider = PayPalPayments(http, fake.url, roots=[fake.authority.root])
    return PayPalStage(provider, Account(tenant_id, values), fake, "/v2/checkout/orders", "/refund", fake)


def stripe_credentials(tenant_id: UUID) -> dict[str, str]:
    return {"secretKey": f"sk_test_{tenant_id.hex}", "webhookSecret": f"whsec_{tenant_id.hex}"}


def paypal_credentials(tenant_id: UUID) -> dict[str, str]:
    return {
        "clientId": f"client-{tenant_id.hex}",
        "clientSecret": f"secret-{tenant_id.hex}",
        "webhookId": f"WH{tenant_id.hex[:18].upper()}",
        "environment": "sandbox",
    }
