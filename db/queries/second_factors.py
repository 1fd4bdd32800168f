"""Statements about second factors. All run under row-level security, in a transaction scoped to the person."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import MfaChallenge, Person, PersonSession, RecoveryCode, TotpFactor, new_id


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Since when sign-ins ask for a second factor, whether one was given in this session, and what is left."""

    since: datetime | None
    in_session: bool
    recovery_codes_left: int


async def has_second_factor(session: AsyncSession, *, person_id: uuid.UUID) -> bool:
    """Whether sign-ins of this person ask for a second factor."""
    statement = select(Person.mfa_since).where(Person.id == person_id)
    return (await session.execute(statement)).scalar_one() is not None


async def write_second_factor(session: AsyncSession, *, person_id: uuid.UUID, asked: bool) -> None:
    """From now on sign-ins ask for a second factor, or do no longer."""
    statement = update(Person).where(Person.id == person_id).values(mfa_since=func.now() if asked else None)
    await session.execute(statement.execution_options(synchronize_session=False))


async def note_second_factor(session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """A second factor was given in this sign-in, just now."""
    await write_given_at(session, person_id=person_id, session_id=session_id, given=True)


async def forget_second_factor(session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """The sign-in no longer counts as one with a second factor."""
    await write_given_at(session, person_id=person_id, session_id=session_id, given=False)


async def write_given_at(session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID, given: bool) -> None:
    statement = (
        update(PersonSession)
        .where(PersonSession.person_id == person_id, PersonSession.id == session_id)
        .values(mfa_at=func.now() if given else None)
    )
    await session.execute(statement.execution_options(synchronize_session=False))


async def second_factor_state(
    session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID | None
) -> SecondFactorState:
    """What a person is told about their own second factor."""
    codes = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    given = select(PersonSession.mfa_at.is_not(None)).where(
        PersonSession.person_id == person_id, PersonSession.id == session_id
    )
    statement = select(Person.mfa_since, func.coalesce(given.scalar_subquery(), False), codes.scalar_subquery()).where(
        Person.id == person_id
    )
    return SecondFactorState(*(await session.execute(statement)).one())


# Authenticator apps whose secret we keep


async def write_totp_secret(session: AsyncSession, *, person_id: uuid.UUID, sealed_secret: bytes) -> None:
    """A new secret in place of the one before, none of whose codes was used yet."""
    values = {"sealed_secret": sealed_secret, "last_step": 0, "created_at": func.now()}
    statement = insert(TotpFactor).values(person_id=person_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))


async def find_totp_secret(session: AsyncSession, *, person_id: uuid.UUID) -> bytes | None:
    """As it is stored: sealed."""
    statement = select(TotpFactor.sealed_secret).where(TotpFactor.person_id == person_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def spend_time_step(session: AsyncSession, *, person_id: uuid.UUID, step: int) -> bool:
    """Use the code of a time step up; False where it, or a later one, was used before."""
    statement = (
        update(TotpFactor)
        .where(TotpFactor.person_id == person_id, TotpFactor.last_step < step)
        .values(last_step=step)
        .returning(TotpFactor.person_id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def remove_totp_secret(session: AsyncSession, *, person_id: uuid.UUID) -> None:
    await session.execute(delete(TotpFactor).where(TotpFactor.person_id == person_id))


# Recovery codes


async def add_recovery_codes(session: AsyncSession, *, person_id: uuid.UUID, hashes: Sequence[bytes]) -> None:
    rows = [{"person_id": person_id, "id": new_id(), "code_hash": each} for each in hashes]
    await session.execute(insert(RecoveryCode).values(rows))


async def use_recovery_code(session: AsyncSession, *, person_id: uuid.UUID, code_hash: bytes) -> bool:
    """Use a code up; False where the person has no such code, or it was used before."""
    statement = (
        update(RecoveryCode)
        .where(RecoveryCode.person_id == person_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
        .values(used_at=func.now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def remove_recovery_codes(session: AsyncSession, *, person_id: uuid.UUID) -> None:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


# Sign-ins that wait for their second factor


async def add_challenge(session: AsyncSession, *, person_id: uuid.UUID, lifetime: timedelta) -> uuid.UUID:
    challenge_id = new_id()
    values = {"person_id": person_id, "id": challenge_id, "expires_at": func.now() + lifetime}
    await session.execute(insert(MfaChallenge).values(**values))
    return challenge_id


async def count_guess(
    session: AsyncSession, *, person_id: uuid.UUID, challenge_id: uuid.UUID, most: int, most_a_day: int
) -> bool:
    """Count one guess at a challenge; False where it has ended, or a day's guesses at unanswered ones are used up.

    The guess must be committed whatever its outcome. The caller holds the person's lock.
    """
    unanswered = select(func.coalesce(func.sum(MfaChallenge.attempts), 0)).where(
        MfaChallenge.person_id == person_id,
        MfaChallenge.consumed_at.is_(None),
        MfaChallenge.created_at > func.now() - timedelta(days=1),
    )
    statement = (
        update(MfaChallenge)
        .where(
            MfaChallenge.person_id == person_id,
            MfaChallenge.id == challenge_id,
            MfaChallenge.consumed_at.is_(None),
            MfaChallenge.expires_at > func.now(),
            MfaChallenge.attempts < most,
            unanswered.scalar_subquery() < most_a_day,
        )
        .values(attempts=MfaChallenge.attempts + 1)
        .returning(MfaChallenge.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def consume_challenge(session: AsyncSession, *, person_id: uuid.UUID, challenge_id: uuid.UUID) -> None:
    """Mark a challenge as answered. The caller holds its row, by `count_guess`."""
    statement = (
        update(MfaChallenge)
        .where(MfaChallenge.person_id == person_id, MfaChallenge.id == challenge_id)
        .values(consumed_at=func.now())
    )
    await session.execute(statement.execution_options(synchronize_session=False))


async def end_challenges(session: AsyncSession, *, person_id: uuid.UUID) -> None:
    """No sign-in of the person that is still under way can be finished. Guesses at them go on counting."""
    statement = (
        update(MfaChallenge)
        .where(MfaChallenge.person_id == person_id, MfaChallenge.expires_at > func.now())
        .values(expires_at=func.now())
    )
    await session.execute(statement.execution_options(synchronize_session=False))
