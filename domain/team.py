"""Who works for a tenant, and as what. One change of a team at a time, by whoever may change it by then."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import team as queries
from db.queries.api_keys import revoke_keys_made_by
from db.queries.team import TeamMember
from domain import audit
from domain.actors import ROLE_PERMISSIONS, Actor, Permission, permissions_of, require
from domain.acts import Act
from domain.errors import FaultCode, UserFault, not_found

MOST_MEMBERS = 200
ROLES = tuple(ROLE_PERMISSIONS)


async def list_members(session: AsyncSession, *, actor: Actor) -> Sequence[TeamMember]:
    """Everybody, the first joined first; at most 200."""
    require(actor, Permission.TEAM_READ)
    return await queries.find_team(session)


async def change_role(session: AsyncSession, *, actor: Actor, membership_id: uuid.UUID, role: str) -> TeamMember:
    """Give a member another role; it acts on their next request. Owners are made and changed by owners alone.

    Faults: NOT_FOUND; LAST_OWNER; INVALID for the own role.
    """
    require(actor, Permission.TEAM_MANAGE)
    acting = await acting_in_team(session, actor=actor, permission=Permission.TEAM_MANAGE)
    team = await queries.find_team(session)
    member = member_of(team, membership_id)
    require_power_over(acting, member.role, role)
    if member.role == role:
        return member
    require_owner_left(team, member)
    require_other(acting, member, "Nobody changes their own role: another owner can, or transfer the ownership.")
    await queries.write_role(session, membership_id=member.id, role=role)
    await revoke_undue_invitations(session, actor=acting, member=member, role=role)
    details = {"member": member.email, "before": member.role, "after": role}
    audit.record(session, actor=acting, act=Act.TEAM_ROLE, **details)
    return replace(member, role=role)


async def remove(
    session: AsyncSession, *, actor: Actor, membership_id: uuid.UUID, revoke_api_keys: bool = True
) -> TeamMember:
    """Shut a member out from their next request on, and the API keys that they made. Owners are removed by owners.

    Faults: NOT_FOUND; LAST_OWNER; INVALID for oneself.
    """
    require(actor, Permission.TEAM_MANAGE)
    acting = await acting_in_team(session, actor=actor, permission=Permission.TEAM_MANAGE)
    team = await queries.find_team(session)
    member = member_of(team, membership_id)
    require_power_over(acting, member.role)
    require_owner_left(team, member)
    require_other(acting, member, "Nobody removes themselves: leave instead.")
    await end_membership(session, actor=acting, member=member)
    if revoke_api_keys:
        for key in await revoke_keys_made_by(session, person_id=member.person_id):
            audit.record(session, actor=acting, act=Act.API_KEY_REVOKE, name=key.name, scopes=key.scopes, hint=key.hint)
    audit.record(session, actor=acting, act=Act.TEAM_REMOVE, member=member.email, role=member.role)
    return member


async def leave(session: AsyncSession, *, actor: Actor) -> None:
    """The person acting stops working for the tenant. Faults: LAST_OWNER."""
    require(actor, Permission.TEAM_READ)
    acting = await acting_in_team(session, actor=actor, permission=Permission.TEAM_READ)
    team = await queries.find_team(session)
    member = next(each for each in team if each.person_id == acting.person)
    require_owner_left(team, member)
    await end_membership(session, actor=acting, member=member)
    audit.record(session, actor=acting, act=Act.TEAM_LEAVE, member=member.email, role=member.role)


async def transfer(session: AsyncSession, *, actor: Actor, membership_id: uuid.UUID) -> TeamMember:
    """Make another member an owner, and the acting owner an admin, both at once. Faults: NOT_FOUND; INVALID."""
    require(actor, Permission.OWNERSHIP_MANAGE)
    acting = await acting_in_team(session, actor=actor, permission=Permission.OWNERSHIP_MANAGE)
    team = await queries.find_team(session)
    heir = member_of(team, membership_id)
    require_other(acting, heir, "You are an owner already.")
    giver = next(each for each in team if each.person_id == acting.person)
    await queries.write_role(session, membership_id=heir.id, role="owner")
    await queries.write_role(session, membership_id=giver.id, role="admin")
    await revoke_undue_invitations(session, actor=acting, member=giver, role="admin")
    audit.record(session, actor=acting, act=Act.TEAM_TRANSFER, member=heir.email, before=heir.role, after="owner")
    return replace(heir, role="owner")


async def acting_in_team(session: AsyncSession, *, actor: Actor, permission: Permission) -> Actor:
    """Let no other transaction change the team, and return the actor with the role that they have by now.

    They were identified before the lock was held: somebody may have taken the role away since.
    """
    await queries.lock_team(session, tenant_id=actor.tenant)
    role = await queries.role_of(session, person_id=actor.person)
    acting = replace(actor, role=role, permissions=None)
    require(acting, permission)
    return acting


def require_power_over(actor: Actor, *roles: str) -> None:
    """Raises `AccessDenied` where an owner is concerned and the actor is none: nobody gives more than they have."""
    if "owner" in roles:
        require(actor, Permission.OWNERSHIP_MANAGE)


def require_owner_left(team: Sequence[TeamMember], going: TeamMember) -> None:
    if going.role == "owner" and sum(each.role == "owner" for each in team) == 1:
        raise UserFault(FaultCode.LAST_OWNER, "A tenant keeps at least one owner. Make somebody else an owner first.")


def require_other(actor: Actor, member: TeamMember, message: str) -> None:
    if member.person_id == actor.person:
        raise UserFault(FaultCode.INVALID, message, ("id",))


def member_of(team: Sequence[TeamMember], membership_id: uuid.UUID) -> TeamMember:
    found = next((each for each in team if each.id == membership_id), None)
    if found is None:
        raise not_found("member", "id")
    return found


async def end_membership(session: AsyncSession, *, actor: Actor, member: TeamMember) -> None:
    await revoke_undue_invitations(session, actor=actor, member=member, role=None)
    await queries.remove_member(session, membership_id=member.id)


async def revoke_undue_invitations(
    session: AsyncSession, *, actor: Actor, member: TeamMember, role: str | None
) -> None:
    """Who loses a right takes along the invitations that they sent by it: or they could come back by one."""
    undue = [each for each in ROLES if not may_give(role, each)]
    for email in await queries.revoke_invitations_of(session, inviter=member.person_id, roles=undue):
        audit.record(session, actor=actor, act=Act.TEAM_INVITATION_REVOKE, email=email)


def may_give(giver: str | None, role: str) -> bool:
    """Whether somebody of the one role may invite somebody to the other."""
    granted = permissions_of(giver)
    return (Permission.OWNERSHIP_MANAGE if role == "owner" else Permission.TEAM_MANAGE) in granted
