"""Sessions of the `local` provider: signing in by one or two factors, going on, signing out."""

import uuid
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import identity as queries
from db.queries import second_factors as factor_queries
from db.queries.identity import Account, LiveSession
from db.session import Scope
from domain.acts import Act
from domain.emails import normalized_email
from domain.errors import UserFault
from domain.identity import (
    account_unconfirmed,
    challenge_ended,
    credentials_wrong,
    mfa_code_wrong,
    recovery_wrong,
    token_invalid,
)
from domain.ports import Challenge, Origin, Tokens
from integrations.access_tokens import AccessTokenSigner
from integrations.accounts import AccountStore, record
from integrations.local_mfa import SecondFactors
from integrations.mfa_challenges import Named
from integrations.refresh_tokens import grant_refresh_token, spend_refresh_token, token_hash


class LocalSessions:
    """What `domain.ports.IdentityProvider` says of these methods."""

    def __init__(
        self, accounts: AccountStore, factors: SecondFactors, signer: AccessTokenSigner, *, lifetime: timedelta
    ) -> None:
        self._accounts, self._factors, self._signer, self._lifetime = accounts, factors, signer, lifetime

    async def sign_in(self, *, email: str, password: str, origin: Origin) -> Tokens | Challenge:
        account, matches = await self._tried(email, password)
        if account is None or account.password_hash is None or not matches:
            raise credentials_wrong()
        if not account.confirmed:
            raise account_unconfirmed()
        renewed = None
        if self._accounts.passwords.is_outdated(account.password_hash):
            renewed = await self._accounts.passwords.hash(password)
        begun = await self._begin(account, renewed, origin)
        if begun is None:
            raise credentials_wrong()
        return begun

    async def _tried(self, email: str, password: str) -> tuple[Account | None, bool]:
        """The account, and whether this is its password; takes as long where there is none."""
        account = await self._accounts.find(normalized_email(email, "email"))
        return account, await self._accounts.passwords.matches(account.password_hash if account else None, password)

    async def _begin(self, account: Account, renewed_hash: str | None, origin: Origin) -> Tokens | Challenge | None:
        """None where the password was changed while it was being verified."""
        person_id = account.person_id
        async with self._accounts.writing(person_id) as session:
            if not await is_still(session, account):
                return None
            if renewed_hash is not None:
                await queries.write_password(session, password_hash=renewed_hash)
            if await factor_queries.has_second_factor(session, person_id=person_id):
                return await self._factors.challenges.begin(session, person_id=person_id)
            await record(session, Act.SESSION_SIGN_IN, origin)
            return await self._opened(session, person_id)

    async def answer_challenge(self, *, challenge: str, code: str, origin: Origin) -> Tokens:
        named = self._factors.challenges.named(challenge)
        if named is None:
            raise challenge_ended()
        # A wrong guess is counted, so the transaction ends well before it is refused.
        async with self._accounts.writing(named.person_id) as session:
            outcome = await self._answered(session, named, code, origin)
        if isinstance(outcome, UserFault):
            raise outcome
        return outcome

    async def _answered(self, session: AsyncSession, named: Named, code: str, origin: Origin) -> Tokens | UserFault:
        await queries.lock_person(session, person_id=named.person_id)
        if not await self._factors.challenges.count_guess(session, named):
            return challenge_ended()
        if not await self._factors.totp.accept(session, person_id=named.person_id, code=code):
            return mfa_code_wrong()
        await self._factors.challenges.answer(session, named)
        await record(session, Act.SESSION_SIGN_IN, origin)
        return await self._opened(session, named.person_id, with_mfa=True)

    async def recover(self, *, email: str, password: str, recovery_code: str, origin: Origin) -> Tokens:
        account, matches = await self._tried(email, password)
        tokens = None
        if account is not None and account.confirmed and matches:
            tokens = await self._recovered(account, recovery_code, origin)
        if tokens is None:
            raise recovery_wrong()
        return tokens

    async def _recovered(self, account: Account, recovery_code: str, origin: Origin) -> Tokens | None:
        person_id = account.person_id
        async with self._accounts.writing(person_id) as session:
            if not await is_still(session, account):
                return None
            if not await self._factors.recovery_codes.use(session, person_id=person_id, code=recovery_code):
                return None
            await record(session, Act.SESSION_RECOVER, origin)
            return await self._opened(session, person_id, with_mfa=True)

    async def open(self, person_id: uuid.UUID, *, with_mfa: bool) -> Tokens:
        """Sign somebody in without asking for anything."""
        async with self._accounts.writing(person_id) as session:
            if not await queries.lock_person(session, person_id=person_id):
                raise account_unconfirmed()
            return await self._opened(session, person_id, with_mfa=with_mfa)

    async def _opened(self, session: AsyncSession, person_id: uuid.UUID, *, with_mfa: bool = False) -> Tokens:
        session_id = await queries.add_session(session, person_id=person_id, lifetime=self._lifetime)
        if with_mfa:
            await factor_queries.note_second_factor(session, person_id=person_id, session_id=session_id)
        live = await queries.find_live_session(session, person_id=person_id, session_id=session_id)
        if live is None:
            raise LookupError("a session that has ended before it began")
        return await self._granted(session, person_id, live)

    async def refresh(self, *, refresh_token: str, origin: Origin) -> Tokens:
        async with self._accounts.database.read(Scope()) as session:
            token = await queries.find_refresh_token(session, token_hash=token_hash(refresh_token))
        if token is None:
            raise token_invalid()
        async with self._accounts.writing(token.person_id) as session:
            live = await spend_refresh_token(session, token=token, origin=origin)
            tokens = await self._granted(session, token.person_id, live) if live else None
        if tokens is None:
            raise token_invalid()
        return tokens

    async def _granted(self, session: AsyncSession, person_id: uuid.UUID, live: LiveSession) -> Tokens:
        access_token = self._signer.sign(subject=live.subject, session_id=live.session_id, signed_in_at=live.started_at)
        refresh_token = await grant_refresh_token(session, person_id=person_id, session_id=live.session_id)
        return Tokens(access_token, refresh_token, expires_in=self._signer.lifetime)


async def is_still(session: AsyncSession, account: Account) -> bool:
    """Lock the person and tell whether the password is what it was when it was verified."""
    await queries.lock_person(session, person_id=account.person_id)
    current = await queries.find_account(session, address=account.email)
    return current is not None and current.password_hash == account.password_hash
