"""Messages of payment providers: proven, stored, answered 200. The worker applies them.

Whatever is wrong is answered alike: whoever tries learns neither which tenants there are nor how they are paid.
"""

import asyncio
import math
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from db.session import Scope
from domain import payment_events
from domain.payment_providers import ProviderUnavailable, WebhookRejected
from gql.context import Services
from gql.ids import known_id
from gql.pipeline import log_unexpected
from server.callers import client_address

PATH = "/webhooks/{provider}/{tenant}"
MOST_BYTES = 1024 * 1024
MOST_AT_ONCE = 32
"""Each may hold a body: so many mebibytes at most."""
READING_SECONDS = 10.0
REJECTIONS, REJECTIONS_OF_NETWORK, REJECTIONS_SECONDS = 60, 600, 60.0
"""So many messages that prove nothing are looked at in that time, from one network for one tenant, and for all; good
ones do not count. A provider's network tells of every tenant: one whose secret is wrong must not keep the others out.
"""
MOST_KEPT = 10_000

log = structlog.get_logger("sadu.webhooks")

TAKEN = "Taken."
REFUSED = "Not taken."
LATER = "Try again later."

ALL = "all"
Source = tuple[str, uuid.UUID | str | None]
"""A network, and whom its messages are for: a tenant, none that could be one, or all of them together."""


class TooLarge(Exception):
    """The body is larger than any message of a provider."""


@dataclass
class Rejections:
    """How many messages that proved nothing came lately. Bounded, and forgotten with the process."""

    counts: OrderedDict[Source, tuple[int, float]] = field(default_factory=OrderedDict[Source, tuple[int, float]])

    def retry_after(self, network: str, tenant_id: uuid.UUID | None) -> int | None:
        """Seconds to wait; None where another may be looked at."""
        return self._left((network, tenant_id), REJECTIONS) or self._left((network, ALL), REJECTIONS_OF_NETWORK)

    def _left(self, source: Source, most: int) -> int | None:
        count, since = self.counts.get(source, (0, 0.0))
        left = since + REJECTIONS_SECONDS - monotonic()
        return math.ceil(left) if count >= most and left > 0 else None

    def add(self, network: str, tenant_id: uuid.UUID | None) -> None:
        for source in ((network, tenant_id), (network, ALL)):
            count, since = self.counts.pop(source, (0, monotonic()))
            if monotonic() - since > REJECTIONS_SECONDS:
                count, since = 0, monotonic()
            self.counts[source] = count + 1, since
            if len(self.counts) > MOST_KEPT:
                self.counts.popitem(last=False)


@dataclass
class PaymentWebhooks:
    """The route. `trusted_proxies` says whose word about addresses is believed."""

    services: Services
    trusted_proxies: int
    rejections: Rejections = field(default_factory=Rejections)
    under_way: int = 0

    @property
    def route(self) -> Route:
        return Route(PATH, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        network, tenant_id = self.network(request), known_id("tenant", request.path_params["tenant"])
        wait = self.rejections.retry_after(network, tenant_id)
        if wait is not None:
            return answer(429, LATER, retry_after=wait)
        if self.under_way >= MOST_AT_ONCE:
            return answer(503, LATER, retry_after=1)
        self.under_way += 1
        try:
            return await self.taken(request, network, tenant_id)
        finally:
            self.under_way -= 1

    async def taken(self, request: Request, network: str, tenant_id: uuid.UUID | None) -> Response:
        provider = request.path_params["provider"]
        try:
            async with asyncio.timeout(READING_SECONDS):
                body = await read_body(request)
            is_new = await self.store(request, provider, await self.known(provider, tenant_id), body)
        except (WebhookRejected, TooLarge, TimeoutError, ClientDisconnect) as rejected:
            self.rejections.add(network, tenant_id)
            known = provider if provider in self.services.gateways.providers else "unknown"
            log.info("webhook_refused", provider=known, reason=type(rejected).__name__)
            return answer(400, REFUSED)
        except ProviderUnavailable as unavailable:
            log.warning("webhook_not_verified", provider=provider, reason=unavailable.code)
            return answer(503, LATER, retry_after=30)
        except Exception as error:
            log_unexpected(error)
            return answer(503, LATER, retry_after=30)
        log.info("webhook", provider=provider, tenant_id=str(tenant_id), is_new=is_new)
        return answer(200, TAKEN)

    async def known(self, provider: str, tenant_id: uuid.UUID | None) -> uuid.UUID:
        """The tenant, if it is paid this way. Raises `WebhookRejected`."""
        capabilities = self.services.gateways.capabilities(provider)
        if tenant_id is None or capabilities is None or not capabilities.has_webhooks:
            raise WebhookRejected
        async with self.services.database.read(Scope(tenant_id)) as session:
            if not await payment_events.has_account(session, provider):
                raise WebhookRejected
        return tenant_id

    async def store(self, request: Request, provider: str, tenant_id: uuid.UUID, body: bytes) -> bool:
        """Whether the message is new. Raises `WebhookRejected` for one that proves nothing."""
        gateways = self.services.gateways
        account = await gateways.account(tenant_id, provider)
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = await gateways.providers[provider].parse_webhook(account, headers, body, now=datetime.now(UTC))
        async with self.services.database.write(Scope(tenant_id)) as session:
            is_new = await payment_events.keep(session, tenant_id=tenant_id, provider=provider, event=event)
        if is_new:
            await self.services.signal.wake()
        return is_new

    def network(self, request: Request) -> str:
        forwarded = [each.strip() for value in request.headers.getlist("x-forwarded-for") for each in value.split(",")]
        hops = [*forwarded, request.client.host if request.client else ""]
        return client_address(hops[max(0, len(hops) - 1 - self.trusted_proxies)]).network


async def read_body(request: Request) -> bytes:
    """The bytes as they came, which are what was signed. Refused as soon as there are too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge
    return bytes(body)


def answer(status: int, told: str, *, retry_after: int | None = None) -> Response:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return Response(f"{told}\n", status, headers, media_type="text/plain")
