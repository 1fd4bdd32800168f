"""Asking somebody to join a tenant: by a mailed token that works once, for seven days, and for one address."""

import hashlib
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import Invitation, new_id
from db.queries import team as queries
from db.queries.audit import count_acts
from db.queries.identity import MembershipFound, lock_person
from db.queries.team import INVITATION_STATUS, InvitationFound
from domain import audit, outbox, tenants
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.emails import normalized_email
from domain.errors import FaultCode, UserFault, not_found
from domain.identity import viewing_memberships, viewing_person
from domain.pages import Page, PageRequest, newest_first
from domain.signing import Signer
from domain.team import MOST_MEMBERS, acting_in_team, require_power_over

MAIL = "mail.invitation"
"""The kind of outbox message that mails the token; its payload has the `invitation_id`."""
LIFETIME = timedelta(days=7)
PAUSE = timedelta(minutes=1)
MOST_OPEN = 50
MOST_MAILS_A_DAY = 100
MAILING = (Act.TEAM_INVITE, Act.TEAM_INVITATION_RESEND)


async def list_invitations(
    session: AsyncSession, *, actor: Actor, page: PageRequest, status: str | None
) -> Page[Invitation]:
    """The newest first; without a status all that were ever sent."""
    require(actor, Permission.TEAM_READ)
    return await newest_first(
        session,
        with_status(select(Invitation), status),
        moment=Invitation.created_at,
        row_id=Invitation.id,
        position=lambda invitation: (invitation.created_at, invitation.id),
        page=page,
    )


async def count_invitations(session: AsyncSession, *, actor: Actor, status: str | None) -> int:
    require(actor, Permission.TEAM_READ)
    return (await session.execute(with_status(select(func.count()).select_from(Invitation), status))).scalar_one()


def with_status(statement: Select[Any], status: str | None) -> Select[Any]:
    return statement if status is None else statement.where(INVITATION_STATUS[status])


async def create(session: AsyncSession, *, actor: Actor, signer: Signer, email: str, role: str) -> Invitation:
    """Invite an address; one whose invitation has expired is invited anew. Owners are invited by owners alone.

    Faults: INVALID address; TAKEN by a member or an open invitation; LIMIT_REACHED.
    """
    require(actor, Permission.TEAM_MANAGE)
    address = normalized_email(email, "email")
    acting = await acting_in_team(session, actor=actor, permission=Permission.TEAM_MANAGE)
    require_power_over(acting, role)
    await require_new(session, acting, address)
    await require_room(session)
    await require_mail_left(session)
    now, invitation_id = datetime.now(UTC), new_id()
    invitation = Invitation(
        tenant_id=acting.tenant,
        id=invitation_id,
        email=address,
        role=role,
        token_hash=hash_of(token_of(signer, invitation_id, sends=1)),
        sends=1,
        sent_at=now,
        invited_by=acting.person,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    session.add(invitation)
    await flushed(session, {"uq_invitations_tenant_id_email": already_invited()})
    audit.record(session, actor=acting, act=Act.TEAM_INVITE, email=address, role=role)
    outbox.enqueue(session, actor=acting, kind=MAIL, invitation_id=invitation_id)
    return invitation


async def resend(session: AsyncSession, *, actor: Actor, signer: Signer, invitation_id: uuid.UUID) -> Invitation:
    """Mail a new token, good for another seven days, in the actor's name; the one before is worthless from now on.

    Faults: NOT_FOUND, also for what was accepted or revoked; LIMIT_REACHED.
    """
    require(actor, Permission.TEAM_MANAGE)
    acting = await acting_in_team(session, actor=actor, permission=Permission.TEAM_MANAGE)
    invitation = await unanswered(session, acting, invitation_id)
    now = datetime.now(UTC)
    if invitation.sent_at > now - PAUSE:
        raise UserFault(FaultCode.LIMIT_REACHED, "This invitation was mailed a moment ago. Wait a minute.", ("id",))
    if invitation.expires_at <= now:
        await require_room(session)
    await require_mail_left(session)
    invitation.sends += 1
    invitation.token_hash = hash_of(token_of(signer, invitation.id, sends=invitation.sends))
    invitation.sent_at, invitation.expires_at, invitation.invited_by = now, now + LIFETIME, acting.person
    audit.record(session, actor=acting, act=Act.TEAM_INVITATION_RESEND, email=invitation.email, role=invitation.role)
    outbox.enqueue(session, actor=acting, kind=MAIL, invitation_id=invitation.id)
    await session.flush()
    return invitation


async def revoke(session: AsyncSession, *, actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Make the token worthless. Faults: NOT_FOUND, also for what was accepted or revoked."""
    require(actor, Permission.TEAM_MANAGE)
    acting = await acting_in_team(session, actor=actor, permission=Permission.TEAM_MANAGE)
    invitation = await unanswered(session, acting, invitation_id)
    invitation.revoked_at = datetime.now(UTC)
    audit.record(session, actor=acting, act=Act.TEAM_INVITATION_REVOKE, email=invitation.email, role=invitation.role)
    await session.flush()
    return invitation


async def find_by_token(session: AsyncSession, *, token: str) -> InvitationFound | None:
    """The invitation that the token is for, while it can be accepted. It asks for no permission: the token is one."""
    return await queries.find_invitation(session, token_hash=hash_of(token))


async def inviting_tenant(session: AsyncSession, *, token: str) -> uuid.UUID:
    """Where `accept` has to happen, found in any scope. Fault: INVITATION_INVALID."""
    found = await find_by_token(session, token=token)
    if found is None:
        raise invitation_invalid()
    return found.tenant_id


async def accept(session: AsyncSession, *, actor: Actor, tenant_id: uuid.UUID, token: str) -> MembershipFound:
    """Join the `inviting_tenant`, in whose scope the session is: the token is used up with it.

    Whoever is a member already keeps their role. Faults: INVITATION_INVALID, whatever is wrong about it, be it the
    address; LIMIT_REACHED, where the person or the tenant has too many memberships.
    """
    person_id = actor.person
    joining = replace(actor, tenant_id=tenant_id, role=None, permissions=None)
    await queries.lock_team(session, tenant_id=tenant_id)
    is_confirmed = await lock_person(session, person_id=person_id)
    person = await viewing_person(session, actor=joining)
    accepted = await queries.accept_invitation(session, token_hash=hash_of(token))
    if accepted is None or not is_confirmed or accepted.email != person.email:
        raise invitation_invalid()
    if await queries.role_of(session, person_id=person_id) is None:
        await require_place(session)
    await queries.add_member(session, tenant_id=tenant_id, person_id=person_id, role=accepted.role)
    joined = next(each for each in await viewing_memberships(session, actor=joining) if each.tenant_id == tenant_id)
    audit.record(session, actor=joining, act=Act.TEAM_JOIN, role=joined.role)
    return joined


async def require_new(session: AsyncSession, actor: Actor, address: str) -> None:
    if any(each.email == address for each in await queries.find_team(session)):
        raise UserFault(FaultCode.TAKEN, "Somebody with this address is a member already.", ("email",))
    before = await queries.unanswered_invitation(session, email=address)
    if before is None:
        return
    if before.expires_at > datetime.now(UTC):
        raise already_invited()
    before.revoked_at = datetime.now(UTC)  # makes room: one unanswered invitation for each address
    audit.record(session, actor=actor, act=Act.TEAM_INVITATION_REVOKE, email=before.email, role=before.role)
    await session.flush()


async def require_room(session: AsyncSession) -> None:
    if await queries.count_open_invitations(session) >= MOST_OPEN:
        raise UserFault(FaultCode.LIMIT_REACHED, f"At most {MOST_OPEN} invitations are open at once.")


async def require_mail_left(session: AsyncSession) -> None:
    """Invitations reach people who have not asked for them."""
    mailed = await count_acts(session, acts=MAILING, within=timedelta(days=1))
    if mailed >= MOST_MAILS_A_DAY:
        raise UserFault(FaultCode.LIMIT_REACHED, f"At most {MOST_MAILS_A_DAY} invitations are mailed a day.")


async def require_place(session: AsyncSession) -> None:
    """A place among the person's tenants, and one in the team."""
    if await tenants.count_memberships(session) >= tenants.MOST_TENANTS:
        told = f"One person belongs to at most {tenants.MOST_TENANTS} tenants."
        raise UserFault(FaultCode.LIMIT_REACHED, told)
    if len(await queries.find_team(session)) >= MOST_MEMBERS:
        raise UserFault(FaultCode.LIMIT_REACHED, f"A team has at most {MOST_MEMBERS} members.")


async def unanswered(session: AsyncSession, actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """The invitation, if it can still be changed, and by this actor."""
    found = await session.get(Invitation, (actor.tenant, invitation_id))
    if found is None or found.accepted_at or found.revoked_at:
        raise not_found("invitation", "id")
    require_power_over(actor, found.role)
    return found


def status_of(invitation: Invitation) -> str:
    """What ended it first, if anything did: pending, accepted, revoked or expired."""
    if invitation.accepted_at is not None:
        return "accepted"
    if (invitation.revoked_at or datetime.now(UTC)) >= invitation.expires_at:
        return "expired"
    return "pending" if invitation.revoked_at is None else "revoked"


def token_of(signer: Signer, invitation_id: uuid.UUID, *, sends: int) -> str:
    """The token of the n-th mail. Derived anew wherever it is needed, so that no table holds it."""
    return signer.token("invitation", invitation_id.bytes + sends.to_bytes(4, "big"))


def hash_of(token: str) -> bytes:
    """Plain SHA-256: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def masked(email: str) -> str:
    """Enough of an address for its owner to know which one is meant: `n***@people.test`."""
    mailbox, _, host = email.rpartition("@")
    return f"{mailbox[:1]}***@{host}"


def already_invited() -> UserFault:
    told = "This address has an open invitation. Resend that one, or revoke it first."
    return UserFault(FaultCode.TAKEN, told, ("email",))


def invitation_invalid() -> UserFault:
    """The one answer for a token that is wrong, expired, revoked or used, and for a person it was not meant for."""
    told = "This invitation is not valid, or not for the address that you signed in with."
    return UserFault(FaultCode.INVITATION_INVALID, told, ("token",))
