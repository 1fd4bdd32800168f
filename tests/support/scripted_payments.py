"""A payment provider that does what a test tells it to: it is slow to know, dies, and takes money behind one's back."""

# ruff: noqa: ARG002 - the names are those of the contract

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from domain.payment_providers import (
    Account,
    Capabilities,
    ChargeState,
    ChargeStatus,
    Exchange,
    NewCharge,
    NewRefund,
    ProviderUnavailable,
    RefundState,
    RefundStatus,
    WebhookEvent,
    WebhookRejected,
)


class Died(BaseException):
    """The process is gone: nothing behind it happens."""


@dataclass
class Scripted:
    """Charges by reference. `fails` are raised by the next calls of an operation, one each, `before` or `after` it."""

    name: str = "mock"
    is_online: bool = True
    charges: dict[str, ChargeState] = field(default_factory=dict[str, ChargeState])
    keys: dict[str, str] = field(default_factory=dict[str, str])
    refunds: dict[str, RefundState] = field(default_factory=dict[str, RefundState])
    calls: list[str] = field(default_factory=list[str])
    before: defaultdict[str, list[BaseException]] = field(default_factory=lambda: defaultdict(list))
    after: defaultdict[str, list[BaseException]] = field(default_factory=lambda: defaultdict(list))
    is_down: bool = False
    tenant_id: uuid.UUID | None = None
    """The one that it serves; others have their own, and the worker may come for them at any time."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(None, self.is_online, has_refunds=True, has_partial_refunds=True, has_webhooks=True)

    async def create(self, account: Account, wanted: NewCharge) -> ChargeState:
        self.arrive("create", account)
        if wanted.idempotency_key not in self.keys:
            reference = self.keys[wanted.idempotency_key] = f"charge-{uuid.uuid4().hex}"
            self.charges[reference] = ChargeState(
                reference,
                ChargeStatus.PENDING,
                Decimal("0.000"),
                wanted.currency,
                redirect_url=f"https://pay.example.com/{reference}",
            )
        return self.leave("create", self.keys[wanted.idempotency_key])

    async def capture(self, account: Account, reference: str, *, idempotency_key: str) -> ChargeState:
        self.arrive("capture", account)
        self.become(reference, ChargeStatus.PAID, Decimal("4.750"))
        return self.leave("capture", reference)

    async def cancel(self, account: Account, reference: str) -> ChargeState:
        self.arrive("cancel", account)
        if self.charges[reference].status is not ChargeStatus.PAID:
            self.become(reference, ChargeStatus.CANCELLED)
        return self.leave("cancel", reference)

    async def refund(self, account: Account, wanted: NewRefund) -> RefundState:
        self.arrive("refund", account)
        made = self.refunds.setdefault(
            wanted.idempotency_key,
            RefundState(f"refund-{len(self.refunds)}", RefundStatus.SUCCEEDED, wanted.amount, wanted.refund_id),
        )
        charge = self.charges[wanted.reference]
        self.charges[wanted.reference] = replace(charge, refunds=list(self.refunds.values()))
        self.leave("refund", wanted.reference)
        return replace(made, exchanges=[Exchange("refund", {"amount": str(wanted.amount)}, {"ok": True}, 200)])

    async def status(self, account: Account, reference: str) -> ChargeState:
        self.arrive("status", account)
        return self.leave("status", reference)

    async def parse_webhook(
        self, account: Account, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> WebhookEvent:
        raise WebhookRejected

    def become(self, reference: str, status: ChargeStatus, paid: Decimal | None = None) -> None:
        """The charge is so from now on."""
        url = self.charges[reference].redirect_url if status is ChargeStatus.PENDING else None
        amount = self.charges[reference].amount_paid if paid is None else paid
        self.charges[reference] = replace(self.charges[reference], status=status, amount_paid=amount, redirect_url=url)

    def pay(self, amount: str = "4.750") -> None:
        """The one charge that there is, is paid."""
        [reference] = self.charges
        self.become(reference, ChargeStatus.PAID, Decimal(amount))

    def arrive(self, operation: str, account: Account) -> None:
        if account.tenant_id != self.tenant_id:
            raise ProviderUnavailable("somebody_elses")
        self.calls.append(operation)
        if self.is_down:
            raise ProviderUnavailable("down", [Exchange(operation, {"asked": True}, None)])
        if planned := self.before.get(operation):
            raise planned.pop(0)

    def leave(self, operation: str, reference: str) -> ChargeState:
        if planned := self.after.get(operation):
            raise planned.pop(0)
        state = self.charges[reference]
        return replace(
            state, exchanges=[Exchange(operation, {"charge": reference}, {"status": state.status.value}, 200)]
        )
