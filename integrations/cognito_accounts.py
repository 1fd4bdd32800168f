"""What the parts of the `cognito` provider have in common."""

from dataclasses import dataclass, field
from datetime import timedelta

from argon2 import PasswordHasher

from db.queries import identity as queries
from db.queries.identity import Account
from domain.errors import FaultCode, UserFault
from domain.ports import Holder
from integrations.accounts import AccountStore
from integrations.cognito_pool import CognitoRefused
from integrations.mailed_codes import MailLimits
from integrations.passwords import hash_of_nothing


@dataclass(frozen=True, slots=True)
class CognitoRules:
    """How long things live, and how soon an answer may come. How often it mails, the pool itself limits."""

    session_lifetime: timedelta = timedelta(days=30)
    """At most as long as the pool's refresh tokens."""
    challenge_lifetime: timedelta = timedelta(minutes=3)
    """As long as the pool's."""
    mail_limits: MailLimits = field(default_factory=MailLimits)
    """Of the one mail that is ours: that an address has an account already."""
    soonest_answer: timedelta = timedelta(seconds=1)
    """Longer than Cognito takes, so that the time of an answer does not tell whether an address is known."""


def new_mark() -> str:
    """What stands in place of a password's hash while the pool keeps the password: no password matches it.

    Written anew whenever the password changes, so that a sign-in that was under way meanwhile can notice.
    """
    return hash_of_nothing(PasswordHasher())


def name_of(account: Account | None, address: str) -> str:
    """How the pool is asked about a user: by the subject, where we know it.

    A client's secret hash has to be over one and the same name, at the sign-in and at each refresh after it.
    """
    return account.subject if account else address


async def account_of(accounts: AccountStore, holder: Holder) -> Account:
    """While the holder's session goes on."""
    async with accounts.holding(holder) as session:
        return await queries.find_own_account(session, person_id=holder.person_id)


def password_fault(refused: CognitoRefused, *field: str) -> UserFault | None:
    """A pool may ask more of a password than we do, though it should not."""
    if refused.code not in {"InvalidPasswordException", "PasswordHistoryPolicyViolationException"}:
        return None
    return UserFault(FaultCode.INVALID, "This password is not accepted. Choose another one.", field)
