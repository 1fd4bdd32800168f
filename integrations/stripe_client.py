"""Stripe's own client, by connections of ours, with one tenant's key: each request is written down as it goes out."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import stripe

from domain.payment_providers import (
    Account,
    CredentialsRefused,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from integrations.payment_exchanges import LONGEST_SECONDS, ExchangeLog, PaymentHttp

API_VERSION = "2026-10-28.endive"
"""What answers look like, whatever the tenant's account is set to."""
API_URL = "https://api.stripe.com"
SECRET_KEY = "secretKey"
MAYBE_DONE = {409, 429}
"""The same key is at work, or too much is asked: to be asked again."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is asked for one method of the provider."""

    client: stripe.StripeClient
    log: ExchangeLog


class Transport(stripe.HTTPClient):
    """Sends what Stripe's client has written, once, and keeps what the log may know of it."""

    name = "httpx"

    def __init__(self, client: httpx.AsyncClient, log: ExchangeLog) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - one argument of theirs has no type
        self._http, self._log = client, log

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        request, began = written(method, url, headers, post_data), time.monotonic()
        try:
            response = await self._http.request(method, url, headers=dict(headers), content=post_data)
        except httpx.HTTPError as error:
            self._log.add(request, None, http_status=None, began=began)
            raise stripe.APIConnectionError(type(error).__name__, should_retry=False) from None
        except asyncio.CancelledError:
            self._log.add(request, None, http_status=None, began=began)
            raise
        self._log.add(request, json_of(response.content), http_status=response.status_code, began=began)
        return response.content, response.status_code, response.headers


def written(method: str, url: str, headers: Mapping[str, str], post_data: str | None) -> dict[str, Any]:
    """A request for the log."""
    parts = urlsplit(url)
    request: dict[str, Any] = {"method": method.upper(), "path": parts.path}
    if key := headers.get("Idempotency-Key"):
        request["idempotency_key"] = key
    if given := parse_qsl(post_data or parts.query):
        request["body"] = nested(given)
    return request


def nested(given: list[tuple[str, str]]) -> dict[str, Any]:
    """`a[b]=c` as Stripe means it; items of lists are fields named by their places."""
    body: dict[str, Any] = {}
    for name, value in given:
        *outer, last = name.replace("]", "").split("[")
        place = body
        for each in outer:
            place = place.setdefault(each, {})
        place[last] = value
    return body


def json_of(content: bytes) -> object:
    with suppress(ValueError):
        return json.loads(content)
    return None


@asynccontextmanager
async def conversation(
    http: PaymentHttp, api_url: str, account: Account, operation: str
) -> AsyncGenerator[Conversation]:
    """Whatever goes wrong in the block is a `ProviderError`, with all that was asked in it."""
    log = ExchangeLog(account, operation)
    key = account.values.get(SECRET_KEY)
    if not key:
        raise CredentialsRefused("no_credentials")
    client = stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": api_url},
        max_network_retries=0,
        http_client=Transport(http.client, log),
    )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            yield Conversation(client, log)
    except TimeoutError:
        raise ProviderUnavailable("timeout", log.exchanges) from None
    except stripe.StripeError as error:
        raise provider_error(error, log) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        # It may well have been done, but the answer is none that we can read.
        raise ProviderUnavailable("unreadable", log.exchanges) from None


def provider_error(error: stripe.StripeError, log: ExchangeLog) -> ProviderError:
    """Nothing of Stripe's messages: they quote what was sent."""
    status, code = error.http_status, code_of(error)
    if isinstance(error, stripe.APIConnectionError):
        return ProviderUnavailable("unreachable", log.exchanges)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return CredentialsRefused(code, log.exchanges)
    if isinstance(error, stripe.IdempotencyError):
        # What was begun under this key before is still there, and it may be paid.
        return ProviderUnavailable(code, log.exchanges)
    if isinstance(error, stripe.RateLimitError) or status is None or status in MAYBE_DONE or not 400 <= status < 500:
        return ProviderUnavailable(code, log.exchanges)
    return ProviderRefused(code, log.exchanges)


def code_of(error: stripe.StripeError) -> str:
    """Stripe's word for it, such as `card_declined`."""
    told: Any = error.error
    reasons = [getattr(told, name, None) for name in ("decline_code", "code", "type")] if told is not None else []
    return next((str(each) for each in reasons if each), f"http_{error.http_status}")
