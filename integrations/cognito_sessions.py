"""Sessions of people who signed in at Cognito: rows of ours, under the `origin_jti` of Cognito's tokens.

What ends a session is its row, as with `local`. A client never gets Cognito's refresh token, but one of ours, which is
good once and in which Cognito's is sealed: without the row, nobody can use either.
"""

import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as queries
from db.queries import provider_accounts, second_factors
from db.queries.identity import Account
from db.session import Scope
from domain.acts import Act
from domain.identity import credentials_wrong, token_invalid
from domain.ports import Holder, Origin, Tokens, TokenVerifier
from integrations.accounts import AccountStore, record
from integrations.cognito_accounts import CognitoRules, new_mark
from integrations.cognito_pool import CognitoPool, CognitoRefused
from integrations.mfa_challenges import Named
from integrations.refresh_tokens import spend_refresh_token, token_hash
from integrations.sealing import Seal

OVER = {
    "NotAuthorizedException",
    "UserNotFoundException",
    "InvalidParameterException",
    "PasswordResetRequiredException",
}
"""Why Cognito continues no session."""


class CognitoSessions:
    """Cognito's tokens are believed by the same verifier that every request is, and by nothing else."""

    def __init__(
        self, accounts: AccountStore, pool: CognitoPool, *, verifier: TokenVerifier, seal: Seal, rules: CognitoRules
    ) -> None:
        self._accounts, self._pool, self._verifier, self._seal, self._rules = accounts, pool, verifier, seal, rules

    async def begin(
        self,
        account: Account,
        answer: dict[str, Any],
        *,
        act: Act,
        origin: Origin,
        with_mfa: bool,
        challenge: Named | None = None,
        recovered: bool = False,
    ) -> Tokens:
        """Write down the session of an answer that has tokens.

        CREDENTIALS_WRONG where the password was changed since, and where no second factor was given though there is
        one: only its holder takes it away, whatever Cognito was told. One that we do not know of is learnt of.
        `recovered` ends what else was under way or without a second factor.
        """
        granted, person_id = answer["AuthenticationResult"], account.person_id
        claims = await self._verifier.verify(granted["AccessToken"])
        async with self._accounts.writing(person_id) as session:
            await queries.lock_person(session, person_id=person_id)
            current = await queries.find_account(session, address=account.email)
            if current is None or current != account or claims.subject != account.subject:
                raise credentials_wrong()
            if not with_mfa and await second_factors.has_second_factor(session, person_id=person_id):
                raise credentials_wrong()
            if not account.confirmed:
                await queries.confirm_person(session, person_id=person_id)
                await queries.write_password(session, password_hash=new_mark())
            await provider_accounts.add_provider_session(
                session, person_id=person_id, session_id=claims.session_id, lifetime=self._rules.session_lifetime
            )
            if with_mfa:
                await self._note_factor(session, person_id, claims.session_id)
            if challenge is not None:
                await second_factors.consume_challenge(
                    session, person_id=person_id, challenge_id=challenge.challenge_id
                )
            if recovered:
                await queries.write_password(session, password_hash=new_mark())
                await provider_accounts.revoke_unproven_sessions(session, person_id=person_id, because="recovered")
            await record(session, act, origin)
            return await self._granted(session, person_id, claims.session_id, claims.subject, granted)

    @staticmethod
    async def _note_factor(session: AsyncSession, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
        await second_factors.note_second_factor(session, person_id=person_id, session_id=session_id)
        if not await second_factors.has_second_factor(session, person_id=person_id):
            await second_factors.write_second_factor(session, person_id=person_id, asked=True)

    async def refresh(self, *, refresh_token: str, origin: Origin) -> Tokens:
        async with self._accounts.database.read(Scope()) as session:
            token = await queries.find_refresh_token(session, token_hash=token_hash(refresh_token))
        sealed = None if token is None else self._opened(refresh_token, token.person_id)
        if token is None or sealed is None:
            raise token_invalid()
        granted = await self._continued(token.session_id, *sealed)
        async with self._accounts.writing(token.person_id) as session:
            live = await spend_refresh_token(session, token=token, origin=origin)
            tokens = None
            if live and granted and live.subject == sealed[0]:
                tokens = await self._granted(session, token.person_id, live.session_id, live.subject, granted)
        if tokens is None:
            raise token_invalid()
        return tokens

    async def _continued(self, session_id: uuid.UUID, subject: str, refresh_token: str) -> dict[str, Any] | None:
        """Asked before our token is spent: while Cognito cannot be reached, the client may try again."""
        try:
            answer = await self._pool.refresh(subject, refresh_token)
        except CognitoRefused as refused:
            if refused.code in OVER:
                return None
            raise
        granted = {"RefreshToken": refresh_token, **answer["AuthenticationResult"]}
        claims = await self._verifier.verify(granted["AccessToken"])
        return granted if (claims.session_id, claims.subject) == (session_id, subject) else None

    async def _granted(
        self, session: AsyncSession, person_id: uuid.UUID, session_id: uuid.UUID, subject: str, granted: dict[str, Any]
    ) -> Tokens:
        told = json.dumps([subject, granted["RefreshToken"]]).encode()
        refresh_token = urlsafe_b64encode(self._seal.seal(told, owner=person_id)).decode()
        await queries.add_refresh_token(
            session, person_id=person_id, session_id=session_id, token_hash=token_hash(refresh_token)
        )
        return Tokens(granted["AccessToken"], refresh_token, timedelta(seconds=granted["ExpiresIn"]))

    def _opened(self, refresh_token: str, person_id: uuid.UUID) -> tuple[str, str] | None:
        try:
            subject, token = json.loads(self._seal.open(urlsafe_b64decode(refresh_token), owner=person_id))
        except (InvalidTag, ValueError):
            return None
        return subject, token

    async def sign_out_everywhere(self, *, holder: Holder) -> None:
        """Ours first: they end whatever Cognito says to it."""
        await self._accounts.end_every_session(holder)
        try:
            await self._pool.ask("global_sign_out", AccessToken=holder.access_token)
        except CognitoRefused as refused:
            if refused.code not in OVER:
                raise
