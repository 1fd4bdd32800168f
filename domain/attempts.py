"""How often somebody may try what can be guessed, or what makes us work or mail for strangers.

How many attempts, the settings say, for an address and for an account; in what time, the table below. Mobile carriers
hide hundreds of subscribers behind one address, so an address has room for many, and only the account is guarded
closely. What the account's own guards (a mail a minute, five guesses of a code) refuse is refused besides.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from domain.emails import normalized_email
from domain.errors import UserFault


@dataclass(frozen=True, slots=True)
class AttemptKind:
    """Attempts that count together, and the time in which an address or an account has its number of them."""

    name: str
    per_address: timedelta
    per_account: timedelta | None = None
    """None where only the address counts."""


TEN_MINUTES, HOUR = timedelta(minutes=10), timedelta(hours=1)

SIGN_UP = AttemptKind("sign_up", HOUR, HOUR)
CONFIRM = AttemptKind("confirm", TEN_MINUTES, TEN_MINUTES)
RESEND = AttemptKind("resend", HOUR, HOUR)
FORGOT = AttemptKind("forgot", HOUR, HOUR)
RESET = AttemptKind("reset", TEN_MINUTES, TEN_MINUTES)
SIGN_IN = AttemptKind("sign_in", TEN_MINUTES, TEN_MINUTES)
VERIFY = AttemptKind("verify", TEN_MINUTES)
"""What stands for the account here is good for five guesses by itself, and an account for fifty a day."""
REAUTHENTICATE = AttemptKind("reauthenticate", TEN_MINUTES, TEN_MINUTES)
"""Whoever is signed in and gives their password, or a code, again."""
REFRESH = AttemptKind("refresh", timedelta(seconds=10))
"""Each browser does so every quarter of an hour, and nobody guesses a refresh token."""


class Attempt(NamedTuple):
    """One attempt, and whose account it is about, as the client wrote it."""

    kind: AttemptKind
    account: str | None


class MostAttempts(NamedTuple):
    """How many attempts of each kind are granted within its time."""

    per_address: int
    per_account: int


class Tally(NamedTuple):
    """What is counted: attempts of one kind by one address, or at one account."""

    subject: str
    most: int
    within: timedelta


def tallied(attempts: Iterable[Attempt], *, address: str, most: MostAttempts) -> Counter[Tally]:
    """How many of the attempts each tally is to count."""
    tallies: Counter[Tally] = Counter()
    for kind, account in attempts:
        tallies[Tally(f"{kind.name} address {address}", most.per_address, kind.per_address)] += 1
        if account is not None and kind.per_account is not None:
            tallies[Tally(account_subject(kind, account), most.per_account, kind.per_account)] += 1
    return tallies


def account_subject(kind: AttemptKind, account: str) -> str:
    return f"{kind.name} account {one_account(account)}"


def one_account(account: str) -> str:
    """The same text for every way to write an account's address."""
    try:
        return normalized_email(account)
    except UserFault:
        return account.strip().casefold()
