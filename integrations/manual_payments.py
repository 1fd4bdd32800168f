"""Paying by arrangement: instructions, perhaps a link, and staff who say that the money has come. Nobody is asked."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from domain.payment_providers import (
    Account,
    Capabilities,
    ChargeState,
    ChargeStatus,
    NewCharge,
    NewRefund,
    ProviderRefused,
    RefundState,
    WebhookEvent,
    WebhookRejected,
)

CAPABILITIES = Capabilities(
    currencies=None, is_online=False, has_refunds=False, has_partial_refunds=False, has_webhooks=False
)
NOTHING = Decimal("0.000")


class ManualPayments:
    """A charge is as good as its row here: only staff know more."""

    name = "manual"
    capabilities = CAPABILITIES

    async def create(self, account: Account, wanted: NewCharge) -> ChargeState:  # noqa: ARG002 - the contract's names
        return ChargeState(str(wanted.payment_id), ChargeStatus.PENDING, NOTHING, wanted.currency)

    async def capture(self, account: Account, reference: str, *, idempotency_key: str) -> ChargeState:  # noqa: ARG002
        raise ProviderRefused("not_online")

    async def cancel(self, account: Account, reference: str) -> ChargeState:  # noqa: ARG002
        return ChargeState(reference, ChargeStatus.CANCELLED, NOTHING, "")

    async def refund(self, account: Account, wanted: NewRefund) -> RefundState:  # noqa: ARG002
        raise ProviderRefused("not_online")

    async def status(self, account: Account, reference: str) -> ChargeState:  # noqa: ARG002
        return ChargeState(reference, ChargeStatus.PENDING, NOTHING, "")

    async def parse_webhook(
        self,
        account: Account,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
        body: bytes,  # noqa: ARG002
        *,
        now: datetime,  # noqa: ARG002
    ) -> WebhookEvent:
        raise WebhookRejected
