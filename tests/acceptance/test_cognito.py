"""The API where Cognito keeps the accounts. What moto, its stand-in, cannot prove, `cognito_identity.py` says."""

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from bootstrap import Parts, build_parts, objections_to_settings
from cli.seed import seed_demo
from devstack.mailbox import Mailbox
from integrations.passwords import Argon2Passwords
from settings import Settings
from tests.acceptance.test_settings import environment, run
from tests.support.api import Api, Reply, running_api
from tests.support.cognito import ANY_CODE, MotoPool, code_of_app, make_pool
from tests.support.factories import Factory
from tests.support.mail import Post
from tests.support.moto_process import running_moto
from tests.support.people import ANOTHER, PASSWORD, Person

VIEWER = "{ viewer { person { email name } memberships { role } } }"
TEAM = "{ tenant { members { role } } }"
CREATE = """mutation($slug: String!) {
    tenantCreate(input: {slug: $slug, name: {en: "Dates"}, contactEmail: "shop@people.example.com"})
    { tenant { slug } userErrors { code field message } } }"""
POOL = {
    "SADU_IDENTITY_PROVIDER": "cognito",
    "SADU_COGNITO_REGION": "eu-central-1",
    "SADU_COGNITO_USER_POOL_ID": "eu-central-1_AbCdEf123",
    "SADU_IDENTITY_CLIENT_ID": "1h57kf5cpq17m0eml12EXAMPLE",
}
AWS = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"
REFUSED: list[tuple[dict[str, str], str]] = [
    ({"SADU_IDENTITY_JWKS_URL": "https://keys.example.com/jwks.json"}, "SADU_IDENTITY_JWKS_URL does not lead to"),
    ({"SADU_IDENTITY_JWKS_URL": f"{AWS.replace('https', 'http')}/.well-known/jwks.json"}, "SADU_IDENTITY_JWKS_URL"),
    ({"SADU_IDENTITY_JWKS_URL": f"{AWS}XYZ/.well-known/jwks.json"}, "SADU_IDENTITY_JWKS_URL does not lead to"),
    ({"SADU_IDENTITY_ISSUER": "https://id.example.com"}, "SADU_IDENTITY_ISSUER is not the user pool"),
    ({"SADU_IDENTITY_ISSUER": f"{AWS}/"}, "SADU_IDENTITY_ISSUER is not the user pool"),
    ({"SADU_COGNITO_ENDPOINT_URL": "http://127.0.0.1:5000"}, "SADU_COGNITO_ENDPOINT_URL is set"),
    ({"SADU_COGNITO_USER_POOL_ID": "eu-west-1_AbCdEf123"}, "SADU_COGNITO_USER_POOL_ID is not"),
    ({"SADU_COGNITO_USER_POOL_ID": "eu-central-1_x/../y"}, "SADU_COGNITO_USER_POOL_ID is not"),
    ({"SADU_COGNITO_REGION": "evil.example/x"}, "SADU_COGNITO_USER_POOL_ID is not"),
]


@pytest.fixture(scope="module")
def moto() -> Generator[MotoPool]:
    with pytest.MonkeyPatch.context() as patch, running_moto() as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield make_pool(url)


@pytest.fixture(scope="module")
def cognito_settings(settings: Settings, moto: MotoPool) -> Settings:
    changes: dict[str, Any] = {
        "identity_provider": "cognito",
        "identity_private_key_file": None,
        "identity_client_id": moto.pool.client_id,
        "identity_jwks_url": moto.jwks_url(),
        "cognito_region": moto.pool.region,
        "cognito_user_pool_id": moto.pool.pool_id,
        "cognito_endpoint_url": moto.url,
        "mfa_required": True,
    }
    return Settings(**{**settings.model_dump(), **changes})


@pytest.fixture(scope="module")
async def parts(cognito_settings: Settings) -> AsyncGenerator[Parts]:
    built = build_parts(cognito_settings, passwords=Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1))
    yield built
    await built.close()


@pytest.fixture(scope="module")
async def api(parts: Parts) -> AsyncGenerator[Api]:
    async with running_api(parts) as running:
        yield running


@pytest.fixture(scope="module")
def post(parts: Parts, mailbox: Mailbox) -> Post:
    return Post(parts, mailbox)


async def ask(api: Api, field: str, wanted: str = "", **given: Any) -> Reply:
    kind = f"{field[0].upper()}{field[1:]}Input"
    query = f"mutation($input: {kind}!) {{ {field}(input: $input) {{ {wanted} userErrors {{ code field }} }} }}"
    return await api.execute(query, {"input": given})


async def session(api: Api, field: str, **given: Any) -> dict[str, Any]:
    reply = await ask(api, field, "session { accessToken refreshToken expiresIn }", **given)
    found: dict[str, Any] = reply.payload(field)["session"]
    return found


async def test_the_whole_story_of_an_account_at_cognito(api: Api) -> None:
    """Mission T1."""
    email, slug = f"{Factory.word()}@people.example.com", f"shop-{Factory.word()}"
    (await ask(api, "accountSignUp", email=email, password=PASSWORD, name="Noura", locale="EN")).payload(
        "accountSignUp"
    )
    early = await ask(api, "sessionSignIn", email=email, password=PASSWORD)
    assert early.faults("sessionSignIn") == [("ACCOUNT_UNCONFIRMED", None)]
    (await ask(api, "accountConfirm", email=email, code=ANY_CODE)).payload("accountConfirm")
    for address, password in ((email, ANOTHER), ("x" + email, PASSWORD)):
        refused = await ask(api, "sessionSignIn", email=address, password=password)
        assert refused.faults("sessionSignIn") == [("CREDENTIALS_WRONG", None)]

    first = await session(api, "sessionSignIn", email=email, password=PASSWORD)
    viewer = (await api.execute(VIEWER, token=first["accessToken"])).data["viewer"]
    assert viewer == {"person": {"email": email, "name": "Noura"}, "memberships": []}
    created = await api.execute(CREATE, {"slug": slug}, token=first["accessToken"])
    assert created.payload("tenantCreate")["tenant"] == {"slug": slug}

    second = await session(api, "sessionRefresh", refreshToken=first["refreshToken"])
    viewer = (await api.execute(VIEWER, token=second["accessToken"])).data["viewer"]
    assert viewer["memberships"] == [{"role": "OWNER"}]
    signed_out = await api.execute("mutation { sessionSignOut { userErrors { code } } }", token=second["accessToken"])
    signed_out.payload("sessionSignOut")
    for tokens in (first, second):
        assert (await api.execute(VIEWER, token=tokens["accessToken"])).status == 401
        refused = await ask(api, "sessionRefresh", refreshToken=tokens["refreshToken"])
        assert refused.faults("sessionRefresh") == [("TOKEN_INVALID", ["refreshToken"])]


async def test_a_forgotten_password_at_cognito(api: Api) -> None:
    """Mission T1."""
    email = f"{Factory.word()}@people.example.com"
    await ask(api, "accountSignUp", email=email, password=PASSWORD, name="Noura", locale="EN")
    await ask(api, "accountConfirm", email=email, code=ANY_CODE)
    before = await session(api, "sessionSignIn", email=email, password=PASSWORD)
    for address in (email, "x" + email):
        (await ask(api, "accountPasswordForgot", email=address)).payload("accountPasswordForgot")
    reset = await ask(api, "accountPasswordReset", email=email, code=ANY_CODE, newPassword=ANOTHER)
    reset.payload("accountPasswordReset")
    assert (await api.execute(VIEWER, token=before["accessToken"])).status == 401
    await session(api, "sessionSignIn", email=email, password=ANOTHER)


async def test_an_owner_at_cognito_acts_with_a_second_factor_alone_and_ends_their_sessions(
    api: Api, post: Post
) -> None:
    """Mission T6."""
    slug, noura = f"shop-{Factory.word()}", Person(api, post, f"{Factory.word()}@people.example.com")
    await noura.sign_up()
    (await noura.ask("accountConfirm", email=noura.email, code=ANY_CODE)).payload("accountConfirm")
    here, there = [(await noura.sign_in())["accessToken"] for _ in range(2)]
    (await api.execute(CREATE, {"slug": slug}, token=here)).payload("tenantCreate")
    assert (await api.execute(TEAM, token=here, tenant=slug)).codes == ["MFA_REQUIRED"]

    secret = (await noura.ask("mfaBegin", token=here)).payload("mfaBegin")["enrolment"]["secret"]
    confirmed = await noura.ask("mfaConfirm", token=here, password=PASSWORD, code=await code_of_app(secret))
    assert len(confirmed.payload("mfaConfirm")["recoveryCodes"]) == 10
    assert (await api.execute(TEAM, token=here, tenant=slug)).status == 200
    assert (await noura.view(there)).status == 401

    there = await signed_in_with_app(noura, PASSWORD, secret)
    assert (await api.execute(TEAM, token=there, tenant=slug)).status == 200
    change = {"currentPassword": PASSWORD, "newPassword": ANOTHER}
    (await noura.ask("accountPasswordChange", token=here, **change)).payload("accountPasswordChange")
    assert [(await noura.view(token)).status for token in (here, there)] == [200, 401]
    there = await signed_in_with_app(noura, ANOTHER, secret)
    (await noura.ask("sessionSignOutEverywhere", token=here)).payload("sessionSignOutEverywhere")
    assert [(await noura.view(token)).status for token in (here, there)] == [401, 401]


async def signed_in_with_app(person: Person, password: str, secret: str) -> str:
    """The access token of a sign-in by both factors."""
    asked = (await person.ask("sessionSignIn", email=person.email, password=password)).payload("sessionSignIn")
    verified = await person.verify(asked["challenge"]["token"], await code_of_app(secret))
    return str(verified.payload("sessionVerify")["session"]["accessToken"])


async def test_a_token_of_another_client_or_kind_is_nobodys(api: Api, moto: MotoPool) -> None:
    """Mission T2: truly signed, by the same pool."""
    email = f"{Factory.word()}@people.example.com"
    await ask(api, "accountSignUp", email=email, password=PASSWORD, name="Noura", locale="EN")
    await ask(api, "accountConfirm", email=email, code=ANY_CODE)
    other = moto.administrator.create_user_pool_client(UserPoolId=moto.pool.pool_id, ClientName="other")
    for client_id, token in (
        (moto.pool.client_id, "AccessToken"),  # of a sign-in that is none of our sessions
        (moto.pool.client_id, "IdToken"),
        (other["UserPoolClient"]["ClientId"], "AccessToken"),
    ):
        answer = moto.administrator.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
        )
        reply = await api.execute(VIEWER, token=answer["AuthenticationResult"][token])
        assert (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"])


async def test_keys_of_another_provider_are_not_published_as_ours(api: Api) -> None:
    assert (await api.http.get("/.well-known/jwks.json")).status_code == 404


async def test_the_demo_is_for_our_own_accounts(cognito_settings: Settings) -> None:
    with pytest.raises(SystemExit, match="SADU_IDENTITY_PROVIDER=local"):
        await seed_demo(cognito_settings)


# Settings


def variables(settings: Settings, **changes: str) -> dict[str, str]:
    given = environment(settings, **POOL)
    del given["SADU_IDENTITY_PRIVATE_KEY_FILE"]
    return given | changes


@pytest.mark.parametrize(("changes", "objection"), REFUSED, ids=[" ".join(changes) for changes, _ in REFUSED])
def test_production_believes_the_keys_of_aws_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], objection: str
) -> None:
    """Mission T2: the key that moto signs with is public."""
    monkeypatch.delenv("SADU_IDENTITY_PRIVATE_KEY_FILE", raising=False)
    for name, value in variables(settings).items():
        monkeypatch.setenv(name, value)
    assert objections_to_settings(Settings()) == []  # pyright: ignore[reportCallIssue] - from the environment
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    objections = objections_to_settings(Settings())  # pyright: ignore[reportCallIssue]
    assert [told for told in objections if told.startswith(objection)], objections


def test_a_process_does_not_start_with_keys_of_somebody_else(settings: Settings) -> None:
    """Mission T2."""
    refused = run("serve", variables(settings, SADU_IDENTITY_JWKS_URL="https://keys.example.com/jwks.json"))
    assert refused.returncode != 0
    assert "SADU_IDENTITY_JWKS_URL does not lead to the user pool at AWS" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("provider", "without"),
    [
        ("cognito", "SADU_COGNITO_REGION"),
        ("cognito", "SADU_COGNITO_USER_POOL_ID"),
        ("local", "SADU_IDENTITY_PRIVATE_KEY_FILE"),
    ],
)
def test_what_a_provider_needs_is_asked_for_by_name(settings: Settings, provider: str, without: str) -> None:
    """Mission T1."""
    given = variables(settings, SADU_IDENTITY_PROVIDER=provider)
    given.pop(without, None)
    refused = run("serve", given)
    assert refused.returncode == 2
    assert f"{without} is not set" in refused.stderr
    assert "Traceback" not in refused.stderr
