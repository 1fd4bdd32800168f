"""Who is calling, of which tenant: asked of the database at the beginning of every request, never of the token.

The token only proves identity. Membership, role and the tenant's status are what they are now.
"""

import uuid
from dataclasses import dataclass
from functools import cache

from sqlalchemy import text

from db.rows import Rows, Statement, compile_statement
from domain.actors import Actor, ActorKind
from domain.ports import Claims


@cache
def find_caller() -> Statement:
    return compile_statement(text("SELECT * FROM find_caller(:header, :host, :subject, :session)"))


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
class Caller:
    """The answer: perhaps a tenant, perhaps a person, and what that person is there."""

    tenant: TenantBrief | None
    person_id: uuid.UUID | None
    session_id: uuid.UUID | None
    role: str | None
    operator: bool
    is_remembered: bool = False
    """The tenant was not looked up: each transaction then begins by making sure that it is still what it was."""

    @property
    def expected_edition(self) -> int | None:
        return self.tenant.edition if self.tenant and self.is_remembered else None

    def actor(self, request_id: str) -> Actor:
        """The actor of tenant-bound and personal work."""
        return Actor(
            ActorKind.GUEST if self.person_id is None else ActorKind.PERSON,
            tenant_id=self.tenant.id if self.tenant else None,
            person_id=self.person_id,
            role=self.role,
            request_id=request_id,
        )


def remembered_guest(tenant: TenantBrief) -> Caller:
    """Somebody without credentials at the door of a tenant that was found before."""
    return Caller(tenant, person_id=None, session_id=None, role=None, operator=False, is_remembered=True)


class TenantUnknown(Exception):
    """The `Sadu-Tenant` header names no tenant."""


class TenantsDiffer(Exception):
    """Header and host name two different tenants."""


class SessionEnded(Exception):
    """The token is genuine, but its person is unknown or its session was revoked."""


async def identify(rows: Rows, *, header_slug: str | None, host_slug: str | None, claims: Claims | None) -> Caller:
    """One query, through a definer function: nothing about other tenants or people can come out of it."""
    values = {
        "header": header_slug,
        "host": host_slug,
        "subject": claims.subject if claims else None,
        "session": claims.session_id if claims else None,
    }
    (row,) = await rows.fetch(find_caller(), values)
    if claims is not None and not row["session_active"]:
        raise SessionEnded
    if header_slug is not None and row["named_id"] is None:
        raise TenantUnknown
    if row["named_id"] and row["hosted_id"] and row["named_id"] != row["hosted_id"]:
        raise TenantsDiffer
    source = "named" if row["named_id"] else "hosted"
    tenant = None
    if row[f"{source}_id"]:
        tenant = TenantBrief(
            *(row[f"{source}_{part}"] for part in ("id", "slug", "status", "currency", "locale", "edition"))
        )
    return Caller(
        tenant=tenant,
        person_id=row["person_id"],
        session_id=claims.session_id if claims else None,
        role=row["role"],
        operator=row["operator"],
    )
