"""PayPal's webhooks: signed with PayPal's certificate, for the webhook that the tenant has set up."""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from domain.payment_providers import Account, WebhookEvent, WebhookRejected
from integrations.payment_exchanges import kept
from integrations.paypal_certificates import Certificates
from integrations.paypal_client import ENVIRONMENT, SANDBOX
from integrations.paypal_orders import ids_in

WEBHOOK_ID = "webhookId"
ALGORITHM = "SHA256withRSA"
EARLIEST, LATEST = timedelta(days=4), timedelta(minutes=5)
"""PayPal tries for three days. What comes again is the same event, so old ones do no harm."""
LONGEST_HEADER, SHORTEST_SIGNATURE = 1_024, 256


async def parse(
    certificates: Certificates, account: Account, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> WebhookEvent:
    """Nobody is asked for a certificate before everything else looks as it should."""
    given = {
        name: headers.get(f"paypal-{name}", "")
        for name in ("auth-algo", "cert-url", "transmission-id", "transmission-sig", "transmission-time")
    }
    webhook_id = account.values.get(WEBHOOK_ID)
    if not webhook_id or given["auth-algo"] != ALGORITHM or any(len(each) > LONGEST_HEADER for each in given.values()):
        raise WebhookRejected
    check_time(given["transmission-time"], now)
    try:
        signature = base64.b64decode(given["transmission-sig"], validate=True)
    except (binascii.Error, ValueError):
        raise WebhookRejected from None
    if len(signature) < SHORTEST_SIGNATURE:
        raise WebhookRejected
    is_sandbox = account.values.get(ENVIRONMENT) == SANDBOX
    key = await certificates.key(given["cert-url"], is_sandbox=is_sandbox, now=now)
    said = "|".join((given["transmission-id"], given["transmission-time"], webhook_id, str(zlib.crc32(body))))
    try:
        key.verify(signature, said.encode(), PKCS1v15(), SHA256())
        return event_of(json.loads(body))
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WebhookRejected from None


def check_time(text: str, now: datetime) -> None:
    try:
        sent_at = datetime.fromisoformat(text)
    except ValueError:
        raise WebhookRejected from None
    if sent_at.tzinfo is None or not now - EARLIEST <= sent_at <= now + LATEST:
        raise WebhookRejected


def event_of(event: dict[str, Any]) -> WebhookEvent:
    """Raises `KeyError` or `TypeError` for what is no event of a kind that we know."""
    about = cast("dict[str, Any]", event["resource"])
    units = cast("list[dict[str, Any]]", about.get("purchase_units") or [{}])
    supplementary = cast("dict[str, Any]", about.get("supplementary_data") or {})
    related = cast("dict[str, Any]", supplementary.get("related_ids") or {})
    is_order = "purchase_units" in about or event.get("resource_type") == "checkout-order"
    reference: object = about["id"] if is_order else related.get("order_id")
    return WebhookEvent(
        event_id=str(event["id"]),
        kind=str(event["event_type"]),
        reference=reference if isinstance(reference, str) else None,
        payment_id=ids_in(about.get("custom_id") or units[0].get("custom_id"))[1],
        payload=kept(event),
    )
