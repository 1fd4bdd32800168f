"""Accounts and sessions, from the first sign-up to a reset password, and whom a token is believed."""

import asyncio
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from settings import Settings
from tests.support.api import Api, Reply
from tests.support.factories import Factory, Member, Shop
from tests.support.forged_tokens import FORGED, Forger
from tests.support.mail import Post
from tests.support.people import ANOTHER, PASSWORD, VIEWER, Person
from tests.support.tools import Tools

UNSENDABLE = {"empty", "NUL", "half a surrogate pair", "Arabic", "oversized"}
"""Forgeries that HTTP itself keeps from being sent, or whose refusal may come from the server's own limits."""


@pytest.fixture
def person(api: Api, post: Post, factory: Factory) -> Person:
    """Somebody without an account."""
    return Person(api, post, f"{factory.word()}@people.test")


@pytest.fixture
async def known(person: Person) -> Person:
    """Somebody with a confirmed account."""
    await person.sign_up()
    await person.confirm()
    return person


@pytest.fixture
def stranger(api: Api, post: Post, factory: Factory) -> Person:
    """An address that nobody signed up with."""
    return Person(api, post, f"{factory.word()}@people.test")


def refused(reply: Reply) -> bool:
    return (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"])


async def test_the_whole_story_of_an_account(person: Person) -> None:
    """Mission T1."""
    await person.sign_up()
    early = await person.ask("sessionSignIn", email=person.email, password=PASSWORD)
    assert early.faults("sessionSignIn") == [("ACCOUNT_UNCONFIRMED", None)]
    await person.confirm()

    first = await person.sign_in()
    assert first["expiresIn"] == 900
    viewer = (await person.view(first["accessToken"])).data["viewer"]
    assert viewer["person"]["email"] == person.email
    assert viewer["person"]["id"].startswith("person_")
    assert (viewer["person"]["name"], viewer["person"]["locale"]) == ("Noura Al-Sabah", "EN")
    assert viewer["memberships"] == []

    second = (await person.refresh(first["refreshToken"])).payload("sessionRefresh")["session"]
    assert second["refreshToken"] != first["refreshToken"]
    assert (await person.view(second["accessToken"])).status == 200

    assert (await person.sign_out(second["accessToken"])).payload("sessionSignOut") == {"userErrors": []}
    assert refused(await person.view(second["accessToken"])), "signing out acts on the very next request"
    assert refused(await person.view(first["accessToken"])), "on every access token of the session"
    assert (await person.refresh(second["refreshToken"])).faults("sessionRefresh") == [
        ("TOKEN_INVALID", ["refreshToken"])
    ]


async def test_a_refresh_token_used_twice_ends_the_session_for_both_who_hold_it(known: Person) -> None:
    """Mission T1."""
    stolen, elsewhere = await known.sign_in(), await known.sign_in()
    renewed = (await known.refresh(stolen["refreshToken"])).payload("sessionRefresh")["session"]
    assert (await known.refresh(stolen["refreshToken"])).faults("sessionRefresh")[0][0] == "TOKEN_INVALID"
    assert (await known.refresh(renewed["refreshToken"])).faults("sessionRefresh")[0][0] == "TOKEN_INVALID"
    assert refused(await known.view(renewed["accessToken"]))
    assert (await known.view(elsewhere["accessToken"])).status == 200, "other sign-ins go on"


async def test_a_forgotten_password_is_reset_by_a_mailed_code(known: Person) -> None:
    """Mission T1."""
    before = await known.sign_in()
    (await known.ask("accountPasswordForgot", email=known.email.upper())).payload("accountPasswordForgot")
    reset = {"email": known.email, "code": await known.post.code_for(known.email), "newPassword": ANOTHER}
    (await known.ask("accountPasswordReset", **reset)).payload("accountPasswordReset")

    assert refused(await known.view(before["accessToken"])), "every session has ended"
    assert (await known.refresh(before["refreshToken"])).faults("sessionRefresh")[0][0] == "TOKEN_INVALID"
    again = await known.ask("accountPasswordReset", **reset)
    assert again.faults("accountPasswordReset") == [("CODE_WRONG", ["code"])]
    old = await known.ask("sessionSignIn", email=known.email, password=PASSWORD)
    assert old.faults("sessionSignIn") == [("CREDENTIALS_WRONG", None)]
    assert (await known.view((await known.sign_in(ANOTHER))["accessToken"])).status == 200


async def test_a_sign_up_hears_of_everything_that_is_wrong_at_once(person: Person) -> None:
    """Mission T1."""
    reply = await person.ask("accountSignUp", email="nobody", password="password1234", name=" ")
    assert set(map(str, reply.faults("accountSignUp"))) == {
        "('INVALID', ['email'])",
        "('INVALID', ['password'])",
        "('REQUIRED', ['name'])",
    }
    reply = await person.ask("accountPasswordReset", email=person.email, code="123456", newPassword="short")
    assert reply.faults("accountPasswordReset") == [("INVALID", ["newPassword"])]


async def test_five_wrong_codes_use_the_right_one_up(person: Person) -> None:
    """Mission T1."""
    await person.sign_up()
    code = await person.post.code_for(person.email)
    for guess in range(5):
        wrong = f"{(int(code) + 1 + guess) % 1_000_000:06d}"
        reply = await person.ask("accountConfirm", email=person.email, code=wrong)
        assert reply.faults("accountConfirm") == [("CODE_WRONG", ["code"])]
    reply = await person.ask("accountConfirm", email=person.email, code=code)
    assert reply.faults("accountConfirm") == [("CODE_WRONG", ["code"])]
    reply = await person.ask("sessionSignIn", email=person.email, password=PASSWORD)
    assert reply.faults("sessionSignIn") == [("ACCOUNT_UNCONFIRMED", None)]


async def test_sixty_four_guesses_at_once_are_no_more_than_five(known: Person) -> None:
    """Mission T1. The right code is among the guesses' successors: it is used up with them."""
    (await known.ask("accountPasswordForgot", email=known.email)).payload("accountPasswordForgot")
    code = await known.post.code_for(known.email)
    guesses = [f"{(int(code) + 1 + guess) % 1_000_000:06d}" for guess in range(64)]
    replies = await asyncio.gather(
        *(known.ask("accountPasswordReset", email=known.email, code=guess, newPassword=ANOTHER) for guess in guesses)
    )
    assert {str(reply.faults("accountPasswordReset")) for reply in replies} == {"[('CODE_WRONG', ['code'])]"}
    late = await known.ask("accountPasswordReset", email=known.email, code=code, newPassword=ANOTHER)
    assert late.faults("accountPasswordReset") == [("CODE_WRONG", ["code"])]
    await known.sign_in(PASSWORD)


async def test_one_code_used_sixty_four_times_at_once_resets_once(known: Person) -> None:
    """Mission T1."""
    (await known.ask("accountPasswordForgot", email=known.email)).payload("accountPasswordForgot")
    code = await known.post.code_for(known.email)
    passwords = [f"{number} brown oryxes" for number in range(64)]
    replies = await asyncio.gather(
        *(known.ask("accountPasswordReset", email=known.email, code=code, newPassword=each) for each in passwords)
    )
    won = [each for each, reply in zip(passwords, replies, strict=True) if not reply.faults("accountPasswordReset")]
    assert len(won) == 1
    await known.sign_in(won[0])


async def test_no_answer_tells_whether_an_address_has_an_account(known: Person, stranger: Person) -> None:
    """Mission T1. The answers are alike to the letter; only the mails differ."""
    questions: list[tuple[str, dict[str, Any]]] = [
        ("accountSignUp", {"password": ANOTHER, "name": "Somebody", "locale": "EN"}),
        ("accountConfirmationResend", {}),
        ("accountPasswordForgot", {}),
        ("accountConfirm", {"code": "000000"}),
        ("accountPasswordReset", {"code": "000000", "newPassword": ANOTHER}),
        ("sessionSignIn", {"password": "nine white horses"}),
    ]
    unknown = Person(stranger.api, stranger.post, f"other-{stranger.email}")
    for field, given in questions:
        asked = unknown if field == "accountSignUp" else stranger
        answers = [await who.ask(field, email=who.email, **given) for who in (known, asked)]
        assert answers[0].status == answers[1].status == 200
        for answer in answers:
            # What the client has left grows between the two; what the answer cost must be alike.
            assert answer.body["extensions"]["cost"]["throttleStatus"].pop("currentlyAvailable") > 0
        assert json.dumps(answers[0].body) == json.dumps(answers[1].body), field
    assert [mail.subject for mail in await known.post.to(stranger.email)] == []
    assert "already" in (await known.post.to(known.email))[-1].subject
    assert "Confirm" in (await known.post.to(unknown.email))[-1].subject
    await known.sign_in(PASSWORD)


async def test_an_address_cannot_be_flooded_with_mails(person: Person) -> None:
    """Mission T1."""
    await person.sign_up()
    for _ in range(5):
        (await person.ask("accountConfirmationResend", email=person.email)).payload("accountConfirmationResend")
        (await person.ask("accountPasswordForgot", email=person.email)).payload("accountPasswordForgot")
        await person.sign_up()
    assert len(await person.post.to(person.email)) == 1
    await person.confirm()


async def test_nobody_prepares_an_account_for_a_strangers_address(person: Person) -> None:
    """Mission T1. Whoever signed up first would otherwise own what the address's owner confirms."""
    await person.sign_up(ANOTHER, name="A Thief")
    await person.sign_up(PASSWORD)
    await person.confirm()
    reply = await person.ask("sessionSignIn", email=person.email, password=ANOTHER)
    assert reply.faults("sessionSignIn") == [("CREDENTIALS_WRONG", None)]
    (await person.ask("accountPasswordForgot", email=person.email)).payload("accountPasswordForgot")
    reset = {"email": person.email, "code": await person.post.code_for(person.email), "newPassword": PASSWORD}
    (await person.ask("accountPasswordReset", **reset)).payload("accountPasswordReset")
    await person.sign_in(PASSWORD)


async def test_a_known_password_is_changed_and_other_sessions_end(known: Person) -> None:
    """Mission T1."""
    here, there = await known.sign_in(), await known.sign_in()
    token = here["accessToken"]
    for given, faults in (
        ({"currentPassword": ANOTHER, "newPassword": ANOTHER}, [("CREDENTIALS_WRONG", ["currentPassword"])]),
        ({"currentPassword": "", "newPassword": ANOTHER}, [("CREDENTIALS_WRONG", ["currentPassword"])]),
        ({"currentPassword": PASSWORD, "newPassword": "password1234"}, [("INVALID", ["newPassword"])]),
        ({"currentPassword": PASSWORD, "newPassword": ""}, [("REQUIRED", ["newPassword"])]),
        ({"currentPassword": PASSWORD, "newPassword": "x" * 10_000}, [("TOO_LONG", ["newPassword"])]),
        ({"currentPassword": PASSWORD, "newPassword": f"my {known.email}"}, [("INVALID", ["newPassword"])]),
    ):
        refusal = await known.ask("accountPasswordChange", token=token, **given)
        assert refusal.faults("accountPasswordChange") == faults
    assert (await known.view(there["accessToken"])).status == 200

    change = {"currentPassword": PASSWORD, "newPassword": ANOTHER}
    (await known.ask("accountPasswordChange", token=token, **change)).payload("accountPasswordChange")
    assert (await known.view(token)).status == 200
    (await known.refresh(here["refreshToken"])).payload("sessionRefresh")
    assert refused(await known.view(there["accessToken"]))
    assert (await known.refresh(there["refreshToken"])).faults("sessionRefresh")[0][0] == "TOKEN_INVALID"
    again = await known.ask("accountPasswordChange", token=token, **change)
    assert again.faults("accountPasswordChange") == [("CREDENTIALS_WRONG", ["currentPassword"])]
    await known.sign_in(ANOTHER)
    assert refused(await known.ask("accountPasswordChange", **change))


async def test_signing_out_everywhere_leaves_no_session_of_that_person(known: Person, shop: Shop) -> None:
    """Mission T1."""
    here, there = await known.sign_in(), await known.sign_in()
    await known.ask("sessionSignOutEverywhere", token=here["accessToken"])
    for session in (here, there):
        assert refused(await known.view(session["accessToken"]))
        assert (await known.refresh(session["refreshToken"])).faults("sessionRefresh")[0][0] == "TOKEN_INVALID"
    assert refused(await known.ask("sessionSignOutEverywhere", token=here["accessToken"]))
    assert (await known.view(shop.token)).status == 200, "nobody else's"
    await known.sign_in()


async def test_a_person_changes_what_they_say_about_themselves(known: Person, shop: Shop) -> None:
    """Mission T1."""
    token = (await known.sign_in())["accessToken"]
    reply = await known.ask("accountUpdate", token=token, name="  نورة الصباح ", locale="AR")
    assert reply.payload("accountUpdate")["person"]["name"] == "نورة الصباح"
    (await known.ask("accountUpdate", token=token, locale="EN")).payload("accountUpdate")
    person = (await known.view(token)).data["viewer"]["person"]
    assert (person["name"], person["locale"], person["email"]) == ("نورة الصباح", "EN", known.email)
    for given, fault in (
        ({"name": None}, ("REQUIRED", ["name"])),
        ({"name": " "}, ("REQUIRED", ["name"])),
        ({"name": "x" * 10_000, "locale": "AR"}, ("TOO_LONG", ["name"])),
        ({"name": "visit evil.test now"}, ("INVALID", ["name"])),
        ({"name": "\u202egnp.exe"}, ("INVALID", ["name"])),
        ({"locale": None}, ("REQUIRED", ["locale"])),
    ):
        assert (await known.ask("accountUpdate", token=token, **given)).faults("accountUpdate") == [fault]
    assert (await known.view(token)).data["viewer"]["person"] == person
    assert (await known.view(shop.token)).data["viewer"]["person"]["name"] == shop.owner.person.name
    assert refused(await known.ask("accountUpdate", name="Nobody"))


async def test_one_address_is_one_account_however_it_is_written(known: Person) -> None:
    """Mission T1."""
    local, _, domain = known.email.partition("@")
    for written in (known.email.upper(), f"  {known.email} ", f"{local.title()}@{domain.upper()}"):
        reply = await known.ask("sessionSignIn", email=written, password=PASSWORD)
        assert reply.payload("sessionSignIn")["session"]
    lookalike = f"{local}@p\u0435ople.test"  # a Cyrillic letter
    reply = await known.ask("sessionSignIn", email=lookalike, password=PASSWORD)
    assert reply.faults("sessionSignIn") == [("CREDENTIALS_WRONG", None)]


NASTY = {
    "": "REQUIRED",
    " ": "INVALID",
    "\x07": "INVALID",
    "ا" * 5_000: "TOO_LONG",
    "'; DROP TABLE people; --": "CODE_WRONG",
    "{}": "INVALID",
    "\u202e": "INVALID",
    "😀" * 300: "TOO_LONG",
    "%s%n": "INVALID",
    "null": "INVALID",
}
"""What is no input, with what it comes to as a new password; one of them could be one."""


@pytest.mark.parametrize(("nasty", "as_password"), NASTY.items())
async def test_bad_input_is_a_user_error_and_changes_nothing(
    person: Person, tools: Tools, nasty: str, as_password: str
) -> None:
    """Mission T1."""
    email, as_name = ("INVALID", ["email"]), "TOO_LONG" if len(nasty) > 100 else "INVALID"
    wrong, wrong_code = ("CREDENTIALS_WRONG", None), ("CODE_WRONG", ["code"])
    as_new = wrong_code if as_password == "CODE_WRONG" else (as_password, ["newPassword"])
    questions: list[tuple[str, dict[str, str], tuple[str, list[str] | None]]] = [
        ("accountSignUp", {"email": nasty, "password": nasty, "name": nasty}, email),
        ("accountSignUp", {"email": person.email, "password": PASSWORD, "name": "\x07" + nasty}, (as_name, ["name"])),
        ("accountConfirm", {"email": person.email, "code": nasty}, wrong_code),
        ("accountPasswordReset", {"email": person.email, "code": nasty, "newPassword": PASSWORD}, wrong_code),
        ("accountPasswordReset", {"email": person.email, "code": "123456", "newPassword": nasty}, as_new),
        ("sessionSignIn", {"email": person.email, "password": nasty}, wrong),
        ("sessionVerify", {"challenge": nasty, "code": nasty}, ("CHALLENGE_ENDED", ["challenge"])),
        ("sessionRecover", {"email": person.email, "password": nasty, "recoveryCode": nasty}, wrong),
        ("sessionRecover", {"email": nasty, "password": PASSWORD, "recoveryCode": "aaaaa-aaaaa"}, email),
        ("sessionRefresh", {"refreshToken": nasty}, ("TOKEN_INVALID", ["refreshToken"])),
        *((field, {"email": nasty}, email) for field in ("accountConfirmationResend", "accountPasswordForgot")),
    ]
    before = await tools.rows()
    for field, given, fault in questions:
        reply = await person.ask(field, **given)
        assert reply.faults(field)[0] == fault, field
    assert await tools.rows() == before


# Mission T2: whom a token is believed


@pytest.fixture
def forger(settings: Settings, shop: Shop) -> Forger:
    """One who has somehow the signing key, and knows the owner of a shop and a live session of theirs."""
    assert settings.identity_private_key_file
    key = load_pem_private_key(settings.identity_private_key_file.read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    claims = jwt.decode(shop.token, options={"verify_signature": False})
    return Forger(
        key,
        issuer=claims["iss"],
        client_id=claims["client_id"],
        subject=claims["sub"],
        session_id=claims["origin_jti"],
    )


@pytest.mark.parametrize("variant", sorted(FORGED.keys() - UNSENDABLE))
async def test_a_forged_token_answers_401(api: Api, shop: Shop, forger: Forger, variant: str) -> None:
    """Mission T2. Where anybody may look, too: a bad token is never taken for none."""
    token = FORGED[variant](forger)
    assert refused(await api.execute(VIEWER, token=token))
    assert refused(await api.execute("{ store { slug } }", token=token, tenant=shop.slug))
    assert refused(await api.admin("{ __typename }", token=token))


async def test_what_the_forgeries_start_from_is_believed(api: Api, shop: Shop, forger: Forger) -> None:
    """Mission T2."""
    reply = await api.execute(VIEWER, token=forger.signed())
    assert reply.data["viewer"]["memberships"][0]["tenant"]["slug"] == shop.slug


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic eDp5", "Token x", "Bearer a b"])
async def test_a_header_that_is_no_bearer_token_answers_401(api: Api, authorization: str) -> None:
    """Mission T2."""
    assert refused(await api.execute(VIEWER, headers={"authorization": authorization}))


async def test_a_guest_is_no_viewer(api: Api, person: Person) -> None:
    """Mission T2."""
    assert refused(await person.view(None))
    assert refused(await api.execute("mutation { sessionSignOut { userErrors { code } } }"))


async def test_a_genuine_token_of_an_unknown_person_or_session_answers_401(
    api: Api, forger: Forger, factory: Factory
) -> None:
    """Mission T2. The token proves identity; the database knows the rest."""
    other: Member = await factory.member()
    assert refused(await api.execute(VIEWER, token=forger.with_claims(sub="nobody")))
    assert refused(await api.execute(VIEWER, token=forger.with_claims(origin_jti=str(other.session_id))))


async def test_the_published_keys_verify_our_tokens(api: Api, known: Person) -> None:
    """Mission T2."""
    token = (await known.sign_in())["accessToken"]
    published = (await api.http.get("/.well-known/jwks.json")).json()
    key = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"])
    assert (claims["token_use"], claims["client_id"]) == ("access", "sadu-web")
    assert all(set(each) <= {"kty", "n", "e", "kid", "use", "alg"} for each in published["keys"])


async def test_the_viewer_sees_their_tenants_and_their_role_in_the_named_one(
    api: Api, factory: Factory, known: Person
) -> None:
    """Mission T2."""
    token = (await known.sign_in())["accessToken"]
    create = "mutation($input: TenantCreateInput!) { tenantCreate(input: $input) { userErrors { code } } }"
    slugs = [f"shop-{factory.word()}" for _ in range(2)]
    for slug in slugs:
        given = {"slug": slug, "name": {"en": slug}}
        (await api.execute(create, {"input": given}, token=token)).payload("tenantCreate")
    viewer = (await known.view(token)).data["viewer"]
    assert [(each["tenant"]["slug"], each["role"]) for each in viewer["memberships"]] == [
        (slug, "OWNER") for slug in slugs
    ]

    membership = "{ viewer { membership { tenant { slug status } role } } }"
    named = await api.execute(membership, token=token, tenant=slugs[1])
    assert named.data["viewer"]["membership"] == {"tenant": {"slug": slugs[1], "status": "ACTIVE"}, "role": "OWNER"}
    assert (await api.execute(membership, token=token)).data["viewer"] == {"membership": None}
    foreign = await factory.shop()
    elsewhere = await api.execute(membership, token=token, tenant=foreign.slug)
    assert elsewhere.data["viewer"] == {"membership": None}


async def test_the_role_is_what_the_database_says_now(api: Api, shop: Shop, factory: Factory) -> None:
    """Mission T2."""
    membership = "{ viewer { membership { role } } }"
    member = await factory.staff(shop, "member")
    reply = await api.execute(membership, token=member.token, tenant=shop.slug)
    assert reply.data["viewer"]["membership"] == {"role": "MEMBER"}
