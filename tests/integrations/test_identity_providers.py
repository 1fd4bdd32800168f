"""Mission T1: what every identity provider does, whichever keeps the accounts. `cognito` runs on moto.

moto cannot prove that a wrong code of a mail is refused (it takes any), that a code is mailed again (it cannot), that
an app's code is good once or that apps have different secrets (it knows one): `integrations/cognito_identity.py` lists
what else. What Cognito answers and moto does not, `test_cognito_answers.py` has from a server of its own.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from bootstrap import Parts
from db.models import AuditEntry, Membership, PersonSession, RecoveryCode
from db.session import Scope
from domain.errors import AccessDenied, FaultCode
from domain.ports import Tokens
from integrations.access_tokens import JwtVerifier, StaticKeys
from integrations.jwks import RemoteKeys
from integrations.local_identity import LocalIdentityProvider, LocalRules
from integrations.mailed_codes import MailLimits
from integrations.passwords import Argon2Passwords
from tests.support.cognito import MotoPool, make_pool, provider_of
from tests.support.factories import Factory
from tests.support.identity_providers import (
    ANOTHER,
    KEY,
    ORIGIN,
    PASSWORD,
    Accounts,
    AppClock,
    fault_of,
    guarded,
    outcomes,
    refusal_of,
    wrong,
)
from tests.support.moto_process import running_moto

CHEAP = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)
NO_TEXTS = ["", "\ud800", "\x00", "x" * 60_000, PASSWORD.upper()]


@pytest.fixture(scope="module")
async def moto() -> AsyncGenerator[MotoPool]:
    """One pool for all tests: each has its own people."""
    with pytest.MonkeyPatch.context() as patch, running_moto() as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        made = make_pool(url, with_secret=True)
        yield made
        await made.pool.close()


def local_accounts(parts: Parts) -> Accounts:
    clock = AppClock()
    rules = LocalRules(soonest_answer=timedelta(0), mail_limits=MailLimits(pause=timedelta(0)), clock=clock)
    provider = LocalIdentityProvider(
        parts.database, passwords=CHEAP, signer=parts.signer, signal=parts.signal, secret_key=KEY, rules=rules
    )
    return Accounts(
        "local",
        parts,
        provider,
        JwtVerifier(StaticKeys(parts.signer.public_key), "http://sadu.test", "sadu-web"),
        clock,
    )


@pytest.fixture(params=["local", "cognito"])
def accounts(request: pytest.FixtureRequest, parts: Parts) -> Accounts:
    if request.param == "local":
        return local_accounts(parts)
    moto: MotoPool = request.getfixturevalue("moto")
    provider = provider_of(parts, moto.pool, moto.jwks_url(), secret_key=KEY, passwords=CHEAP)
    verifier = JwtVerifier(RemoteKeys(moto.jwks_url()), moto.pool.issuer, moto.pool.client_id)
    return Accounts("cognito", parts, provider, verifier)


# Signing up and in


async def test_a_person_signs_up_confirms_and_signs_in(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    tokens = await accounts.sign_in(f" {email.upper()} ")
    claims, account = await accounts.claims(tokens), await accounts.account(email)
    assert claims.subject == account.subject != str(account.person_id)
    assert tokens.expires_in > timedelta(minutes=4)
    assert await accounts.is_active(tokens)
    assert not await accounts.has_mfa(email, tokens)
    person = await accounts.person(email)
    assert (person.name, person.locale, person.mfa_since) == ("Noura", "en", None)
    (session,) = await accounts.rows(email, PersonSession)
    assert session.expires_at - session.created_at == timedelta(days=30)


async def test_before_confirmation_only_the_right_password_learns_that_it_is_missing(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    assert await fault_of(accounts.sign_in(email)) is FaultCode.ACCOUNT_UNCONFIRMED
    assert await fault_of(accounts.sign_in(email, ANOTHER)) is FaultCode.CREDENTIALS_WRONG
    assert await accounts.rows(email, PersonSession) == []


@pytest.mark.parametrize("password", [ANOTHER, *NO_TEXTS])
async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(accounts: Accounts, password: str) -> None:
    known, unproven, unknown = await accounts.confirmed(), await accounts.unconfirmed(), accounts.nobodys_address()
    answers = [await refusal_of(accounts.sign_in(email, password)) for email in (known, unproven, unknown)]
    assert [answer.code for answer in answers] == [FaultCode.CREDENTIALS_WRONG] * 3
    assert len({(answer.message, answer.field) for answer in answers}) == 1


async def test_simultaneous_first_sign_ups_make_one_account(accounts: Accounts) -> None:
    email = accounts.nobodys_address()
    assert await outcomes(lambda: accounts.provider.sign_up(accounts.sign_up_of(email)), 4) == [None] * 4
    await accounts.provider.confirm(email=email, code=await accounts.code(email, "confirm"))
    await accounts.sign_in(email)


@pytest.mark.parametrize("which", [PASSWORD, ANOTHER])
async def test_whoever_signed_up_with_a_strangers_address_cannot_wait_for_its_confirmation(
    accounts: Accounts, which: str
) -> None:
    email = await accounts.unconfirmed()
    await accounts.provider.sign_up(accounts.sign_up_of(email, ANOTHER, name="Somebody Else"))
    assert await fault_of(accounts.sign_in(email, which)) is FaultCode.CREDENTIALS_WRONG
    await accounts.provider.confirm(email=email, code=await accounts.code(email, "confirm"))
    assert await fault_of(accounts.sign_in(email, which)) is FaultCode.CREDENTIALS_WRONG
    await accounts.reset(email, "nine white horses")
    await accounts.sign_in(email, "nine white horses")
    assert (await accounts.person(email)).name == "Noura"


async def test_signing_up_with_a_confirmed_address_mails_its_owner_and_changes_nothing(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    await accounts.provider.sign_up(accounts.sign_up_of(email, ANOTHER, name="Somebody Else"))
    assert (await accounts.mails(email))[-1] == "account.exists"
    await accounts.sign_in(email)
    assert await fault_of(accounts.sign_in(email, ANOTHER)) is FaultCode.CREDENTIALS_WRONG
    assert (await accounts.person(email)).name == "Noura"


async def test_the_command_line_vouches_for_an_address(accounts: Accounts) -> None:
    email, provider = accounts.nobodys_address(), provisioning(accounts)
    person_id = await provider(accounts.sign_up_of(email))
    await accounts.sign_in(email)
    assert await provider(accounts.sign_up_of(email, ANOTHER)) == person_id
    await accounts.sign_in(email)
    assert await accounts.mails(email) == []


async def test_the_command_line_takes_over_what_nobody_has_confirmed(accounts: Accounts) -> None:
    email = await accounts.unconfirmed()
    await provisioning(accounts)(accounts.sign_up_of(email, ANOTHER))
    assert await fault_of(accounts.sign_in(email)) is FaultCode.CREDENTIALS_WRONG
    await accounts.sign_in(email, ANOTHER)


def provisioning(accounts: Accounts) -> Callable[..., Awaitable[Any]]:
    return getattr(accounts.provider, "provision")  # noqa: B009 - only the command line knows of it


# Codes and passwords


@pytest.mark.parametrize("code", ["123456", "", "12345", "abcdef", "\ud800", "0" * 60_000])
async def test_an_unknown_address_gets_the_answer_of_a_wrong_code(accounts: Accounts, code: str) -> None:
    unknown, provider = accounts.nobodys_address(), accounts.provider
    assert await fault_of(provider.confirm(email=unknown, code=code)) is FaultCode.CODE_WRONG
    reset = provider.reset_password(email=unknown, code=code, new_password=ANOTHER, origin=ORIGIN)
    assert await fault_of(reset) is FaultCode.CODE_WRONG


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "\ud800", "0" * 60_000])
async def test_what_is_no_code_is_a_wrong_one(accounts: Accounts, code: str) -> None:
    email = await accounts.unconfirmed()
    assert await fault_of(accounts.provider.confirm(email=email, code=code)) is FaultCode.CODE_WRONG
    assert await fault_of(accounts.sign_in(email)) is FaultCode.ACCOUNT_UNCONFIRMED


async def test_asking_for_a_mail_to_an_unknown_address_is_answered_like_any_other(accounts: Accounts) -> None:
    await accounts.provider.forgot_password(email=accounts.nobodys_address())


async def test_a_reset_sets_the_password_and_ends_every_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    before = [await accounts.sign_in(email) for _ in range(2)]
    await accounts.reset(email, ANOTHER)
    for tokens in before:
        assert not await accounts.is_active(tokens)
        refresh = accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
        assert await fault_of(refresh) is FaultCode.TOKEN_INVALID
    assert await accounts.ended(email) == ["password_reset"] * 2
    assert await fault_of(accounts.sign_in(email)) is FaultCode.CREDENTIALS_WRONG
    await accounts.sign_in(email, ANOTHER)


async def test_a_weak_new_password_is_refused_by_its_field(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    refused = await refusal_of(accounts.reset(email, "password12"))
    assert (refused.code, refused.field) == (FaultCode.INVALID, ("newPassword",))
    change = accounts.provider.change_password(
        holder=await accounts.holder(email), current_password=PASSWORD, new_password="password12"
    )
    refused = await refusal_of(change)
    assert (refused.code, refused.field) == (FaultCode.INVALID, ("newPassword",))
    await accounts.sign_in(email)


async def test_a_change_of_password_ends_every_other_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    here, there = [await accounts.sign_in(email) for _ in range(2)]
    change, holder = accounts.provider.change_password, await accounts.holder(email, here)
    for mistaken in (ANOTHER, *NO_TEXTS):
        refused = await refusal_of(change(holder=holder, current_password=mistaken, new_password="nine white horses"))
        assert (refused.code, refused.field) == (FaultCode.CREDENTIALS_WRONG, ("currentPassword",))
    assert await accounts.ended(email) == [None, None]
    await change(holder=holder, current_password=PASSWORD, new_password=ANOTHER)
    assert await accounts.is_active(here)
    assert not await accounts.is_active(there)
    refresh = accounts.provider.refresh
    assert await fault_of(refresh(refresh_token=there.refresh_token, origin=ORIGIN)) is FaultCode.TOKEN_INVALID
    await refresh(refresh_token=here.refresh_token, origin=ORIGIN)
    assert await fault_of(accounts.sign_in(email)) is FaultCode.CREDENTIALS_WRONG
    await accounts.sign_in(email, ANOTHER)


async def test_whose_session_has_ended_changes_nothing(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    holder, provider = await accounts.holder(email), accounts.provider
    await provider.sign_out(holder=holder)
    for attempt in (
        provider.change_password(holder=holder, current_password=PASSWORD, new_password=ANOTHER),
        provider.begin_totp(holder=holder),
        provider.confirm_totp(holder=holder, password=PASSWORD, code="123456"),
        provider.sign_out_everywhere(holder=holder),
    ):
        with pytest.raises(AccessDenied):
            await attempt
    await accounts.sign_in(email)


# Sessions


async def test_a_refresh_gives_new_tokens_of_the_same_session(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    first = await accounts.sign_in(email)
    (session,) = await accounts.rows(email, PersonSession)
    second = await accounts.provider.refresh(refresh_token=first.refresh_token, origin=ORIGIN)
    third = await accounts.provider.refresh(refresh_token=second.refresh_token, origin=ORIGIN)
    assert len({each.refresh_token for each in (first, second, third)}) == 3
    assert {await accounts.claims(each) for each in (first, second, third)} == {await accounts.claims(first)}
    assert [row.expires_at for row in await accounts.rows(email, PersonSession)] == [session.expires_at]


async def test_a_refresh_token_used_twice_ends_its_session_and_no_other(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    stolen, elsewhere = [await accounts.sign_in(email) for _ in range(2)]
    refresh = accounts.provider.refresh
    newest = await refresh(refresh_token=stolen.refresh_token, origin=ORIGIN)
    assert await fault_of(refresh(refresh_token=stolen.refresh_token, origin=ORIGIN)) is FaultCode.TOKEN_INVALID
    assert await fault_of(refresh(refresh_token=newest.refresh_token, origin=ORIGIN)) is FaultCode.TOKEN_INVALID
    assert not await accounts.is_active(newest)
    assert await accounts.is_active(elsewhere)
    await refresh(refresh_token=elsewhere.refresh_token, origin=ORIGIN)
    assert await accounts.ended(email) == ["reuse", None]


async def test_simultaneous_refreshes_succeed_at_most_once_and_count_as_reuse(accounts: Accounts) -> None:
    tokens = await accounts.sign_in(await accounts.confirmed())
    came_to = await outcomes(lambda: accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN), 6)
    assert came_to.count(None) == 1
    assert not await accounts.is_active(tokens)


async def test_an_expired_session_is_not_refreshed(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    tokens = await accounts.sign_in(email)
    await accounts.change(email, PersonSession, expires_at=func.now() - timedelta(seconds=1))
    assert not await accounts.is_active(tokens)
    refresh = accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
    assert await fault_of(refresh) is FaultCode.TOKEN_INVALID


@pytest.mark.parametrize("token", ["", "x", "\ud800", "\x00", "ر" * 1_000, "x" * 60_000])
async def test_a_refresh_token_that_is_none_is_refused(accounts: Accounts, token: str) -> None:
    assert await fault_of(accounts.provider.refresh(refresh_token=token, origin=ORIGIN)) is FaultCode.TOKEN_INVALID


async def test_signing_out_ends_one_session_and_keeps_its_reason(accounts: Accounts) -> None:
    email = await accounts.confirmed()
    here, there = [await accounts.sign_in(email) for _ in range(2)]
    holder = await accounts.holder(email, here)
    await accounts.provider.sign_out(holder=holder)
    assert not await accounts.is_active(here)
    for _ in range(2):
        refresh = accounts.provider.refresh(refresh_token=here.refresh_token, origin=ORIGIN)
        assert await fault_of(refresh) is FaultCode.TOKEN_INVALID
    assert await accounts.is_active(there)
    assert await accounts.ended(email) == ["signed_out", None]


@pytest.mark.parametrize("of", ["the same session", "another session", "another person"])
async def test_signing_out_ends_the_session_of_a_refresh_token_that_came_along(accounts: Accounts, of: str) -> None:
    email, other = await accounts.confirmed(), await accounts.confirmed()
    here, beside = [await accounts.sign_in(email) for _ in range(2)]
    kept = {"the same session": here, "another session": beside, "another person": await accounts.sign_in(other)}[of]
    holder = await accounts.holder(email, here)
    for token in (kept.refresh_token, kept.refresh_token, "no token"):
        await accounts.provider.sign_out(holder=holder, refresh_token=token)
    assert not await accounts.is_active(here)
    assert not await accounts.is_active(kept)
    assert await accounts.is_active(beside) == (of != "another session")


async def test_nobody_signs_another_person_out(accounts: Accounts) -> None:
    email, other = await accounts.confirmed(), await accounts.confirmed()
    tokens, stranger = await accounts.sign_in(email), await accounts.holder(other)
    session_id = (await accounts.claims(tokens)).session_id
    await accounts.provider.sign_out(holder=replace(stranger, session_id=session_id))
    assert await accounts.is_active(tokens)


async def test_signing_out_everywhere_ends_every_session_and_nobody_elses(accounts: Accounts) -> None:
    email, stranger = await accounts.confirmed(), await accounts.sign_in(await accounts.confirmed())
    here, there = [await accounts.sign_in(email) for _ in range(2)]
    await accounts.provider.sign_out_everywhere(holder=await accounts.holder(email, here))
    for tokens in (here, there):
        assert not await accounts.is_active(tokens)
        refresh = accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
        assert await fault_of(refresh) is FaultCode.TOKEN_INVALID
    assert await accounts.is_active(stranger)
    assert await accounts.ended(email) == ["signed_out_everywhere"] * 2


# Second factors


async def test_a_second_factor_is_set_up_and_asked_for(accounts: Accounts) -> None:
    """Mission T6."""
    email = await accounts.confirmed()
    tokens = await accounts.sign_in(email)
    holder, provider = await accounts.holder(email, tokens), accounts.provider
    begun = await provider.begin_totp(holder=holder)
    assert begun.uri.startswith("otpauth://totp/")
    right = await accounts.app(begun.secret)
    refused = await refusal_of(provider.confirm_totp(holder=holder, password=ANOTHER, code=right))
    assert (refused.code, refused.field) == (FaultCode.CREDENTIALS_WRONG, ("password",))
    for mistaken in (wrong(right), "", "12345", "abcdef", "\ud800"):
        assert (
            await fault_of(provider.confirm_totp(holder=holder, password=PASSWORD, code=mistaken))
            is FaultCode.MFA_CODE_WRONG
        )
    before = await accounts.sign_in(email)

    codes = await provider.confirm_totp(holder=holder, password=PASSWORD, code=right)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[0-9a-z]{5}-[0-9a-z]{5}", code) for code in codes)
    assert (await accounts.person(email)).mfa_since is not None
    assert await accounts.has_mfa(email, tokens)
    assert await accounts.is_active(tokens)
    assert not await accounts.is_active(before), "nothing from before the second factor stays"
    assert (
        await fault_of(provider.refresh(refresh_token=before.refresh_token, origin=ORIGIN)) is FaultCode.TOKEN_INVALID
    )
    await provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
    assert await fault_of(provider.begin_totp(holder=holder)) is FaultCode.MFA_ENABLED
    assert await fault_of(provider.confirm_totp(holder=holder, password=PASSWORD, code=right)) is FaultCode.MFA_ENABLED

    challenge = await accounts.challenge(email)
    answered = await accounts.answer(challenge, await accounts.app(begun.secret))
    assert await accounts.is_active(answered)
    assert await accounts.has_mfa(email, answered)
    assert await accounts.has_mfa(email, await provider.refresh(refresh_token=answered.refresh_token, origin=ORIGIN))
    assert await fault_of(accounts.sign_in(email, ANOTHER)) is FaultCode.CREDENTIALS_WRONG


async def test_a_challenge_is_answered_once(accounts: Accounts) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    challenge, code = await accounts.challenge(somebody.email), await accounts.app(somebody.secret)
    sessions = len(await accounts.rows(somebody.email, PersonSession))
    for mistaken in (wrong(code), "abcdef", ""):
        assert await fault_of(accounts.answer(challenge, mistaken)) is FaultCode.MFA_CODE_WRONG
    await accounts.answer(challenge, code)
    again = accounts.answer(challenge, await accounts.app(somebody.secret))
    assert await fault_of(again) is FaultCode.CHALLENGE_ENDED
    assert len(await accounts.rows(somebody.email, PersonSession)) == sessions + 1


async def test_five_wrong_codes_end_a_challenge(accounts: Accounts) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    challenge, code = await accounts.challenge(somebody.email), await accounts.app(somebody.secret)
    came_to = await outcomes(lambda: accounts.answer(challenge, wrong(code)), 8)
    assert came_to.count(FaultCode.MFA_CODE_WRONG) == 5
    assert came_to.count(FaultCode.CHALLENGE_ENDED) == 3
    assert await fault_of(accounts.answer(challenge, code)) is FaultCode.CHALLENGE_ENDED


async def test_a_challenge_that_is_none_or_was_changed_has_ended(accounts: Accounts) -> None:
    somebody, other = await guarded(accounts), await guarded(accounts)
    challenge, others = await accounts.challenge(somebody.email), await accounts.challenge(other.email)
    mixed = others[:20] + challenge[20:]
    changed = ("B" if challenge[0] == "A" else "A") + challenge[1:]
    code = await accounts.app(somebody.secret)
    for unfit in ("", "x", ".", "\ud800", "ر" * 86, challenge[:-5], mixed, changed, "x" * 60_000):
        assert await fault_of(accounts.answer(unfit, code)) is FaultCode.CHALLENGE_ENDED


async def test_a_new_password_ends_challenges_too(accounts: Accounts) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    challenge = await accounts.challenge(somebody.email)
    await accounts.reset(somebody.email, ANOTHER)
    answer = accounts.answer(challenge, await accounts.app(somebody.secret))
    assert await fault_of(answer) is FaultCode.CHALLENGE_ENDED
    await accounts.challenge(somebody.email, ANOTHER)


async def test_a_recovery_code_stands_in_for_the_app_once(accounts: Accounts) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    recovered = await accounts.recover(somebody.email, somebody.codes[3].upper())
    assert await accounts.is_active(recovered)
    assert await accounts.has_mfa(somebody.email, recovered)
    assert await fault_of(accounts.recover(somebody.email, somebody.codes[3])) is FaultCode.CREDENTIALS_WRONG
    challenge = await accounts.challenge(somebody.email)
    await accounts.answer(challenge, await accounts.app(somebody.secret))
    await accounts.recover(somebody.email, somebody.codes[4])
    assert [row.used_at is not None for row in await accounts.rows(somebody.email, RecoveryCode)].count(True) == 2


async def test_simultaneous_recoveries_with_one_code_are_one(accounts: Accounts) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    came_to = await outcomes(lambda: accounts.recover(somebody.email, somebody.codes[0]), 5)
    assert came_to.count(None) == 1


async def test_whatever_is_wrong_about_a_recovery_gets_one_answer(accounts: Accounts) -> None:
    """Mission T6."""
    somebody, without = await guarded(accounts), await accounts.confirmed()
    good = somebody.codes[0]
    attempts = [
        accounts.recover(somebody.email, "00000-00000"),
        accounts.recover(somebody.email, "\ud800"),
        accounts.recover(somebody.email, ""),
        accounts.recover(somebody.email, good, ANOTHER),
        accounts.recover(somebody.email, good, "\ud800"),
        accounts.recover(accounts.nobodys_address(), good),
        accounts.recover(await accounts.unconfirmed(), good),
        accounts.recover(without, good),
        accounts.recover((await guarded(accounts)).email, good),
    ]
    answers = [await refusal_of(attempt) for attempt in attempts]
    assert {answer.code for answer in answers} == {FaultCode.CREDENTIALS_WRONG}
    assert len({(answer.message, answer.field) for answer in answers}) == 1
    await accounts.recover(somebody.email, good)


async def test_new_recovery_codes_void_the_old_ones(accounts: Accounts) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    renew = accounts.provider.renew_recovery_codes
    refused = await refusal_of(renew(holder=somebody.holder, password=ANOTHER))
    assert (refused.code, refused.field) == (FaultCode.CREDENTIALS_WRONG, ("password",))
    codes = await renew(holder=somebody.holder, password=PASSWORD)
    assert set(codes).isdisjoint(somebody.codes)
    assert await fault_of(accounts.recover(somebody.email, somebody.codes[0])) is FaultCode.CREDENTIALS_WRONG
    await accounts.recover(somebody.email, codes[0])


async def test_a_session_without_a_second_factor_gets_no_recovery_codes_nor_takes_it_away(accounts: Accounts) -> None:
    """Mission T6: they would open the account."""
    somebody = await guarded(accounts)
    await accounts.change(somebody.email, PersonSession, mfa_at=None)
    with pytest.raises(AccessDenied):
        await accounts.provider.renew_recovery_codes(holder=somebody.holder, password=PASSWORD)
    for code in (await accounts.app(somebody.secret), somebody.codes[0]):
        with pytest.raises(AccessDenied):
            await accounts.provider.disable_totp(holder=somebody.holder, password=PASSWORD, code=code)
    await accounts.recover(somebody.email, somebody.codes[0])


async def test_who_has_no_second_factor_has_nothing_to_renew_or_to_disable(accounts: Accounts) -> None:
    holder = await accounts.holder(await accounts.confirmed())
    renew = accounts.provider.renew_recovery_codes(holder=holder, password=PASSWORD)
    assert await fault_of(renew) is FaultCode.MFA_DISABLED
    disable = accounts.provider.disable_totp(holder=holder, password=PASSWORD, code="123456")
    assert await fault_of(disable) is FaultCode.MFA_DISABLED


@pytest.mark.parametrize("by", ["app", "recovery code"])
async def test_a_second_factor_is_taken_away_by_itself_and_the_password(accounts: Accounts, by: str) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    there = await accounts.answer(await accounts.challenge(somebody.email), await accounts.app(somebody.secret))
    disable, code = accounts.provider.disable_totp, await accounts.app(somebody.secret)
    for password, given, fault in (
        (ANOTHER, code, FaultCode.CREDENTIALS_WRONG),
        (PASSWORD, wrong(code), FaultCode.MFA_CODE_WRONG),
        (PASSWORD, "00000-00000", FaultCode.MFA_CODE_WRONG),
        (PASSWORD, "", FaultCode.MFA_CODE_WRONG),
    ):
        assert await fault_of(disable(holder=somebody.holder, password=password, code=given)) is fault
    assert await accounts.is_active(there)

    good = code if by == "app" else somebody.codes[7]
    await disable(holder=somebody.holder, password=PASSWORD, code=good)
    assert (await accounts.person(somebody.email)).mfa_since is None
    assert await accounts.rows(somebody.email, RecoveryCode) == []
    assert await accounts.is_active(somebody.tokens)
    assert not await accounts.has_mfa(somebody.email, somebody.tokens)
    assert not await accounts.is_active(there)
    assert isinstance(await accounts.sign_in(somebody.email), Tokens)
    begun = await accounts.provider.begin_totp(holder=somebody.holder)
    await accounts.provider.confirm_totp(
        holder=somebody.holder, password=PASSWORD, code=await accounts.app(begun.secret)
    )


async def test_the_command_line_lets_somebody_who_lost_everything_begin_anew(accounts: Accounts) -> None:
    """Mission T6."""
    somebody, reset = await guarded(accounts), accounts.provider.reset_second_factor
    there = await accounts.answer(await accounts.challenge(somebody.email), await accounts.app(somebody.secret))
    challenge = await accounts.challenge(somebody.email)
    assert await reset(email=somebody.email.upper())
    for tokens in (somebody.tokens, there):
        assert not await accounts.is_active(tokens)
    answer = accounts.answer(challenge, await accounts.app(somebody.secret))
    assert await fault_of(answer) is FaultCode.CHALLENGE_ENDED
    assert await accounts.rows(somebody.email, RecoveryCode) == []
    assert await fault_of(accounts.recover(somebody.email, somebody.codes[0])) is FaultCode.CREDENTIALS_WRONG
    holder = await accounts.holder(somebody.email)
    for unfit in (somebody.email, accounts.nobodys_address()):
        assert not await reset(email=unfit)
    begun = await accounts.provider.begin_totp(holder=holder)
    await accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=await accounts.app(begun.secret))
    await accounts.challenge(somebody.email)


async def test_what_somebody_does_about_their_account_is_in_the_audit_log_of_their_tenants(
    accounts: Accounts, factory: Factory
) -> None:
    """Mission T6."""
    shop, email = await factory.shop(), await accounts.confirmed()
    person_id, provider = (await accounts.account(email)).person_id, accounts.provider
    async with accounts.parts.database.write(Scope(shop.tenant.id)) as session:
        session.add(Membership(tenant_id=shop.tenant.id, person_id=person_id, role="admin"))
    holder = await accounts.holder(email)
    secret = (await provider.begin_totp(holder=holder)).secret
    codes = await provider.confirm_totp(holder=holder, password=PASSWORD, code=await accounts.app(secret))
    await accounts.recover(email, codes[0])
    await accounts.answer(await accounts.challenge(email), await accounts.app(secret))
    await provider.renew_recovery_codes(holder=holder, password=PASSWORD)
    await provider.disable_totp(holder=holder, password=PASSWORD, code=await accounts.app(secret))
    await provider.change_password(holder=holder, current_password=PASSWORD, new_password=ANOTHER)
    await accounts.reset(email, PASSWORD)
    here, there = [await accounts.holder(email) for _ in range(2)]
    for _ in range(2):
        await provider.sign_out(holder=there)
    stolen = await accounts.sign_in(email)
    await provider.refresh(refresh_token=stolen.refresh_token, origin=ORIGIN)
    for _ in range(2):
        reused = provider.refresh(refresh_token=stolen.refresh_token, origin=ORIGIN)
        assert await fault_of(reused) is FaultCode.TOKEN_INVALID
    await provider.sign_out_everywhere(holder=here)
    holder = await accounts.holder(email)
    secret = (await provider.begin_totp(holder=holder)).secret
    await provider.confirm_totp(holder=holder, password=PASSWORD, code=await accounts.app(secret))
    await provider.reset_second_factor(email=email)
    async with accounts.parts.database.read(Scope(shop.tenant.id)) as session:
        entries = select(AuditEntry).where(AuditEntry.actor_id == person_id).order_by(AuditEntry.created_at)
        told = list((await session.execute(entries)).scalars())
    assert [entry.act for entry in told] == [
        "session.sign_in",
        "mfa.enable",
        "session.recover",
        "session.sign_in",
        "mfa.renew_recovery_codes",
        "mfa.disable",
        "account.password_change",
        "account.password_reset",
        "session.sign_in",
        "session.sign_in",
        "session.sign_out",
        "session.sign_in",
        "session.reuse",
        "session.sign_out_everywhere",
        "session.sign_in",
        "mfa.enable",
        "mfa.reset",
    ]
    assert {(entry.request_id, entry.address) for entry in told[:-1]} == {(ORIGIN.request_id, ORIGIN.address)}
    assert (told[-1].request_id, told[-1].address) == (None, None)


async def test_what_is_kept_of_an_account_has_no_password_code_or_token_in_it(accounts: Accounts) -> None:
    """Mission T6."""
    somebody = await guarded(accounts)
    challenge = await accounts.challenge(somebody.email)
    tokens = await accounts.answer(challenge, await accounts.app(somebody.secret))
    secrets = {PASSWORD, somebody.secret, challenge, tokens.access_token, tokens.refresh_token, *somebody.codes}
    async with accounts.parts.database.read(await accounts.scope(somebody.email)) as session:
        for table in ("people", "sessions", "refresh_tokens", "recovery_codes", "mfa_challenges", "totp_factors"):
            told = str(
                (await session.execute(text(f"SELECT string_agg({table}::text, ' ') FROM {table}"))).scalar_one()
            )
            assert not [secret for secret in secrets if secret in told], table
