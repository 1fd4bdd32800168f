"""Mission T6: second factors at a Cognito that answers what moto does not."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from db.models import Person, PersonSession
from domain.acts import Act
from domain.errors import FaultCode
from tests.support.cognito_people import (
    CODE,
    protected,
    protected_in,
    proven,
)
from tests.support.cognito_stand_in import (
    Cognito,
    Later,
    Reply,
    in_turn,
    secret_hash,
    tokens_for,
)
from tests.support.identity_providers import ORIGIN, PASSWORD, Accounts, fault_of


@pytest.mark.parametrize(
    ("refusal", "fault"),
    [
        ("CodeMismatchException", FaultCode.MFA_CODE_WRONG),
        ("ExpiredCodeException", FaultCode.MFA_CODE_WRONG),  # how Cognito calls a code that was used before
        ("NotAuthorizedException", FaultCode.CHALLENGE_ENDED),
    ],
)
async def test_what_cognito_says_to_the_code_of_an_app(
    accounts: Accounts, cognito: Cognito, refusal: str, fault: FaultCode
) -> None:
    known, _ = await protected(accounts, cognito)
    cognito.replies["RespondToAuthChallenge"] = refusal
    challenge = await accounts.challenge(known.email)
    assert await fault_of(accounts.answer(challenge, "١٢٣ ٤٥٦")) is fault
    given = cognito.last("RespondToAuthChallenge")
    assert (given["Session"], given["ChallengeResponses"]) == (
        "s" * 30,
        {
            "USERNAME": known.subject,
            "SOFTWARE_TOKEN_MFA_CODE": CODE,
            "SECRET_HASH": secret_hash(known.subject),
        },
    )


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("SoftwareTokenMFANotFoundException", FaultCode.NOT_FOUND),
        ("EnableSoftwareTokenMFAException", FaultCode.MFA_CODE_WRONG),
        ("CodeMismatchException", FaultCode.MFA_CODE_WRONG),
        ({"Status": "ERROR"}, FaultCode.MFA_CODE_WRONG),
    ],
)
async def test_what_cognito_says_to_a_new_app(
    accounts: Accounts, cognito: Cognito, reply: Reply, fault: FaultCode
) -> None:
    known = await proven(accounts, cognito)
    holder = await accounts.holder(known.email)
    cognito.replies["VerifySoftwareToken"] = reply
    assert await fault_of(accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=CODE)) is fault
    assert "SetUserMFAPreference" not in cognito.operations()
    assert (await accounts.person(known.email)).mfa_since is None


@pytest.mark.parametrize("during", ["", "NotAuthorizedException", "InternalErrorException"])
async def test_a_recovery_switches_the_app_on_again_whatever_happens(
    accounts: Accounts, cognito: Cognito, during: str
) -> None:
    known, codes = await protected(accounts, cognito)
    cognito.replies["InitiateAuth"] = in_turn(
        {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s" * 30},
        during or tokens_for(known.subject),
    )
    cognito.asked.clear()
    (outcome,) = await asyncio.gather(accounts.recover(known.email, codes[0]), return_exceptions=True)
    assert isinstance(outcome, BaseException) == bool(during)
    switched = [
        given["SoftwareTokenMfaSettings"]["Enabled"]
        for operation, given in cognito.asked
        if operation == "AdminSetUserMFAPreference"
    ]
    assert switched == [False, True]
    assert cognito.operations()[:3] == ["InitiateAuth", "AdminSetUserMFAPreference", "InitiateAuth"]


async def test_without_a_recovery_code_the_app_stays_on(accounts: Accounts, cognito: Cognito) -> None:
    known, _ = await protected(accounts, cognito)
    assert await fault_of(accounts.recover(known.email, "00000-00000")) is FaultCode.CREDENTIALS_WRONG
    assert "AdminSetUserMFAPreference" not in cognito.operations()


@pytest.mark.parametrize("switched", [{}, "InvalidParameterException"])
async def test_an_app_that_was_switched_off_at_cognito_is_asked_for_again(
    accounts: Accounts, cognito: Cognito, switched: Reply
) -> None:
    """Or nobody but a holder of the app could do without; also in the moment that a recovery has it switched off."""
    known, _ = await protected(accounts, cognito)
    cognito.replies |= {
        "InitiateAuth": Later(lambda: tokens_for(known.subject)),
        "AdminSetUserMFAPreference": switched,
    }
    assert await fault_of(accounts.sign_in(known.email)) is FaultCode.CREDENTIALS_WRONG
    assert cognito.last("AdminSetUserMFAPreference")["SoftwareTokenMfaSettings"]["Enabled"] is True
    assert (await accounts.person(known.email)).mfa_since is not None
    assert len(await accounts.rows(known.email, PersonSession)) == 1


async def test_disabling_wants_a_code_also_of_an_app_that_was_switched_off_at_cognito(
    accounts: Accounts, cognito: Cognito
) -> None:
    known, codes, holder = await protected_in(accounts, cognito)
    cognito.replies["InitiateAuth"] = Later(lambda: tokens_for(known.subject))
    disable = accounts.provider.disable_totp
    for code in (CODE, "", "00000-00000"):
        assert await fault_of(disable(holder=holder, password=PASSWORD, code=code)) is FaultCode.MFA_CODE_WRONG
    assert cognito.last("AdminSetUserMFAPreference")["SoftwareTokenMfaSettings"]["Enabled"] is True
    assert (await accounts.person(known.email)).mfa_since is not None
    await disable(holder=holder, password=PASSWORD, code=codes[0])
    assert (await accounts.person(known.email)).mfa_since is None


async def test_fifty_wrong_codes_in_a_day_end_disabling_too(accounts: Accounts, cognito: Cognito) -> None:
    _, _, holder = await protected_in(accounts, cognito)
    cognito.replies["RespondToAuthChallenge"] = "CodeMismatchException"
    disable = accounts.provider.disable_totp
    for _ in range(50):
        assert await fault_of(disable(holder=holder, password=PASSWORD, code=CODE)) is FaultCode.MFA_CODE_WRONG
    cognito.asked.clear()
    assert await fault_of(disable(holder=holder, password=PASSWORD, code=CODE)) is FaultCode.LIMIT_REACHED
    assert "RespondToAuthChallenge" not in cognito.operations()


@pytest.mark.parametrize("moment", ["the app is set up", "of a recovery"])
async def test_a_sign_in_without_the_app_that_ends_too_late_lets_nobody_in(
    accounts: Accounts, cognito: Cognito, moment: str
) -> None:
    """Cognito let it in; by the time that we write it down there is a second factor, or was all the time."""
    known = await proven(accounts, cognito)
    early, account = tokens_for(known.subject), await accounts.account(known.email)
    cognito.replies["VerifySoftwareToken"] = {"Status": "SUCCESS"}
    holder = await accounts.holder(known.email)
    codes = await accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=CODE)
    if moment == "of a recovery":
        await accounts.recover(known.email, codes[0])
        assert (await accounts.account(known.email)).password_hash != account.password_hash
    sessions: Any = getattr(accounts.provider, "_sessions")  # noqa: B009 - the step that comes late
    begun = sessions.begin(account, early, act=Act.SESSION_SIGN_IN, origin=ORIGIN, with_mfa=False)
    assert await fault_of(begun) is FaultCode.CREDENTIALS_WRONG
    assert (await accounts.person(known.email)).mfa_since is not None


async def test_an_app_that_was_switched_on_at_cognito_is_learnt_of(accounts: Accounts, cognito: Cognito) -> None:
    known = await proven(accounts, cognito)
    cognito.replies["InitiateAuth"] = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s" * 30}
    cognito.replies["RespondToAuthChallenge"] = tokens_for(known.subject)
    tokens = await accounts.answer(await accounts.challenge(known.email), CODE)
    assert await accounts.has_mfa(known.email, tokens)
    assert (await accounts.person(known.email)).mfa_since is not None


async def test_a_recovery_ends_sessions_in_which_no_second_factor_was_given(
    accounts: Accounts, cognito: Cognito
) -> None:
    known, codes = await protected(accounts, cognito)
    async with accounts.parts.database.write(await accounts.scope(known.email)) as session:
        await session.execute(update(PersonSession).values(mfa_at=None))
    cognito.replies["InitiateAuth"] = in_turn(
        {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s" * 30},
        tokens_for(known.subject),
    )
    recovered = await accounts.recover(known.email, codes[0])
    assert await accounts.ended(known.email) == ["recovered", None]
    assert await accounts.is_active(recovered)
    since = (await accounts.rows(known.email, Person))[0].mfa_since
    assert since is not None
