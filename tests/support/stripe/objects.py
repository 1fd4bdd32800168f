"""Stripe's objects, with what matters here and some of what must never be kept."""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

CARD = "4000 0000 0000 0002"


def new(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


@dataclass
class Intent:
    amount: int
    currency: str
    metadata: dict[str, str]
    description: str = ""
    belongs_to_session: bool = False
    id: str = field(default_factory=lambda: new("pi"))
    status: str = "requires_payment_method"
    error: dict[str, Any] | None = None
    created: int = field(default_factory=lambda: int(time.time()))

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_received": self.amount if self.status == "succeeded" else 0,
            "currency": self.currency,
            "status": self.status,
            "client_secret": f"{self.id}_secret_of_the_shopper",
            "description": self.description,
            "last_payment_error": self.error,
            "latest_charge": f"ch_{self.id[3:]}" if self.status == "succeeded" else None,
            "metadata": self.metadata,
            "receipt_email": None,
            "livemode": False,
            "created": self.created,
        }


@dataclass
class Session:
    amount: int
    currency: str
    metadata: dict[str, str]
    email: str
    expires_at: int
    intent_metadata: dict[str, str]
    client_reference_id: str
    return_url: str
    url: str
    """Of the service; its pages are below."""
    intent: Intent | None = None
    id: str = field(default_factory=lambda: new("cs_test"))
    status: str = "open"

    def told(self, *, expanded: bool = False) -> dict[str, Any]:
        is_paid = self.intent is not None and self.intent.status == "succeeded"
        intent = None if self.intent is None else self.intent.told() if expanded else self.intent.id
        return {
            "id": self.id,
            "object": "checkout.session",
            "amount_total": self.amount,
            "currency": self.currency,
            "status": self.status,
            "payment_status": "paid" if is_paid else "unpaid",
            "payment_intent": intent,
            "url": f"{self.url}/c/pay/{self.id}#secret" if self.status == "open" else None,
            "client_reference_id": self.client_reference_id,
            "customer_email": self.email,
            "customer_details": {"email": self.email, "name": "Noura", "phone": "+96512345678"},
            "metadata": self.metadata,
            "mode": "payment",
            "expires_at": self.expires_at,
            "livemode": False,
            "created": self.expires_at - 3600,
        }


@dataclass
class Refund:
    intent: Intent
    amount: int
    metadata: dict[str, str]
    id: str = field(default_factory=lambda: new("re"))
    status: str = "succeeded"

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "currency": self.intent.currency,
            "payment_intent": self.intent.id,
            "status": self.status,
            "metadata": self.metadata,
            "reason": "requested_by_customer",
            "created": int(time.time()),
        }


def event(kind: str, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new("evt"),
        "object": "event",
        "type": kind,
        "api_version": "2025-01-27.acacia",
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": about},
        "request": {"id": new("req"), "idempotency_key": None},
    }


def body_of(event: dict[str, Any]) -> bytes:
    return json.dumps(event, indent=2).encode()
