"""PayPal's REST API by httpx, with one tenant's credentials: each request is written down as it goes out."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import httpx

from domain.payment_providers import (
    Account,
    CredentialsRefused,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from integrations.payment_exchanges import LONGEST_SECONDS, ExchangeLog, PaymentHttp

CLIENT_ID, CLIENT_SECRET, ENVIRONMENT, SANDBOX = "clientId", "clientSecret", "environment", "sandbox"
LIVE_URL, SANDBOX_URL = "https://api-m.paypal.com", "https://api-m.sandbox.paypal.com"
TOKEN_PATH = "/v1/oauth2/token"
MAYBE_DONE = {408, 409, 429}
UNDER_WAY = "PREVIOUS_REQUEST_IN_PROGRESS"
EARLIER_SECONDS, MOST_TOKENS = 120, 1_000
"""Tokens are renewed before they end, and no more are kept."""


def api_url_of(account: Account) -> str:
    return SANDBOX_URL if account.values.get(ENVIRONMENT) == SANDBOX else LIVE_URL


@dataclass
class Token:
    """What the API is asked with; `turn` lets one at a time ask for it."""

    value: str = field(default="", repr=False)
    good_until: float = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)


@dataclass
class Tokens:
    """Access tokens, in memory alone, by what they were given for: other credentials have another token."""

    _known: dict[bytes, Token] = field(default_factory=dict[bytes, Token], repr=False)

    def of(self, account: Account) -> Token:
        given = "\n".join(account.values.get(name, "") for name in (ENVIRONMENT, CLIENT_ID, CLIENT_SECRET))
        if len(self._known) >= MOST_TOKENS:
            self._known.clear()
        return self._known.setdefault(hashlib.sha256(given.encode()).digest(), Token())


@dataclass(frozen=True)
class PayPalClient:
    """What one method of the provider asks."""

    http: PaymentHttp
    api_url: str
    token: Token
    log: ExchangeLog

    async def get(self, path: str) -> dict[str, Any]:
        return await self._ask("GET", path)

    async def post(self, path: str, body: Mapping[str, Any], *, idempotency_key: str) -> dict[str, Any]:
        """Asking twice with one key does it once."""
        return await self._ask("POST", path, body, idempotency_key)

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        headers = {"Prefer": "return=representation"}
        request: dict[str, Any] = {"method": method, "path": path}
        if idempotency_key is not None:
            headers["PayPal-Request-Id"] = request["idempotency_key"] = idempotency_key
            request["body"] = body
        token = await self._access_token()
        response = await self._send(request, headers | {"Authorization": f"Bearer {token}"}, json=body)
        if response.status_code == 401:  # revoked before its time
            self.token.good_until = 0
            token = await self._access_token()
            response = await self._send(request, headers | {"Authorization": f"Bearer {token}"}, json=body)
        return self._told(response)

    async def _access_token(self) -> str:
        """Raises `CredentialsRefused`."""
        async with self.token.turn:
            if self.token.good_until > time.monotonic():
                return self.token.value
            values = self.log.account.values
            basic = httpx.BasicAuth(values[CLIENT_ID], values[CLIENT_SECRET])
            request = {"method": "POST", "path": TOKEN_PATH}
            asked_at = time.monotonic()
            response = await self._send(request, {}, data={"grant_type": "client_credentials"}, auth=basic)
            told = self._told(response)
            self.token.value = str(told["access_token"])
            self.token.good_until = asked_at + float(told["expires_in"]) - EARLIER_SECONDS
            return self.token.value

    async def _send(self, request: Mapping[str, Any], headers: Mapping[str, str], **given: Any) -> httpx.Response:
        """Once. What the log keeps of it is `request`."""
        began = time.monotonic()
        url = self.api_url + request["path"]
        try:
            response = await self.http.client.request(request["method"], url, headers=headers, **given)
        except httpx.HTTPError:
            self.log.add(request, None, http_status=None, began=began)
            raise ProviderUnavailable("unreachable", self.log.exchanges) from None
        except asyncio.CancelledError:
            self.log.add(request, None, http_status=None, began=began)
            raise
        self.log.add(request, json_of(response), http_status=response.status_code, began=began)
        return response

    def _told(self, response: httpx.Response) -> dict[str, Any]:
        told = json_of(response)
        if response.is_success and told is not None:
            return told
        raise provider_error(response.status_code, told or {}, self.log)


def json_of(response: httpx.Response) -> dict[str, Any] | None:
    with suppress(ValueError):
        told: object = response.json()
        return cast("dict[str, Any]", told) if isinstance(told, dict) else None
    return None


def provider_error(status: int, told: Mapping[str, Any], log: ExchangeLog) -> ProviderError:
    """PayPal's word for what is wrong; the details are more precise than the name."""
    details = cast("list[dict[str, Any]]", told.get("details") or [{}])
    code = str(details[0].get("issue") or told.get("name") or told.get("error") or f"http_{status}")
    if status in (401, 403):
        return CredentialsRefused(code, log.exchanges)
    if not 400 <= status < 500 or status in MAYBE_DONE or code == UNDER_WAY:
        return ProviderUnavailable(code, log.exchanges)
    return ProviderRefused(code, log.exchanges)


@asynccontextmanager
async def asking(
    http: PaymentHttp, tokens: Tokens, account: Account, operation: str, *, api_url: str | None
) -> AsyncGenerator[PayPalClient]:
    """Whatever goes wrong in the block is a `ProviderError`, with all that was asked in it."""
    if not (account.values.get(CLIENT_ID) and account.values.get(CLIENT_SECRET)):
        raise CredentialsRefused("no_credentials")
    log = ExchangeLog(account, operation)
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            yield PayPalClient(http, api_url or api_url_of(account), tokens.of(account), log)
    except TimeoutError:
        raise ProviderUnavailable("timeout", log.exchanges) from None
    except (KeyError, TypeError, ValueError, ArithmeticError):
        # It may well have been done, but the answer is none that we can read.
        raise ProviderUnavailable("unreadable", log.exchanges) from None
