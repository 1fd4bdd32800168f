"""Who acts, and what they may do. One table maps roles to permissions; every domain function asks it first."""

import uuid
from dataclasses import dataclass
from enum import Enum

from db.session import Scope
from domain.errors import AccessDenied


class Permission(Enum):
    """A named power in the back office of a tenant."""

    TENANT_MANAGE = "tenant:manage"
    CATALOG_READ = "catalog:read"
    CATALOG_MANAGE = "catalog:manage"
    ORDERS_READ = "orders:read"
    ORDERS_MANAGE = "orders:manage"


class ActorKind(Enum):
    """What sort of being acts; kept with every change it makes."""

    GUEST = "guest"
    PERSON = "person"
    OPERATOR = "operator"


EVERYDAY = frozenset(
    {Permission.CATALOG_READ, Permission.CATALOG_MANAGE, Permission.ORDERS_READ, Permission.ORDERS_MANAGE}
)
ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "owner": frozenset(Permission),
    "admin": frozenset(Permission),
    "member": EVERYDAY,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts in which tenant, as the database said at the beginning of this request."""

    kind: ActorKind
    tenant_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    role: str | None = None
    request_id: str | None = None

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

    def may(self, permission: Permission) -> bool:
        return self.role is not None and permission in ROLE_PERMISSIONS.get(self.role, frozenset())


def require(actor: Actor, permission: Permission) -> None:
    """The first line of a domain function: raises `AccessDenied` unless the actor's role carries the permission."""
    if not actor.may(permission):
        raise AccessDenied(permission.value)


def require_operator(actor: Actor) -> None:
    """For acts of the platform's operators alone."""
    if actor.kind is not ActorKind.OPERATOR:
        raise AccessDenied("operator")
