"""From headers to a caller: the bearer token is verified, the tenant named, and the database asked who that is."""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from db.rows import LoneRows, write_rows
from db.session import Database, Scope
from domain import api_keys
from domain.callers import (
    NOBODYS,
    Caller,
    Credentials,
    SessionEnded,
    TenantBrief,
    TenantMoved,
    TenantsDiffer,
    TenantUnknown,
    identify,
    remembered_guest,
)
from domain.ports import TokenRejected, TokenVerifier
from gql.errors import ErrorCode, Refusal
from gql.pipeline import log_unexpected
from server.headers import SHORT, RequestHeaders

MOST_REMEMBERED = 10_000
REMEMBERED_SECONDS = 60.0
"""Longer than any page takes to be read, and short enough that a slug that names nobody is soon looked up again."""


class Slugs(NamedTuple):
    """How a request names its tenant: in the `Sadu-Tenant` header, by its host, in both ways or in none."""

    header: str | None
    host: str | None


class ClientAddress(NamedTuple):
    """Where a request comes from: for the records, and for whatever is counted."""

    ip: str | None
    """None where what was told is no IP address."""
    network: str
    """The address, or for IPv6 the /64 around it: a single subscriber has that many."""


class Callers:
    """Identifies the caller of a request.

    `trusted_proxies` decides whether `X-Forwarded-*` is believed. With `wants_mfa`, owners, admins and operators can do
    nothing in a session without a second factor.
    """

    def __init__(
        self,
        database: Database,
        verifier: TokenVerifier,
        *,
        base_domain: str,
        trusted_proxies: int,
        deadline_seconds: float,
        wants_mfa: bool = False,
    ) -> None:
        self._database, self._rows, self._verifier = database, LoneRows(database), verifier
        self._base_domain, self._trusted_proxies, self._deadline = base_domain, trusted_proxies, deadline_seconds
        self._wants_mfa = wants_mfa
        self._tenants_of_guests: OrderedDict[Slugs, tuple[TenantBrief, float]] = OrderedDict()
        self._known_callers: OrderedDict[tuple[Slugs, Credentials], tuple[Caller, float]] = OrderedDict()
        self._noting: set[UUID] = set()
        """The API keys of which it is just being written that they are used."""

    def remembered(self, headers: RequestHeaders, slugs: Slugs | None = None) -> Caller | None:
        """A guest of a tenant that was found before, without asking again; None for everybody else.

        Whoever serves such a caller must find out whether the tenant is still what it was; sessions do when they begin.
        `slugs` are those of the headers, where they have been read.
        """
        if headers.has_credentials:
            return None
        tenant, until = self._tenants_of_guests.get(slugs or self.slugs(headers), (None, 0.0))
        return remembered_guest(tenant) if tenant is not None and monotonic() < until else None

    async def recalled(self, headers: RequestHeaders, slugs: Slugs | None = None) -> Caller | None:
        """As `remembered`, for somebody whose token or key was good there a moment ago.

        Raises a `Refusal` for a token that is not good: whether it is has nothing to do with memory.
        """
        credentials = await self._credentials(headers)
        if credentials == NOBODYS:
            return None
        caller, until = self._known_callers.get((slugs or self.slugs(headers), credentials), (None, 0.0))
        return caller if monotonic() < until else None

    async def identify(self, headers: RequestHeaders) -> Caller:
        """Raises a `Refusal` for a bad token, a tenant that is unknown or has moved, or two tenants at once."""
        slugs = self.slugs(headers)
        try:
            async with asyncio.timeout(self._deadline):
                caller = await identify(
                    self._rows,
                    header_slug=slugs.header,
                    host_slug=slugs.host,
                    credentials=(credentials := await self._credentials(headers)),
                    wants_mfa=self._wants_mfa,
                )
                await self._note_use(caller)
        except TimeoutError:
            raise too_slow() from None
        except SessionEnded:
            raise (key_refused() if api_keys.is_key(headers.bearer_token or "") else unauthenticated()) from None
        except TenantUnknown:
            raise Refusal(404, ErrorCode.TENANT_NOT_FOUND, "No such tenant.") from None
        except TenantMoved as moved:
            raise tenant_moved(moved.slug, self._base_domain) from None
        except TenantsDiffer:
            raise ambiguous() from None
        if caller.key is None:  # which names a tenant by itself: the slugs may have named none
            self._remember_tenant(slugs, caller.tenant)
        self._remember_caller((slugs, credentials), caller)
        return caller

    def slugs(self, headers: RequestHeaders) -> Slugs:
        host = self.host(headers)
        hosted = hosted_slug(host, self._base_domain) if len(host) <= SHORT else None
        return Slugs(named_slug(headers.all(b"sadu-tenant")), hosted)

    def host(self, headers: RequestHeaders) -> str:
        """The host as the client sees it, with its port unless that goes without saying."""
        return self.forwarded(headers, b"x-forwarded-host") or headers.get(b"host") or ""

    def forwarded(self, headers: RequestHeaders, name: bytes) -> str | None:
        """What a proxy that is trusted says of its client."""
        if not self._trusted_proxies:
            return None
        # The last of several was added by the proxy next to us, which is the one we trust.
        return ",".join(headers.all(name)).split(",")[-1].strip() or None

    def address(self, headers: RequestHeaders, peer: str) -> ClientAddress:
        """Where the request comes from, as far as it can be believed: the last address that no proxy of ours wrote."""
        forwarded = [each.strip() for value in headers.all(b"x-forwarded-for") for each in value.split(",")]
        hops = [*forwarded, peer]
        return client_address(hops[max(0, len(hops) - 1 - self._trusted_proxies)])

    async def _note_use(self, caller: Caller) -> None:
        """Once a minute at most: who looks at the list of keys wants to know which are in use.

        Requests that come together do not all write it, and none fails because it could not be written.
        """
        key = caller.key
        if key is None or not key.is_unseen or key.id in self._noting:
            return
        self._noting.add(key.id)
        try:
            async with write_rows(self._database, Scope(key.tenant_id)) as rows:
                await api_keys.note_use(rows, key_id=key.id)
        except Exception as error:
            log_unexpected(error)
        finally:
            self._noting.discard(key.id)

    async def _credentials(self, headers: RequestHeaders) -> Credentials:
        """What the bearer token proves. One that is not good is never ignored."""
        authorization = headers.all(b"authorization")
        if not authorization:
            return Credentials()
        token = headers.bearer_token
        if len(authorization) > 1 or token is None:
            raise Refusal(401, ErrorCode.UNAUTHENTICATED, "Send one header `Authorization: Bearer <access token>`.")
        if api_keys.is_key(token):
            if not api_keys.is_intact(token):
                raise key_refused()
            return Credentials(key_hash=api_keys.key_hash(token))
        try:
            return Credentials(claims=await self._verifier.verify(token))
        except TokenRejected:
            raise unauthenticated() from None

    def _remember_tenant(self, slugs: Slugs, tenant: TenantBrief | None) -> None:
        """Only a tenant that is open: whoever is refused because of a status is refused for what it is now."""
        self._tenants_of_guests.pop(slugs, None)
        if tenant is not None and tenant.status == "active":
            self._tenants_of_guests[slugs] = tenant, monotonic() + REMEMBERED_SECONDS
        if len(self._tenants_of_guests) > MOST_REMEMBERED:
            self._tenants_of_guests.popitem(last=False)

    def _remember_caller(self, asking: tuple[Slugs, Credentials], caller: Caller) -> None:
        self._known_callers.pop(asking, None)
        if caller.is_worth_remembering:
            self._known_callers[asking] = replace(caller, is_remembered=True), monotonic() + REMEMBERED_SECONDS
        if len(self._known_callers) > MOST_REMEMBERED:
            self._known_callers.popitem(last=False)


def client_address(written: str) -> ClientAddress:
    """Some proxies add the port, which is another one for each connection; dual-stack sockets write IPv4 as IPv6."""
    bare = written[1:].partition("]")[0] if written.startswith("[") else written
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return ClientAddress(None, bare)
    if isinstance(found, IPv4Address):
        return ClientAddress(str(found), str(found))
    if found.ipv4_mapped:
        return ClientAddress(str(found.ipv4_mapped), str(found.ipv4_mapped))
    return ClientAddress(str(found), str(IPv6Network((found, 64), strict=False)))


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


def key_refused() -> Refusal:
    return Refusal(401, ErrorCode.UNAUTHENTICATED, "This API key is mistyped, expired or revoked.")


def tenant_moved(slug: str, base_domain: str) -> Refusal:
    """No redirect of HTTP: one cannot say another header, and browsers would take no token along to another host."""
    moved_to = {"slug": slug, "host": f"{slug}.{base_domain}"}
    message = f"This tenant has another name now: {slug}."
    return Refusal(410, ErrorCode.TENANT_MOVED, message, details={"movedTo": moved_to}, is_shared=True)


def ambiguous() -> Refusal:
    return Refusal(400, ErrorCode.TENANT_AMBIGUOUS, "The request names two different tenants.")
