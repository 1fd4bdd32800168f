"""What somebody may do depends on their role and on how they signed in."""

import uuid

import pytest

from domain.actors import NOTHING, OWNERS_ALONE, Permission, permissions_of
from domain.callers import Caller


def caller(role: str | None, *, has_mfa: bool, wants_mfa: bool = True, operator: bool = False) -> Caller:
    return Caller(None, uuid.UUID(int=1), None, role, operator, has_mfa=has_mfa, wants_mfa=wants_mfa)


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_a_front_end_is_told_of_no_permission_while_the_second_factor_is_missing(role: str) -> None:
    """Mission T5, T6."""
    assert caller(role, has_mfa=False).permissions_as(role) == NOTHING
    assert caller("member", has_mfa=False).permissions_as(role) == NOTHING, "in another of their tenants"
    assert caller(role, has_mfa=True).permissions_as(role) == permissions_of(role)
    assert caller(role, has_mfa=False, wants_mfa=False).permissions_as(role) == permissions_of(role)
    assert caller(role, has_mfa=False).permissions_as("member") == permissions_of("member")
    assert caller("member", has_mfa=False, operator=True).permissions_as("member") == NOTHING


def test_roles_differ_by_their_named_permissions_alone() -> None:
    """Mission T5."""
    assert permissions_of("owner") == frozenset(Permission)
    assert permissions_of("owner") - permissions_of("admin") == OWNERS_ALONE
    assert permissions_of("member") < permissions_of("admin")
    assert Permission.TEAM_MANAGE not in permissions_of("member")
    assert permissions_of(None) == permissions_of("retired") == NOTHING
