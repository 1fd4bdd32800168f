"""Missions T1 and T6: what Cognito answers and moto does not, from a server of our own that speaks as Cognito does."""

import asyncio
import base64
import threading
import uuid
from collections.abc import Awaitable

import pytest

from bootstrap import Parts
from db.models import PersonSession
from db.queries.identity import find_account
from db.session import Scope
from domain.errors import FaultCode, UserFault
from domain.ports import TokenRejected
from integrations.cognito_identity import CognitoIdentityProvider
from integrations.cognito_pool import MOST_AT_ONCE, MOST_WAITING, CognitoPool
from tests.support.cognito_people import (
    CHEAP,
    CODE,
    proven,
    provider_with,
    unproven,
)
from tests.support.cognito_stand_in import (
    CLIENT,
    ISSUER,
    POOL_ID,
    Cognito,
    Later,
    Reply,
    in_turn,
    secret_hash,
    tokens_for,
)
from tests.support.http_stand_in import StandIn
from tests.support.identity_providers import ANOTHER, ORIGIN, PASSWORD, Accounts, fault_of, refusal_of


@pytest.fixture
def unhurried(cognito: Cognito, pool: CognitoPool, server: StandIn, parts: Parts) -> CognitoIdentityProvider:
    return provider_with(pool, server, parts, soonest_answer=0.3)


# Signing in


async def test_cognito_calls_unconfirmed_whatever_the_password_is_and_we_do_not(
    accounts: Accounts, cognito: Cognito
) -> None:
    known = await unproven(accounts, cognito)
    cognito.replies["InitiateAuth"] = "UserNotConfirmedException"
    assert await fault_of(accounts.sign_in(known.email)) is FaultCode.ACCOUNT_UNCONFIRMED
    assert await fault_of(accounts.sign_in(known.email, ANOTHER)) is FaultCode.CREDENTIALS_WRONG
    assert await fault_of(accounts.sign_in(accounts.nobodys_address())) is FaultCode.CREDENTIALS_WRONG


async def test_no_hash_of_a_proven_accounts_password_is_kept(accounts: Accounts, cognito: Cognito) -> None:
    known = await unproven(accounts, cognito)
    assert await CHEAP.matches((await accounts.account(known.email)).password_hash, PASSWORD)
    await accounts.provider.confirm(email=known.email, code=CODE)
    assert not await CHEAP.matches((await accounts.account(known.email)).password_hash, PASSWORD)


@pytest.mark.parametrize(
    "refusal",
    ["NotAuthorizedException", "UserNotFoundException", "PasswordResetRequiredException", "InvalidParameterException"],
)
async def test_whatever_keeps_cognito_from_a_sign_in_is_told_as_wrong_credentials(
    accounts: Accounts, cognito: Cognito, refusal: str
) -> None:
    known = await proven(accounts, cognito)
    cognito.replies["InitiateAuth"] = refusal
    for email in (known.email, accounts.nobodys_address()):
        assert await fault_of(accounts.sign_in(email)) is FaultCode.CREDENTIALS_WRONG


@pytest.mark.parametrize("password", ["", "\ud800", "x" * 257])
async def test_what_can_be_no_password_is_not_sent(accounts: Accounts, cognito: Cognito, password: str) -> None:
    known = await proven(accounts, cognito)
    assert await fault_of(accounts.sign_in(known.email, password)) is FaultCode.CREDENTIALS_WRONG
    assert "InitiateAuth" not in cognito.operations()


async def test_being_asked_too_often_by_all_together_is_a_limit(accounts: Accounts, cognito: Cognito) -> None:
    known = await proven(accounts, cognito)
    for operation in ("SignUp", "ConfirmSignUp", "ForgotPassword", "ConfirmForgotPassword", "InitiateAuth"):
        cognito.replies[operation] = "TooManyRequestsException"
    provider = accounts.provider
    for attempt in (
        accounts.sign_in(known.email),
        provider.sign_up(accounts.sign_up_of(accounts.nobodys_address())),
        provider.confirm(email=known.email, code=CODE),
        provider.forgot_password(email=known.email),
        provider.reset_password(email=known.email, code=CODE, new_password=ANOTHER, origin=ORIGIN),
    ):
        assert await fault_of(attempt) is FaultCode.LIMIT_REACHED


@pytest.mark.parametrize("broken", ["InternalErrorException", "ResourceNotFoundException", "AccessDeniedException"])
async def test_what_is_wrong_with_cognito_or_the_settings_is_no_fault_of_the_person(
    accounts: Accounts, cognito: Cognito, broken: str
) -> None:
    known = await proven(accounts, cognito)
    cognito.replies["InitiateAuth"] = broken
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, it is masked
        await accounts.sign_in(known.email)
    assert not isinstance(raised.value, UserFault)


async def test_a_cognito_that_cannot_be_reached_is_no_fault_of_the_person(
    accounts: Accounts, cognito: Cognito, server: StandIn, parts: Parts
) -> None:
    known = await proven(accounts, cognito)
    nowhere = CognitoPool("eu-central-1", POOL_ID, CLIENT, endpoint_url="http://127.0.0.1:9")
    provider = provider_with(nowhere, server, parts)
    for attempt in (
        provider.sign_in(email=known.email, password=PASSWORD, origin=ORIGIN),
        provider.forgot_password(email=known.email),
    ):
        with pytest.raises(Exception, match="Could not connect") as raised:
            await attempt
        assert not isinstance(raised.value, UserFault)
    await provider.close()


async def test_a_slow_cognito_delays_nothing_else_and_is_waited_for_by_so_many(
    cognito: Cognito, pool: CognitoPool
) -> None:
    go_on = threading.Event()
    cognito.replies["InitiateAuth"] = Later(lambda: {"Session": ""} if go_on.wait(10) else "InternalErrorException")
    many = MOST_AT_ONCE + MOST_WAITING + 5
    asking = [asyncio.create_task(pool.begin_sign_in("noura", PASSWORD)) for _ in range(many)]
    await asyncio.sleep(0)  # all of them begin
    async with asyncio.timeout(8):
        await asyncio.to_thread(lambda: None)
    assert sum(each.done() for each in asking) == 5
    go_on.set()
    refused = [each for each in await asyncio.gather(*asking, return_exceptions=True) if isinstance(each, UserFault)]
    assert [each.code for each in refused] == [FaultCode.LIMIT_REACHED] * 5


async def test_a_challenge_that_no_pool_of_ours_should_ask_is_an_error(accounts: Accounts, cognito: Cognito) -> None:
    known = await proven(accounts, cognito)
    cognito.replies["InitiateAuth"] = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s" * 30}
    with pytest.raises(RuntimeError, match="NEW_PASSWORD_REQUIRED"):
        await accounts.sign_in(known.email)
    assert await accounts.rows(known.email, PersonSession) == []


async def test_tokens_that_the_verifier_does_not_take_begin_no_session(accounts: Accounts, cognito: Cognito) -> None:
    known, other = await proven(accounts, cognito), str(uuid.uuid4())
    for unfit in ({"iss": f"{ISSUER}X"}, {"client_id": "other"}, {"token_use": "id"}, {"origin_jti": None}):
        cognito.replies["InitiateAuth"] = tokens_for(known.subject, **unfit)
        with pytest.raises(TokenRejected):
            await accounts.sign_in(known.email)
    cognito.replies["InitiateAuth"] = tokens_for(other)
    assert await fault_of(accounts.sign_in(known.email)) is FaultCode.CREDENTIALS_WRONG
    assert await accounts.rows(known.email, PersonSession) == []


async def test_a_password_that_changes_during_a_sign_in_lets_nobody_in(accounts: Accounts, cognito: Cognito) -> None:
    known, asked, changed = await proven(accounts, cognito), threading.Event(), threading.Event()

    def slowly() -> Reply:
        asked.set()
        assert changed.wait(10)
        return tokens_for(known.subject)

    cognito.replies["InitiateAuth"] = Later(slowly)
    signing_in = asyncio.create_task(accounts.sign_in(known.email))
    await asyncio.to_thread(asked.wait, 10)
    await accounts.provider.reset_password(email=known.email, code=CODE, new_password=ANOTHER, origin=ORIGIN)
    changed.set()
    assert await fault_of(signing_in) is FaultCode.CREDENTIALS_WRONG
    assert await accounts.rows(known.email, PersonSession) == []


async def test_cognito_is_asked_by_the_subject_and_proves_us_by_the_secret(
    accounts: Accounts, cognito: Cognito
) -> None:
    known = await proven(accounts, cognito)
    tokens = await accounts.sign_in(known.email)
    await accounts.provider.forgot_password(email=known.email)
    assert (cognito.last("SignUp")["Username"], cognito.last("SignUp")["SecretHash"]) == (
        known.email,
        secret_hash(known.email),
    )
    for operation in ("ConfirmSignUp", "ForgotPassword"):
        given = cognito.last(operation)
        assert (given["Username"], given["SecretHash"]) == (known.subject, secret_hash(known.subject))
    parameters = cognito.last("InitiateAuth")["AuthParameters"]
    assert (parameters["USERNAME"], parameters["SECRET_HASH"]) == (known.subject, secret_hash(known.subject))
    session_id = str((await accounts.claims(tokens)).session_id)
    cognito.replies["InitiateAuth"] = tokens_for(known.subject, session_id)
    await accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
    assert cognito.last("InitiateAuth")["AuthParameters"]["SECRET_HASH"] == secret_hash(known.subject)


# Codes and mails


@pytest.mark.parametrize(
    "refusal",
    [
        "CodeMismatchException",
        "ExpiredCodeException",
        "LimitExceededException",
        "TooManyFailedAttemptsException",
        "NotAuthorizedException",
        "UserNotFoundException",
        "InvalidParameterException",
    ],
)
async def test_whatever_is_wrong_about_a_code_gets_one_answer(
    accounts: Accounts, cognito: Cognito, refusal: str
) -> None:
    known = await unproven(accounts, cognito)
    cognito.replies |= {"ConfirmSignUp": refusal, "ConfirmForgotPassword": refusal}
    for email in (known.email, accounts.nobodys_address()):
        assert await fault_of(accounts.provider.confirm(email=email, code=CODE)) is FaultCode.CODE_WRONG
        reset = accounts.provider.reset_password(email=email, code=CODE, new_password=ANOTHER, origin=ORIGIN)
        assert await fault_of(reset) is FaultCode.CODE_WRONG
    assert (await accounts.person(known.email)).confirmed_at is None


@pytest.mark.parametrize(
    "refusal",
    ["UserNotFoundException", "InvalidParameterException", "LimitExceededException", "CodeDeliveryFailureException"],
)
async def test_nobody_learns_why_a_mail_is_not_sent(accounts: Accounts, cognito: Cognito, refusal: str) -> None:
    known = await unproven(accounts, cognito)
    cognito.replies |= {"ForgotPassword": refusal, "ResendConfirmationCode": refusal}
    for email in (known.email, accounts.nobodys_address()):
        await accounts.provider.forgot_password(email=email)
        await accounts.provider.resend_confirmation(email=email)
    names = [given["Username"] for operation, given in cognito.asked if operation == "ResendConfirmationCode"]
    assert names == [known.subject, email]


async def test_a_pool_that_asks_more_of_a_password_is_heard(accounts: Accounts, cognito: Cognito) -> None:
    known = await proven(accounts, cognito)
    holder = await accounts.holder(known.email)
    for operation in ("SignUp", "ConfirmForgotPassword", "ChangePassword"):
        cognito.replies[operation] = "InvalidPasswordException"
    provider = accounts.provider
    for attempt, name in (
        (provider.sign_up(accounts.sign_up_of(accounts.nobodys_address())), "password"),
        (provider.reset_password(email=known.email, code=CODE, new_password=ANOTHER, origin=ORIGIN), "newPassword"),
        (provider.change_password(holder=holder, current_password=PASSWORD, new_password=ANOTHER), "newPassword"),
    ):
        refused = await refusal_of(attempt)
        assert (refused.code, refused.field) == (FaultCode.INVALID, (name,))
    assert await accounts.ended(known.email) == [None]


@pytest.mark.parametrize("known", [True, False])
async def test_the_time_of_an_answer_does_not_tell_whether_an_address_is_known(
    accounts: Accounts, cognito: Cognito, unhurried: CognitoIdentityProvider, known: bool
) -> None:
    email = (await unproven(accounts, cognito)).email if known else accounts.nobodys_address()
    provider = unhurried
    cognito.replies |= {"ConfirmSignUp": "CodeMismatchException", "ConfirmForgotPassword": "CodeMismatchException"}
    cognito.replies["SignUp"] = {"UserSub": str(uuid.uuid4())}
    if known:
        cognito.replies["SignUp"] = "UsernameExistsException"
        cognito.knows((await accounts.account(email)).subject, email, UserStatus="UNCONFIRMED")
    clock = asyncio.get_running_loop().time
    answers: list[Awaitable[object]] = [
        provider.resend_confirmation(email=email),
        provider.forgot_password(email=email),
        provider.confirm(email=email, code=CODE),
        provider.reset_password(email=email, code=CODE, new_password=ANOTHER, origin=ORIGIN),
        provider.sign_up(accounts.sign_up_of(email)),
    ]
    for answer in answers:
        began = clock()
        await asyncio.gather(answer, return_exceptions=True)
        assert clock() - began >= 0.3


# Steps that were lost on the way


async def test_a_sign_up_that_was_cut_short_can_be_made_again(accounts: Accounts, cognito: Cognito) -> None:
    email, old, new = accounts.nobodys_address(), str(uuid.uuid4()), str(uuid.uuid4())
    cognito.replies["SignUp"] = in_turn("UsernameExistsException", {"UserSub": new})
    cognito.knows(old, email, UserStatus="UNCONFIRMED")
    await accounts.provider.sign_up(accounts.sign_up_of(email))
    assert (await accounts.account(email)).subject == new
    assert cognito.last("AdminDeleteUser")["Username"] == old
    assert cognito.last("SignUp")["Password"] == PASSWORD


async def test_a_user_who_vanished_from_the_pool_signs_up_again(accounts: Accounts, cognito: Cognito) -> None:
    known, new = await unproven(accounts, cognito), str(uuid.uuid4())
    cognito.replies["SignUp"] = {"UserSub": new}
    cognito.knows(new, known.email, UserStatus="UNCONFIRMED")
    await accounts.provider.sign_up(accounts.sign_up_of(known.email))
    assert (await accounts.account(known.email)).subject == new


async def test_who_is_known_to_the_pool_alone_is_adopted_with_a_proven_address(
    accounts: Accounts, cognito: Cognito
) -> None:
    email, subject = accounts.nobodys_address(), str(uuid.uuid4())
    cognito.replies["InitiateAuth"] = Later(lambda: tokens_for(subject))
    for unfit in ({"email_verified": "false"}, {"email": "x" + email}, {"UserStatus": "UNCONFIRMED"}):
        cognito.knows(subject, email, **unfit)
        assert await fault_of(accounts.sign_in(email)) is FaultCode.ACCOUNT_UNCONFIRMED
        async with accounts.parts.database.read(Scope()) as session:
            assert await find_account(session, address=email) is None
    cognito.knows(subject, email)
    assert await accounts.is_active(await accounts.sign_in(email))
    person = await accounts.person(email)
    assert (person.subject, person.name, person.locale) == (subject, "Noura", "en")
    assert person.confirmed_at is not None


async def test_whose_user_took_another_address_is_not_adopted_a_second_time(
    accounts: Accounts, cognito: Cognito
) -> None:
    known, email = await proven(accounts, cognito), accounts.nobodys_address()
    cognito.knows(known.subject, email)
    assert await fault_of(accounts.sign_in(email)) is FaultCode.ACCOUNT_UNCONFIRMED
    assert (await accounts.person(known.email)).subject == known.subject


async def test_a_confirmation_that_was_lost_is_made_good_by_the_sign_in(accounts: Accounts, cognito: Cognito) -> None:
    known = await unproven(accounts, cognito)
    cognito.replies["InitiateAuth"] = Later(lambda: tokens_for(known.subject))
    cognito.knows(known.subject, known.email, email_verified="false")
    assert await fault_of(accounts.sign_in(known.email)) is FaultCode.ACCOUNT_UNCONFIRMED
    cognito.knows(known.subject, known.email)
    await accounts.sign_in(known.email)
    assert (await accounts.person(known.email)).confirmed_at is not None


# Sessions


async def test_a_client_holds_nothing_that_cognito_would_take(accounts: Accounts, cognito: Cognito) -> None:
    known = await proven(accounts, cognito)
    answer = tokens_for(known.subject)
    cognito.replies["InitiateAuth"] = answer
    tokens = await accounts.sign_in(known.email)
    theirs = answer["AuthenticationResult"]["RefreshToken"]
    assert theirs not in tokens.refresh_token
    assert theirs.encode() not in base64.urlsafe_b64decode(tokens.refresh_token)
    assert len(tokens.refresh_token) < 4_000, "a cookie holds no more"
    cognito.replies["InitiateAuth"] = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "session-of-cognito" * 60}
    challenge = await accounts.challenge(known.email)
    for readable in (challenge, *(base64.urlsafe_b64decode(part + "==") for part in challenge.split("."))):
        assert "session-of-cognito" not in str(readable)
        assert known.subject not in str(readable)


async def test_while_cognito_is_away_a_refresh_token_is_not_used_up(accounts: Accounts, cognito: Cognito) -> None:
    known = await proven(accounts, cognito)
    tokens = await accounts.sign_in(known.email)
    session_id = str((await accounts.claims(tokens)).session_id)
    cognito.replies["InitiateAuth"] = "InternalErrorException"
    with pytest.raises(Exception, match="InternalErrorException"):
        await accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
    cognito.replies["InitiateAuth"] = tokens_for(known.subject, session_id)
    await accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)


@pytest.mark.parametrize("ended", ["NotAuthorizedException", "UserNotFoundException", "another session"])
async def test_a_session_that_cognito_has_ended_is_over(accounts: Accounts, cognito: Cognito, ended: str) -> None:
    known = await proven(accounts, cognito)
    tokens = await accounts.sign_in(known.email)
    cognito.replies["InitiateAuth"] = tokens_for(known.subject) if ended == "another session" else ended
    refresh = accounts.provider.refresh(refresh_token=tokens.refresh_token, origin=ORIGIN)
    assert await fault_of(refresh) is FaultCode.TOKEN_INVALID


@pytest.mark.parametrize("answer", ["InternalErrorException", "NotAuthorizedException", {}])
async def test_signing_out_everywhere_does_not_depend_on_cognito(
    accounts: Accounts, cognito: Cognito, answer: Reply
) -> None:
    known = await proven(accounts, cognito)
    holder = await accounts.holder(known.email)
    cognito.replies["GlobalSignOut"] = answer
    (outcome,) = await asyncio.gather(accounts.provider.sign_out_everywhere(holder=holder), return_exceptions=True)
    assert (outcome is None) == (answer != "InternalErrorException")
    assert cognito.last("GlobalSignOut") == {"AccessToken": holder.access_token}
    assert await accounts.ended(known.email) == ["signed_out_everywhere"]
