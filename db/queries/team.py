"""Statements about who works for a tenant, and who is asked to.

`find_team` and `find_invitation` call definer functions: people's names are their own rows.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Invitation, Membership, Tenant

UNANSWERED = and_(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
OPEN = and_(UNANSWERED, Invitation.expires_at > func.now())
ENDED_AT = func.coalesce(Invitation.revoked_at, func.now())
INVITATION_STATUS: Mapping[str, ColumnElement[bool]] = {
    "pending": OPEN,
    "accepted": Invitation.accepted_at.is_not(None),
    "expired": and_(Invitation.accepted_at.is_(None), Invitation.expires_at <= ENDED_AT),
    "revoked": and_(Invitation.accepted_at.is_(None), Invitation.revoked_at < Invitation.expires_at),
}
"""What ended it first, if anything did."""


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A membership in the scope's tenant with the person it is about."""

    id: uuid.UUID
    person_id: uuid.UUID
    role: str
    joined_at: datetime
    name: str
    email: str
    has_mfa: bool


@dataclass(frozen=True, slots=True)
class InvitationFound:
    """An invitation that is still good, with the face of the tenant it is from."""

    tenant_id: uuid.UUID
    id: uuid.UUID
    email: str
    role: str
    expires_at: datetime
    slug: str
    name_en: str | None
    name_ar: str | None
    locale: str


async def find_team(session: AsyncSession) -> list[TeamMember]:
    """Everybody who works for the scope's tenant, the first joined first."""
    return [TeamMember(*row) for row in await session.execute(text("SELECT * FROM find_team()"))]


async def lock_team(session: AsyncSession, *, tenant_id: uuid.UUID) -> None:
    """Hold the tenant's team until the transaction ends: who counts owners then counts right.

    The lock on the tenant's row lets everything else go on: orders, and readers of any kind.
    """
    await session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))


async def role_of(session: AsyncSession, *, person_id: uuid.UUID) -> str | None:
    """What the person is in the scope's tenant."""
    statement = select(Membership.role).where(Membership.person_id == person_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def add_member(session: AsyncSession, *, tenant_id: uuid.UUID, person_id: uuid.UUID, role: str) -> None:
    """Let the person in; who is a member already keeps their role."""
    joining = insert(Membership).values(tenant_id=tenant_id, person_id=person_id, role=role)
    await session.execute(joining.on_conflict_do_nothing(index_elements=["tenant_id", "person_id"]))


async def write_role(session: AsyncSession, *, membership_id: uuid.UUID, role: str) -> None:
    changed = update(Membership).where(Membership.id == membership_id).values(role=role)
    await session.execute(changed.execution_options(synchronize_session=False))


async def remove_member(session: AsyncSession, *, membership_id: uuid.UUID) -> None:
    removed = delete(Membership).where(Membership.id == membership_id)
    await session.execute(removed.execution_options(synchronize_session=False))


async def find_invitation(session: AsyncSession, *, token_hash: bytes) -> InvitationFound | None:
    """The invitation with this token, found in any scope; None unless it can be accepted now."""
    row = (await session.execute(text("SELECT * FROM find_invitation(:hash)"), {"hash": token_hash})).one_or_none()
    return InvitationFound(*row) if row else None


async def accept_invitation(session: AsyncSession, *, token_hash: bytes) -> Invitation | None:
    """Use the invitation up; None where it is not good any more, however short a time ago it was."""
    statement = (
        update(Invitation)
        .where(Invitation.token_hash == token_hash, OPEN)
        .values(accepted_at=func.now())
        .returning(Invitation)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def revoke_invitations_of(session: AsyncSession, *, inviter: uuid.UUID, roles: Sequence[str]) -> list[str]:
    """End the open invitations of one who may no longer give these roles. Returns whom they were sent to."""
    statement = (
        update(Invitation)
        .where(Invitation.invited_by == inviter, Invitation.role.in_(roles), OPEN)
        .values(revoked_at=func.now())
        .returning(Invitation.email)
        .execution_options(synchronize_session=False)
    )
    return list((await session.execute(statement)).scalars())


async def unanswered_invitation(session: AsyncSession, *, email: str) -> Invitation | None:
    """The one invitation of this address that was neither accepted nor revoked; it may have expired."""
    return (await session.execute(select(Invitation).where(Invitation.email == email, UNANSWERED))).scalar_one_or_none()


async def count_open_invitations(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Invitation).where(OPEN))).scalar_one()
