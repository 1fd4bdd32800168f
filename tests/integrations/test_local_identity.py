"""Mission T1: what only the `local` identity provider does; `test_identity_providers.py` has what every one does."""

import asyncio
import secrets
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, text

from bootstrap import Parts
from db.models import AccountOutboxMessage, EmailCode, Person, PersonSession
from db.queries.identity import find_account
from db.session import Scope
from domain.errors import FaultCode, UserFault
from integrations.local_identity import LocalRules
from integrations.mailed_codes import MailLimits
from integrations.passwords import Argon2Passwords
from tests.support.accounts import (
    ANOTHER,
    ORIGIN,
    PASSWORD,
    Accounts,
    fault_of,
    outcomes,
    provider_with,
    wrong,
)


@pytest.fixture
def accounts(parts: Parts) -> Accounts:
    return Accounts(parts, provider_with(parts, LocalRules(soonest_answer=timedelta(0))))


@pytest.fixture
def unhurried(accounts: Accounts) -> Accounts:
    """As if a minute had passed between any two mails."""
    return accounts.with_rules(mail_limits=MailLimits(pause=timedelta(0)))


# Signing up and confirming


async def test_simultaneous_first_sign_ups_make_one_account_and_one_mail(accounts: Accounts) -> None:
    email = f"{secrets.token_hex(8)}@people.test"
    attempts: list[Awaitable[object]] = [accounts.provider.sign_up(accounts.sign_up_of(email)) for _ in range(16)]
    assert await outcomes(attempts) == [None] * 16
    assert await accounts.mails(email) == ["account.confirm"]
    await accounts.provider.confirm(email=email, code=await accounts.code(email, "confirm"))
    await accounts.sign_in(email=email, password=PASSWORD)


class CountedPasswords(Argon2Passwords):
    """Cheap ones that note what they computed."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.computed: list[str] = []

    async def hash(self, password: str) -> str:
        self.computed.append("hash")
        return await super().hash(password)

    async def matches(self, stored: str | None, password: str) -> bool:
        self.computed.append("matches")
        return await super().matches(stored, password)


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_sign_ups_compute_as_much_for_a_new_address_as_for_a_known_one(parts: Parts, times: int) -> None:
    """Several at once, or the time that they take would tell which it is."""
    passwords = CountedPasswords()
    accounts = Accounts(parts, provider_with(parts, LocalRules(soonest_answer=timedelta(0)), passwords))
    known, unproven, new = (
        await accounts.confirmed(),
        await accounts.unconfirmed(),
        f"{secrets.token_hex(8)}@people.test",
    )
    for email in (known, unproven, new):
        passwords.computed.clear()
        await outcomes([accounts.provider.sign_up(accounts.sign_up_of(email)) for _ in range(times)])
        assert sorted(passwords.computed) == ["hash"] * times + ["matches"] * times


async def test_a_second_sign_up_takes_nothing_over_and_mails_another_code(unhurried: Accounts) -> None:
    email = await unhurried.unconfirmed()
    first_code = await unhurried.code(email, "confirm")
    await unhurried.provider.sign_up(unhurried.sign_up_of(email, name="Somebody Else"))
    assert await unhurried.mails(email) == ["account.confirm"] * 2
    assert await fault_of(unhurried.provider.confirm(email=email, code=first_code)) is FaultCode.CODE_WRONG
    await unhurried.provider.confirm(email=email, code=await unhurried.code(email, "confirm"))
    await unhurried.sign_in(email=email, password=PASSWORD)
    assert [person.name for person in await unhurried.rows(email, Person)] == ["Noura"]


# Codes


async def test_no_table_holds_a_code_or_a_token(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    tokens = await accounts.sign_in(email=email, password=PASSWORD)
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
        accounts.reset_password(email=email, code=code, new_password=f"{number} brown oryxes") for number in range(16)
    ]
    came_to = await outcomes(attempts)
    assert came_to.count(None) == 1
    await accounts.sign_in(email=email, password=f"{came_to.index(None)} brown oryxes")


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
    reset = unhurried.reset_password
    assert await fault_of(reset(email=email, code=confirmation, new_password=ANOTHER)) is FaultCode.CODE_WRONG
    assert await fault_of(unhurried.provider.confirm(email=other, code=confirmation)) is FaultCode.CODE_WRONG
    await unhurried.provider.confirm(email=email, code=confirmation)


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
        accounts.reset_password(email=email, code="nonsense", new_password=ANOTHER),
    ):
        began = clock()
        await outcomes([answer])
        assert clock() - began >= 0.06


# Resetting a password


async def test_a_reset_proves_the_address_too(unhurried: Accounts) -> None:
    email = await unhurried.unconfirmed()
    await unhurried.provider.forgot_password(email=email)
    code = await unhurried.code(email, "reset")
    await unhurried.reset_password(email=email, code=code, new_password=ANOTHER)
    await unhurried.sign_in(email=email, password=ANOTHER)


async def test_a_weak_new_password_costs_no_attempt(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    await accounts.provider.forgot_password(email=email)
    code = await accounts.code(email, "reset")
    with pytest.raises(UserFault) as raised:
        await accounts.reset_password(email=email, code=code, new_password="password12")
    assert (raised.value.code, raised.value.field) == (FaultCode.INVALID, ("newPassword",))
    assert (await accounts.rows(email, EmailCode))[-1].attempts == 0


async def test_a_password_changed_while_it_is_verified_opens_no_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    verified = await accounts.account(email)
    await accounts.provider.forgot_password(email=email)
    code = await accounts.code(email, "reset")
    await accounts.reset_password(email=email, code=code, new_password=ANOTHER)
    assert await accounts.provider._sessions._begin(verified, None, ORIGIN) is None  # pyright: ignore[reportPrivateUsage]
    assert await accounts.rows(email, PersonSession) == []


async def test_a_hash_of_other_parameters_is_renewed_at_sign_in(parts: Parts, accounts: Accounts) -> None:
    email = await accounts.confirmed()
    passwords = Argon2Passwords(time_cost=2, memory_cost=16, parallelism=1)
    stronger = Accounts(parts, provider_with(parts, LocalRules(), passwords))
    await stronger.sign_in(email=email, password=PASSWORD)
    renewed = (await accounts.account(email)).password_hash
    assert renewed is not None
    assert "m=16,t=2,p=1" in renewed
    await stronger.sign_in(email=email, password=PASSWORD)
    assert (await accounts.account(email)).password_hash == renewed
