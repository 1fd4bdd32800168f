"""Mission T6: second factors of the `local` identity provider, against the real database."""

import asyncio
import base64
import re
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bootstrap import Parts
from db.models import AuditEntry, Membership, MfaChallenge, Person, PersonSession, RecoveryCode, TotpFactor
from db.security.roles import connected
from db.session import Scope
from domain.errors import AccessDenied, FaultCode, UserFault
from domain.ports import Tokens
from integrations.local_identity import LocalRules
from integrations.sealing import Seal
from tests.support.accounts import ANOTHER, ORIGIN, PASSWORD, Accounts, Protected, fault_of, outcomes, provider_with
from tests.support.accounts import wrong as another_code
from tests.support.authenticator import Authenticator, Clock
from tests.support.databases import Databases
from tests.support.factories import Factory


@pytest.fixture
def accounts(parts: Parts) -> Accounts:
    clock = Clock()
    rules = LocalRules(soonest_answer=timedelta(0), clock=clock)
    return Accounts(parts, provider_with(parts, rules), clock)


@pytest.fixture
async def noura(accounts: Accounts) -> Protected:
    """Somebody whose second factor was set up a moment ago."""
    protected = await accounts.protected()
    accounts.clock.wait()
    return protected


# Signing in


async def test_a_sign_in_asks_for_the_app_and_the_session_counts_as_signed_in_with_it(
    accounts: Accounts, noura: Protected
) -> None:
    before = await accounts.rows(noura.email, PersonSession)
    challenge = await accounts.challenge(noura.email)
    assert len(await accounts.rows(noura.email, PersonSession)) == len(before), "a challenge is no session"
    tokens = await accounts.answer(challenge, f" {noura.app.code()[:3]} {noura.app.code()[3:]} ")
    assert (await accounts.caller(tokens)).has_mfa
    again = await accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
    assert (await accounts.caller(again)).has_mfa, "it is the session's"


async def test_without_a_second_factor_the_session_does_not_count_as_signed_in_with_it(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    assert not (await accounts.caller(await accounts.sign_in(email=email, password=PASSWORD))).has_mfa


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_clock_may_be_half_a_minute_off(
    accounts: Accounts, noura: Protected, steps: int, is_good: bool
) -> None:
    accounts.clock.wait(3)
    attempt = accounts.answer(await accounts.challenge(noura.email), noura.app.code(steps=steps))
    assert await outcomes([attempt]) == [None if is_good else FaultCode.MFA_CODE_WRONG]


async def test_no_code_is_good_twice_nor_one_before_it(accounts: Accounts, noura: Protected) -> None:
    code, earlier = noura.app.code(steps=1), noura.app.code()
    await accounts.answer(await accounts.challenge(noura.email), code)
    for used in (code, earlier):
        replayed = accounts.answer(await accounts.challenge(noura.email), used)
        assert await fault_of(replayed) is FaultCode.MFA_CODE_WRONG
    accounts.clock.wait(2)
    await accounts.answer(await accounts.challenge(noura.email), noura.app.code())


async def test_the_code_that_set_it_up_signs_nobody_in(accounts: Accounts) -> None:
    noura = await accounts.protected()
    replayed = accounts.answer(await accounts.challenge(noura.email), noura.app.code())
    assert await fault_of(replayed) is FaultCode.MFA_CODE_WRONG


async def test_sixty_four_uses_of_one_code_at_once_are_one_sign_in(accounts: Accounts, noura: Protected) -> None:
    challenges = [await accounts.challenge(noura.email) for _ in range(64)]
    code = noura.app.code()
    came_to = await outcomes([accounts.answer(challenge, code) for challenge in challenges])
    assert came_to.count(None) == 1
    assert sum(row.mfa_at is not None for row in await accounts.rows(noura.email, PersonSession)) == 2


@pytest.mark.parametrize("given", ["", "12345", "abcdef", "\ud800", "0" * 60_000, "aaaaa-aaaaa"])
async def test_what_is_no_code_is_a_wrong_one(accounts: Accounts, noura: Protected, given: str) -> None:
    attempt = accounts.answer(await accounts.challenge(noura.email), given)
    assert await fault_of(attempt) is FaultCode.MFA_CODE_WRONG


async def test_five_wrong_codes_end_a_challenge_and_no_other(accounts: Accounts, noura: Protected) -> None:
    challenge, other = await accounts.challenge(noura.email), await accounts.challenge(noura.email)
    wrong = another_code(noura.app.code(steps=3))
    for _ in range(5):
        assert await fault_of(accounts.answer(challenge, wrong)) is FaultCode.MFA_CODE_WRONG
    assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED
    await accounts.answer(other, noura.app.code())


async def test_sixty_four_guesses_at_once_are_five(accounts: Accounts, noura: Protected) -> None:
    challenge = await accounts.challenge(noura.email)
    came_to = await outcomes([accounts.answer(challenge, another_code(noura.app.code(steps=3))) for _ in range(64)])
    assert came_to.count(FaultCode.MFA_CODE_WRONG) == 5
    assert came_to.count(FaultCode.CHALLENGE_ENDED) == 59
    assert [row.attempts for row in await accounts.rows(noura.email, MfaChallenge)] == [5]


async def test_fifty_wrong_codes_in_a_day_are_the_end_of_it_however_many_challenges(
    accounts: Accounts, noura: Protected
) -> None:
    """Whoever knows the password could begin one challenge after the other."""
    wrong = another_code(noura.app.code(steps=3))
    for _ in range(10):
        challenge = await accounts.challenge(noura.email)
        assert set(await outcomes([accounts.answer(challenge, wrong) for _ in range(5)])) == {FaultCode.MFA_CODE_WRONG}
    late = await accounts.challenge(noura.email)
    assert await fault_of(accounts.answer(late, noura.app.code())) is FaultCode.CHALLENGE_ENDED
    await accounts.recover(noura.email, noura.recovery_codes[0])
    await accounts.change(noura.email, MfaChallenge, created_at=func.now() - timedelta(hours=25))
    await accounts.answer(late, noura.app.code())


async def test_a_challenge_is_answered_once(accounts: Accounts, noura: Protected) -> None:
    challenge = await accounts.challenge(noura.email)
    await accounts.answer(challenge, noura.app.code())
    assert await fault_of(accounts.answer(challenge, noura.app.code(steps=1))) is FaultCode.CHALLENGE_ENDED


async def test_a_challenge_lives_five_minutes(accounts: Accounts, noura: Protected) -> None:
    challenge = await accounts.challenge(noura.email)
    (row,) = await accounts.rows(noura.email, MfaChallenge)
    assert row.expires_at - row.created_at == timedelta(minutes=5)
    await accounts.change(noura.email, MfaChallenge, expires_at=func.now())
    assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED


async def test_a_challenge_that_nobody_signed_is_none(accounts: Accounts, noura: Protected) -> None:
    token = await accounts.challenge(noura.email)
    raw = bytearray(base64.urlsafe_b64decode(token + "=="))
    raw[3] ^= 1
    forged = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    for challenge in ("", "x", "\ud800", "ر" * 86, "x" * 86, token[:-1], token + "A", "=" * 86, forged):
        assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED
    assert [row.attempts for row in await accounts.rows(noura.email, MfaChallenge)] == [0]


async def test_a_new_password_ends_the_sign_ins_of_the_old_one(accounts: Accounts, noura: Protected) -> None:
    challenge = await accounts.challenge(noura.email)
    await accounts.provider.change_password(
        holder=noura.holder, current_password=PASSWORD, new_password="nine white horses"
    )
    assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED


async def test_a_reset_password_ends_them_and_still_asks_for_the_app(accounts: Accounts, noura: Protected) -> None:
    challenge = await accounts.challenge(noura.email)
    await accounts.provider.forgot_password(email=noura.email)
    code = await accounts.code(noura.email, "reset")
    await accounts.reset_password(email=noura.email, code=code, new_password=ANOTHER)
    assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED
    begun = await accounts.provider.sign_in(email=noura.email, password=ANOTHER, origin=ORIGIN)
    assert not isinstance(begun, Tokens)


# Setting it up


async def test_what_the_app_is_told_is_a_secret_of_160_bits_for_this_address(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    begun = await accounts.provider.begin_totp(holder=holder)
    assert len(base64.b32decode(begun.secret)) == 20
    uri = urlsplit(begun.uri)
    given = {name: values[0] for name, values in parse_qs(uri.query).items()}
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", f"/Sadu:{email}")
    assert (given["secret"], given["issuer"]) == (begun.secret, "Sadu")
    assert (given.get("digits", "6"), given.get("period", "30"), given.get("algorithm", "SHA1")) == ("6", "30", "SHA1")


async def test_a_secret_counts_once_a_code_of_it_was_seen(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    provider = accounts.provider
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    assert await fault_of(provider.confirm_totp(holder=holder, password=PASSWORD, code="123456")) is FaultCode.NOT_FOUND
    first = Authenticator((await provider.begin_totp(holder=holder)).secret, accounts.clock)
    await accounts.sign_in(email=email, password=PASSWORD)
    second = Authenticator((await provider.begin_totp(holder=holder)).secret, accounts.clock)
    assert (
        await fault_of(provider.confirm_totp(holder=holder, password=PASSWORD, code=first.code()))
        is FaultCode.MFA_CODE_WRONG
    )
    assert await accounts.rows(email, RecoveryCode) == []
    assert len(await provider.confirm_totp(holder=holder, password=PASSWORD, code=second.code())) == 10
    assert await fault_of(provider.begin_totp(holder=holder)) is FaultCode.MFA_ENABLED
    assert (
        await fault_of(provider.confirm_totp(holder=holder, password=PASSWORD, code=second.code(steps=1)))
        is FaultCode.MFA_ENABLED
    )


async def test_confirming_counts_for_this_session_and_ends_every_other(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    here, there = [await accounts.sign_in(email=email, password=PASSWORD) for _ in range(2)]
    holder = await accounts.holder(here, email)
    app = Authenticator((await accounts.provider.begin_totp(holder=holder)).secret, accounts.clock)
    await accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())
    assert (await accounts.caller(here)).has_mfa
    assert not await accounts.session_is_active(await accounts.claims(there.access_token))
    assert [row.revoked_because for row in await accounts.rows(email, PersonSession)] == [None, "mfa_enabled"]


async def test_sixteen_confirmations_at_once_are_one(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    app = Authenticator((await accounts.provider.begin_totp(holder=holder)).secret, accounts.clock)
    came_to = await outcomes(
        [accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code()) for _ in range(16)]
    )
    assert sorted(map(str, came_to)) == ["FaultCode.MFA_ENABLED"] * 15 + ["None"]
    assert len(await accounts.rows(email, RecoveryCode)) == 10


async def test_a_session_that_has_ended_meanwhile_sets_up_nothing(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    await accounts.provider.begin_totp(holder=holder)
    await accounts.provider.sign_out(holder=holder)
    for attempt in (
        accounts.provider.begin_totp(holder=holder),
        accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code="123456"),
        accounts.provider.change_password(holder=holder, current_password=PASSWORD, new_password=ANOTHER),
        accounts.provider.sign_out_everywhere(holder=holder),
    ):
        with pytest.raises(AccessDenied):
            await attempt


async def test_a_confirmation_that_dies_on_the_way_leaves_everything_as_it_was(
    accounts: Accounts, databases: Databases, database_name: str
) -> None:
    email = await accounts.confirmed()
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    app = Authenticator((await accounts.provider.begin_totp(holder=holder)).secret, accounts.clock)
    url = databases.url(database_name)
    async with connected(url) as locking, connected(url) as killing:
        await locking.execute(text("BEGIN"))
        await locking.execute(text("LOCK TABLE recovery_codes"))
        confirming = asyncio.create_task(
            accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())
        )
        await kill_whoever_waits(killing)
        with pytest.raises(DBAPIError):
            await confirming
        await locking.execute(text("ROLLBACK"))
    assert [row.mfa_since for row in await accounts.rows(email, Person)] == [None]
    assert [row.last_step for row in await accounts.rows(email, TotpFactor)] == [0]
    assert len(await accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())) == 10


async def kill_whoever_waits(superuser: AsyncConnection) -> None:
    """End the connection that waits for a lock, as soon as there is one."""
    waiting = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    for _ in range(500):
        if (await superuser.execute(text(waiting))).all():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody waits")


async def test_no_table_holds_a_secret_or_a_recovery_code(accounts: Accounts, noura: Protected) -> None:
    secret = base64.b32decode(noura.app.secret)
    (factor,) = await accounts.rows(noura.email, TotpFactor)
    assert secret not in factor.sealed_secret
    hidden = {noura.app.secret, secret.hex(), *noura.recovery_codes}
    hidden |= {each.replace("-", "") for each in noura.recovery_codes}
    async with accounts.parts.database.read(await accounts.scope(noura.email)) as session:
        for table in ("totp_factors", "recovery_codes", "mfa_challenges", "people", "sessions"):
            for row in await session.execute(text(f"SELECT {table}::text FROM {table}")):
                assert not [value for value in hidden if value in row[0]]
                assert not [value for value in hidden if value.encode().hex() in row[0]]


def test_what_is_sealed_opens_for_its_owner_under_its_key_and_purpose_alone() -> None:
    owner, key = uuid4(), b"k" * 32
    sealed = Seal(key, "one").seal(b"secret", owner=owner)
    assert Seal(key, "one").open(sealed, owner=owner) == b"secret"
    assert Seal(key, "one").seal(b"secret", owner=owner) != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for seal, given, whose in (
        (Seal(key, "one"), sealed, uuid4()),
        (Seal(key, "other"), sealed, owner),
        (Seal(b"K" * 32, "one"), sealed, owner),
        (Seal(key, "one"), changed, owner),
    ):
        with pytest.raises(InvalidTag):
            seal.open(given, owner=whose)


# Recovery codes


async def test_recovery_codes_are_ten_of_fifty_bits_each(noura: Protected) -> None:
    assert len(set(noura.recovery_codes)) == 10
    assert all(
        re.fullmatch(r"[0-9abcdefghjkmnpqrstvwxyz]{5}-[0-9abcdefghjkmnpqrstvwxyz]{5}", each)
        for each in noura.recovery_codes
    )


async def test_a_recovery_code_signs_in_once_however_it_is_typed(accounts: Accounts, noura: Protected) -> None:
    shown = noura.recovery_codes[0]
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    typed = shown.upper().replace("0", "O").replace("-", " ").translate(arabic)
    assert (await accounts.caller(await accounts.recover(noura.email, f"  {typed} "))).has_mfa
    for again in (shown, typed):
        assert await fault_of(accounts.recover(noura.email, again)) is FaultCode.CREDENTIALS_WRONG
    await accounts.recover(noura.email, noura.recovery_codes[1])
    used = [row.used_at is not None for row in await accounts.rows(noura.email, RecoveryCode)]
    assert sorted(used) == [False] * 8 + [True] * 2


async def test_a_recovery_code_used_sixty_four_times_at_once_signs_in_once(
    accounts: Accounts, noura: Protected
) -> None:
    came_to = await outcomes([accounts.recover(noura.email, noura.recovery_codes[0]) for _ in range(64)])
    assert came_to.count(None) == 1
    assert came_to.count(FaultCode.CREDENTIALS_WRONG) == 63


async def test_whichever_of_the_three_is_wrong_the_answer_is_the_same(accounts: Accounts, noura: Protected) -> None:
    other, plain = await accounts.protected(), await accounts.confirmed()
    unconfirmed = await accounts.unconfirmed()
    told: set[tuple[Any, ...]] = set()
    for email, code, password in (
        ("x" + noura.email, noura.recovery_codes[0], PASSWORD),
        (noura.email, noura.recovery_codes[0], ANOTHER),
        (noura.email, other.recovery_codes[0], PASSWORD),
        (noura.email, noura.app.code(), PASSWORD),
        (noura.email, "", PASSWORD),
        (noura.email, "\ud800" * 10, PASSWORD),
        (noura.email, "a" * 60_000, PASSWORD),
        (plain, noura.recovery_codes[0], PASSWORD),
        (unconfirmed, noura.recovery_codes[0], PASSWORD),
    ):
        with pytest.raises(UserFault) as raised:
            await accounts.recover(email, code, password)
        told.add((raised.value.code, raised.value.message, raised.value.field))
    assert {code for code, *_ in told} == {FaultCode.CREDENTIALS_WRONG}
    assert len(told) == 1
    await accounts.recover(noura.email, noura.recovery_codes[0])


async def test_new_recovery_codes_make_the_old_ones_void(accounts: Accounts, noura: Protected) -> None:
    renewed = await accounts.provider.renew_recovery_codes(holder=noura.holder, password=PASSWORD)
    assert not set(renewed) & set(noura.recovery_codes)
    assert await fault_of(accounts.recover(noura.email, noura.recovery_codes[0])) is FaultCode.CREDENTIALS_WRONG
    await accounts.recover(noura.email, renewed[0])
    attempt = accounts.provider.renew_recovery_codes(holder=noura.holder, password=ANOTHER)
    assert await fault_of(attempt) is FaultCode.CREDENTIALS_WRONG


async def test_renewed_sixteen_times_at_once_ten_are_good(accounts: Accounts, noura: Protected) -> None:
    renew = accounts.provider.renew_recovery_codes
    assert await outcomes([renew(holder=noura.holder, password=PASSWORD) for _ in range(16)]) == [None] * 16
    assert len(await accounts.rows(noura.email, RecoveryCode)) == 10


# Taking it away


async def test_fifty_wrong_codes_in_a_day_end_disabling_too(accounts: Accounts, noura: Protected) -> None:
    bad, disable = another_code(noura.app.code(steps=3)), accounts.provider.disable_totp
    for _ in range(25):
        await fault_of(accounts.answer(await accounts.challenge(noura.email), bad))
    came_to = await outcomes([disable(holder=noura.holder, password=PASSWORD, code=bad) for _ in range(26)])
    assert (came_to.count(FaultCode.MFA_CODE_WRONG), came_to.count(FaultCode.LIMIT_REACHED)) == (25, 1)
    late = disable(holder=noura.holder, password=PASSWORD, code=noura.app.code())
    assert await fault_of(late) is FaultCode.LIMIT_REACHED
    challenge = await accounts.challenge(noura.email)
    assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED
    await disable(holder=noura.holder, password=PASSWORD, code=noura.recovery_codes[0])


async def test_the_guesses_of_a_day_are_not_given_back_by_a_new_password(accounts: Accounts, noura: Protected) -> None:
    bad = another_code(noura.app.code(steps=3))
    for _ in range(10):
        challenge = await accounts.challenge(noura.email)
        await outcomes([accounts.answer(challenge, bad) for _ in range(5)])
    await accounts.provider.forgot_password(email=noura.email)
    code = await accounts.code(noura.email, "reset")
    await accounts.reset_password(email=noura.email, code=code, new_password=ANOTHER)
    begun = await accounts.provider.sign_in(email=noura.email, password=ANOTHER, origin=ORIGIN)
    assert not isinstance(begun, Tokens)
    assert await fault_of(accounts.answer(begun.token, noura.app.code())) is FaultCode.CHALLENGE_ENDED


async def test_disabling_wants_both_factors_and_leaves_nothing(accounts: Accounts, noura: Protected) -> None:
    provider, code = accounts.provider, noura.app.code()
    elsewhere = await accounts.recover(noura.email, noura.recovery_codes[0])
    challenge = await accounts.challenge(noura.email)
    disable = provider.disable_totp
    attempt = disable(holder=noura.holder, password=ANOTHER, code=code)
    assert await fault_of(attempt) is FaultCode.CREDENTIALS_WRONG
    attempt = disable(holder=noura.holder, password=PASSWORD, code=another_code(noura.app.code(steps=3)))
    assert await fault_of(attempt) is FaultCode.MFA_CODE_WRONG
    assert len(await accounts.rows(noura.email, TotpFactor)) == 1

    await disable(holder=noura.holder, password=PASSWORD, code=code)
    assert await accounts.rows(noura.email, TotpFactor) == await accounts.rows(noura.email, RecoveryCode) == []
    assert not await accounts.session_is_active(await accounts.claims(elsewhere.access_token))
    here = Tokens(noura.holder.access_token, "", timedelta(0))
    assert not (await accounts.caller(here)).has_mfa, "what the factor allowed goes with it"
    assert await fault_of(accounts.answer(challenge, noura.app.code(steps=1))) is FaultCode.CHALLENGE_ENDED
    assert await fault_of(accounts.recover(noura.email, noura.recovery_codes[1])) is FaultCode.CREDENTIALS_WRONG
    attempt = disable(holder=noura.holder, password=PASSWORD, code=code)
    assert await fault_of(attempt) is FaultCode.MFA_DISABLED
    await accounts.sign_in(email=noura.email, password=PASSWORD)


async def test_a_recovery_code_disables_as_well(accounts: Accounts, noura: Protected) -> None:
    await accounts.provider.disable_totp(holder=noura.holder, password=PASSWORD, code=noura.recovery_codes[3])
    await accounts.sign_in(email=noura.email, password=PASSWORD)


async def test_nobody_disables_somebody_elses(accounts: Accounts, noura: Protected) -> None:
    """Not even with their code: the password and the code are those of one person."""
    other = await accounts.protected()
    attempt = accounts.provider.disable_totp(holder=other.holder, password=PASSWORD, code=noura.app.code())
    assert await fault_of(attempt) is FaultCode.MFA_CODE_WRONG
    mixed = replace(noura.holder, session_id=other.holder.session_id)
    with pytest.raises(AccessDenied):
        await accounts.provider.disable_totp(holder=mixed, password=PASSWORD, code=noura.app.code())


async def test_the_command_line_lets_somebody_who_lost_everything_begin_anew(
    accounts: Accounts, noura: Protected
) -> None:
    challenge = await accounts.challenge(noura.email)
    assert await accounts.provider.reset_second_factor(email=noura.email.upper())
    assert not await accounts.session_is_active(await accounts.claims(noura.holder.access_token))
    assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED
    assert await fault_of(accounts.recover(noura.email, noura.recovery_codes[0])) is FaultCode.CREDENTIALS_WRONG
    holder = await accounts.holder(await accounts.sign_in(email=noura.email, password=PASSWORD), noura.email)
    await accounts.provider.begin_totp(holder=holder)
    assert not await accounts.provider.reset_second_factor(email=noura.email)
    assert not await accounts.provider.reset_second_factor(email="nobody@people.test")


# Passwords and sessions of somebody signed in


async def test_a_changed_password_ends_every_other_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    here, there = [await accounts.sign_in(email=email, password=PASSWORD) for _ in range(2)]
    holder = await accounts.holder(here, email)
    change = accounts.provider.change_password
    attempt = change(holder=holder, current_password=ANOTHER, new_password="nine white horses")
    assert await fault_of(attempt) is FaultCode.CREDENTIALS_WRONG
    with pytest.raises(UserFault) as raised:
        await change(holder=holder, current_password=PASSWORD, new_password="password12")
    assert (raised.value.code, raised.value.field) == (FaultCode.INVALID, ("newPassword",))
    assert await accounts.session_is_active(await accounts.claims(there.access_token))

    await change(holder=holder, current_password=PASSWORD, new_password=ANOTHER)
    assert await accounts.session_is_active(await accounts.claims(here.access_token))
    await accounts.provider.refresh(refresh_token=here.refresh_token, origin=ORIGIN)
    assert not await accounts.session_is_active(await accounts.claims(there.access_token))
    assert (
        await fault_of(accounts.provider.refresh(refresh_token=there.refresh_token, origin=ORIGIN))
        is FaultCode.TOKEN_INVALID
    )
    assert await fault_of(accounts.sign_in(email=email, password=PASSWORD)) is FaultCode.CREDENTIALS_WRONG
    await accounts.sign_in(email=email, password=ANOTHER)


async def test_a_password_changed_sixteen_times_at_once_is_changed_once(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    attempts: list[Awaitable[object]] = [
        accounts.provider.change_password(
            holder=holder, current_password=PASSWORD, new_password=f"{number} brown oryxes"
        )
        for number in range(16)
    ]
    came_to = await outcomes(attempts)
    assert came_to.count(None) == 1
    await accounts.sign_in(email=email, password=f"{came_to.index(None)} brown oryxes")


async def test_signing_out_everywhere_ends_every_session_and_every_sign_in(
    accounts: Accounts, noura: Protected
) -> None:
    challenge = await accounts.challenge(noura.email)
    elsewhere = await accounts.recover(noura.email, noura.recovery_codes[0])
    await accounts.provider.sign_out_everywhere(holder=noura.holder)
    assert not await accounts.session_is_active(await accounts.claims(elsewhere.access_token))
    assert not await accounts.session_is_active(await accounts.claims(noura.holder.access_token))
    assert await fault_of(accounts.answer(challenge, noura.app.code())) is FaultCode.CHALLENGE_ENDED


async def test_the_tenants_that_somebody_works_for_are_told(accounts: Accounts, factory: Factory) -> None:
    email, shop = await accounts.confirmed(), await factory.shop()
    person_id = (await accounts.account(email)).person_id
    async with accounts.parts.database.write(Scope(shop.tenant.id)) as session:
        session.add(Membership(tenant_id=shop.tenant.id, person_id=person_id, role="admin"))
    provider, clock = accounts.provider, accounts.clock
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    app = Authenticator((await provider.begin_totp(holder=holder)).secret, clock)
    await provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())
    codes = await provider.renew_recovery_codes(holder=holder, password=PASSWORD)
    clock.wait()
    await accounts.answer(await accounts.challenge(email), app.code())
    await accounts.recover(email, codes[0])
    await provider.change_password(holder=holder, current_password=PASSWORD, new_password=ANOTHER)
    await provider.disable_totp(holder=holder, password=ANOTHER, code=codes[1])
    await provider.forgot_password(email=email)
    await accounts.reset_password(email=email, code=await accounts.code(email, "reset"), new_password=PASSWORD)
    holder = await accounts.holder(await accounts.sign_in(email=email, password=PASSWORD), email)
    app = Authenticator((await provider.begin_totp(holder=holder)).secret, clock)
    await provider.confirm_totp(holder=holder, password=PASSWORD, code=app.code())
    await provider.reset_second_factor(email=email)

    async with accounts.parts.database.read(Scope(shop.tenant.id)) as session:
        told = select(AuditEntry).where(AuditEntry.actor_id == person_id).order_by(AuditEntry.created_at)
        entries = list((await session.execute(told)).scalars())
    assert [entry.act for entry in entries] == [
        "session.sign_in",
        "mfa.enable",
        "mfa.renew_recovery_codes",
        "session.sign_in",
        "session.recover",
        "account.password_change",
        "mfa.disable",
        "account.password_reset",
        "session.sign_in",
        "mfa.enable",
        "mfa.reset",
    ]
    assert {(entry.request_id, entry.address) for entry in entries[:-1]} == {(ORIGIN.request_id, ORIGIN.address)}
