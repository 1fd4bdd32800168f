"""The refresh token of a browser: in a cookie that no script reads, no other site uses, and no other address gets."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import pytest

from bootstrap import Parts, build_parts, issuer_of
from domain.errors import FaultCode, UserFault
from domain.ports import Origin, SignUp, Tokens
from integrations.local_identity import LocalIdentityProvider
from integrations.passwords import Argon2Passwords
from settings import Settings, origins
from tests.support.api import Api, Reply, running_api
from tests.support.factories import Factory
from tests.support.mail import Post
from tests.support.people import PASSWORD, Person, document_of
from tests.support.tools import Tools

PATH = "/session/graphql"
REFRESH = document_of("sessionRefresh")
FRONT_END = "https://shop.example.com"


class Browser:
    """A page of one origin, with the cookies that the browser keeps for it."""

    def __init__(self, person: Person, origin: str | None = None, *, api: Api | None = None) -> None:
        self.person, self.api = person, api or person.api
        self.headers: dict[str, str] = {"origin": origin or self.api.url}
        self.cookie = ""

    async def ask(self, query: str, *, token: str | None = None, **given: Any) -> Reply:
        cookie = {"cookie": f"theme=dark; {self.cookie}"} if self.cookie else {}
        variables = {"input": given} if "$input" in query else {}
        reply = await self.api.execute(query, variables, token=token, path=PATH, headers={**self.headers, **cookie})
        self.api.http.cookies.clear()
        kept = set_cookie(reply)
        if kept is not None:
            self.cookie = f"sadu_refresh={kept}" if kept else ""
        return reply

    async def do(self, field: str, *, token: str | None = None, **given: Any) -> Reply:
        return await self.ask(document_of(field), token=token, **given)

    async def sign_in(self) -> dict[str, Any]:
        reply = await self.do("sessionSignIn", email=self.person.email, password=PASSWORD)
        return reply.payload("sessionSignIn")["session"]


def set_cookie(reply: Reply) -> str | None:
    """The value that the browser is to keep; empty if it is to forget it, None if nothing is said."""
    found = SimpleCookie(reply.headers.get("set-cookie", "")).get("sadu_refresh")
    return found.value if found else None


@pytest.fixture
async def noura(api: Api, post: Post, factory: Factory) -> Person:
    """Somebody with a confirmed account and a password."""
    email = f"{factory.word()}@people.test"
    await factory.parts.identity.provision(SignUp(email=email, password=PASSWORD, name="Noura", locale="en"))
    return Person(api, post, email)


@pytest.fixture
def browser(noura: Person) -> Browser:
    return Browser(noura)


@pytest.fixture(scope="module")
def deployed_parts(settings: Settings) -> Parts:
    """Behind a proxy that ends TLS, with a front end on a host of its own."""
    changes = {
        "public_url": "https://api.example.com",
        "trusted_proxies": 1,
        "web_origins": f"{FRONT_END}, https://x.test",
    }
    changes |= {"identity_issuer": issuer_of(settings)}
    return build_parts(
        settings.model_copy(update=changes), passwords=Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)
    )


@pytest.fixture(scope="module")
async def deployed(deployed_parts: Parts) -> AsyncGenerator[Api]:
    async with running_api(deployed_parts) as running:
        yield running


async def test_the_refresh_token_is_a_cookie_and_nowhere_else(browser: Browser) -> None:
    """Mission T1."""
    reply = await browser.do("sessionSignIn", email=browser.person.email, password=PASSWORD)
    session = reply.payload("sessionSignIn")["session"]
    assert session["refreshToken"] is None
    assert (await browser.person.view(session["accessToken"])).status == 200
    name, *attributes = reply.headers["set-cookie"].split("; ")
    token = name.removeprefix("sadu_refresh=")
    assert len(token) >= 43
    assert set(attributes) == {"HttpOnly", "SameSite=Strict", f"Path={PATH}", "Max-Age=2592000"}
    assert token not in str(reply.body)
    assert reply.headers["cache-control"] == "no-store"
    assert not [header for header in reply.headers if header.startswith("access-control")]


@pytest.mark.parametrize(
    ("forwarded", "is_secure"),
    [
        ({}, True),
        ({"x-forwarded-proto": "https"}, True),
        ({"x-forwarded-proto": "http, https"}, True),
        ({"x-forwarded-proto": "http"}, False),
    ],
)
async def test_over_https_the_cookie_never_travels_without(
    deployed: Api, noura: Person, forwarded: Mapping[str, str], is_secure: bool
) -> None:
    """Mission T1: the scheme is the one that the browser sees. Over plain HTTP no browser would take it."""
    browser = Browser(noura, FRONT_END, api=deployed)
    browser.headers |= forwarded
    signed_in = await browser.do("sessionSignIn", email=noura.email, password=PASSWORD)
    token = signed_in.payload("sessionSignIn")["session"]["accessToken"]
    for reply in (signed_in, await browser.do("sessionSignOut", token=token)):
        assert ("Secure" in reply.headers["set-cookie"].split("; ")) == is_secure


async def test_whom_nobody_trusts_does_not_tell_the_scheme(browser: Browser) -> None:
    """Mission T1."""
    browser.headers["x-forwarded-proto"] = "https"
    reply = await browser.do("sessionSignIn", email=browser.person.email, password=PASSWORD)
    assert "Secure" not in reply.headers["set-cookie"]


async def test_the_cookie_alone_goes_on_with_the_session(browser: Browser) -> None:
    """Mission T1."""
    await browser.sign_in()
    first = browser.cookie
    for given in ({}, {"refreshToken": None}):
        reply = await browser.do("sessionRefresh", **given)
        session = reply.payload("sessionRefresh")["session"]
        assert session["refreshToken"] is None
        assert (await browser.person.view(session["accessToken"])).status == 200
    assert browser.cookie not in ("", first)


async def test_a_cookie_used_twice_ends_the_session_and_leaves_the_browser(browser: Browser) -> None:
    """Mission T1."""
    await browser.sign_in()
    stolen = browser.cookie
    session = (await browser.do("sessionRefresh")).payload("sessionRefresh")["session"]
    newest, browser.cookie = browser.cookie, stolen
    reply = await browser.do("sessionRefresh")
    assert reply.faults("sessionRefresh") == [("TOKEN_INVALID", ["refreshToken"])]
    assert set_cookie(reply) == ""
    assert "Max-Age=0" in reply.headers["set-cookie"]
    browser.cookie = newest
    assert (await browser.do("sessionRefresh")).faults("sessionRefresh") == [("TOKEN_INVALID", ["refreshToken"])]
    assert (await browser.person.view(session["accessToken"])).status == 401


@pytest.mark.parametrize("field", ["sessionSignOut", "sessionSignOutEverywhere"])
async def test_signing_out_takes_the_cookie_away(browser: Browser, field: str) -> None:
    """Mission T1."""
    session = await browser.sign_in()
    kept = browser.cookie
    reply = await browser.do(field, token=session["accessToken"])
    reply.payload(field)
    assert set_cookie(reply) == ""
    assert f"Path={PATH}" in reply.headers["set-cookie"]
    browser.cookie = kept
    assert (await browser.do("sessionRefresh")).faults("sessionRefresh")[0][0] == "TOKEN_INVALID"


async def test_signing_out_ends_the_cookies_session_too(browser: Browser) -> None:
    """Mission T1. A page may hold an access token of a sign-in before the one that the cookie is of."""
    older, newer = await browser.sign_in(), await browser.sign_in()
    kept = browser.cookie
    (await browser.do("sessionSignOut", token=older["accessToken"])).payload("sessionSignOut")
    for session in (older, newer):
        assert (await browser.person.view(session["accessToken"])).status == 401
    browser.cookie = kept
    assert (await browser.do("sessionRefresh")).faults("sessionRefresh")[0][0] == "TOKEN_INVALID"


class AskedTooOften(LocalIdentityProvider):
    """As a provider that all together have asked too often."""

    async def refresh(self, *, refresh_token: str, origin: Origin) -> Tokens:
        del refresh_token, origin
        raise UserFault(FaultCode.LIMIT_REACHED, "Try again in a moment.")


async def test_a_provider_that_is_asked_too_often_signs_no_browser_out(browser: Browser, settings: Settings) -> None:
    """Mission T1."""
    await browser.sign_in()
    parts = build_parts(settings)
    passwords = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)
    busy = AskedTooOften(
        parts.database, passwords=passwords, signer=parts.signer, signal=parts.signal, secret_key=b"of this test alone"
    )
    async with running_api(replace(parts, identity=busy)) as api:
        there = Browser(browser.person, api=api)
        there.cookie = browser.cookie
        reply = await there.do("sessionRefresh")
        assert reply.faults("sessionRefresh") == [("LIMIT_REACHED", None)]
        assert set_cookie(reply) is None
    (await browser.do("sessionRefresh")).payload("sessionRefresh")


async def test_a_second_factor_is_given_there_as_well(browser: Browser, tools: Tools) -> None:
    """Mission T6."""
    app, codes = await browser.person.enrol((await browser.sign_in())["accessToken"])
    browser.cookie = ""
    await browser.person.half_a_minute_later(tools)
    reply = await browser.do("sessionSignIn", email=browser.person.email, password=PASSWORD)
    assert set_cookie(reply) is None
    challenge = reply.payload("sessionSignIn")["challenge"]["token"]
    reply = await browser.do("sessionVerify", challenge=challenge, code=app.code())
    assert reply.payload("sessionVerify")["session"]["refreshToken"] is None
    assert browser.cookie
    session = (await browser.do("sessionRefresh")).payload("sessionRefresh")["session"]
    assert (await browser.person.mfa(session["accessToken"]))["isGivenInSession"] is True
    given = {"email": browser.person.email, "password": PASSWORD, "recoveryCode": codes[0]}
    assert set_cookie(await browser.do("sessionRecover", **given))


REFUSED_ORIGINS: Mapping[str, Mapping[str, str]] = {
    "foreign": {"origin": "https://evil.test"},
    "null": {"origin": "null"},
    "empty": {"origin": ""},
    "another scheme": {"origin": "https://{host}"},
    "another port": {"origin": "http://127.0.0.1:1"},
    "another tenant's host": {"origin": "http://other.localhost", "host": "dukkan.localhost"},
    "a host that begins alike": {"origin": "http://{host}.evil.test"},
    "with a path": {"origin": "http://{host}/"},
    "two": {"origin": "http://{host}, http://evil.test"},
    "forwarded by nobody we trust": {"origin": "http://evil.test", "x-forwarded-host": "evil.test"},
}


@pytest.mark.parametrize("case", sorted(REFUSED_ORIGINS))
async def test_no_other_origin_gets_anything(browser: Browser, case: str) -> None:
    """Mission T1. Not even the answer to a wrong password, and the cookie stays what it was."""
    await browser.sign_in()
    cookie, host = browser.cookie, browser.api.url.removeprefix("http://")
    browser.headers = {name: value.format(host=host) for name, value in REFUSED_ORIGINS[case].items()}
    for field, given in (
        ("sessionRefresh", {}),
        ("sessionSignIn", {"email": browser.person.email, "password": PASSWORD}),
    ):
        reply = await browser.do(field, **given)
        assert (reply.status, reply.codes, reply.body.get("data")) == (403, ["FORBIDDEN"], None)
        assert set_cookie(reply) is None
    browser.headers, browser.cookie = {"origin": browser.api.url}, cookie
    (await browser.do("sessionRefresh")).payload("sessionRefresh")


async def test_without_an_origin_it_is_no_page(browser: Browser) -> None:
    """Mission T1."""
    await browser.sign_in()
    browser.headers = {}
    reply = await browser.do("sessionRefresh")
    assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
    twice = await browser.api.http.post(
        PATH,
        json={"query": REFRESH, "variables": {"input": {}}},
        headers=[("origin", browser.api.url), ("origin", "https://evil.test"), ("cookie", browser.cookie)],
    )
    assert twice.status_code == 403


@pytest.mark.parametrize("host", ["dukkan.localhost", "DUKKAN.localhost", "127.0.0.1:99", "api.example.com"])
async def test_a_page_of_the_requests_own_host_is_let_in(browser: Browser, host: str) -> None:
    """Mission T1."""
    browser.headers = {"origin": f"http://{host.lower()}", "host": host}
    await browser.sign_in()


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"origin": FRONT_END}, True),
        ({"origin": "https://x.test"}, True),
        ({"origin": "http://shop.example.com"}, False),
        ({"origin": "https://shop.example.com.evil.test"}, False),
        ({"origin": "https://dukkan.test", "x-forwarded-host": "dukkan.test"}, True),
        ({"origin": "https://dukkan.test", "x-forwarded-host": "evil.test, dukkan.test"}, True),
        ({"origin": "https://evil.test", "x-forwarded-host": "evil.test, dukkan.test"}, False),
        ({"origin": "https://dukkan.test", "x-forwarded-host": "dukkan.test:443"}, True),
        ({"origin": "http://dukkan.test", "x-forwarded-host": "dukkan.test", "x-forwarded-proto": "http"}, True),
        ({"origin": "https://dukkan.test", "x-forwarded-host": "dukkan.test", "x-forwarded-proto": "http"}, False),
        ({"origin": "http://dukkan.test", "x-forwarded-host": "dukkan.test"}, False),
    ],
)
async def test_behind_a_proxy_it_is_the_origin_that_the_browser_sees(
    deployed: Api, noura: Person, headers: Mapping[str, str], is_let_in: bool
) -> None:
    """Mission T1."""
    browser = Browser(noura, api=deployed)
    browser.headers = dict(headers)
    reply = await browser.do("sessionSignIn", email=noura.email, password=PASSWORD)
    assert (reply.status, bool(browser.cookie)) == ((200, True) if is_let_in else (403, False))


@pytest.mark.parametrize(
    "document",
    [
        "{ store { slug } }",
        "{ viewer { person { id } } }",
        "{ __schema { types { name } } }",
        'mutation { accountPasswordForgot(input: {email: "x@y.test"}) { userErrors { code } } }',
        "mutation { sessionSignOut { userErrors { code } } mfaBegin { userErrors { code } } }",
        "mutation { ...More } fragment More on Mutation { mfaBegin { userErrors { code } } }",
    ],
)
async def test_it_is_for_sessions_alone(browser: Browser, document: str) -> None:
    """Mission T1. What else is asked there is not done."""
    session = await browser.sign_in()
    reply = await browser.ask(document, token=session["accessToken"])
    assert (reply.status, reply.body.get("data")) in {(403, None), (400, None)}, reply.body
    assert (await browser.person.view(session["accessToken"])).status == 200


async def test_its_type_name_may_be_asked(browser: Browser) -> None:
    assert (await browser.ask("{ __typename }")).data == {"__typename": "Query"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_post_of_json_is_listened_to(browser: Browser, method: str) -> None:
    """Mission T1."""
    await browser.sign_in()
    headers = {"origin": browser.api.url, "cookie": browser.cookie}
    for parameters in ({"query": "{ __typename }"}, {"documentId": "sha256:unknown"}):
        asked = await browser.api.http.request(method, PATH, params=parameters, headers=headers)
        assert asked.status_code == 405
        assert "set-cookie" not in asked.headers
    form = await browser.api.http.post(PATH, data={"query": REFRESH}, headers=headers)
    assert form.status_code == 415


async def test_anywhere_else_the_cookie_is_worth_nothing(browser: Browser) -> None:
    """Mission T1. Whoever leaves the token out of the body has none."""
    await browser.sign_in()
    for given in ({}, {"refreshToken": None}):
        reply = await browser.api.execute(
            REFRESH, {"input": given}, headers={"origin": browser.api.url, "cookie": browser.cookie}
        )
        assert reply.faults("sessionRefresh") == [("REQUIRED", ["refreshToken"])]
        assert set_cookie(reply) is None
    (await browser.do("sessionRefresh")).payload("sessionRefresh")


@pytest.mark.parametrize("cookie", ["", "sadu_refresh=", "sadu_refresh", "other=x", "sadu_refresh=a; sadu_refresh=b"])
async def test_without_a_cookie_that_is_surely_ours_there_is_no_session(browser: Browser, cookie: str) -> None:
    """Mission T1."""
    browser.cookie = cookie
    reply = await browser.do("sessionRefresh")
    assert reply.faults("sessionRefresh") == [("REQUIRED", ["refreshToken"])]
    browser.cookie = "sadu_refresh=nonsense"
    assert (await browser.do("sessionRefresh")).faults("sessionRefresh") == [("TOKEN_INVALID", ["refreshToken"])]


async def test_a_token_in_the_body_counts_before_the_cookie(browser: Browser) -> None:
    """Mission T1. Then the browser keeps what it is exchanged for."""
    token = (await browser.person.sign_in())["refreshToken"]
    reply = await browser.do("sessionRefresh", refreshToken=token)
    assert reply.payload("sessionRefresh")["session"]["refreshToken"] is None
    (await browser.do("sessionRefresh")).payload("sessionRefresh")


@pytest.mark.parametrize(
    "given", ["shop.example.com", "https://shop.example.com/", "https://Shop.example.com", "*", "ftp://x.test"]
)
def test_what_is_no_origin_is_refused_at_start(given: str) -> None:
    with pytest.raises(ValueError, match="https://host"):
        origins(f"{FRONT_END},{given}")
