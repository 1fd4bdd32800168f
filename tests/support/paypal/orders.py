"""PayPal's orders with their captures and refunds, and some of what must never be kept."""

import json
import secrets
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

MOMENT = "2026-11-28T09:00:00Z"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(17))


@dataclass
class Capture:
    value: str
    currency: str
    custom_id: str
    id: str = field(default_factory=new_id)
    status: str = "COMPLETED"

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "amount": {"currency_code": self.currency, "value": self.value},
            "custom_id": self.custom_id,
            "final_capture": True,
            "create_time": MOMENT,
        }


@dataclass
class Refund:
    value: str
    currency: str
    custom_id: str
    capture: Capture
    id: str = field(default_factory=new_id)
    status: str = "COMPLETED"

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "amount": {"currency_code": self.currency, "value": self.value},
            "custom_id": self.custom_id,
            "create_time": MOMENT,
        }


@dataclass
class Order:
    unit: dict[str, Any]
    email: str
    url: str
    """Of the service; its pages are below."""
    return_url: str
    id: str = field(default_factory=new_id)
    status: str = "PAYER_ACTION_REQUIRED"
    declines: str | None = None
    """How the next capture is refused."""
    captured_as: str = "COMPLETED"
    captures: list[Capture] = field(default_factory=list[Capture])
    refunds: list[Refund] = field(default_factory=list[Refund])

    def told(self) -> dict[str, Any]:
        unit = {"reference_id": "default", **self.unit}
        if self.captures:
            unit["payments"] = {
                "captures": [each.told() for each in self.captures],
                "refunds": [each.told() for each in self.refunds],
            }
        links = [{"href": f"{self.url}/v2/checkout/orders/{self.id}", "rel": "self", "method": "GET"}]
        if self.status == "PAYER_ACTION_REQUIRED":
            page = f"{self.url}/checkoutnow/{self.id}"
            links.append({"href": page, "rel": "payer-action", "method": "GET"})
        return {
            "id": self.id,
            "intent": "CAPTURE",
            "status": self.status,
            "purchase_units": [unit],
            "payment_source": {"paypal": {"email_address": self.email, "name": {"given_name": "Noura"}}},
            "payer": {"email_address": self.email, "name": {"given_name": "Noura"}, "payer_id": "Q3XHV2YEZ4NTE"},
            "create_time": MOMENT,
            "links": links,
        }

    @property
    def given_back(self) -> Decimal:
        return sum((Decimal(each.value) for each in self.refunds), Decimal(0))


def event(kind: str, resource_type: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"WH-{uuid.uuid4().hex[:17].upper()}-{uuid.uuid4().hex[:17].upper()}",
        "event_version": "1.0",
        "create_time": MOMENT,
        "resource_type": resource_type,
        "event_type": kind,
        "summary": "Something has happened",
        "resource": resource,
    }


def body_of(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()
