"""The mock gateway as a payment provider."""

import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from domain.payment_providers import (
    Account,
    Capabilities,
    ChargeState,
    ChargeStatus,
    CredentialField,
    Exchange,
    NewCharge,
    NewRefund,
    ProviderRefused,
    RefundState,
    RefundStatus,
    WebhookEvent,
    WebhookRejected,
)
from integrations.mock_gateway import SIGNATURE_HEADER, SIGNING_SECRET, Books, TableMockGateway

TOLERANCE_SECONDS = 300
SIGNATURE = re.compile(r"t=(?P<moment>[0-9]{1,12}),v1=(?P<signature>[0-9a-f]{64})")
NOTHING = Decimal("0.000")
STATUSES = {
    "open": ChargeStatus.PENDING,
    "paid": ChargeStatus.PAID,
    "failed": ChargeStatus.FAILED,
    "cancelled": ChargeStatus.CANCELLED,
}


@dataclass(frozen=True)
class MockPayments:
    """Takes any currency, and no money."""

    gateway: TableMockGateway
    name: str = "mock"
    capabilities: Capabilities = field(
        default=Capabilities(
            currencies=None,
            is_online=True,
            has_refunds=True,
            has_partial_refunds=True,
            has_webhooks=True,
            credentials=(CredentialField(SIGNING_SECRET, r"[!-~]{16,200}", is_required=False),),
        )
    )

    async def create(self, account: Account, wanted: NewCharge) -> ChargeState:
        began = time.monotonic()
        found = await self.gateway.open(account.tenant_id, wanted)
        sent = {"amount": str(wanted.amount), "currency": wanted.currency, "order": wanted.order_number}
        return self.state(account, found, exchange("create", sent, found, began))

    async def capture(self, account: Account, reference: str, *, idempotency_key: str) -> ChargeState:  # noqa: ARG002 - nothing is ever authorised alone
        return await self.status(account, reference)

    async def cancel(self, account: Account, reference: str) -> ChargeState:
        began = time.monotonic()
        found = await self.gateway.cancel(account.tenant_id, reference)
        return self.state(account, found, exchange("cancel", {"charge": reference}, found, began))

    async def refund(self, account: Account, wanted: NewRefund) -> RefundState:
        began = time.monotonic()
        sent = {"charge": wanted.reference, "amount": str(wanted.amount), "reason": wanted.reason}
        try:
            found, made = await self.gateway.give_back(account.tenant_id, wanted)
        except ProviderRefused as refused:
            raise ProviderRefused(refused.code, [Exchange("refund", sent, {"error": refused.code}, 422)]) from None
        answered = exchange("refund", sent, found, began)
        return RefundState(made.id.hex, RefundStatus.SUCCEEDED, made.amount, made.refund_id, [answered])

    async def status(self, account: Account, reference: str) -> ChargeState:
        began = time.monotonic()
        found = await self.gateway.look(account.tenant_id, reference)
        return self.state(account, found, exchange("status", {"charge": reference}, found, began))

    async def parse_webhook(
        self, account: Account, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> WebhookEvent:
        written = SIGNATURE.fullmatch(headers.get(SIGNATURE_HEADER, ""))
        if written is None or abs(now.timestamp() - int(written["moment"])) > TOLERANCE_SECONDS:
            raise WebhookRejected
        key = self.gateway.key(account.tenant_id, account.values)
        expected = hmac.digest(key, f"{written['moment']}.".encode() + body, hashlib.sha256).hex()
        if not hmac.compare_digest(expected, written["signature"]):
            raise WebhookRejected
        return event_of(body)

    def state(self, account: Account, found: Books, answered: Exchange) -> ChargeState:
        charge, status = found.charge, STATUSES[found.status]
        return ChargeState(
            reference=charge.token,
            status=status,
            amount_paid=charge.amount if status is ChargeStatus.PAID else NOTHING,
            currency=charge.currency,
            redirect_url=self.gateway.page(account.tenant_id, charge.token) if status is ChargeStatus.PENDING else None,
            failure="declined" if status is ChargeStatus.FAILED else None,
            refunds=[
                RefundState(each.id.hex, RefundStatus.SUCCEEDED, each.amount, each.refund_id) for each in found.refunds
            ],
            exchanges=[answered],
        )


def exchange(operation: str, sent: Mapping[str, Any], found: Books, began: float) -> Exchange:
    """For the log; the token of the page, by which anybody could pay, is not in it."""
    got = {
        "status": found.status,
        "amount": str(found.charge.amount),
        "currency": found.charge.currency,
        "refunds": [{"id": each.id.hex, "amount": str(each.amount)} for each in found.refunds],
    }
    asked = {name: value for name, value in sent.items() if name != "charge"}
    return Exchange(operation, {**asked, "charge": found.charge.id.hex}, got, 200, elapsed(began))


def elapsed(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def event_of(body: bytes) -> WebhookEvent:
    """Raises `WebhookRejected` for what is signed and cannot be read."""
    with suppress(ValueError, KeyError, TypeError):
        given = cast("dict[str, Any]", json.loads(body))
        charge = given["charge"]
        return WebhookEvent(
            event_id=str(given["id"]),
            kind=str(given["type"]),
            reference=str(charge["id"]),
            payment_id=uuid.UUID(charge["payment"]),
            payload={"type": given["type"], "status": charge["status"]},
        )
    raise WebhookRejected
