"""Both identity providers behind one face, with a look into what we keep of accounts."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from sqlalchemy import literal_column, select, update

from bootstrap import Parts
from db.models import AccountOutboxMessage, EmailCode, Person, PersonSession
from db.queries.identity import Account, find_account
from db.rows import rows_within
from db.session import Scope
from domain.callers import Credentials, SessionEnded, identify
from domain.errors import FaultCode, UserFault
from domain.identity import mailed_code
from domain.ports import Challenge, Claims, Holder, IdentityProvider, Origin, SignUp, Tokens, TokenVerifier
from tests.support.cognito import ANY_CODE, code_of_app

T = TypeVar("T")

KEY = b"a secret key of these tests alone"
PASSWORD, ANOTHER = "seven green camels", "eight blue falcons"
ORIGIN = Origin("request-of-a-test", "192.0.2.7")


class AppClock:
    """What `local` goes by, half a minute later each time that an app is looked at: it takes no code twice."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@dataclass
class Accounts:
    """A provider, and somebody who reads the mails that it sends and looks at an authenticator app."""

    name: str
    parts: Parts
    provider: IdentityProvider
    verifier: TokenVerifier
    clock: AppClock | None = None

    async def code(self, email: str, purpose: str) -> str:
        """The newest mailed code."""
        if self.name != "local":
            return ANY_CODE
        codes = [row for row in await self.rows(email, EmailCode) if row.purpose == purpose]
        return mailed_code(KEY, codes[-1].id)

    async def app(self, secret: str) -> str:
        """The next code of an authenticator app."""
        if self.clock is None:
            return await code_of_app(secret)
        self.clock.now += 30
        return await code_of_app(secret, at=self.clock.now)

    def sign_up_of(self, email: str, password: str = PASSWORD, name: str = "Noura") -> SignUp:
        return SignUp(email=email, password=password, name=name, locale="en")

    @staticmethod
    def nobodys_address() -> str:
        return f"{secrets.token_hex(8)}@people.example.com"

    async def unconfirmed(self) -> str:
        email = self.nobodys_address()
        await self.provider.sign_up(self.sign_up_of(email))
        return email

    async def confirmed(self) -> str:
        email = await self.unconfirmed()
        await self.provider.confirm(email=email, code=await self.code(email, "confirm"))
        return email

    async def sign_in(self, email: str, password: str = PASSWORD) -> Tokens:
        tokens = await self.provider.sign_in(email=email, password=password, origin=ORIGIN)
        assert isinstance(tokens, Tokens), "asks for a second factor"
        return tokens

    async def challenge(self, email: str, password: str = PASSWORD) -> str:
        challenge = await self.provider.sign_in(email=email, password=password, origin=ORIGIN)
        assert isinstance(challenge, Challenge), "asks for no second factor"
        return challenge.token

    async def answer(self, challenge: str, code: str) -> Tokens:
        return await self.provider.answer_challenge(challenge=challenge, code=code, origin=ORIGIN)

    async def recover(self, email: str, recovery_code: str, password: str = PASSWORD) -> Tokens:
        return await self.provider.recover(email=email, password=password, recovery_code=recovery_code, origin=ORIGIN)

    async def holder(self, email: str, tokens: Tokens | None = None) -> Holder:
        """The holder of the account, signed in."""
        tokens = tokens or await self.sign_in(email)
        person_id = (await self.account(email)).person_id
        session_id = (await self.verifier.verify(tokens.access_token)).session_id
        return Holder(person_id, session_id, tokens.access_token, ORIGIN)

    async def reset(self, email: str, new_password: str) -> None:
        await self.provider.forgot_password(email=email)
        code = await self.code(email, "reset")
        await self.provider.reset_password(email=email, code=code, new_password=new_password, origin=ORIGIN)

    async def account(self, email: str) -> Account:
        async with self.parts.database.read(Scope()) as session:
            found = await find_account(session, address=email)
        assert found is not None
        return found

    async def scope(self, email: str) -> Scope:
        return Scope(person_id=(await self.account(email)).person_id)

    async def rows(self, email: str, model: type[T]) -> list[T]:
        """The person's rows of a table, oldest first."""
        async with self.parts.database.read(await self.scope(email)) as session:
            return list((await session.execute(select(model).order_by(literal_column("created_at")))).scalars())

    async def person(self, email: str) -> Person:
        (person,) = await self.rows(email, Person)
        return person

    async def mails(self, email: str) -> list[str]:
        return [row.kind for row in await self.rows(email, AccountOutboxMessage)]

    async def ended(self, email: str) -> list[str | None]:
        """Why each session of the person has ended."""
        return [row.revoked_because for row in await self.rows(email, PersonSession)]

    async def change(self, email: str, model: type[Any], **values: Any) -> None:
        async with self.parts.database.write(await self.scope(email)) as session:
            await session.execute(update(model).values(**values))

    async def claims(self, tokens: Tokens) -> Claims:
        return await self.verifier.verify(tokens.access_token)

    async def is_active(self, tokens: Tokens) -> bool:
        """What the next request with this token meets."""
        credentials = Credentials(await self.claims(tokens))
        async with self.parts.database.read(Scope()) as session:
            try:
                await identify(await rows_within(session), header_slug=None, host_slug=None, credentials=credentials)
            except SessionEnded:
                return False
            return True

    async def has_mfa(self, email: str, tokens: Tokens) -> bool:
        session_id = (await self.claims(tokens)).session_id
        return [row.mfa_at is not None for row in await self.rows(email, PersonSession) if row.id == session_id] == [
            True
        ]


@dataclass
class Guarded:
    """Somebody with a second factor, and the session that it was set up in."""

    email: str
    secret: str
    codes: list[str]
    tokens: Tokens
    holder: Holder


async def guarded(accounts: Accounts) -> Guarded:
    email = await accounts.confirmed()
    tokens = await accounts.sign_in(email)
    holder = await accounts.holder(email, tokens)
    secret = (await accounts.provider.begin_totp(holder=holder)).secret
    codes = await accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=await accounts.app(secret))
    return Guarded(email, secret, codes, tokens, holder)


async def fault_of(attempt: Awaitable[object]) -> FaultCode:
    return (await refusal_of(attempt)).code


async def refusal_of(attempt: Awaitable[object]) -> UserFault:
    with pytest.raises(UserFault) as raised:
        await attempt
    return raised.value


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def outcomes(attempt: Callable[[], Awaitable[object]], times: int) -> list[FaultCode | None]:
    """What each of several simultaneous attempts came to; None is success."""
    results = await asyncio.gather(*(attempt() for _ in range(times)), return_exceptions=True)
    for result in results:
        assert not isinstance(result, BaseException) or isinstance(result, UserFault), repr(result)
    return [result.code if isinstance(result, UserFault) else None for result in results]
