"""Accounts of the `local` identity provider, with a look into what it keeps."""

import asyncio
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bootstrap import Parts
from db.models import AccountOutboxMessage, EmailCode
from db.queries.identity import Account, find_account
from db.rows import rows_within
from db.session import Scope
from domain.callers import Caller, Credentials, SessionEnded, identify
from domain.errors import FaultCode, UserFault
from domain.identity import mailed_code
from domain.ports import Challenge, Claims, Holder, Origin, SignUp, Tokens
from integrations.access_tokens import JwtVerifier, StaticKeys
from integrations.local_identity import LocalIdentityProvider, LocalRules
from integrations.passwords import Argon2Passwords
from tests.support.authenticator import Authenticator, Clock

KEY = b"a secret key of these tests alone"
PASSWORD, ANOTHER = "seven green camels", "eight blue falcons"
ORIGIN = Origin("request-1", "192.0.2.7")
CHEAP = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Accounts:
    """The provider, with a look into what it keeps."""

    parts: Parts
    provider: LocalIdentityProvider
    clock: Clock = field(default_factory=Clock)
    """What authenticator apps go by, where the rules were told so."""

    def with_rules(self, **changes: Any) -> "Accounts":
        return Accounts(self.parts, provider_with(self.parts, LocalRules(soonest_answer=timedelta(0), **changes)))

    def sign_up_of(self, email: str, password: str = PASSWORD, name: str = "Noura") -> SignUp:
        return SignUp(email=email, password=password, name=name, locale="ar")

    async def unconfirmed(self) -> str:
        email = f"{secrets.token_hex(8)}@people.test"
        await self.provider.sign_up(self.sign_up_of(email))
        return email

    async def confirmed(self) -> str:
        email = await self.unconfirmed()
        await self.provider.confirm(email=email, code=await self.code(email, "confirm"))
        return email

    async def account(self, email: str) -> Account:
        async with self.parts.database.read(Scope()) as session:
            found = await find_account(session, address=email)
        assert found is not None
        return found

    async def scope(self, email: str) -> Scope:
        return Scope(person_id=(await self.account(email)).person_id)

    async def rows(self, email: str, model: Any) -> list[Any]:
        """The person's rows of a table, oldest first."""
        async with self.parts.database.read(await self.scope(email)) as session:
            return list((await session.execute(select(model).order_by(*model.__table__.primary_key))).scalars())

    async def code(self, email: str, purpose: str) -> str:
        """The newest code, derived as the mail worker derives it."""
        codes = [row for row in await self.rows(email, EmailCode) if row.purpose == purpose]
        return mailed_code(KEY, codes[-1].id)

    async def mails(self, email: str) -> list[str]:
        return [row.kind for row in await self.rows(email, AccountOutboxMessage)]

    async def change(self, email: str, model: Any, **values: Any) -> None:
        async with self.parts.database.write(await self.scope(email)) as session:
            await session.execute(update(model).values(**values))

    async def sign_in(self, *, email: str, password: str) -> Tokens:
        begun = await self.provider.sign_in(email=email, password=password, origin=ORIGIN)
        assert isinstance(begun, Tokens)
        return begun

    async def reset_password(self, *, email: str, code: str, new_password: str) -> None:
        await self.provider.reset_password(email=email, code=code, new_password=new_password, origin=ORIGIN)

    async def challenge(self, email: str) -> str:
        """The token of a sign-in whose password was right."""
        begun = await self.provider.sign_in(email=email, password=PASSWORD, origin=ORIGIN)
        assert isinstance(begun, Challenge)
        return begun.token

    async def answer(self, challenge: str, code: str) -> Tokens:
        return await self.provider.answer_challenge(challenge=challenge, code=code, origin=ORIGIN)

    async def recover(self, email: str, code: str, password: str = PASSWORD) -> Tokens:
        return await self.provider.recover(email=email, password=password, recovery_code=code, origin=ORIGIN)

    async def holder(self, tokens: Tokens, email: str) -> Holder:
        """Whoever was given the tokens, as the API makes them out."""
        claims = await self.claims(tokens.access_token)
        person_id = (await self.account(email)).person_id
        return Holder(person_id, claims.session_id, tokens.access_token, ORIGIN)

    async def protected(self) -> "Protected":
        """Somebody with a second factor, and the session that they set it up in."""
        email = await self.confirmed()
        tokens = await self.sign_in(email=email, password=PASSWORD)
        holder = await self.holder(tokens, email)
        app = Authenticator((await self.provider.begin_totp(holder=holder)).secret, self.clock)
        codes = await self.provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())
        return Protected(email, holder, app, codes)

    async def caller(self, tokens: Tokens) -> Caller:
        """What the next request with these tokens is made out to be. Raises `SessionEnded`."""
        credentials = Credentials(await self.claims(tokens.access_token))
        async with self.parts.database.read(Scope()) as session:
            return await identify(await rows_within(session), header_slug=None, host_slug=None, credentials=credentials)

    async def session_is_active(self, claims: Claims) -> bool:
        """What the next request with this token meets."""
        async with self.parts.database.read(Scope()) as session:
            try:
                await identify(
                    await rows_within(session), header_slug=None, host_slug=None, credentials=Credentials(claims)
                )
            except SessionEnded:
                return False
            return True

    async def claims(self, access_token: str) -> Claims:
        return await JwtVerifier(StaticKeys(self.parts.signer.public_key), "http://sadu.test", "sadu-web").verify(
            access_token
        )


@dataclass
class Protected:
    """Somebody with a second factor."""

    email: str
    holder: Holder
    app: Authenticator
    recovery_codes: list[str]


def provider_with(parts: Parts, rules: LocalRules, passwords: Argon2Passwords = CHEAP) -> LocalIdentityProvider:
    return LocalIdentityProvider(
        parts.database,
        passwords=passwords,
        signer=parts.signer,
        signal=parts.signal,
        secret_key=KEY,
        rules=rules,
    )


async def fault_of(attempt: Awaitable[object]) -> FaultCode:
    with pytest.raises(UserFault) as raised:
        await attempt
    return raised.value.code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def outcomes(attempts: list[Awaitable[object]]) -> list[FaultCode | None]:
    """What each of several simultaneous attempts came to; None is success."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    for result in results:
        assert not isinstance(result, BaseException) or isinstance(result, UserFault), repr(result)
    return [result.code if isinstance(result, UserFault) else None for result in results]
