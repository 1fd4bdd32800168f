"""Accounts, whichever provider keeps them: what an address, a password and a code must be, and who the viewer is."""

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
from db.queries.identity import MembershipFound, memberships_of_person
from db.queries.second_factors import SecondFactorState, second_factor_state
from domain.actors import Actor
from domain.changes import ABSENT, Absent
from domain.emails import normalized_email
from domain.errors import FaultCode, Faults, UserFault
from domain.ports import SignUp
from domain.texts import LOCALES, person_name

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256
LONGEST_NAME = 100
CODE_DIGITS = 6

COMMON_WORDS = frozenset(
    [
        "abc",
        "abcd",
        "abcdef",
        "access",
        "account",
        "admin",
        "administrator",
        "alhamdulillah",
        "allah",
        "baseball",
        "bismillah",
        "changeme",
        "charity",
        "default",
        "donation",
        "dragon",
        "football",
        "guest",
        "hello",
        "iloveyou",
        "kuwait",
        "letmein",
        "login",
        "love",
        "loveyou",
        "master",
        "mohammed",
        "monkey",
        "muhammad",
        "mypassword",
        "nopassword",
        "p",
        "pass",
        "passphrase",
        "passw",
        "password",
        "passwordpassword",
        "princess",
        "qazwsx",
        "qwer",
        "qwerty",
        "qwertyuiop",
        "ramadan",
        "root",
        "sadu",
        "secret",
        "shop",
        "store",
        "sunshine",
        "superman",
        "system",
        "temp",
        "temppassword",
        "test",
        "testing",
        "user",
        "welcome",
        "whatever",
        "zxcvbnm",
    ]
)
"""What is left of the commonest passwords without the digits and signs around them."""

LOOKS_LIKE = str.maketrans("013457@$!", "oleastasi")
RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")


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


def normalized_password(password: str) -> str:
    """One spelling for what different keyboards send for the same characters."""
    return unicodedata.normalize("NFKC", password)


def checked_password(password: str, *field: str, email: str) -> str:
    """The password, normalised: 10 to 256 characters, hard enough to guess, without the name in the address."""
    if not password:
        raise UserFault(FaultCode.REQUIRED, "This field is required.", field)
    secret = normalized_password(password)
    if len(secret) > LONGEST_PASSWORD:
        raise UserFault(FaultCode.TOO_LONG, f"A password has at most {LONGEST_PASSWORD} characters.", field)
    if len(secret) < SHORTEST_PASSWORD:
        raise UserFault(FaultCode.INVALID, f"A password has at least {SHORTEST_PASSWORD} characters.", field)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in secret):
        raise UserFault(FaultCode.INVALID, "Control characters are not allowed.", field)
    if names_its_owner(secret, email):
        raise UserFault(FaultCode.INVALID, "A password must not contain your email address.", field)
    if is_commonplace(secret):
        raise UserFault(FaultCode.INVALID, "This password is too easy to guess.", field)
    return secret


def names_its_owner(password: str, email: str) -> bool:
    """Whether the password contains the part before the `@`; one of three letters is in too many words to matter."""
    mailbox = email.partition("@")[0].partition("+")[0]
    return len(mailbox) > 3 and mailbox in password.casefold()


def is_commonplace(password: str) -> bool:
    """Whether the password is among the first that anybody would try."""
    plain = password.casefold()
    if len(set(plain)) < 5 or plain in (plain + plain)[1:-1]:
        return True
    if any(plain in run or plain[::-1] in run for run in RUNS):
        return True
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    return core in COMMON_WORDS or core.translate(LOOKS_LIKE) in COMMON_WORDS or not core


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
    """The person acting changes their own name and the language of mails. Raises `UserFaults`; a guest is denied."""
    person, faults = await viewing_person(session, actor=actor), Faults()
    with faults.collecting():
        if not isinstance(changes.name, Absent):
            person.name = person_name(changes.name, "name", limit=LONGEST_NAME)
    with faults.collecting():
        if not isinstance(changes.locale, Absent):
            person.locale = checked_locale(changes.locale, "locale")
    faults.raise_any()
    await session.flush()
    return person


async def viewing_second_factor(
    session: AsyncSession, *, actor: Actor, session_id: uuid.UUID | None
) -> SecondFactorState:
    """What the person acting is told about their own second factor; a guest is denied."""
    return await second_factor_state(session, person_id=actor.person, session_id=session_id)
