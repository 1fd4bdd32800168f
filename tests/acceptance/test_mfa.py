"""Second factors as people meet them: setting one up, signing in with it, losing it, taking it away."""

import asyncio
import re

import pytest
import segno
from sqlalchemy import text

from domain.ports import SignUp
from tests.support.api import Api, Reply
from tests.support.authenticator import Authenticator
from tests.support.factories import Factory
from tests.support.mail import Post
from tests.support.people import ANOTHER, PASSWORD, VIEWER, Person
from tests.support.tools import Tools

REFUSED = (401, ["UNAUTHENTICATED"])
NO_CODES = ["", " ", "12345", "\x07", "ا" * 5_000, "'; DROP TABLE people; --", "١٢٣٤٥٦", "aaaaa-aaaaa", "null"]


@pytest.fixture
async def noura(api: Api, post: Post, factory: Factory) -> Person:
    """Somebody with a confirmed account and a password."""
    email = f"{factory.word()}@people.test"
    await factory.parts.identity.provision(SignUp(email=email, password=PASSWORD, name="Noura", locale="en"))
    return Person(api, post, email)


async def granted(reply: Reply, field: str) -> str:
    """The access token of a session that began."""
    session = reply.payload(field)["session"]
    assert session is not None
    return session["accessToken"]


def modules_of(svg: str) -> set[tuple[int, int]]:
    """Where a QR code in SVG is dark, in modules from its corner, without the margin of four."""
    (drawn,) = re.findall(r'class="qrline" stroke="#000" d="([^"]+)"', svg)
    dark: set[tuple[int, int]] = set()
    column, row = 0, 0
    for command, x, y in re.findall(r"([Mmh])(-?\d+)(?: ?(-?[\d.]+))?", drawn):
        if command == "h":
            dark |= {(column + each, row) for each in range(int(x))}
            column += int(x)
        else:
            column, row = (column, row) if command == "m" else (-4, -4)
            column, row = column + int(x), row + int(float(y or 0))
    return dark


async def test_the_whole_story_of_a_second_factor(noura: Person, tools: Tools) -> None:
    """Mission T6."""
    token = (await noura.sign_in())["accessToken"]
    assert (await noura.mfa(token))["isEnabled"] is False
    app, codes = await noura.enrol(token)
    state = await noura.mfa(token)
    assert state.pop("enabledAt") is not None
    assert state == {"isEnabled": True, "isGivenInSession": True, "isRequired": False, "recoveryCodesLeft": 10}
    await noura.sign_out(token)

    challenge = await noura.challenge()
    replayed = await noura.verify(challenge, app.code())
    assert replayed.faults("sessionVerify") == [("MFA_CODE_WRONG", ["code"])], "it was used to set the app up"
    await noura.half_a_minute_later(tools)
    token = await granted(await noura.verify(challenge, app.code()), "sessionVerify")
    assert (await noura.mfa(token))["isGivenInSession"] is True
    again = await noura.verify(challenge, app.code(steps=1))
    assert again.faults("sessionVerify") == [("CHALLENGE_ENDED", ["challenge"])]

    lost = await granted(await noura.recover(codes[0].upper()), "sessionRecover")
    assert (await noura.mfa(lost))["recoveryCodesLeft"] == 9
    assert (await noura.recover(codes[0])).faults("sessionRecover") == [("CREDENTIALS_WRONG", None)]

    disabled = await noura.ask("mfaDisable", token=lost, password=PASSWORD, code=codes[1])
    disabled.payload("mfaDisable")
    state = await noura.mfa(lost)
    assert state == {
        "isEnabled": False,
        "enabledAt": None,
        "isGivenInSession": False,
        "isRequired": False,
        "recoveryCodesLeft": 0,
    }
    gone = await noura.view(token)
    assert (gone.status, gone.codes) == REFUSED, "every other session has ended"
    assert (await noura.sign_in())["accessToken"]


async def test_the_qr_code_says_what_the_uri_says(noura: Person) -> None:
    """Mission T6. It is one whole SVG, and asks for nothing from anywhere."""
    token = (await noura.sign_in())["accessToken"]
    enrolment = (await noura.ask("mfaBegin", token=token)).payload("mfaBegin")["enrolment"]
    assert enrolment["uri"].startswith("otpauth://totp/Sadu:")
    assert enrolment["secret"] in enrolment["uri"]
    wanted = segno.make_qr(enrolment["uri"], error="m").matrix
    assert modules_of(enrolment["qrCode"]) == {
        (x, y) for y, row in enumerate(wanted) for x, is_dark in enumerate(row) if is_dark
    }
    assert re.findall(r"href|url\(|<script|<image|https?:", enrolment["qrCode"]) == ["http:"], "the name of SVG itself"


async def test_what_was_shown_once_is_never_told_again(
    noura: Person, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mission T6. Neither by an answer nor by the logs."""
    token = (await noura.sign_in())["accessToken"]
    app, codes = await noura.enrol(token)
    typed = app.code()
    for field in ("mfaBegin", "mfaConfirm"):
        reply = await noura.ask(field, token=token, password=PASSWORD, code=typed)
        assert reply.faults(field) == [("MFA_ENABLED", None)]
        assert app.secret not in str(reply.body)
    challenge = await noura.challenge()
    await noura.verify(challenge, typed)
    await noura.half_a_minute_later(tools)
    await noura.verify(challenge, app.code())
    await noura.recover(codes[0])
    logged = "".join(capsys.readouterr())
    assert "sessionVerify" in logged
    for secret in (app.secret, typed, challenge, token, *codes, noura.email, PASSWORD):
        assert secret not in logged


async def test_five_wrong_codes_end_the_sign_in(noura: Person, tools: Tools) -> None:
    """Mission T6."""
    app, _ = await noura.enrol((await noura.sign_in())["accessToken"])
    await noura.half_a_minute_later(tools)
    challenge = await noura.challenge()
    wrong = f"{(int(app.code(steps=5)) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert (await noura.verify(challenge, wrong)).faults("sessionVerify") == [("MFA_CODE_WRONG", ["code"])]
    ended = await noura.verify(challenge, app.code())
    assert ended.faults("sessionVerify") == [("CHALLENGE_ENDED", ["challenge"])]
    await granted(await noura.verify(await noura.challenge(), app.code()), "sessionVerify")


async def test_sixty_four_uses_of_one_code_at_once_sign_in_once(noura: Person, tools: Tools) -> None:
    """Mission T6. An old code, overheard, is worth nothing either."""
    app, codes = await noura.enrol((await noura.sign_in())["accessToken"])
    await noura.half_a_minute_later(tools)
    challenge, code = await noura.challenge(), app.code()
    replies = await asyncio.gather(*(noura.verify(challenge, code) for _ in range(64)))
    assert sum(not reply.faults("sessionVerify") for reply in replies) == 1
    replies = await asyncio.gather(*(noura.recover(codes[0]) for _ in range(64)))
    assert sum(not reply.faults("sessionRecover") for reply in replies) == 1


async def test_setting_it_up_needs_the_password(noura: Person) -> None:
    """Mission T6. An access token alone, overheard, does not make a session with a second factor."""
    token = (await noura.sign_in())["accessToken"]
    begun = (await noura.ask("mfaBegin", token=token)).payload("mfaBegin")["enrolment"]
    code = Authenticator(begun["secret"]).code()
    refused = await noura.ask("mfaConfirm", token=token, password=ANOTHER, code=code)
    assert refused.faults("mfaConfirm") == [("CREDENTIALS_WRONG", ["password"])]
    assert (await noura.mfa(token))["isEnabled"] is False


async def test_disabling_needs_the_password_and_a_code(noura: Person, tools: Tools) -> None:
    """Mission T6."""
    token = (await noura.sign_in())["accessToken"]
    early = await noura.ask("mfaDisable", token=token, password=PASSWORD, code="123456")
    assert early.faults("mfaDisable") == [("MFA_DISABLED", None)]
    app, codes = await noura.enrol(token)
    await noura.half_a_minute_later(tools)
    for given, fault in (
        ({"password": ANOTHER, "code": app.code()}, ("CREDENTIALS_WRONG", ["password"])),
        ({"password": ANOTHER, "code": codes[0]}, ("CREDENTIALS_WRONG", ["password"])),
        ({"password": PASSWORD, "code": "nonsense"}, ("MFA_CODE_WRONG", ["code"])),
        ({"password": PASSWORD, "code": ""}, ("MFA_CODE_WRONG", ["code"])),
    ):
        assert (await noura.ask("mfaDisable", token=token, **given)).faults("mfaDisable") == [fault]
    assert (await noura.mfa(token))["recoveryCodesLeft"] == 10
    (await noura.ask("mfaDisable", token=token, password=PASSWORD, code=app.code())).payload("mfaDisable")


async def test_recovery_codes_are_renewed_by_whoever_signed_in_with_the_app(noura: Person, tools: Tools) -> None:
    """Mission T6."""
    token, early = [(await noura.sign_in())["accessToken"] for _ in range(2)]
    _, codes = await noura.enrol(token)
    reply = await noura.ask("mfaRecoveryCodesRenew", token=early, password=PASSWORD)
    assert (reply.status, reply.codes) == REFUSED, "a session from before the second factor has ended"
    await tools.superuser.execute(text("UPDATE sessions SET mfa_at = NULL WHERE revoked_at IS NULL"))
    for field, given in (
        ("mfaRecoveryCodesRenew", {"password": PASSWORD}),
        ("mfaDisable", {"password": PASSWORD, "code": codes[1]}),
    ):
        assert (await noura.ask(field, token=token, **given)).codes == ["FORBIDDEN"], "they need the second factor"
    await tools.superuser.execute(text("UPDATE sessions SET mfa_at = now() WHERE revoked_at IS NULL"))
    wrong = await noura.ask("mfaRecoveryCodesRenew", token=token, password=ANOTHER)
    assert wrong.faults("mfaRecoveryCodesRenew") == [("CREDENTIALS_WRONG", ["password"])]
    renewed = await noura.ask("mfaRecoveryCodesRenew", token=token, password=PASSWORD)
    fresh = renewed.payload("mfaRecoveryCodesRenew")["recoveryCodes"]
    assert (await noura.recover(codes[0])).faults("sessionRecover") == [("CREDENTIALS_WRONG", None)]
    await granted(await noura.recover(fresh[0]), "sessionRecover")


async def test_whichever_of_the_three_is_wrong_the_answer_is_the_same(noura: Person, factory: Factory) -> None:
    """Mission T6. Nor does it tell whether there is such an account, or one with a second factor."""
    _, codes = await noura.enrol((await noura.sign_in())["accessToken"])
    nobody = Person(noura.api, noura.post, f"{factory.word()}@people.test")
    told = {
        str((await person.recover(code, password)).body["data"])
        for person, code, password in (
            (noura, codes[0], ANOTHER),
            (noura, "aaaaa-aaaaa", PASSWORD),
            (nobody, codes[0], PASSWORD),
        )
    }
    assert len(told) == 1
    assert "CREDENTIALS_WRONG" in told.pop()


@pytest.mark.parametrize("given", NO_CODES)
async def test_bad_input_is_a_user_error_and_changes_nothing(noura: Person, tools: Tools, given: str) -> None:
    """Mission T6."""
    token = (await noura.sign_in())["accessToken"]
    (await noura.ask("mfaBegin", token=token)).payload("mfaBegin")
    unconfirmed = await noura.ask("mfaConfirm", token=token, password=PASSWORD, code=given)
    assert unconfirmed.faults("mfaConfirm") == [("MFA_CODE_WRONG", ["code"])]
    assert (await noura.mfa(token))["isEnabled"] is False
    await noura.enrol(token)
    challenge = await noura.challenge()
    before = await tools.rows()
    for field, sent, fault in (
        ("sessionVerify", {"challenge": given, "code": given}, "CHALLENGE_ENDED"),
        ("sessionRecover", {"email": noura.email, "password": PASSWORD, "recoveryCode": given}, "CREDENTIALS_WRONG"),
        ("sessionRecover", {"email": noura.email, "password": given, "recoveryCode": given}, "CREDENTIALS_WRONG"),
        ("mfaRecoveryCodesRenew", {"password": given}, "CREDENTIALS_WRONG"),
        ("mfaDisable", {"password": PASSWORD, "code": given}, "MFA_CODE_WRONG"),
        ("mfaDisable", {"password": given, "code": given}, "CREDENTIALS_WRONG"),
    ):
        reply = await noura.ask(field, token=None if field.startswith("session") else token, **sent)
        assert [code for code, _ in reply.faults(field)] == [fault], field
    after = await tools.rows()
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= {"mfa_challenges"}, "where guesses are counted"
    assert (await noura.verify(challenge, given)).faults("sessionVerify") == [("MFA_CODE_WRONG", ["code"])]


async def test_a_guest_is_told_to_sign_in(noura: Person) -> None:
    """Mission T6."""
    for field, given in (
        ("mfaBegin", {}),
        ("mfaConfirm", {"password": PASSWORD, "code": "123456"}),
        ("mfaRecoveryCodesRenew", {"password": PASSWORD}),
        ("mfaDisable", {"password": PASSWORD, "code": "123456"}),
        ("sessionSignOutEverywhere", {}),
    ):
        reply = await noura.ask(field, **given)
        assert (reply.status, reply.codes) == REFUSED
    assert (await noura.view(None)).codes == ["UNAUTHENTICATED"]
    assert "mfa" not in VIEWER


async def test_an_app_of_somebody_else_opens_nothing(noura: Person, factory: Factory, tools: Tools) -> None:
    """Mission T6."""
    await noura.enrol((await noura.sign_in())["accessToken"])
    thief = Person(noura.api, noura.post, f"{factory.word()}@people.test")
    await factory.parts.identity.provision(SignUp(email=thief.email, password=PASSWORD, name="Thief", locale="en"))
    app, codes = await thief.enrol((await thief.sign_in())["accessToken"])
    await thief.half_a_minute_later(tools)
    assert isinstance(app, Authenticator)
    stolen = await noura.verify(await noura.challenge(), app.code())
    assert stolen.faults("sessionVerify") == [("MFA_CODE_WRONG", ["code"])]
    assert (await noura.recover(codes[0])).faults("sessionRecover") == [("CREDENTIALS_WRONG", None)]
