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
    SHOPPER = auto()  # someone signed in, of an active tenant
    CUSTOMER = auto()  # one of the customers of an active tenant
    TENANT = auto()  # a member of the request's tenant, or one of its API keys
    PLATFORM = auto()  # an operator, on the privileged endpoint


PERSONAL = (Door.PERSON, Door.SHOPPER, Door.CUSTOMER)
"""For people: an API key acts for a tenant, and for nobody."""


@dataclass(frozen=True, slots=True)
class Access:
    """A root field's door. `even_if_suspended` names sub-fields that a suspended tenant still answers.

    `only_if_active` names the sub-fields of one that needs no tenant, which a tenant that is named must be active for.
    """

    door: Door
    permission: Permission | None = None
    even_if_suspended: frozenset[str] = frozenset()
    even_if_disabled: frozenset[str] = frozenset()
    only_if_active: frozenset[str] = frozenset()


OPEN = Access(Door.OPEN)
STORE = Access(Door.STORE)
PERSON = Access(Door.PERSON)
SHOPPER = Access(Door.SHOPPER)
CUSTOMER = Access(Door.CUSTOMER)
PLATFORM = Access(Door.PLATFORM)


def staff(permission: Permission) -> Access:
    """A member of the tenant whose role carries the permission."""
    return Access(Door.TENANT, permission)


def check(access: Access, caller: Caller, selected: Collection[str]) -> None:
    """Raise a `Refusal` unless the caller may have this root field with these sub-fields."""
    if access.door in (*PERSONAL, Door.TENANT, Door.PLATFORM):
        check_signed_in(access.door, caller)
    if access.door is Door.PLATFORM:
        check_operator(caller)
    if access.door in (Door.STORE, Door.SHOPPER, Door.CUSTOMER, Door.TENANT):
        check_tenant(access, caller, selected)
    if caller.tenant and not access.only_if_active.isdisjoint(selected):
        check_status(access, caller.tenant, selected)


def check_signed_in(door: Door, caller: Caller) -> None:
    if not caller.is_known:
        raise sign_in_first()
    if door in PERSONAL and caller.person_id is None:
        raise forbidden("This is for people: an API key has no account.")


def check_operator(caller: Caller) -> None:
    """For the privileged endpoint as a whole, and for what it has beyond the public one."""
    if not caller.operator:
        raise forbidden("This is for the platform's operators.") if caller.is_known else sign_in_first()
    if caller.lacks_mfa:
        raise mfa_required()


def check_tenant(access: Access, caller: Caller, selected: Collection[str]) -> None:
    if caller.tenant is None:
        raise Refusal(
            400, ErrorCode.TENANT_REQUIRED, "Name a tenant: send its slug in `Sadu-Tenant`, or use its own host."
        )
    if access.door is Door.TENANT:
        check_membership(caller, caller.tenant)
    check_status(access, caller.tenant, selected)
    if access.door is Door.CUSTOMER and caller.customer_id is None:
        raise forbidden(f"You are not a customer of {caller.tenant.slug}: `customerRegister` makes you one.")
    if access.permission and access.permission not in caller.permissions:
        whose = "This API key" if caller.key else f"Your role here, {caller.role},"
        raise forbidden(f"{whose} does not allow this: it needs `{access.permission.value}`.")


def check_membership(caller: Caller, tenant: TenantBrief) -> None:
    if caller.role is None and caller.key is None:
        raise forbidden(f"You are not a member of {tenant.slug}.")
    if caller.lacks_mfa:
        raise mfa_required()


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


def mfa_required() -> Refusal:
    told = (
        "This needs a session that was signed in with a second factor. Set one up by `mfaBegin` and `mfaConfirm` at "
        "`/graphql`, or sign in there again with it."
    )
    return Refusal(403, ErrorCode.MFA_REQUIRED, told)


def forbidden(message: str) -> Refusal:
    return Refusal(403, ErrorCode.FORBIDDEN, message)
