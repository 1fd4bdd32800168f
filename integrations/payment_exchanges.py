"""What a payment's log keeps of a request and its answer: fields that are known to be harmless, and no others."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import httpx

from domain.payment_providers import Account, Exchange

LONGEST_SECONDS = 18.0
"""For all that one method asks: it is to end within 20."""
PATIENCE = httpx.Timeout(9, connect=4)
MOST_ITEMS, LONGEST_TEXT, SHORTEST_SECRET = 20, 500, 16
REMOVED = "[removed]"
# Digits as long as a card's number, however they are grouped.
CARD_NUMBER = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
# Only from where a word begins: from within one, a text of a mebibyte without any address would be read for hours.
EMAIL_ADDRESS = re.compile(r"(?<![^\s@<>\"'])[^\s@<>\"']+@[^\s@<>\"']+")
WE_SAY = """amount currency description invoice_id custom_id intent mode metadata order_number payment_id refund_id
    client_reference_id purchase_units currency_code value note_to_payer reason expires_at payment_intent
    cancellation_reason"""
STRIPE_SAYS = """id object status payment_status amount_total amount_received amount_refunded created livemode type
    last_payment_error failure_reason latest_charge data error code decline_code message param"""
PAYPAL_SAYS = """payments captures refunds status_details create_time update_time name details issue debug_id
    error_description event_type resource_type resource supplementary_data related_ids order_id"""
KEPT = frozenset(WE_SAY.split()) | frozenset(STRIPE_SAYS.split()) | frozenset(PAYPAL_SAYS.split())
"""No pages to pay at, no client secrets, no tokens, and nothing of the shopper."""


class PaymentHttp:
    """The connections to providers of one process, kept alive between requests. Follows no redirect."""

    @cached_property
    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=100), follow_redirects=False)

    async def close(self) -> None:
        """As often as one likes: whatever is asked after it connects anew."""
        client = self.__dict__.pop("client", None)
        if client is not None:
            await client.aclose()


@dataclass
class ExchangeLog:
    """What one method asked, and what it was answered."""

    account: Account
    operation: str
    exchanges: list[Exchange] = field(default_factory=list[Exchange])

    def add(
        self, request: Mapping[str, Any], response: object | None, *, http_status: int | None, began: float
    ) -> None:
        """`began` is by `time.monotonic`. A response that is no mapping is kept as nothing but its status."""
        answered = self._kept(cast("object", response)) if isinstance(response, Mapping) else None
        milliseconds = int((time.monotonic() - began) * 1000)
        self.exchanges.append(Exchange(self.operation, self._kept(request), answered, http_status, milliseconds))

    def _kept(self, given: object) -> dict[str, Any]:
        secrets = [value for value in self.account.values.values() if len(value) >= SHORTEST_SECRET]
        return kept(given, secrets)


def kept(given: object, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """A mapping's harmless fields. `secrets` are taken out of texts, where a provider may have quoted them."""
    fields = cast("Mapping[str, Any]", given)
    return {name: _tidy(value, secrets) for name, value in fields.items() if name in KEPT or name in HEAD}


HEAD = frozenset({"method", "path", "idempotency_key", "body"})
"""How a request of ours is written down."""


def _tidy(value: object, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, REMOVED)
        return EMAIL_ADDRESS.sub(REMOVED, CARD_NUMBER.sub(REMOVED, value))[:LONGEST_TEXT]
    if isinstance(value, Mapping):
        return kept(cast("Mapping[str, Any]", value), secrets)
    if isinstance(value, Sequence):
        items = cast("Sequence[object]", value)
        return [_tidy(each, secrets) for each in items[:MOST_ITEMS]]
    return value if isinstance(value, int | float | None) else str(value)
