"""Statements about accounts that another provider keeps. All run in a transaction scoped to the person."""

import uuid
from datetime import timedelta

from sqlalchemy import func, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Person, PersonSession


async def link_subject(session: AsyncSession, *, person_id: uuid.UUID, subject: str) -> None:
    """The person is another user at the provider from now on; tokens of the old one name nobody."""
    statement = update(Person).where(Person.id == person_id).values(subject=subject)
    await session.execute(statement.execution_options(synchronize_session=False))


async def add_provider_session(
    session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID, lifetime: timedelta
) -> None:
    """A sign-in, under the id that the provider's tokens have for it."""
    values = {"person_id": person_id, "id": session_id, "expires_at": func.now() + lifetime}
    await session.execute(insert(PersonSession).values(**values))


async def revoke_unproven_sessions(session: AsyncSession, *, person_id: uuid.UUID, because: str) -> None:
    """End every session of the person in which no second factor was given."""
    ended = (
        update(PersonSession)
        .where(PersonSession.person_id == person_id, PersonSession.revoked_at.is_(None), PersonSession.mfa_at.is_(None))
        .values(revoked_at=func.now(), revoked_because=because)
    )
    await session.execute(ended.execution_options(synchronize_session=False))
