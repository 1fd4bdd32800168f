"""Signing in at Cognito: by a password, and by an authenticator app or a recovery code after it."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag

from db.queries import identity as queries
from db.queries import second_factors
from db.queries.identity import Account
from db.session import Scope
from domain.acts import Act
from domain.emails import normalized_email
from domain.identity import (
    account_unconfirmed,
    challenge_ended,
    credentials_wrong,
    mfa_code_wrong,
    recovery_wrong,
    typed_code,
)
from domain.passwords import normalized_password
from domain.ports import Challenge, Origin, Tokens
from integrations.accounts import AccountStore
from integrations.cognito_accounts import name_of
from integrations.cognito_pool import SIGN_IN_REFUSED, CognitoPool, CognitoRefused, asks_for_app
from integrations.cognito_sessions import CognitoSessions
from integrations.cognito_sign_ups import CognitoSignUps
from integrations.mfa_challenges import MfaChallenges, Named
from integrations.recovery_codes import RecoveryCodes
from integrations.sealing import Seal

WRONG_APP_CODE = {"CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException"}
CHALLENGE_OVER = {"NotAuthorizedException", "ResourceNotFoundException", "SoftwareTokenMFANotFoundException"}


class Opened(NamedTuple):
    """What a challenge's token says: whose it is, and how Cognito calls person and sign-in."""

    named: Named
    subject: str
    session: str


class CognitoSignIns:
    """What `domain.ports.IdentityProvider` says of these methods."""

    def __init__(
        self,
        accounts: AccountStore,
        pool: CognitoPool,
        *,
        sign_ups: CognitoSignUps,
        sessions: CognitoSessions,
        challenges: MfaChallenges,
        recovery_codes: RecoveryCodes,
        seal: Seal,
    ) -> None:
        self._accounts, self._pool, self._sign_ups, self._sessions = accounts, pool, sign_ups, sessions
        self._challenges, self._recovery_codes, self._seal = challenges, recovery_codes, seal

    async def sign_in(self, *, email: str, password: str, origin: Origin) -> Tokens | Challenge:
        address, given = normalized_email(email, "email"), normalized_password(password)
        account = await self._accounts.find(address)
        # The hash is looked at while Cognito is asked, and for every address: only an unproven one has any.
        answer, was_given_at_sign_up = await asyncio.gather(
            self._tried(name_of(account, address), given),
            self._accounts.passwords.matches(account.password_hash if account else None, given),
        )
        if isinstance(answer, CognitoRefused):
            unconfirmed = answer.code == "UserNotConfirmedException" and was_given_at_sign_up
            raise account_unconfirmed() if unconfirmed else credentials_wrong()
        account = await self._proven(account, address)
        if asks_for_app(answer):
            return await self._challenged(account, answer["Session"])
        await self._check_unprotected(account)
        return await self._sessions.begin(account, answer, act=Act.SESSION_SIGN_IN, origin=origin, with_mfa=False)

    async def _tried(self, username: str, password: str) -> dict[str, Any] | CognitoRefused:
        try:
            return await self._pool.begin_sign_in(username, password)
        except CognitoRefused as refused:
            if refused.code in SIGN_IN_REFUSED:
                return refused
            raise

    async def _proven(self, account: Account | None, address: str) -> Account:
        """Cognito lets the user in. Where we know no person, or no proof of the address, a step was lost on the way."""
        if account is not None and account.confirmed:
            return account
        user = await self._pool.find_user(name_of(account, address))
        found = None if user is None or user.email != address else account or await self._sign_ups.adopt(user)
        if user is None or found is None or not user.has_proven_email:
            raise account_unconfirmed()
        return found

    async def _check_unprotected(self, account: Account) -> None:
        """Cognito asked for no app. Where there is one, somebody switched it off there, or `recover` is doing so."""
        async with self._accounts.database.read(Scope(person_id=account.person_id)) as session:
            is_protected = await second_factors.has_second_factor(session, person_id=account.person_id)
        if is_protected:
            await self._pool.insist_on_mfa(account.subject)
            raise credentials_wrong()

    async def _challenged(self, account: Account, cognitos_session: str) -> Challenge:
        """Only a token that we can open has Cognito's own session in it; how often it may be tried, our row counts."""
        person_id = account.person_id
        async with self._accounts.writing(person_id) as session:
            challenge = await self._challenges.begin(session, person_id=person_id)
        told = json.dumps([account.subject, cognitos_session]).encode()
        sealed = urlsafe_b64encode(self._seal.seal(told, owner=person_id)).decode()
        return Challenge(f"{challenge.token}.{sealed}", challenge.expires_in)

    def _opened(self, challenge: str) -> Opened:
        token, _, sealed = challenge.partition(".")
        named = self._challenges.named(token)
        try:
            if named is None:
                raise challenge_ended()
            subject, cognitos_session = json.loads(self._seal.open(urlsafe_b64decode(sealed), owner=named.person_id))
        except (InvalidTag, ValueError):
            raise challenge_ended() from None
        return Opened(named, subject, cognitos_session)

    async def answer_challenge(self, *, challenge: str, code: str, origin: Origin) -> Tokens:
        opened = self._opened(challenge)
        async with self._accounts.writing(opened.named.person_id) as session:
            await queries.lock_person(session, person_id=opened.named.person_id)
            account = await queries.find_own_account(session, person_id=opened.named.person_id)
            may_guess = await self._challenges.count_guess(session, opened.named)
        if not may_guess or account.subject != opened.subject:
            raise challenge_ended()
        answer = await self._answered(opened, code)
        return await self._sessions.begin(
            account, answer, act=Act.SESSION_SIGN_IN, origin=origin, with_mfa=True, challenge=opened.named
        )

    async def _answered(self, opened: Opened, code: str) -> dict[str, Any]:
        digits = typed_code(code)
        if digits is None:
            raise mfa_code_wrong()
        try:
            return await self._pool.answer_totp(opened.subject, opened.session, digits)
        except CognitoRefused as refused:
            if refused.code in WRONG_APP_CODE:
                raise mfa_code_wrong() from None
            if refused.code in CHALLENGE_OVER:
                raise challenge_ended() from None
            raise

    async def recover(self, *, email: str, password: str, recovery_code: str, origin: Origin) -> Tokens:
        """Cognito knows no recovery codes. So the app is switched off for the moment of the sign-in.

        Were we to die in that moment, it would stay off until the next sign-in, which is refused and switches it on.
        """
        address, given = normalized_email(email, "email"), normalized_password(password)
        account = await self._accounts.find(address)
        answer = await self._tried(name_of(account, address), given)
        if account is None or isinstance(answer, CognitoRefused):
            raise recovery_wrong()
        async with self._accounts.writing(account.person_id) as session:
            await queries.lock_person(session, person_id=account.person_id)
            used = await self._recovery_codes.use(session, person_id=account.person_id, code=recovery_code)
        if not used:
            raise recovery_wrong()
        answer = await self._without_app(account.subject, given)
        if isinstance(answer, CognitoRefused) or asks_for_app(answer):
            raise recovery_wrong()
        return await self._sessions.begin(
            account, answer, act=Act.SESSION_RECOVER, origin=origin, with_mfa=True, recovered=True
        )

    async def _without_app(self, subject: str, password: str) -> dict[str, Any] | CognitoRefused:
        try:
            await self._pool.set_mfa(subject, enabled=False)
            return await self._tried(subject, password)
        finally:
            await self._pool.set_mfa(subject, enabled=True)
