"""What the domain asks of the outside. `integrations` implements these; `bootstrap` chooses which."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Protocol

from domain.attempts import Attempt, AttemptKind
from domain.searches import Dimension, Facets, Matches, Place, Search


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified access token says: who (`sub`), and in which of our sessions (`origin_jti`)."""

    subject: str
    session_id: uuid.UUID


class TokenRejected(Exception):
    """An access token that is not ours, not for us, no access token, or no longer valid. The reason is not told."""


class TokenVerifier(Protocol):
    """One verification path for every identity provider: RS256, issuer, client, token use, expiry, key id."""

    async def verify(self, token: str) -> Claims:
        """Raises `TokenRejected`."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives: a short-lived RS256 access token, and a single-use opaque refresh token."""

    access_token: str
    refresh_token: str
    expires_in: timedelta


@dataclass(frozen=True, slots=True)
class SignUp:
    """What a person gives in order to have an account. The address is normalised, the password checked."""

    email: str
    password: str
    name: str
    locale: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """The password was right, and a second factor is to follow. `token` is opaque and good for one sign-in."""

    token: str
    expires_in: timedelta


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, for the audit log."""

    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of an account who changes something about it: signed in, in this session, with this token."""

    person_id: uuid.UUID
    session_id: uuid.UUID
    access_token: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """What an authenticator app has to be told: the secret in base32, and the same in an `otpauth://` URI."""

    secret: str
    uri: str


class IdentityProvider(Protocol):
    """Accounts, passwords, second factors and tokens. Every method opens its own transactions, raises `UserFault`s.

    No method tells whether an address has an account: sign-up, resend and forgot answer the same either way. Sign-ins,
    sign-outs and changes of password and second factor are told to the audit log of every tenant that the person works
    for.
    """

    async def sign_up(self, given: SignUp) -> None:
        """Make an unconfirmed account and mail a code; a known address gets a mail that says so instead."""
        ...

    async def confirm(self, *, email: str, code: str) -> None:
        """Prove the address. Faults: CODE_WRONG for a wrong, expired, used or too often guessed code."""
        ...

    async def resend_confirmation(self, *, email: str) -> None:
        """Mail a new code to an unconfirmed account."""
        ...

    async def sign_in(self, *, email: str, password: str, origin: Origin) -> Tokens | Challenge:
        """A challenge where the person has a second factor.

        Faults: CREDENTIALS_WRONG; ACCOUNT_UNCONFIRMED, only after the right password.
        """
        ...

    async def answer_challenge(self, *, challenge: str, code: str, origin: Origin) -> Tokens:
        """Finish a sign-in with the code of the authenticator app; the session counts as signed in with MFA.

        Faults: MFA_CODE_WRONG; CHALLENGE_ENDED where it is unknown, expired, answered, or was guessed at too often.
        """
        ...

    async def recover(self, *, email: str, password: str, recovery_code: str, origin: Origin) -> Tokens:
        """Sign in with a recovery code in place of the app; the code is used up. Counts as signed in with MFA.

        Faults: CREDENTIALS_WRONG, whichever of the three is wrong.
        """
        ...

    async def refresh(self, *, refresh_token: str, origin: Origin) -> Tokens:
        """Exchange a refresh token. One used twice revokes its whole session. Fault: TOKEN_INVALID."""
        ...

    async def sign_out(self, *, holder: Holder, refresh_token: str | None = None) -> None:
        """End the holder's session: its access and refresh tokens are refused from the next request on.

        So does the session of the refresh token, whosever it is; one that is no token changes nothing.
        """
        ...

    async def sign_out_everywhere(self, *, holder: Holder) -> None:
        """End all sessions of the person, this one included."""
        ...

    async def forgot_password(self, *, email: str) -> None:
        """Mail a reset code to a confirmed account."""
        ...

    async def reset_password(self, *, email: str, code: str, new_password: str, origin: Origin) -> None:
        """Set a new password and end every session. Faults: CODE_WRONG."""
        ...

    async def change_password(self, *, holder: Holder, current_password: str, new_password: str) -> None:
        """Set a new password and end every other session. Faults: CREDENTIALS_WRONG for the current one."""
        ...

    async def begin_totp(self, *, holder: Holder) -> TotpEnrolment:
        """A new secret, which counts once `confirm_totp` has seen a code of it; asking again replaces it.

        Faults: MFA_ENABLED where one counts already.
        """
        ...

    async def confirm_totp(self, *, holder: Holder, password: str, code: str) -> list[str]:
        """From now on sign-ins ask for a code; this session counts as signed in with MFA, and every other one ends.

        Returns recovery codes. Faults: CREDENTIALS_WRONG; MFA_CODE_WRONG; MFA_ENABLED; NOT_FOUND where nothing was
        begun.
        """
        ...

    async def renew_recovery_codes(self, *, holder: Holder, password: str) -> list[str]:
        """New recovery codes; the old ones are void. Denied in a session without the second factor.

        Faults: CREDENTIALS_WRONG; MFA_DISABLED.
        """
        ...

    async def disable_totp(self, *, holder: Holder, password: str, code: str) -> None:
        """Take the second factor away, after both have been given again: `code` is of the app, or a recovery code.

        Every other session ends. In a session without the second factor it is denied. Faults: CREDENTIALS_WRONG;
        MFA_CODE_WRONG; MFA_DISABLED; LIMIT_REACHED after too many codes of the app that were wrong.
        """
        ...

    async def reset_second_factor(self, *, email: str) -> bool:
        """Take it away from somebody who lost app and recovery codes, and end every session: for the command line.

        False where there was none.
        """
        ...


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one address, with both bodies. `message_id` stays the same over retries."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    reply_to: str | None = None


class MailRefused(Exception):
    """The server refused this mail for good (a 5xx answer): it was not sent, and sending again will not help."""


class MailSender(Protocol):
    """Hands mails over. Any exception other than `MailRefused` before hand-over means: try again later."""

    async def send(self, mail: OutgoingMail) -> None: ...


class WorkSignal(Protocol):
    """Tells the worker that the outbox has work. Losing a signal loses only time: the worker looks by itself too."""

    async def wake(self) -> None:
        """Never raises: the order is taken, whatever Redis says."""
        ...


class ThrottleStatus(NamedTuple):
    """How many points a client has now, how many it can have at most, and how many come back each second."""

    maximum_available: int
    currently_available: int
    restore_rate: int


class Throttled(Exception):
    """A client has too few points left; `retry_after` is in seconds."""

    def __init__(self, status: ThrottleStatus, retry_after: float) -> None:
        super().__init__()
        self.status, self.retry_after = status, retry_after


class Throttle(Protocol):
    """Points that each client spends and gets back with time. Asking for more than a full bucket takes a full one."""

    def spend(self, client: str, points: int) -> ThrottleStatus | None:
        """Take points without waiting for anything; None where only `take` can tell. Raises `Throttled`."""
        ...

    async def take(self, client: str, points: int) -> ThrottleStatus:
        """As `spend`, and always decides. Raises `Throttled`."""
        ...

    def give_back(self, client: str, points: int) -> ThrottleStatus:
        """Return points that were taken and not needed; fewer than none are taken besides, and leave a debt."""
        ...


class TooManyAttempts(Exception):
    """An address or an account had its attempts; `retry_after` tells in what time these would be granted."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


class LimitsUnavailable(Exception):
    """Nobody knows how many attempts there were: none is granted then."""


class AttemptLimits(Protocol):
    """Counts attempts by address and by account, for all processes together. `domain.attempts` says what is granted."""

    async def grant(self, attempts: Sequence[Attempt], *, address: str) -> None:
        """Count all of them, or none: then it raises `TooManyAttempts` or `LimitsUnavailable`."""
        ...

    async def forgive(self, kind: AttemptKind, *, account: str) -> None:
        """Forget the attempts at an account whose owner has proven to be there. Never raises."""
        ...


class SearchUnavailable(Exception):
    """The engine that a tenant is searched with cannot be asked now."""


class SearchEngine(Protocol):
    """Finds a tenant's items by words. Whatever it is asked about one tenant, it never answers with another's.

    An engine that is away raises `SearchUnavailable`.
    """

    @property
    def name(self) -> str:
        """Tells its cursors from those of other engines."""
        ...

    async def find(self, tenant_id: uuid.UUID, wanted: Search, *, first: int, after: Place | None) -> Matches:
        """The `first` matches behind a place, None for the first page, in an order without ties.

        Where nothing has the words of a first page, it may read the text in another way, which `Matches` tells.
        Raises a fault for a place that is none.
        """
        ...

    async def count(self, tenant_id: uuid.UUID, wanted: Search, *, reading: str) -> int:
        """How many match, up to `MOST_COUNTED`; `reading` is that of the matches."""
        ...

    async def facets(
        self, tenant_id: uuid.UUID, wanted: Search, *, reading: str, dimensions: Collection[Dimension]
    ) -> Facets:
        """Counts by those dimensions, each under every filter but its own, of at most the newest `MOST_COUNTED`."""
        ...
