"""Mission T1: accounts, codes and sessions of the `local` identity provider, against the real database."""

import asyncio
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from bootstrap import Parts
from db.models import AccountOutboxMessage, EmailCode, Person, PersonSession, RefreshToken
from db.queries.identity import Account, find_account
from db.rows import rows_within
from db.session import Scope
from domain.callers import SessionEnded, identify
from domain.errors import FaultCode, UserFault
from domain.identity import mailed_code
from domain.ports import Claims, SignUp
from integrations.access_tokens import JwtVerifier, StaticKeys
from integrations.local_identity import LocalIdentityProvider, LocalRules
from integrations.mailed_codes import MailLimits
from integrations.passwords import Argon2Passwords

KEY = b"a secret key of these tests alone"
PASSWORD, ANOTHER = "seven green camels", "eight blue falcons"
CHEAP = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Accounts:
    """The provider, with a look into what it keeps."""

    parts: Parts
    provider: LocalIdentityProvider

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
            return list((await session.execute(select(model).order_by(model.id))).scalars())

    async def code(self, email: str, purpose: str) -> str:
        """The newest code, derived as the mail worker derives it."""
        codes = [row for row in await self.rows(email, EmailCode) if row.purpose == purpose]
        return mailed_code(KEY, codes[-1].id)

    async def mails(self, email: str) -> list[str]:
        return [row.kind for row in await self.rows(email, AccountOutboxMessage)]

    async def change(self, email: str, model: Any, **values: Any) -> None:
        async with self.parts.database.write(await self.scope(email)) as session:
            await session.execute(update(model).values(**values))

    async def session_is_active(self, claims: Claims) -> bool:
        """What the next request with this token meets."""
        async with self.parts.database.read(Scope()) as session:
            try:
                await identify(await rows_within(session), header_slug=None, host_slug=None, claims=claims)
            except SessionEnded:
                return False
            return True

    async def claims(self, access_token: str) -> Claims:
        return await JwtVerifier(StaticKeys(self.parts.signer.public_key), "http://sadu.test", "sadu-web").verify(
            access_token
        )


def provider_with(parts: Parts, rules: LocalRules, passwords: Argon2Passwords = CHEAP) -> LocalIdentityProvider:
    return LocalIdentityProvider(
        parts.database,
        passwords=passwords,
        signer=parts.signer,
        signal=parts.signal,
        secret_key=KEY,
        rules=rules,
    )


@pytest.fixture
def accounts(parts: Parts) -> Accounts:
    return Accounts(parts, provider_with(parts, LocalRules(soonest_answer=timedelta(0))))


@pytest.fixture
def unhurried(accounts: Accounts) -> Accounts:
    """As if a minute had passed between any two mails."""
    return accounts.with_rules(mail_limits=MailLimits(pause=timedelta(0)))


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


# Signing up and confirming


async def test_a_person_signs_up_confirms_and_signs_in(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    tokens = await accounts.provider.sign_in(email=f" {email.upper()} ", password=PASSWORD)
    claims = await accounts.claims(tokens.access_token)
    account = await accounts.account(email)
    assert claims.subject == account.subject != str(account.person_id)
    assert tokens.expires_in == timedelta(minutes=15)
    assert await accounts.session_is_active(claims)
    (person,) = await accounts.rows(email, Person)
    assert (person.name, person.locale) == ("Noura", "ar")


async def test_before_confirmation_only_the_right_password_learns_that_it_is_missing(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    sign_in = accounts.provider.sign_in
    assert await fault_of(sign_in(email=email, password=PASSWORD)) is FaultCode.ACCOUNT_UNCONFIRMED
    assert await fault_of(sign_in(email=email, password=ANOTHER)) is FaultCode.CREDENTIALS_WRONG
    assert await accounts.rows(email, PersonSession) == []


@pytest.mark.parametrize("password", [ANOTHER, "", PASSWORD.upper(), "\ud800", "\x00", "x" * 60_000])
async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(accounts: Accounts, password: str) -> None:
    email = await accounts.confirmed()
    sign_in = accounts.provider.sign_in
    assert await fault_of(sign_in(email=email, password=password)) is FaultCode.CREDENTIALS_WRONG
    assert await fault_of(sign_in(email="x" + email, password=password)) is FaultCode.CREDENTIALS_WRONG


async def test_simultaneous_first_sign_ups_make_one_account_and_one_mail(accounts: Accounts) -> None:
    email = f"{secrets.token_hex(8)}@people.test"
    attempts: list[Awaitable[object]] = [accounts.provider.sign_up(accounts.sign_up_of(email)) for _ in range(16)]
    assert await outcomes(attempts) == [None] * 16
    assert await accounts.mails(email) == ["account.confirm"]
    await accounts.provider.confirm(email=email, code=await accounts.code(email, "confirm"))
    await accounts.provider.sign_in(email=email, password=PASSWORD)


async def test_a_second_sign_up_takes_nothing_over_and_mails_another_code(unhurried: Accounts) -> None:
    email = await unhurried.unconfirmed()
    first_code = await unhurried.code(email, "confirm")
    await unhurried.provider.sign_up(unhurried.sign_up_of(email, name="Somebody Else"))
    assert await unhurried.mails(email) == ["account.confirm"] * 2
    assert await fault_of(unhurried.provider.confirm(email=email, code=first_code)) is FaultCode.CODE_WRONG
    await unhurried.provider.confirm(email=email, code=await unhurried.code(email, "confirm"))
    await unhurried.provider.sign_in(email=email, password=PASSWORD)
    assert [person.name for person in await unhurried.rows(email, Person)] == ["Noura"]


@pytest.mark.parametrize("which", [PASSWORD, ANOTHER])
async def test_whoever_signed_up_with_a_strangers_address_cannot_wait_for_its_confirmation(
    unhurried: Accounts, which: str
) -> None:
    email = await unhurried.unconfirmed()
    await unhurried.provider.sign_up(unhurried.sign_up_of(email, ANOTHER))
    await unhurried.provider.confirm(email=email, code=await unhurried.code(email, "confirm"))
    sign_in = unhurried.provider.sign_in
    assert await fault_of(sign_in(email=email, password=which)) is FaultCode.CREDENTIALS_WRONG
    await unhurried.provider.forgot_password(email=email)
    code = await unhurried.code(email, "reset")
    await unhurried.provider.reset_password(email=email, code=code, new_password="nine white horses")
    await sign_in(email=email, password="nine white horses")


async def test_signing_up_with_a_confirmed_address_mails_its_owner_and_changes_nothing(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    await accounts.provider.sign_up(accounts.sign_up_of(email, ANOTHER, name="Somebody Else"))
    assert await accounts.mails(email) == ["account.confirm", "account.exists"]
    await accounts.provider.sign_in(email=email, password=PASSWORD)
    assert [person.name for person in await accounts.rows(email, Person)] == ["Noura"]


async def test_the_command_line_vouches_for_an_address(accounts: Accounts) -> None:
    email = f"{secrets.token_hex(8)}@people.test"
    person_id = await accounts.provider.provision(accounts.sign_up_of(email))
    await accounts.provider.sign_in(email=email, password=PASSWORD)
    assert await accounts.mails(email) == []
    assert await accounts.provider.provision(accounts.sign_up_of(email, ANOTHER)) == person_id
    await accounts.provider.sign_in(email=email, password=PASSWORD)


async def test_the_command_line_takes_over_what_nobody_has_confirmed(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    await accounts.provider.provision(accounts.sign_up_of(email, ANOTHER))
    sign_in = accounts.provider.sign_in
    assert await fault_of(sign_in(email=email, password=PASSWORD)) is FaultCode.CREDENTIALS_WRONG
    await sign_in(email=email, password=ANOTHER)


# Codes


async def test_no_table_holds_a_code_or_a_token(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    tokens = await accounts.provider.sign_in(email=email, password=PASSWORD)
    secret_values = {await accounts.code(email, "confirm"), tokens.refresh_token, tokens.access_token, PASSWORD}
    account = await accounts.account(email)
    assert account.password_hash is not None
    assert account.password_hash.startswith("$argon2id$")
    async with accounts.parts.database.read(await accounts.scope(email)) as session:
        for table in ("people", "email_codes", "sessions", "refresh_tokens", "account_outbox"):
            for row in await session.execute(text(f"SELECT {table}::text FROM {table}")):
                assert not [value for value in secret_values if f",{value}," in f",{row[0].strip('()')},"]


async def test_five_wrong_guesses_use_a_code_up(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    code = await accounts.code(email, "confirm")
    for _ in range(4):
        assert await fault_of(accounts.provider.confirm(email=email, code=wrong(code))) is FaultCode.CODE_WRONG
    await accounts.provider.confirm(email=email, code=code)

    email = await accounts.unconfirmed()
    code = await accounts.code(email, "confirm")
    for _ in range(5):
        assert await fault_of(accounts.provider.confirm(email=email, code=wrong(code))) is FaultCode.CODE_WRONG
    assert await fault_of(accounts.provider.confirm(email=email, code=code)) is FaultCode.CODE_WRONG
    assert [row.attempts for row in await accounts.rows(email, EmailCode)] == [5]


async def test_sixty_four_simultaneous_guesses_are_five_attempts(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    code = await accounts.code(email, "confirm")
    guesses: list[Awaitable[object]] = [accounts.provider.confirm(email=email, code=wrong(code)) for _ in range(64)]
    assert set(await outcomes(guesses)) == {FaultCode.CODE_WRONG}
    assert [row.attempts for row in await accounts.rows(email, EmailCode)] == [5]
    assert await fault_of(accounts.provider.confirm(email=email, code=code)) is FaultCode.CODE_WRONG


async def test_a_code_is_good_once_however_simultaneously(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    await accounts.provider.forgot_password(email=email)
    code = await accounts.code(email, "reset")
    attempts: list[Awaitable[object]] = [
        accounts.provider.reset_password(email=email, code=code, new_password=f"{number} brown oryxes")
        for number in range(16)
    ]
    came_to = await outcomes(attempts)
    assert came_to.count(None) == 1
    await accounts.provider.sign_in(email=email, password=f"{came_to.index(None)} brown oryxes")


@pytest.mark.parametrize("value", [func.now() - timedelta(seconds=1), func.now()])
async def test_an_expired_code_is_refused(accounts: Accounts, value: Any) -> None:
    email = await accounts.unconfirmed()
    await accounts.change(email, EmailCode, expires_at=value)
    code = await accounts.code(email, "confirm")
    assert await fault_of(accounts.provider.confirm(email=email, code=code)) is FaultCode.CODE_WRONG


async def test_a_code_lives_half_an_hour(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    (row,) = await accounts.rows(email, EmailCode)
    assert row.expires_at - row.created_at == timedelta(minutes=30)


async def test_a_code_serves_its_purpose_and_its_person_alone(unhurried: Accounts) -> None:
    email, other = await unhurried.unconfirmed(), await unhurried.unconfirmed()
    confirmation = await unhurried.code(email, "confirm")
    reset = unhurried.provider.reset_password
    assert await fault_of(reset(email=email, code=confirmation, new_password=ANOTHER)) is FaultCode.CODE_WRONG
    assert await fault_of(unhurried.provider.confirm(email=other, code=confirmation)) is FaultCode.CODE_WRONG
    await unhurried.provider.confirm(email=email, code=confirmation)


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "\ud800", "0" * 60_000])
async def test_an_unknown_address_gets_the_answer_of_a_wrong_code(accounts: Accounts, code: str) -> None:
    unknown, known = f"{secrets.token_hex(8)}@people.test", await accounts.unconfirmed()
    for email in (unknown, known):
        assert await fault_of(accounts.provider.confirm(email=email, code=code)) is FaultCode.CODE_WRONG
        reset = accounts.provider.reset_password(email=email, code=code, new_password=ANOTHER)
        assert await fault_of(reset) is FaultCode.CODE_WRONG


# Mails


async def test_an_address_is_mailed_once_a_minute_whatever_is_asked(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    provider = accounts.provider
    requests: list[Awaitable[object]] = [provider.resend_confirmation(email=email) for _ in range(8)]
    requests += [provider.forgot_password(email=email) for _ in range(8)]
    requests += [provider.sign_up(accounts.sign_up_of(email)) for _ in range(8)]
    assert await outcomes(requests) == [None] * 24
    assert await accounts.mails(email) == ["account.confirm"]
    assert len(await accounts.rows(email, EmailCode)) == 1, "a code that is not mailed would void the mailed one"

    await accounts.change(email, AccountOutboxMessage, created_at=func.now() - timedelta(seconds=61))
    await outcomes([provider.resend_confirmation(email=email) for _ in range(8)])
    assert await accounts.mails(email) == ["account.confirm"] * 2


async def test_who_has_used_a_code_need_not_wait_for_the_next(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    await accounts.provider.forgot_password(email=email)
    await accounts.provider.forgot_password(email=email)
    assert await accounts.mails(email) == ["account.confirm", "account.reset"]


async def test_an_address_is_mailed_ten_times_a_day(unhurried: Accounts) -> None:
    email = await unhurried.unconfirmed()
    for _ in range(12):
        await unhurried.provider.resend_confirmation(email=email)
    assert len(await unhurried.mails(email)) == 10
    await unhurried.change(email, AccountOutboxMessage, created_at=func.now() - timedelta(hours=25))
    await unhurried.provider.resend_confirmation(email=email)
    assert len(await unhurried.mails(email)) == 11


async def test_a_mail_names_its_code_and_no_person(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    (message,) = await accounts.rows(email, AccountOutboxMessage)
    (code,) = await accounts.rows(email, EmailCode)
    assert message.payload == {"code_id": str(code.id)}


async def test_a_confirmed_account_is_sent_no_confirmation(unhurried: Accounts) -> None:
    email = await unhurried.confirmed()
    await unhurried.provider.resend_confirmation(email=email)
    assert await unhurried.mails(email) == ["account.confirm"]


async def test_asking_for_an_unknown_address_answers_alike_and_leaves_nothing(accounts: Accounts) -> None:
    email = f"{secrets.token_hex(8)}@people.test"
    await accounts.provider.resend_confirmation(email=email)
    await accounts.provider.forgot_password(email=email)
    async with accounts.parts.database.read(Scope()) as session:
        assert await find_account(session, address=email) is None


@pytest.mark.parametrize("known", [True, False])
async def test_the_time_of_an_answer_does_not_tell_whether_an_address_is_known(parts: Parts, known: bool) -> None:
    accounts = Accounts(parts, provider_with(parts, LocalRules(soonest_answer=timedelta(milliseconds=60))))
    email = await accounts.unconfirmed() if known else f"{secrets.token_hex(8)}@people.test"
    clock = asyncio.get_running_loop().time
    for answer in (
        accounts.provider.resend_confirmation(email=email),
        accounts.provider.forgot_password(email=email),
        accounts.provider.confirm(email=email, code="nonsense"),
        accounts.provider.reset_password(email=email, code="nonsense", new_password=ANOTHER),
    ):
        began = clock()
        await outcomes([answer])
        assert clock() - began >= 0.06


# Resetting a password


async def test_a_reset_sets_the_password_and_ends_every_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    before = [await accounts.provider.sign_in(email=email, password=PASSWORD) for _ in range(2)]
    await accounts.provider.forgot_password(email=email)
    code = await accounts.code(email, "reset")
    await accounts.provider.reset_password(email=email, code=code, new_password=ANOTHER)
    for tokens in before:
        assert not await accounts.session_is_active(await accounts.claims(tokens.access_token))
        assert await fault_of(accounts.provider.refresh(refresh_token=tokens.refresh_token)) is FaultCode.TOKEN_INVALID
    assert {row.revoked_because for row in await accounts.rows(email, PersonSession)} == {"password_reset"}
    sign_in = accounts.provider.sign_in
    assert await fault_of(sign_in(email=email, password=PASSWORD)) is FaultCode.CREDENTIALS_WRONG
    await sign_in(email=email, password=ANOTHER)


async def test_a_reset_proves_the_address_too(unhurried: Accounts) -> None:
    email = await unhurried.unconfirmed()
    await unhurried.provider.forgot_password(email=email)
    code = await unhurried.code(email, "reset")
    await unhurried.provider.reset_password(email=email, code=code, new_password=ANOTHER)
    await unhurried.provider.sign_in(email=email, password=ANOTHER)


async def test_a_weak_new_password_costs_no_attempt(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    await accounts.provider.forgot_password(email=email)
    code = await accounts.code(email, "reset")
    with pytest.raises(UserFault) as raised:
        await accounts.provider.reset_password(email=email, code=code, new_password="password12")
    assert (raised.value.code, raised.value.field) == (FaultCode.INVALID, ("newPassword",))
    assert (await accounts.rows(email, EmailCode))[-1].attempts == 0


async def test_a_password_changed_while_it_is_verified_opens_no_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    verified = await accounts.account(email)
    await accounts.provider.forgot_password(email=email)
    code = await accounts.code(email, "reset")
    await accounts.provider.reset_password(email=email, code=code, new_password=ANOTHER)
    assert await accounts.provider._begin_session(verified, None) is None  # pyright: ignore[reportPrivateUsage]
    assert await accounts.rows(email, PersonSession) == []


async def test_a_hash_of_other_parameters_is_renewed_at_sign_in(parts: Parts, accounts: Accounts) -> None:
    email = await accounts.confirmed()
    stronger = provider_with(parts, LocalRules(), Argon2Passwords(time_cost=2, memory_cost=16, parallelism=1))
    await stronger.sign_in(email=email, password=PASSWORD)
    renewed = (await accounts.account(email)).password_hash
    assert renewed is not None
    assert "m=16,t=2,p=1" in renewed
    await stronger.sign_in(email=email, password=PASSWORD)
    assert (await accounts.account(email)).password_hash == renewed


# Sessions and their tokens


async def test_a_refresh_gives_new_tokens_of_the_same_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    first = await accounts.provider.sign_in(email=email, password=PASSWORD)
    (session,) = await accounts.rows(email, PersonSession)
    assert session.expires_at - session.created_at == timedelta(days=30)
    second = await accounts.provider.refresh(refresh_token=first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert await accounts.claims(second.access_token) == await accounts.claims(first.access_token)
    assert [row.expires_at for row in await accounts.rows(email, PersonSession)] == [session.expires_at]
    assert all(len(row.token_hash) == 32 for row in await accounts.rows(email, RefreshToken))


async def test_a_refresh_token_used_twice_ends_its_session_and_no_other(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    stolen = await accounts.provider.sign_in(email=email, password=PASSWORD)
    elsewhere = await accounts.provider.sign_in(email=email, password=PASSWORD)
    newest = await accounts.provider.refresh(refresh_token=stolen.refresh_token)
    refresh = accounts.provider.refresh
    assert await fault_of(refresh(refresh_token=stolen.refresh_token)) is FaultCode.TOKEN_INVALID
    assert await fault_of(refresh(refresh_token=newest.refresh_token)) is FaultCode.TOKEN_INVALID
    assert not await accounts.session_is_active(await accounts.claims(newest.access_token))
    assert await accounts.session_is_active(await accounts.claims(elsewhere.access_token))
    await refresh(refresh_token=elsewhere.refresh_token)
    assert [row.revoked_because for row in await accounts.rows(email, PersonSession)] == ["reuse", None]


async def test_simultaneous_refreshes_succeed_at_most_once_and_count_as_reuse(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    tokens = await accounts.provider.sign_in(email=email, password=PASSWORD)
    attempts: list[Awaitable[object]] = [
        accounts.provider.refresh(refresh_token=tokens.refresh_token) for _ in range(16)
    ]
    assert (await outcomes(attempts)).count(None) == 1
    assert not await accounts.session_is_active(await accounts.claims(tokens.access_token))


async def test_an_expired_session_is_not_refreshed(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    tokens = await accounts.provider.sign_in(email=email, password=PASSWORD)
    await accounts.change(email, PersonSession, expires_at=func.now() - timedelta(seconds=1))
    assert not await accounts.session_is_active(await accounts.claims(tokens.access_token))
    assert await fault_of(accounts.provider.refresh(refresh_token=tokens.refresh_token)) is FaultCode.TOKEN_INVALID


@pytest.mark.parametrize("token", ["", "x", "\ud800", "\x00", "ر" * 1_000, "x" * 60_000])
async def test_a_refresh_token_that_is_none_is_refused(accounts: Accounts, token: str) -> None:
    assert await fault_of(accounts.provider.refresh(refresh_token=token)) is FaultCode.TOKEN_INVALID


async def test_signing_out_ends_one_session_and_keeps_its_reason(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    here, there = [await accounts.provider.sign_in(email=email, password=PASSWORD) for _ in range(2)]
    claims = await accounts.claims(here.access_token)
    person_id: UUID = (await accounts.account(email)).person_id
    await accounts.provider.sign_out(person_id=person_id, session_id=claims.session_id)
    assert not await accounts.session_is_active(claims)
    assert await fault_of(accounts.provider.refresh(refresh_token=here.refresh_token)) is FaultCode.TOKEN_INVALID
    assert await fault_of(accounts.provider.refresh(refresh_token=here.refresh_token)) is FaultCode.TOKEN_INVALID
    assert await accounts.session_is_active(await accounts.claims(there.access_token))
    assert [row.revoked_because for row in await accounts.rows(email, PersonSession)] == ["signed_out", None]


async def test_nobody_signs_another_person_out(accounts: Accounts) -> None:
    email, other = await accounts.confirmed(), await accounts.confirmed()
    claims = await accounts.claims((await accounts.provider.sign_in(email=email, password=PASSWORD)).access_token)
    stranger: UUID = (await accounts.account(other)).person_id
    await accounts.provider.sign_out(person_id=stranger, session_id=claims.session_id)
    assert await accounts.session_is_active(claims)
