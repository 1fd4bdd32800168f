"""Who acts, and what they may do. One table maps roles to permissions; every domain function asks it first."""

import uuid
from dataclasses import dataclass
from enum import Enum

from db.session import Scope
from domain.errors import AccessDenied, PermissionMissing


class Permission(Enum):
    """A named power in the back office of a tenant."""

    TENANT_MANAGE = "tenant:manage"
    CATALOG_READ = "catalog:read"
    CATALOG_MANAGE = "catalog:manage"
    ORDERS_READ = "orders:read"
    ORDERS_MANAGE = "orders:manage"
    PAYMENTS_MANAGE = "payments:manage"
    VISITS_READ = "visits:read"
    TEAM_READ = "team:read"
    TEAM_MANAGE = "team:manage"
    API_KEYS_MANAGE = "api_keys:manage"
    OWNERSHIP_MANAGE = "ownership:manage"
    AUDIT_READ = "audit:read"


class ActorKind(Enum):
    """What sort of being acts; kept with every change it makes."""

    GUEST = "guest"
    PERSON = "person"
    API_KEY = "api_key"
    OPERATOR = "operator"
    SYSTEM = "system"


KEY_SCOPES = frozenset(
    {
        Permission.CATALOG_READ,
        Permission.CATALOG_MANAGE,
        Permission.ORDERS_READ,
        Permission.ORDERS_MANAGE,
        Permission.PAYMENTS_MANAGE,
        Permission.VISITS_READ,
    }
)
"""What an API key can be given. People stay out of reach: a leaked key must not be able to make itself an owner."""
OWNERS_ALONE = frozenset({Permission.OWNERSHIP_MANAGE, Permission.AUDIT_READ})
ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "owner": frozenset(Permission),
    "admin": frozenset(Permission) - OWNERS_ALONE,
    "member": KEY_SCOPES | {Permission.TEAM_READ},
}
NOTHING: frozenset[Permission] = frozenset()


def permissions_of(role: str | None) -> frozenset[Permission]:
    return ROLE_PERMISSIONS.get(role, NOTHING) if role else NOTHING


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts in which tenant, as the database said at the beginning of this request."""

    kind: ActorKind
    tenant_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    role: str | None = None
    request_id: str | None = None
    permissions: frozenset[Permission] | None = None
    """Where they are others than the role's: those of an API key, or none where a second factor is missing."""
    customer_id: uuid.UUID | None = None
    """What the person is to this store as one of its customers."""
    key_id: uuid.UUID | None = None
    address: str | None = None
    """Where the request came from."""

    @property
    def scope(self) -> Scope:
        """The rows this actor's transactions see."""
        return Scope(tenant_id=self.tenant_id, person_id=self.person_id)

    @property
    def tenant(self) -> uuid.UUID:
        """The tenant acted in; asking without one is a bug of the caller."""
        if self.tenant_id is None:
            raise AccessDenied("no tenant")
        return self.tenant_id

    @property
    def person(self) -> uuid.UUID:
        """The person acting; a guest is denied."""
        if self.person_id is None:
            raise AccessDenied("not signed in")
        return self.person_id

    @property
    def customer(self) -> uuid.UUID:
        """The customer of the store acting; anyone else is denied."""
        if self.customer_id is None:
            raise AccessDenied("not a customer")
        return self.customer_id

    @property
    def identity(self) -> uuid.UUID | None:
        """What a record of a change names: the person, or the key; None for a guest."""
        return self.person_id or self.key_id

    def may(self, permission: Permission) -> bool:
        return permission in (permissions_of(self.role) if self.permissions is None else self.permissions)


def system(tenant_id: uuid.UUID) -> Actor:
    """Nobody in particular, for what happens by itself, such as an order whose money has arrived. It may nothing."""
    return Actor(ActorKind.SYSTEM, tenant_id, permissions=NOTHING)


def require(actor: Actor, permission: Permission) -> None:
    """The first line of a domain function: raises `AccessDenied` unless the actor's role carries the permission."""
    if not actor.may(permission):
        raise PermissionMissing(permission.value)


def require_operator(actor: Actor) -> None:
    """For acts of the platform's operators alone."""
    if actor.kind is not ActorKind.OPERATOR:
        raise AccessDenied("operator")
