"""GraphiQL's own scripts, run against the API: signing in by a key, a token, or a password with its second factor."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from domain.ports import SignUp
from gql.ids import global_id
from tests.support.api import Api
from tests.support.api_keys import Keyring
from tests.support.authenticator import Authenticator
from tests.support.factories import Factory, Shop
from tests.support.mail import Post
from tests.support.node import run_script
from tests.support.people import PASSWORD, Person
from tests.support.tools import Tools

ROOT = Path(__file__).parents[2]
PAGE, SCRIPTS = ROOT / "server" / "graphiql", ROOT / "tests" / "support" / "graphiql"
MISTYPED = "This API key is mistyped, expired or revoked."
ENDED = "Your session has ended. Sign in again."


async def asked(api: Api, pasted: str, query: str, tenant: str = "") -> dict[str, Any]:
    told: dict[str, Any] = json.loads(await run_script(SCRIPTS / "ask.mjs", str(PAGE), api.url, tenant, pasted, query))
    return told


async def done(api: Api, *steps: Sequence[str | int]) -> list[dict[str, Any]]:
    """What the page tells after each step; see the script."""
    printed = await run_script(SCRIPTS / "sign_in.mjs", str(PAGE), api.url, json.dumps(steps))
    told: list[dict[str, Any]] = json.loads(printed)
    return told


@pytest.fixture
async def noura(api: Api, post: Post, factory: Factory) -> Person:
    """Somebody with a confirmed account and a password."""
    email = f"{factory.word()}@people.test"
    await factory.parts.identity.provision(SignUp(email=email, password=PASSWORD, name="Noura", locale="en"))
    return Person(api, post, email)


@pytest.fixture
async def app_and_codes(noura: Person, tools: Tools) -> tuple[Authenticator, list[str]]:
    """Noura's second factor, of which no code was used lately, and its recovery codes."""
    enrolled = await noura.enrol((await noura.sign_in())["accessToken"])
    await noura.half_a_minute_later(tools)
    return enrolled


@pytest.mark.parametrize("written", ["{}", "  {}\n", "Bearer {}", "bearer  {} "])
async def test_a_pasted_api_key_is_sent_as_the_bearer_token(api: Api, shop: Shop, written: str) -> None:
    """Mission W1, T8. A key names its tenant, so the field for that may stay empty."""
    key = await Keyring(api, shop).key("CATALOG_READ")
    told = await asked(api, written.format(key), "{ tenant { slug items(first: 1) { totalCount } } }")
    assert told["result"]["data"] == {"tenant": {"slug": shop.slug, "items": {"totalCount": 0}}}
    assert (told["sent"], told["label"]) == ([f"Bearer {key}"] * 2, f"API key …{key[-4:]}")
    assert (told["complaint"], told["refusals"]) == (None, [])
    assert key in told["kept"][0]


async def test_a_pasted_access_token_is_sent_with_the_tenant(api: Api, shop: Shop) -> None:
    """Mission W1."""
    told = await asked(api, shop.token, "{ viewer { person { id } } tenant { slug } }", shop.slug)
    person = {"id": global_id("person", shop.owner.person.id)}
    assert told["result"]["data"] == {"viewer": {"person": person}, "tenant": {"slug": shop.slug}}
    assert told["label"] == f"{shop.owner.person.name} · token …{shop.token[-4:]}"


async def test_what_is_no_token_is_told_and_not_sent(api: Api, shop: Shop) -> None:
    """Mission W1."""
    told = await asked(api, "two words", "{ store { slug } }", shop.slug)
    assert told["complaint"] == "That is not a token: it must be one word."
    assert (told["sent"], told["label"], told["kept"]) == ([None], None, [])
    assert told["result"]["data"] == {"store": {"slug": shop.slug}}


@pytest.mark.parametrize(
    ("pasted", "complaint"),
    [
        ("sadu_live_abc", MISTYPED),
        (f"sadu_live_{'0' * 49}", MISTYPED),
        ("hello", "This token is not valid, or no longer."),
    ],
)
async def test_what_the_server_refuses_is_told_and_not_kept(api: Api, shop: Shop, pasted: str, complaint: str) -> None:
    """Mission W1. Who pasted it is a guest still."""
    told = await asked(api, pasted, "{ store { slug } }", shop.slug)
    assert (told["complaint"], told["label"], told["kept"]) == (complaint, None, [])
    assert told["sent"] == [f"Bearer {pasted}", None]
    assert told["result"]["data"] == {"store": {"slug": shop.slug}}


async def test_a_revoked_key_and_an_ended_session_are_not_taken(api: Api, shop: Shop, noura: Person) -> None:
    """Mission W1, T8."""
    keyring = Keyring(api, shop)
    made = await keyring.make("CATALOG_READ")
    await keyring.revoke(made["apiKey"]["id"])
    token = (await noura.sign_in())["accessToken"]
    await noura.sign_out(token)
    for pasted in (made["key"], token):
        told = await asked(api, pasted, "{ store { slug } }", shop.slug)
        assert told["complaint"]
        assert (told["label"], told["kept"]) == (None, [])


async def test_a_refusal_is_told_in_words(api: Api, shop: Shop) -> None:
    """Mission W1."""
    told = await asked(api, "two words", "{ tenant { id } }", shop.slug)
    assert told["refusals"] == ["Sign in first. You are not signed in."]


async def test_a_qr_code_in_an_answer_becomes_a_picture(api: Api, shop: Shop) -> None:
    """Mission T6. All of it stands in the picture's address, escaped: nothing of it is markup of the page."""
    told = await asked(api, shop.token, "mutation { mfaBegin { enrolment { qrCode } } }")
    svg = told["result"]["data"]["mfaBegin"]["enrolment"]["qrCode"]
    (picture,) = told["pictures"]
    kind, _, written = picture.partition(",")
    assert (kind, unquote(written)) == ("data:image/svg+xml", svg)
    assert not set(written) & set('<>"#& ')
    assert (await asked(api, shop.token, "mutation { mfaBegin { enrolment { uri } } }"))["pictures"] == []


async def test_a_wrong_code_may_be_given_anew(
    api: Api, noura: Person, app_and_codes: tuple[Authenticator, list[str]]
) -> None:
    """Mission T6, W1. The challenge stays what it was, and the code may be written with a space."""
    app, _ = app_and_codes
    code = app.code()
    asked, wrong, again, right = await done(
        api,
        ["signIn", noura.email, PASSWORD],
        ["verify", "000000" if code != "000000" else "000001"],
        ["verify", "nonsense"],
        ["verify", f" {code[:3]} {code[3:]}"],
    )
    assert (asked["isAsked"], asked["label"], asked["isKept"]) == (True, None, False)
    for one in (wrong, again):
        assert (one["codes"], one["label"], one["isKept"]) == (["MFA_CODE_WRONG"], None, False)
        assert one["complaint"]
    assert (right["complaint"], right["label"], right["isKept"]) == (None, noura.email, True)


async def test_a_challenge_that_has_ended_is_told_by_its_code(
    api: Api, noura: Person, app_and_codes: tuple[Authenticator, list[str]]
) -> None:
    """Mission T6, W1. By it the dialog goes back to the password."""
    told = await done(api, ["signIn", noura.email, PASSWORD], *[["verify", "nonsense"]] * 5, ["verify", "nonsense"])
    assert [one["codes"] for one in told[1:]] == [["MFA_CODE_WRONG"]] * 5 + [["CHALLENGE_ENDED"]]


async def test_a_recovery_code_does_in_place_of_the_app(
    api: Api, noura: Person, app_and_codes: tuple[Authenticator, list[str]]
) -> None:
    """Mission T6, W1."""
    _, codes = app_and_codes
    _, wrong, right = await done(
        api, ["signIn", noura.email, PASSWORD], ["recover", "aaaaa-aaaaa"], ["recover", codes[0]]
    )
    assert (wrong["codes"], wrong["label"], wrong["isKept"]) == (["CREDENTIALS_WRONG"], None, False)
    assert (right["complaint"], right["label"], right["isKept"]) == (None, noura.email, True)


async def test_a_session_ends_when_the_server_says_so_and_not_when_it_is_away(api: Api, noura: Person) -> None:
    """Mission W1."""
    began, _, _, away, _, renewed, _, _, used_up = await done(
        api,
        ["signIn", noura.email, PASSWORD],
        ["hoursLater", 100],
        ["unplug"],
        ["renew"],
        ["plugIn"],
        ["renew"],
        ["useUp"],
        ["hoursLater", 200],
        ["renew"],
    )
    assert began["isAsked"] is False
    for one in (began, away, renewed):
        assert (one["label"], one["isKept"], one["ended"]) == (noura.email, True, [])
    assert (used_up["label"], used_up["isKept"], used_up["ended"]) == (None, False, [ENDED])
