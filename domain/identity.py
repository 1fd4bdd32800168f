"""Accounts, whichever provider keeps them: what a sign-up and a code must be, and who the viewer is."""

import hashlib
import hmac
import re
import unicodedata
import uuid
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Person
from db.queries.identity import MembershipFound, memberships_of_person, record_account_act
from db.queries.second_factors import SecondFactorState, second_factor_state
from domain.actors import Actor
from domain.acts import Act
from domain.changes import ABSENT, Absent
from domain.emails import normalized_email
from domain.errors import FaultCode, Faults, UserFault
from domain.passwords import checked_password
from domain.ports import SignUp
from domain.texts import LOCALES, person_name

LONGEST_NAME = 100
CODE_DIGITS = 6


class CodePurpose(Enum):
    """What a mailed code proves: that the address is the person's, or that its owner wants a new password."""

    CONFIRM = "confirm"
    RESET = "reset"

    @property
    def mail_kind(self) -> str:
        """The kind of outbox message that mails such a code; its payload has the `code_id`."""
        return f"account.{self.value}"


ACCOUNT_EXISTS = "account.exists"
"""The kind of outbox message that tells an address's owner that somebody tried to sign up with it again."""

ACCOUNT_MAILS = (CodePurpose.CONFIRM.mail_kind, CodePurpose.RESET.mail_kind, ACCOUNT_EXISTS)


def checked_sign_up(email: str, password: str, name: str, locale: str) -> SignUp:
    """The input of a sign-up, normalised. Raises `UserFaults` with everything that is wrong about it."""
    faults, address, secret, called = Faults(), "", "", ""
    with faults.collecting():
        address = normalized_email(email, "email")
    with faults.collecting():
        secret = checked_password(password, "password", email=address)
    with faults.collecting():
        called = person_name(name, "name", limit=LONGEST_NAME)
    with faults.collecting():
        checked_locale(locale, "locale")
    faults.raise_any()
    return SignUp(email=address, password=secret, name=called, locale=locale)


@dataclass(frozen=True, slots=True)
class PersonChanges:
    """A partial update of what a person says about themselves."""

    name: str | Absent = ABSENT
    locale: str | Absent = ABSENT


def checked_locale(locale: str, *field: str) -> str:
    if locale not in LOCALES:
        raise UserFault(FaultCode.INVALID, f"A locale is one of: {', '.join(LOCALES)}.", field)
    return locale


def mailed_code(secret_key: bytes, code_id: uuid.UUID) -> str:
    """The six digits of a mailed code. Derived anew wherever they are needed, so that no table holds them."""
    digest = hmac.digest(secret_key, b"mailed code " + code_id.bytes, hashlib.sha256)
    return f"{int.from_bytes(digest) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def typed_code(code: str) -> str | None:
    """The code as a person typed it, with spaces or in Arabic digits, or None if it is no code at all."""
    digits = re.sub(r"\s", "", code[:40])
    if len(digits) != CODE_DIGITS or not digits.isdecimal():
        return None
    return "".join(str(unicodedata.decimal(digit)) for digit in digits)


def is_mailed_code(secret_key: bytes, code_id: uuid.UUID, code: str) -> bool:
    """Whether a person typed this code; takes the same time for every wrong one."""
    return hmac.compare_digest(typed_code(code) or "", mailed_code(secret_key, code_id))


def code_wrong() -> UserFault:
    """The one answer for a code that is wrong, expired, used, guessed at too often, or for an unknown address."""
    return UserFault(FaultCode.CODE_WRONG, "The code is wrong or has expired. Ask for a new one.", ("code",))


def credentials_wrong() -> UserFault:
    """The one answer for an unknown address and a wrong password."""
    return UserFault(FaultCode.CREDENTIALS_WRONG, "The email address or the password is wrong.")


def recovery_wrong() -> UserFault:
    """The one answer for an unknown address, a wrong password and a recovery code that is wrong or used."""
    return UserFault(
        FaultCode.CREDENTIALS_WRONG, "The email address, the password or the recovery code is wrong, or that was used."
    )


def password_wrong(*field: str) -> UserFault:
    """For somebody signed in, who was asked for their password again."""
    return UserFault(FaultCode.CREDENTIALS_WRONG, "The password is wrong.", field)


def mfa_code_wrong() -> UserFault:
    """The one answer for a code that is wrong, or was used before."""
    return UserFault(FaultCode.MFA_CODE_WRONG, "The code is wrong, or was used already. Wait for the next.", ("code",))


def mfa_tried_too_often() -> UserFault:
    return UserFault(FaultCode.LIMIT_REACHED, "Too many wrong codes within a day. Use a recovery code.", ("code",))


def challenge_ended() -> UserFault:
    """The one answer for a challenge that is unknown, expired, answered, or was guessed at too often."""
    return UserFault(FaultCode.CHALLENGE_ENDED, "This sign-in has ended. Begin it again.", ("challenge",))


def mfa_enabled() -> UserFault:
    return UserFault(FaultCode.MFA_ENABLED, "A second factor is set up already. Disable it first.")


def mfa_disabled() -> UserFault:
    return UserFault(FaultCode.MFA_DISABLED, "No second factor is set up.")


def mfa_not_begun() -> UserFault:
    return UserFault(FaultCode.NOT_FOUND, "Begin to set up a second factor first.")


def account_unconfirmed() -> UserFault:
    return UserFault(FaultCode.ACCOUNT_UNCONFIRMED, "Confirm your email address first, with the code we mailed you.")


def token_invalid() -> UserFault:
    """The one answer for a refresh token that is unknown, used, revoked or expired."""
    return UserFault(FaultCode.TOKEN_INVALID, "This session has ended. Sign in again.", ("refreshToken",))


async def viewing_person(session: AsyncSession, *, actor: Actor) -> Person:
    """The person acting; a guest is denied."""
    return (await session.execute(select(Person).where(Person.id == actor.person))).scalar_one()


async def viewing_memberships(session: AsyncSession, *, actor: Actor) -> list[MembershipFound]:
    """The tenants of the person acting, with the role in each; a guest is denied."""
    return await memberships_of_person(session, person_id=actor.person)


async def update_person(session: AsyncSession, *, actor: Actor, changes: PersonChanges) -> Person:
    """The person acting changes their own name and the language of mails. Raises `UserFaults`; a guest is denied.

    A change is told to the audit log of every tenant that they work for.
    """
    person, faults = await viewing_person(session, actor=actor), Faults()
    with faults.collecting():
        if not isinstance(changes.name, Absent):
            person.name = person_name(changes.name, "name", limit=LONGEST_NAME)
    with faults.collecting():
        if not isinstance(changes.locale, Absent):
            person.locale = checked_locale(changes.locale, "locale")
    faults.raise_any()
    if session.is_modified(person):
        await record_account_act(session, act=Act.ACCOUNT_UPDATE, request_id=actor.request_id, address=actor.address)
        await session.flush()
    return person


async def viewing_second_factor(
    session: AsyncSession, *, actor: Actor, session_id: uuid.UUID | None
) -> SecondFactorState:
    """What the person acting is told about their own second factor; a guest is denied."""
    return await second_factor_state(session, person_id=actor.person, session_id=session_id)
