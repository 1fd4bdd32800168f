"""Stripe's webhooks: signed with the secret of the tenant's own endpoint, and no more than five minutes off."""

import json
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

import stripe

from domain.payment_providers import Account, WebhookEvent, WebhookRejected
from integrations.payment_exchanges import kept
from integrations.stripe_charges import PAYMENT_ID

SIGNATURE, WEBHOOK_SECRET = "stripe-signature", "webhookSecret"
TOLERANCE_SECONDS = 300
SIGNED_AT = re.compile(r"(?:^|,)t=([0-9]{1,12})(?:,|$)")


def parse(account: Account, headers: Mapping[str, str], body: bytes, *, now: datetime) -> WebhookEvent:
    """The library proves the signature, and would take what comes from the future: the clock is ours."""
    header, secret = headers.get(SIGNATURE), account.values.get(WEBHOOK_SECRET)
    moment = SIGNED_AT.search(header or "")
    if moment is None or abs(now.timestamp() - int(moment[1])) > TOLERANCE_SECONDS:
        raise WebhookRejected
    try:
        stripe.WebhookSignature.verify_header(body, header, secret)  # pyright: ignore[reportUnknownMemberType] - one argument of theirs has no type
        return event_of(json.loads(body))
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WebhookRejected from None


def event_of(event: dict[str, Any]) -> WebhookEvent:
    """Raises `KeyError` or `TypeError` for what is no event of a kind that we know."""
    about = cast("dict[str, Any]", event["data"]["object"])
    is_charge = about["object"] in {"checkout.session", "payment_intent"}
    reference = about["id"] if is_charge else about.get("payment_intent")
    metadata = cast("dict[str, Any]", about.get("metadata") or {})
    payment_id = None
    with suppress(ValueError):
        payment_id = uuid.UUID(str(metadata.get(PAYMENT_ID)))
    return WebhookEvent(
        event_id=str(event["id"]),
        kind=str(event["type"]),
        reference=reference if isinstance(reference, str) else None,
        payment_id=payment_id,
        payload=kept(event),
    )
