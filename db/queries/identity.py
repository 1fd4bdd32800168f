"""Statements about people, their passwords, codes, sessions and tokens.

`identify_caller`, `find_account`, `write_password`, `find_refresh_token`, `record_account_act` and
`memberships_of_person` call definer functions; everything else runs under row-level security, in a transaction scoped
to the person.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AccountOutboxMessage, EmailCode, Person, PersonSession, RefreshToken, new_id
from db.rows import Statement, compile_statement


@dataclass(frozen=True, slots=True)
class Account:
    """What a sign-in needs of a person; `password_hash` is None where no password was ever set."""

    email: str
    person_id: uuid.UUID
    subject: str
    locale: str
    confirmed: bool
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class FoundRefreshToken:
    """Whose a refresh token is, spent or not."""

    person_id: uuid.UUID
    session_id: uuid.UUID
    token_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is neither revoked nor expired, and the subject that its tokens name."""

    session_id: uuid.UUID
    subject: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class MailsSent:
    """The mails about an account: how many within a day, and whether one is recent and its code not yet used."""

    today: int
    unanswered_recently: bool


@dataclass(frozen=True, slots=True)
class MembershipFound:
    """A tenant of the person, with its public face and the person's role there."""

    tenant_id: uuid.UUID
    slug: str
    name_en: str | None
    name_ar: str | None
    status: str
    locale: str
    role: str


@cache
def identify_caller() -> Statement:
    """Who asks, of which tenant, and what they are there."""
    return compile_statement(text("SELECT * FROM identify_caller(:header, :host, :subject, :session, :api_key)"))


async def record_account_act(
    session: AsyncSession, *, act: str, request_id: str | None = None, address: str | None = None
) -> None:
    """Tell the audit log of every tenant that the scope's person works for; nothing where there is none."""
    statement = text("SELECT record_account_act(:act, :request_id, :address)")
    await session.execute(statement, {"act": act, "request_id": request_id, "address": address})


async def find_account(session: AsyncSession, *, address: str) -> Account | None:
    """The account with this normalised address, found in any scope."""
    row = (await session.execute(text("SELECT * FROM find_account(:address)"), {"address": address})).one_or_none()
    return Account(address, *row) if row else None


async def find_own_account(session: AsyncSession, *, person_id: uuid.UUID) -> Account:
    """The account of the scope's person."""
    email = (await session.execute(select(Person.email).where(Person.id == person_id))).scalar_one()
    account = await find_account(session, address=email)
    if account is None:
        raise LookupError("a person without an account")
    return account


async def add_person(
    session: AsyncSession, *, person_id: uuid.UUID, subject: str, email: str, name: str, locale: str
) -> bool:
    """Insert an unconfirmed person under their own scope; False, and nothing done, where the address is taken."""
    values = {"id": person_id, "subject": subject, "email": email, "name": name, "locale": locale}
    statement = insert(Person).values(**values).on_conflict_do_nothing(index_elements=["email"])
    return (await session.execute(statement.returning(Person.id))).first() is not None


async def lock_person(session: AsyncSession, *, person_id: uuid.UUID) -> bool:
    """Hold the person's row until the transaction ends, and tell whether the address is confirmed.

    Whatever changes an account takes this lock first, so such changes happen one after the other.
    """
    statement = select(Person.confirmed_at).where(Person.id == person_id).with_for_update()
    return (await session.execute(statement)).scalar_one() is not None


async def confirm_person(session: AsyncSession, *, person_id: uuid.UUID) -> None:
    """Mark the address as proven, unless it is already."""
    await session.execute(
        update(Person)
        .where(Person.id == person_id, Person.confirmed_at.is_(None))
        .values(confirmed_at=func.now())
        .execution_options(synchronize_session=False)
    )


async def write_password(session: AsyncSession, *, password_hash: str) -> None:
    """Set the password of the person whom the transaction is scoped to."""
    await session.execute(text("SELECT write_password(:hash)"), {"hash": password_hash})


async def mails_sent(
    session: AsyncSession, *, person_id: uuid.UUID, kinds: Sequence[str], recently: timedelta
) -> MailsSent:
    """Count the account's mails. One whose code was used since does not count as recent: its reader is the owner."""
    message = AccountOutboxMessage
    last_proof = select(func.max(EmailCode.consumed_at)).where(EmailCode.person_id == person_id).scalar_subquery()
    recent = and_(
        message.created_at > func.now() - recently, or_(last_proof.is_(None), message.created_at > last_proof)
    )
    statement = select(func.count(), func.coalesce(func.bool_or(recent), False)).where(
        message.person_id == person_id,
        message.kind.in_(kinds),
        message.created_at > func.now() - timedelta(days=1),
    )
    today, unanswered = (await session.execute(statement)).one()
    return MailsSent(today, unanswered)


async def add_code(session: AsyncSession, *, person_id: uuid.UUID, purpose: str, lifetime: timedelta) -> uuid.UUID:
    """A new code for a purpose; from now on the older ones no longer count."""
    code_id = new_id()
    expires_at = func.now() + lifetime
    values = {"person_id": person_id, "id": code_id, "purpose": purpose, "expires_at": expires_at}
    await session.execute(insert(EmailCode).values(**values))
    return code_id


async def count_attempt(session: AsyncSession, *, person_id: uuid.UUID, purpose: str, most: int) -> uuid.UUID | None:
    """Count one guess at the newest code and return its id; None where no code is left to guess at.

    The guess must be committed whatever its outcome. Simultaneous guesses wait for the row and see its new count.
    """
    newest = (
        select(EmailCode.id)
        .where(EmailCode.person_id == person_id, EmailCode.purpose == purpose)
        .order_by(EmailCode.created_at.desc(), EmailCode.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        update(EmailCode)
        .where(
            EmailCode.person_id == person_id,
            EmailCode.id == newest,
            EmailCode.consumed_at.is_(None),
            EmailCode.expires_at > func.now(),
            EmailCode.attempts < most,
        )
        .values(attempts=EmailCode.attempts + 1)
        .returning(EmailCode.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def consume_code(session: AsyncSession, *, person_id: uuid.UUID, code_id: uuid.UUID) -> None:
    """Mark a code as used. The caller holds its row, by `count_attempt`."""
    await session.execute(
        update(EmailCode)
        .where(EmailCode.person_id == person_id, EmailCode.id == code_id)
        .values(consumed_at=func.now())
        .execution_options(synchronize_session=False)
    )


async def add_session(session: AsyncSession, *, person_id: uuid.UUID, lifetime: timedelta) -> uuid.UUID:
    """A new sign-in, which ends after `lifetime` however often its tokens are refreshed."""
    session_id = new_id()
    values = {"person_id": person_id, "id": session_id, "expires_at": func.now() + lifetime}
    await session.execute(insert(PersonSession).values(**values))
    return session_id


async def find_live_session(
    session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID
) -> LiveSession | None:
    """The session, unless it is revoked or expired."""
    statement = (
        select(PersonSession.id, Person.subject, PersonSession.created_at)
        .join(Person, Person.id == PersonSession.person_id)
        .where(
            PersonSession.person_id == person_id,
            PersonSession.id == session_id,
            PersonSession.revoked_at.is_(None),
            PersonSession.expires_at > func.now(),
        )
    )
    row = (await session.execute(statement)).one_or_none()
    return LiveSession(*row) if row else None


async def revoke_sessions(
    session: AsyncSession,
    *,
    person_id: uuid.UUID,
    because: str,
    session_id: uuid.UUID | None = None,
    but: uuid.UUID | None = None,
) -> None:
    """End one session of the person, or all `but` one, or all; one that has ended keeps its first reason."""
    statement = update(PersonSession).where(PersonSession.person_id == person_id, PersonSession.revoked_at.is_(None))
    if session_id is not None:
        statement = statement.where(PersonSession.id == session_id)
    if but is not None:
        statement = statement.where(PersonSession.id != but)
    ended = statement.values(revoked_at=func.now(), revoked_because=because)
    await session.execute(ended.execution_options(synchronize_session=False))


async def find_refresh_token(session: AsyncSession, *, token_hash: bytes) -> FoundRefreshToken | None:
    """Whose token this is, found in any scope."""
    statement = text("SELECT * FROM find_refresh_token(:hash)")
    row = (await session.execute(statement, {"hash": token_hash})).one_or_none()
    return FoundRefreshToken(*row) if row else None


async def add_refresh_token(
    session: AsyncSession, *, person_id: uuid.UUID, session_id: uuid.UUID, token_hash: bytes
) -> None:
    values = {"person_id": person_id, "id": new_id(), "session_id": session_id, "token_hash": token_hash}
    await session.execute(insert(RefreshToken).values(**values))


async def spend_refresh_token(session: AsyncSession, *, token: FoundRefreshToken) -> bool:
    """Mark the token as used; False where it was used before, however short a time ago."""
    statement = (
        update(RefreshToken)
        .where(
            RefreshToken.person_id == token.person_id,
            RefreshToken.id == token.token_id,
            RefreshToken.used_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(RefreshToken.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def memberships_of_person(session: AsyncSession, *, person_id: uuid.UUID) -> list[MembershipFound]:
    """The tenants of a person, the first joined first; none unless the transaction is scoped to that person."""
    rows = await session.execute(
        text("SELECT * FROM find_memberships() WHERE app_person() = :person"), {"person": person_id}
    )
    return [MembershipFound(*row) for row in rows]
