"""From headers to a caller: the bearer token is verified, the tenant named, and the database asked who that is."""

import asyncio
from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Network
from time import monotonic
from typing import NamedTuple

from db.rows import LoneRows
from db.session import Database
from domain.callers import (
    Caller,
    SessionEnded,
    TenantBrief,
    TenantsDiffer,
    TenantUnknown,
    identify,
    remembered_guest,
)
from domain.ports import Claims, TokenRejected, TokenVerifier
from gql.errors import ErrorCode, Refusal
from server.headers import SHORT, RequestHeaders

MOST_REMEMBERED = 10_000
REMEMBERED_SECONDS = 60.0
"""Longer than any page takes to be read, and short enough that a slug that names nobody is soon looked up again."""


class Slugs(NamedTuple):
    """How a request names its tenant: in the `Sadu-Tenant` header, by its host, in both ways or in none."""

    header: str | None
    host: str | None


class Callers:
    """Identifies the caller of a request. `trusted_proxies` decides whether `X-Forwarded-*` is believed."""

    def __init__(
        self, database: Database, verifier: TokenVerifier, base_domain: str, trusted_proxies: int, deadline: float
    ) -> None:
        self._rows, self._verifier = LoneRows(database), verifier
        self._base_domain, self._trusted_proxies, self._deadline = base_domain, trusted_proxies, deadline
        self._remembered: OrderedDict[Slugs, tuple[TenantBrief, float]] = OrderedDict()

    def remembered(self, headers: RequestHeaders, slugs: Slugs | None = None) -> Caller | None:
        """A guest of a tenant that was found before, without asking again; None for everybody else.

        Whoever serves such a caller must find out whether the tenant is still what it was; sessions do when they begin.
        `slugs` are those of the headers, where they have been read.
        """
        if headers.has_credentials:
            return None
        tenant, until = self._remembered.get(slugs or self.slugs(headers), (None, 0.0))
        return remembered_guest(tenant) if tenant is not None and monotonic() < until else None

    async def identify(self, headers: RequestHeaders) -> Caller:
        """Raises a `Refusal` for a bad token, an unknown tenant, or two tenants at once."""
        slugs = self.slugs(headers)
        try:
            async with asyncio.timeout(self._deadline):
                claims = await self._claims(headers)
                caller = await identify(self._rows, header_slug=slugs.header, host_slug=slugs.host, claims=claims)
        except TimeoutError:
            raise too_slow() from None
        except SessionEnded:
            raise unauthenticated() from None
        except TenantUnknown:
            raise Refusal(404, ErrorCode.TENANT_NOT_FOUND, "No such tenant.") from None
        except TenantsDiffer:
            raise ambiguous() from None
        self._remember(slugs, caller.tenant)
        return caller

    def slugs(self, headers: RequestHeaders) -> Slugs:
        host = headers.get(b"host") or ""
        if self._trusted_proxies:
            # The last of several was added by the proxy next to us, which is the one we trust.
            host = ",".join(headers.all(b"x-forwarded-host") or [host]).split(",")[-1].strip()
        hosted = hosted_slug(host, self._base_domain) if len(host) <= SHORT else None
        return Slugs(named_slug(headers.all(b"sadu-tenant")), hosted)

    def address(self, headers: RequestHeaders, peer: str) -> str:
        """Where the request comes from, as far as it can be believed: the last address that no proxy of ours wrote."""
        forwarded = [each.strip() for value in headers.all(b"x-forwarded-for") for each in value.split(",")]
        hops = [*forwarded, peer]
        return network_of(hops[max(0, len(hops) - 1 - self._trusted_proxies)])

    async def _claims(self, headers: RequestHeaders) -> Claims | None:
        """What the bearer token says; None without one. A token that is not good is never ignored."""
        authorization = headers.all(b"authorization")
        if not authorization:
            return None
        scheme, _, token = authorization[0].partition(" ")
        if len(authorization) > 1 or scheme.lower() != "bearer":
            raise Refusal(401, ErrorCode.UNAUTHENTICATED, "Send one header `Authorization: Bearer <access token>`.")
        try:
            return await self._verifier.verify(token.strip())
        except TokenRejected:
            raise unauthenticated() from None

    def _remember(self, slugs: Slugs, tenant: TenantBrief | None) -> None:
        """Only a tenant that is open: whoever is refused because of a status is refused for what it is now."""
        self._remembered.pop(slugs, None)
        if tenant is not None and tenant.status == "active":
            self._remembered[slugs] = tenant, monotonic() + REMEMBERED_SECONDS
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def network_of(address: str) -> str:
    """The address, or for IPv6 the /64 around it: a single subscriber has that many."""
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((address, 64), strict=False))
    except ValueError:
        return address


@lru_cache(maxsize=10_000)
def hosted_slug(host: str, base_domain: str) -> str | None:
    """The slug in `{slug}.<base domain>`; None for any other host."""
    name = host.lower().split(":")[0]
    slug = name.removesuffix(f".{base_domain}")
    return slug if slug != name and "." not in slug and slug.isascii() else None


def named_slug(values: list[str]) -> str | None:
    """The slug in `Sadu-Tenant`; naming two different ones is refused."""
    named = {value.strip().lower() for value in values} - {""}
    if len(named) > 1:
        raise ambiguous()
    slug = next(iter(named), None)
    if slug is not None and (len(slug) > 80 or not slug.isascii()):
        raise Refusal(404, ErrorCode.TENANT_NOT_FOUND, "No such tenant.")
    return slug


def too_slow() -> Refusal:
    return Refusal(503, ErrorCode.DEADLINE_EXCEEDED, "This took too long, and was ended.")


def unauthenticated() -> Refusal:
    return Refusal(401, ErrorCode.UNAUTHENTICATED, "This token is not valid, or no longer.")


def ambiguous() -> Refusal:
    return Refusal(400, ErrorCode.TENANT_AMBIGUOUS, "The request names two different tenants.")
