"""The `local` identity provider: accounts, passwords, codes and tokens kept in our own database."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import new_id
from db.queries import identity as queries
from db.queries.identity import Account, LiveSession
from db.session import Database, Scope
from domain.emails import normalized_email
from domain.identity import (
    CodePurpose,
    account_unconfirmed,
    checked_password,
    code_wrong,
    credentials_wrong,
    token_invalid,
)
from domain.outbox import has_work
from domain.ports import SignUp, Tokens, WorkSignal
from integrations.access_tokens import AccessTokenSigner
from integrations.mailed_codes import MailedCodes, MailLimits
from integrations.passwords import UNUSABLE, Argon2Passwords
from integrations.refresh_tokens import grant_refresh_token, spend_refresh_token, token_hash


@dataclass(frozen=True, slots=True)
class LocalRules:
    """How long things live, how often an address is mailed, and how soon an answer may come."""

    session_lifetime: timedelta = timedelta(days=30)
    code_lifetime: timedelta = timedelta(minutes=30)
    mail_limits: MailLimits = field(default_factory=MailLimits)
    soonest_answer: timedelta = timedelta(milliseconds=100)
    """Longer than the database takes, so that the time of an answer does not tell whether an address is known."""


class LocalIdentityProvider:
    """Implements `domain.ports.IdentityProvider`.

    Hashing happens outside transactions: it takes long, and a connection must not wait for it.
    """

    def __init__(
        self,
        database: Database,
        *,
        passwords: Argon2Passwords,
        signer: AccessTokenSigner,
        signal: WorkSignal,
        secret_key: bytes,
        rules: LocalRules | None = None,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._signer = signer
        self._signal = signal
        self._rules = rules or LocalRules()
        self._codes = MailedCodes(secret_key, self._rules.code_lifetime, self._rules.mail_limits)

    async def sign_up(self, given: SignUp) -> None:
        account = await self._account(given.email)
        if account is None and await self._make_account(given):
            return
        # Two first sign-ups at once: the address is taken by now.
        account = account or await self._account(given.email)
        if account is not None:
            await self._sign_up_again(account, given)

    async def _make_account(self, given: SignUp) -> bool:
        """False where somebody else was quicker."""
        password_hash, person_id = await self._passwords.hash(given.password), new_id()
        async with self._writing(person_id) as session:
            made = await self._add_person(session, person_id, given)
            if made:
                await queries.write_password(session, password_hash=password_hash)
                await self._codes.request(session, person_id=person_id, purpose=CodePurpose.CONFIRM)
        return made

    async def _add_person(self, session: AsyncSession, person_id: uuid.UUID, given: SignUp) -> bool:
        subject = str(uuid.uuid4())
        return await queries.add_person(
            session, person_id=person_id, subject=subject, email=given.email, name=given.name, locale=given.locale
        )

    async def _sign_up_again(self, account: Account, given: SignUp) -> None:
        """Mail the address; take over nothing of what was given.

        Where the address is unproven and the passwords differ, two people may be signing up with one address, and
        nobody knows which of them will read the code. So neither password counts: the account opens by a reset.
        """
        person_id = account.person_id
        same_password = await self._passwords.matches(account.password_hash, given.password)
        async with self._writing(person_id) as session:
            if await queries.lock_person(session, person_id=person_id):
                await self._codes.tell_account_exists(session, person_id=person_id)
                return
            await self._codes.request(session, person_id=person_id, purpose=CodePurpose.CONFIRM)
            if not same_password:
                await queries.write_password(session, password_hash=UNUSABLE)

    async def provision(self, given: SignUp) -> uuid.UUID:
        """A confirmed account without a mailed code, for the command line. Returns the person.

        A confirmed account stays as it is. An unconfirmed one gets this password: whose the old one is, nobody knows.
        """
        account = await self._account(given.email)
        if account is not None and account.confirmed:
            return account.person_id
        password_hash = await self._passwords.hash(given.password)
        person_id = account.person_id if account else new_id()
        async with self._writing(person_id) as session:
            if account is None:
                await self._add_person(session, person_id, given)
            elif await queries.lock_person(session, person_id=person_id):
                return person_id
            await queries.write_password(session, password_hash=password_hash)
            await queries.confirm_person(session, person_id=person_id)
        return person_id

    async def open_session(self, person_id: uuid.UUID) -> Tokens:
        """Sign a confirmed person in without a password: for the demo's ready tokens, never for a request."""
        async with self._writing(person_id) as session:
            lifetime = self._rules.session_lifetime
            session_id = await queries.add_session(session, person_id=person_id, lifetime=lifetime)
            live = await queries.find_live_session(session, person_id=person_id, session_id=session_id)
            if live is None:
                raise account_unconfirmed()
            return await self._granted(session, person_id, live)

    async def confirm(self, *, email: str, code: str) -> None:
        address = normalized_email(email, "email")
        async with no_sooner_than(self._rules.soonest_answer):
            confirmed = await self._confirm(address, code)
        if not confirmed:
            raise code_wrong()

    async def _confirm(self, address: str, code: str) -> bool:
        account = await self._account(address)
        if account is None:
            return False
        async with self._writing(account.person_id) as session:
            await queries.lock_person(session, person_id=account.person_id)
            return await self._codes.accept(
                session, person_id=account.person_id, purpose=CodePurpose.CONFIRM, code=code
            )

    async def resend_confirmation(self, *, email: str) -> None:
        address = normalized_email(email, "email")
        async with no_sooner_than(self._rules.soonest_answer):
            account = await self._account(address)
            if account is not None:
                await self._resend_confirmation(account)

    async def _resend_confirmation(self, account: Account) -> None:
        async with self._writing(account.person_id) as session:
            if not await queries.lock_person(session, person_id=account.person_id):
                await self._codes.request(session, person_id=account.person_id, purpose=CodePurpose.CONFIRM)

    async def sign_in(self, *, email: str, password: str) -> Tokens:
        account = await self._account(normalized_email(email, "email"))
        matches = await self._passwords.matches(account.password_hash if account else None, password)
        if account is None or account.password_hash is None or not matches:
            raise credentials_wrong()
        if not account.confirmed:
            raise account_unconfirmed()
        renewed = None
        if self._passwords.is_outdated(account.password_hash):
            renewed = await self._passwords.hash(password)
        tokens = await self._begin_session(account, renewed)
        if tokens is None:
            raise credentials_wrong()
        return tokens

    async def _begin_session(self, account: Account, renewed_hash: str | None) -> Tokens | None:
        """None where the password was changed while it was being verified."""
        person_id, verified = account.person_id, account.password_hash
        async with self._writing(person_id) as session:
            await queries.lock_person(session, person_id=person_id)
            current = await queries.find_account(session, address=account.email)
            if current is None or current.password_hash != verified:
                return None
            if renewed_hash is not None:
                await queries.write_password(session, password_hash=renewed_hash)
            lifetime = self._rules.session_lifetime
            session_id = await queries.add_session(session, person_id=person_id, lifetime=lifetime)
            live = await queries.find_live_session(session, person_id=person_id, session_id=session_id)
            return await self._granted(session, person_id, live) if live else None

    async def refresh(self, *, refresh_token: str) -> Tokens:
        async with self._database.read(Scope()) as session:
            token = await queries.find_refresh_token(session, token_hash=token_hash(refresh_token))
        if token is None:
            raise token_invalid()
        async with self._writing(token.person_id) as session:
            live = await spend_refresh_token(session, token=token)
            tokens = await self._granted(session, token.person_id, live) if live else None
        if tokens is None:
            raise token_invalid()
        return tokens

    async def _granted(self, session: AsyncSession, person_id: uuid.UUID, live: LiveSession) -> Tokens:
        access_token = self._signer.sign(subject=live.subject, session_id=live.session_id, signed_in_at=live.started_at)
        refresh_token = await grant_refresh_token(session, person_id=person_id, session_id=live.session_id)
        return Tokens(access_token, refresh_token, expires_in=self._signer.lifetime)

    async def sign_out(self, *, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
        async with self._writing(person_id) as session:
            await queries.revoke_sessions(session, person_id=person_id, session_id=session_id, because="signed_out")

    async def forgot_password(self, *, email: str) -> None:
        address = normalized_email(email, "email")
        async with no_sooner_than(self._rules.soonest_answer):
            account = await self._account(address)
            if account is not None:
                async with self._writing(account.person_id) as session:
                    await queries.lock_person(session, person_id=account.person_id)
                    await self._codes.request(session, person_id=account.person_id, purpose=CodePurpose.RESET)

    async def reset_password(self, *, email: str, code: str, new_password: str) -> None:
        address = normalized_email(email, "email")
        password = checked_password(new_password, "newPassword", email=address)
        password_hash = await self._passwords.hash(password)
        async with no_sooner_than(self._rules.soonest_answer):
            reset = await self._reset(address, code, password_hash)
        if not reset:
            raise code_wrong()

    async def _reset(self, address: str, code: str, password_hash: str) -> bool:
        account = await self._account(address)
        if account is None:
            return False
        async with self._writing(account.person_id) as session:
            await queries.lock_person(session, person_id=account.person_id)
            accepted = await self._codes.accept(
                session, person_id=account.person_id, purpose=CodePurpose.RESET, code=code
            )
            if accepted:
                await queries.write_password(session, password_hash=password_hash)
                await queries.revoke_sessions(session, person_id=account.person_id, because="password_reset")
        return accepted

    async def _account(self, address: str) -> Account | None:
        async with self._database.read(Scope()) as session:
            return await queries.find_account(session, address=address)

    @asynccontextmanager
    async def _writing(self, person_id: uuid.UUID) -> AsyncGenerator[AsyncSession]:
        """One transaction in the person's scope; the worker is woken if it enqueued a mail."""
        async with self._database.write(Scope(person_id=person_id)) as session:
            yield session
        if has_work(session):
            await self._signal.wake()


@asynccontextmanager
async def no_sooner_than(duration: timedelta) -> AsyncGenerator[None]:
    """Let the block take at least this long."""
    clock = asyncio.get_running_loop().time
    earliest = clock() + duration.total_seconds()
    yield
    await asyncio.sleep(earliest - clock())
