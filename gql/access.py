"""Who may knock at which root field. Checked before execution, so that 401 and 403 are real HTTP statuses.

This is the door, not the lock: every domain function checks its permission again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from domain.actors import Permission
from domain.callers import Caller, TenantBrief
from gql.errors import ErrorCode, Refusal


class Door(Enum):
    """What a root field asks of the caller."""

    OPEN = auto()  # anyone, without a tenant
    STORE = auto()  # anyone, of an active tenant
    PERSON = auto()  # someone signed in
    TENANT = auto()  # a member of the request's tenant
    PLATFORM = auto()  # an operator, on the privileged endpoint


@dataclass(frozen=True, slots=True)
class Access:
    """A root field's door. `even_if_suspended` names sub-fields that a suspended tenant still answers."""

    door: Door
    permission: Permission | None = None
    even_if_suspended: frozenset[str] = frozenset()
    even_if_disabled: frozenset[str] = frozenset()


OPEN = Access(Door.OPEN)
STORE = Access(Door.STORE)
PERSON = Access(Door.PERSON)
PLATFORM = Access(Door.PLATFORM)


def staff(permission: Permission) -> Access:
    """A member of the tenant whose role carries the permission."""
    return Access(Door.TENANT, permission)


def check(access: Access, caller: Caller, selected: Collection[str]) -> None:
    """Raise a `Refusal` unless the caller may have this root field with these sub-fields."""
    if access.door in (Door.PERSON, Door.TENANT, Door.PLATFORM) and caller.person_id is None:
        raise sign_in_first()
    if access.door is Door.PLATFORM and not caller.operator:
        raise operators_only()
    if access.door in (Door.STORE, Door.TENANT):
        check_tenant(access, caller, selected)


def check_tenant(access: Access, caller: Caller, selected: Collection[str]) -> None:
    if caller.tenant is None:
        raise Refusal(
            400, ErrorCode.TENANT_REQUIRED, "Name a tenant: send its slug in `Sadu-Tenant`, or use its own host."
        )
    if access.door is Door.TENANT and caller.role is None:
        raise forbidden(f"You are not a member of {caller.tenant.slug}.")
    check_status(access, caller.tenant, selected)
    if access.permission and not caller.actor("").may(access.permission):
        raise forbidden(f"Your role here, {caller.role}, does not allow this.")


def check_status(access: Access, tenant: TenantBrief, selected: Collection[str]) -> None:
    if tenant.status == "active":
        return
    suspended = tenant.status == "suspended"
    tolerated = access.even_if_suspended if suspended else access.even_if_disabled
    if tolerated.issuperset(selected):
        return
    code = ErrorCode.TENANT_SUSPENDED if suspended else ErrorCode.TENANT_DISABLED
    raise Refusal(403, code, f"This tenant is {tenant.status}.")


def sign_in_first() -> Refusal:
    return Refusal(401, ErrorCode.UNAUTHENTICATED, "Sign in first.")


def operators_only() -> Refusal:
    return forbidden("This is for the platform's operators.")


def forbidden(message: str) -> Refusal:
    return Refusal(403, ErrorCode.FORBIDDEN, message)
