"""From headers to a caller: the bearer token is verified, the tenant named, and the database asked who that is."""

from dataclasses import dataclass

from starlette.datastructures import Headers

from db.session import Database, Scope
from domain.callers import Caller, SessionEnded, TenantsDiffer, TenantUnknown, identify
from domain.ports import Claims, TokenRejected, TokenVerifier
from gql.errors import ErrorCode, Refusal


@dataclass(frozen=True, slots=True)
class Callers:
    """Identifies the caller of a request. `trusted_proxies` decides whether `X-Forwarded-Host` is believed."""

    database: Database
    verifier: TokenVerifier
    base_domain: str
    trusted_proxies: int

    async def identify(self, headers: Headers) -> Caller:
        """Raises a `Refusal` for a bad token, an unknown tenant, or two tenants at once."""
        claims = await self.claims(headers)
        header_slug, host_slug = named_tenant(headers), self.hosted_tenant(headers)
        try:
            async with self.database.read(Scope()) as session:
                return await identify(session, header_slug=header_slug, host_slug=host_slug, claims=claims)
        except SessionEnded:
            raise unauthenticated() from None
        except TenantUnknown:
            raise Refusal(404, ErrorCode.TENANT_NOT_FOUND, "No such tenant.") from None
        except TenantsDiffer:
            raise ambiguous() from None

    async def claims(self, headers: Headers) -> Claims | None:
        """What the bearer token says; None without one. A token that is not good is never ignored."""
        authorization = headers.getlist("authorization")
        if not authorization:
            return None
        scheme, _, token = authorization[0].partition(" ")
        if len(authorization) > 1 or scheme.lower() != "bearer":
            raise Refusal(401, ErrorCode.UNAUTHENTICATED, "Send one header `Authorization: Bearer <access token>`.")
        try:
            return await self.verifier.verify(token.strip())
        except TokenRejected:
            raise unauthenticated() from None

    def hosted_tenant(self, headers: Headers) -> str | None:
        """The slug in `{slug}.<base domain>`; None for any other host."""
        host = headers.get("host", "")
        if self.trusted_proxies:
            # The last of several was added by the proxy next to us, which is the one we trust.
            host = headers.get("x-forwarded-host", host).split(",")[-1].strip()
        name = host.lower().split(":")[0]
        slug = name.removesuffix(f".{self.base_domain}")
        return slug if slug != name and "." not in slug and slug.isascii() else None


def named_tenant(headers: Headers) -> str | None:
    """The slug in `Sadu-Tenant`; naming two different ones is refused."""
    named = {value.strip().lower() for value in headers.getlist("sadu-tenant")} - {""}
    if len(named) > 1:
        raise ambiguous()
    slug = next(iter(named), None)
    if slug is not None and (len(slug) > 80 or not slug.isascii()):
        raise Refusal(404, ErrorCode.TENANT_NOT_FOUND, "No such tenant.")
    return slug


def unauthenticated() -> Refusal:
    return Refusal(401, ErrorCode.UNAUTHENTICATED, "This token is not valid, or no longer.")


def ambiguous() -> Refusal:
    return Refusal(400, ErrorCode.TENANT_AMBIGUOUS, "The request names two different tenants.")
