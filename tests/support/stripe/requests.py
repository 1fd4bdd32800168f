"""What Stripe takes: parameters that exist, amounts that a currency has, keys that come with what they came with."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.support.provider_server import Answered, Asked

VERSION = "2026-10-28.endive"
NO_DECIMALS = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
MULTIPLES = {"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100}
SESSION_PARAMETERS = {
    "mode",
    "allowed_payment_method_types",
    "line_items",
    "adaptive_pricing",
    "client_reference_id",
    "metadata",
    "payment_intent_data",
    "customer_email",
    "locale",
    "success_url",
    "cancel_url",
    "expires_at",
}
INTENT_PARAMETERS = {"amount", "currency", "allowed_payment_method_types", "description", "metadata"}
REFUND_PARAMETERS = {"payment_intent", "amount", "reason", "metadata"}
LOCALES = {"auto", "en", "fr", "de"}
REFUND_REASONS = {"duplicate", "fraudulent", "requested_by_customer"}


class Refused(Exception):
    """How Stripe tells what is wrong."""

    def __init__(
        self, message: str, *, code: str | None = None, kind: str = "invalid_request_error", status: int = 400
    ) -> None:
        super().__init__(message)
        self.code, self.kind, self.status = code, kind, status

    def answered(self) -> Answered:
        error = {"type": self.kind, "message": str(self), "code": self.code}
        body = {"error": {name: value for name, value in error.items() if value is not None}}
        return Answered(self.status, json.dumps(body).encode(), {"content-type": "application/json"})


def form(asked: Asked) -> dict[str, Any]:
    """`a[b][0]=c` as Stripe reads it."""
    if asked.body and asked.headers.get("content-type") != "application/x-www-form-urlencoded":
        raise Refused("This is not the content type of a form")
    given: dict[str, Any] = {}
    for name, value in parse_qsl(asked.body.decode() or asked.query, keep_blank_values=True, strict_parsing=False):
        *outer, last = name.replace("]", "").split("[")
        place = given
        for each in outer:
            place = place.setdefault(each, {})
        place[last] = value
    return given


def only(given: Mapping[str, Any], known: set[str]) -> None:
    if "payment_method_types" in given:
        raise Refused("Choose them otherwise", code="payment_method_types_no_longer_supported")
    if unknown := sorted(set(given) - known):
        raise Refused(f"Received unknown parameter: {unknown[0]}", code="parameter_unknown")


def listed(given: Mapping[str, Any], name: str) -> list[Any]:
    return list(given.get(name, {}).values())


def amount_in(given: Mapping[str, Any], name: str, currency: str) -> int:
    text = str(given.get(name, ""))
    if not text.isdecimal():
        raise Refused(f"Invalid integer: {text}", code="parameter_invalid_integer")
    amount = int(text)
    if amount < 1:
        raise Refused("This value must be greater than or equal to 1.", code="parameter_invalid_integer")
    if amount % MULTIPLES.get(currency, 1):
        raise Refused(f"Amount must be a multiple of {MULTIPLES[currency]}", code="invalid_amount")
    return amount


def currency_in(given: Mapping[str, Any]) -> str:
    currency = str(given.get("currency", ""))
    if not (len(currency) == 3 and currency.isascii() and currency.islower()):
        raise Refused(f"Invalid currency: {currency}", code="currency_invalid")
    return currency


def metadata_in(given: Mapping[str, Any]) -> dict[str, str]:
    metadata: dict[str, str] = given.get("metadata", {})
    if len(metadata) > 50 or any(len(name) > 40 or len(value) > 500 for name, value in metadata.items()):
        raise Refused("Metadata is too large")
    return metadata
