"""Who is calling, of which tenant: asked of the database at the beginning of every request, never of the token.

The token only proves identity. Membership, role, scopes and the tenant's status are what they are now.
"""

import uuid
from dataclasses import dataclass

from db.queries.identity import identify_caller
from db.rows import Record, Rows
from db.session import Scope
from domain import tenant_slugs
from domain.actors import NOTHING, Actor, ActorKind, Permission, permissions_of
from domain.ports import Claims

GUARDED_ROLES = frozenset({"owner", "admin"})
"""Who may act only with a second factor, where the deployment asks for one."""


@dataclass(frozen=True, slots=True)
class TenantBrief:
    """What every request to a tenant needs to know of it."""

    id: uuid.UUID
    slug: str
    status: str
    currency: str
    locale: str
    edition: int = 0
    """Of its row: another one as soon as anything about the tenant changes."""


@dataclass(frozen=True, slots=True)
class ApiKeyBrief:
    """The key that a program calls with: what it may do, and whether it is some time since it was used."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    permissions: frozenset[Permission]
    is_unseen: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the caller proves: an access token's claims, or the hash of an API key, or nothing."""

    claims: Claims | None = None
    key_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The answer: perhaps a tenant, perhaps a person or a key, and what that is there."""

    tenant: TenantBrief | None
    person_id: uuid.UUID | None
    session_id: uuid.UUID | None
    role: str | None
    operator: bool
    is_remembered: bool = False
    """It was not looked up: transactions then begin by making sure that tenant and caller are still what they were."""
    edition: int | None = None
    """Of all that was found about a known caller: another one as soon as anything of it changes."""
    customer_id: uuid.UUID | None = None
    has_mfa: bool = False
    """A second factor was given in this session."""
    key: ApiKeyBrief | None = None
    wants_mfa: bool = False
    """The deployment asks owners, admins and operators for a second factor."""

    @property
    def scope(self) -> Scope:
        """Of reads. One who is remembered has to be what they were."""
        tenant_id = self.tenant.id if self.tenant else None
        if not self.is_remembered:
            return Scope(tenant_id, self.person_id)
        if not self.is_known:
            return Scope(tenant_id, edition=self.tenant.edition if self.tenant else None)
        return Scope(tenant_id, self.person_id, self.edition, self.session_id, self.key.id if self.key else None)

    @property
    def is_worth_remembering(self) -> bool:
        """Known at an open tenant. Operators are always looked up, and keys of which it is time to note the use."""
        is_open = self.tenant is not None and self.tenant.status == "active"
        return is_open and self.edition is not None and not self.operator and not (self.key and self.key.is_unseen)

    def is_still(self, remembered: "Caller") -> bool:
        """What was remembered is what was found now."""
        return (self.tenant, self.edition) == (remembered.tenant, remembered.edition)

    @property
    def is_known(self) -> bool:
        """Somebody signed in, or a program with a key."""
        return self.person_id is not None or self.key is not None

    @property
    def needs_mfa(self) -> bool:
        """Has a role in which nothing may be done without a second factor."""
        return self._needs_mfa_as(self.role)

    @property
    def lacks_mfa(self) -> bool:
        """Has such a role, and gave no second factor in this session."""
        return self.needs_mfa and not self.has_mfa

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the caller may do in the back office of the request's tenant, now and in this session."""
        if self.key is not None:
            return self.key.permissions
        return self.permissions_as(self.role)

    def permissions_as(self, role: str | None) -> frozenset[Permission]:
        """What a person may do where this is their role, now and in this session."""
        return NOTHING if self._needs_mfa_as(role) and not self.has_mfa else permissions_of(role)

    def actor(self, request_id: str, address: str | None = None) -> Actor:
        """The actor of tenant-bound and personal work."""
        return Actor(
            self._kind,
            tenant_id=self.tenant.id if self.tenant else None,
            person_id=self.person_id,
            role=self.role,
            request_id=request_id,
            permissions=self.permissions,
            customer_id=self.customer_id,
            key_id=self.key.id if self.key else None,
            address=address,
        )

    def _needs_mfa_as(self, role: str | None) -> bool:
        return self.wants_mfa and (self.operator or role in GUARDED_ROLES)

    @property
    def _kind(self) -> ActorKind:
        if self.key is not None:
            return ActorKind.API_KEY
        return ActorKind.GUEST if self.person_id is None else ActorKind.PERSON


def remembered_guest(tenant: TenantBrief) -> Caller:
    """Somebody without credentials at the door of a tenant that was found before."""
    return Caller(tenant, person_id=None, session_id=None, role=None, operator=False, is_remembered=True)


class TenantUnknown(Exception):
    """The `Sadu-Tenant` header names no tenant."""


class TenantMoved(Exception):
    """Header or host name a tenant by a slug that it had before; `slug` is the one it has now."""

    def __init__(self, slug: str) -> None:
        super().__init__("the tenant has another slug")
        self.slug = slug


class TenantsDiffer(Exception):
    """Header, host and API key name two different tenants."""


class SessionEnded(Exception):
    """The token is genuine, but its person is unknown or its session was revoked; or the API key is not good."""


NOBODYS = Credentials()


async def identify(
    rows: Rows,
    *,
    header_slug: str | None,
    host_slug: str | None,
    credentials: Credentials = NOBODYS,
    wants_mfa: bool = False,
) -> Caller:
    """One query, through a definer function: nothing about other tenants or people can come out of it."""
    claims = credentials.claims
    values = {
        "header": header_slug,
        "host": host_slug,
        "subject": claims.subject if claims else None,
        "session": claims.session_id if claims else None,
        "api_key": credentials.key_hash,
    }
    (row,) = await rows.fetch(identify_caller(), values)
    check_credentials(row, credentials)
    await check_not_moved(rows, row, header_slug, host_slug)
    check_tenant(row, header_slug)
    return Caller(
        tenant=tenant_of(row),
        person_id=row["person_id"],
        session_id=claims.session_id if claims else None,
        role=row["role"],
        operator=row["operator"],
        customer_id=row["customer_id"],
        has_mfa=row["session_mfa"],
        key=key_of(row),
        wants_mfa=wants_mfa,
        edition=row["caller_edition"] if credentials != NOBODYS else None,
    )


def check_credentials(row: Record, credentials: Credentials) -> None:
    if credentials.claims is not None and not row["session_active"]:
        raise SessionEnded
    if credentials.key_hash is not None and row["key_id"] is None:
        raise SessionEnded


async def check_not_moved(rows: Rows, row: Record, header_slug: str | None, host_slug: str | None) -> None:
    """Former slugs are looked at only where the request would otherwise be of no tenant."""
    if header_slug is not None:
        unknown = header_slug if row["named_id"] is None else None
    else:
        unknown = host_slug if row["tenant_id"] is None else None
    moved_to = await tenant_slugs.moved_to(rows, unknown) if unknown is not None else None
    if moved_to is not None:
        raise TenantMoved(moved_to)


def check_tenant(row: Record, header_slug: str | None) -> None:
    if header_slug is not None and row["named_id"] is None:
        raise TenantUnknown
    if len({row["named_id"], row["hosted_id"], row["keyed_id"]} - {None}) > 1:
        raise TenantsDiffer


def tenant_of(row: Record) -> TenantBrief | None:
    if row["tenant_id"] is None:
        return None
    return TenantBrief(row["tenant_id"], row["slug"], row["status"], row["currency"], row["locale"], row["edition"])


def key_of(row: Record) -> ApiKeyBrief | None:
    if row["key_id"] is None:
        return None
    scopes = frozenset(Permission(scope) for scope in row["key_scopes"])
    return ApiKeyBrief(row["key_id"], row["keyed_id"], scopes, row["key_unseen"])
