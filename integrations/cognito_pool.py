"""One user pool of Amazon Cognito: its addresses, and its operations by boto3, which blocks, in threads."""

import asyncio
import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import structlog
from boto3.session import Session  # pyright: ignore[reportMissingTypeStubs] - boto3 has no types
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from domain.errors import FaultCode, UserFault
from domain.passwords import LONGEST_PASSWORD
from integrations.threads import FewThreads

MOST_AT_ONCE, MOST_WAITING = 32, 200
PATIENCE = Config(
    connect_timeout=3,
    read_timeout=7,
    max_pool_connections=MOST_AT_ONCE,
    retries={"mode": "standard", "total_max_attempts": 1},
)
"""Nothing is tried twice: what was done and not heard of, such as a code that was taken, fails the second time."""
THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
SIGN_IN_REFUSED = {
    "InvalidParameterException",
    "NotAuthorizedException",
    "PasswordResetRequiredException",
    "SerializationException",
    "UserNotConfirmedException",
    "UserNotFoundException",
}

log = structlog.get_logger("sadu.cognito")


class CognitoRefused(Exception):
    """Cognito did not do what it was asked; `code` is its name for the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class PoolUser:
    """What the pool knows about one of its users; `subject` is the `sub` claim, and the user's name in the pool."""

    subject: str
    email: str
    is_confirmed: bool
    has_proven_email: bool
    has_mfa: bool
    name: str
    locale: str


@dataclass(frozen=True)
class CognitoPool:
    """Connects when first used. Whoever calls is in no transaction: an answer takes as long as the network does."""

    region: str
    pool_id: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None

    @property
    def issuer(self) -> str:
        """The `iss` claim of its tokens."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.pool_id}"

    @property
    def jwks_url(self) -> str:
        return f"{self.issuer}/.well-known/jwks.json"

    async def ask(self, operation: str, **given: Any) -> dict[str, Any]:
        """One operation, named as boto3 does.

        Raises LIMIT_REACHED where the pool is asked too often by all together, else `CognitoRefused`. A code that
        nobody handles is an error like any other, as is whatever goes wrong on the way.
        """
        try:
            return await self._threads.run(lambda: self._perform(operation, given))
        except ClientError as error:
            code = reason(error)
            raise (too_often() if code in THROTTLED else CognitoRefused(code)) from None

    async def ask_as_client(self, operation: str, *, username: str, **given: Any) -> dict[str, Any]:
        """An operation about one user that the app's client may ask for."""
        return await self.ask(
            operation, ClientId=self.client_id, Username=username, **given, **self.secret_hash(username)
        )

    async def begin_sign_in(self, username: str, password: str) -> dict[str, Any]:
        """Tokens, or a challenge. Raises `CognitoRefused` with a code in `SIGN_IN_REFUSED`."""
        if not is_text(password):
            raise CognitoRefused("NotAuthorizedException")
        return await self._authenticate("USER_PASSWORD_AUTH", username, USERNAME=username, PASSWORD=password)

    async def refresh(self, username: str, refresh_token: str) -> dict[str, Any]:
        return await self._authenticate("REFRESH_TOKEN_AUTH", username, REFRESH_TOKEN=refresh_token)

    async def _authenticate(self, flow: str, username: str, **given: str) -> dict[str, Any]:
        parameters = given | self.secret_hash(username, "SECRET_HASH")
        return await self.ask("initiate_auth", ClientId=self.client_id, AuthFlow=flow, AuthParameters=parameters)

    async def answer_totp(self, username: str, session: str, code: str) -> dict[str, Any]:
        """Tokens, for the code of an authenticator app."""
        responses = {"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": code}
        return await self.ask(
            "respond_to_auth_challenge",
            ClientId=self.client_id,
            ChallengeName="SOFTWARE_TOKEN_MFA",
            Session=session,
            ChallengeResponses=responses | self.secret_hash(username, "SECRET_HASH"),
        )

    async def find_user(self, username: str) -> PoolUser | None:
        """By name or address. All `admin_…` operations need credentials of AWS, and the right to this one."""
        try:
            told = await self.ask("admin_get_user", UserPoolId=self.pool_id, Username=username)
        except CognitoRefused as refused:
            if refused.code == "UserNotFoundException":
                return None
            raise
        attributes = {each["Name"]: each["Value"] for each in told["UserAttributes"]}
        return PoolUser(
            subject=attributes["sub"],
            email=attributes.get("email", "").casefold(),
            is_confirmed=told["UserStatus"] != "UNCONFIRMED",
            has_proven_email=attributes.get("email_verified") == "true",
            has_mfa="SOFTWARE_TOKEN_MFA" in told.get("UserMFASettingList", []),
            name=attributes.get("name", ""),
            locale=attributes.get("locale", ""),
        )

    async def set_mfa(self, username: str, *, enabled: bool) -> None:
        """Whether the user's authenticator app is asked for; the app itself stays known to the pool."""
        settings = {"Enabled": enabled, "PreferredMfa": enabled}
        await self.ask(
            "admin_set_user_mfa_preference",
            UserPoolId=self.pool_id,
            Username=username,
            SoftwareTokenMfaSettings=settings,
        )

    async def insist_on_mfa(self, username: str) -> None:
        """Switch the app on again, for somebody who signed in without. A pool that knows no app asks for none."""
        try:
            await self.set_mfa(username, enabled=True)
        except CognitoRefused as refused:
            log.warning("cognito_app_missing", because=refused.code)

    def secret_hash(self, username: str, name: str = "SecretHash") -> dict[str, str]:
        """What a client with a secret proves itself by; nothing for one without."""
        if self.client_secret is None:
            return {}
        digest = hmac.digest(self.client_secret.encode(), f"{username}{self.client_id}".encode(), hashlib.sha256)
        return {name: base64.b64encode(digest).decode()}

    async def close(self) -> None:
        """As often as one likes: whatever is asked after it connects anew."""
        client, threads = (self.__dict__.pop(name, None) for name in ("_client", "_threads"))
        if client is not None:
            await asyncio.to_thread(client.close)
        if threads is not None:
            threads.close()

    def _perform(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        return getattr(self._client, operation)(**given)

    @cached_property
    def _threads(self) -> FewThreads:
        return FewThreads(MOST_AT_ONCE, MOST_WAITING, name="cognito")

    @cached_property
    def _client(self) -> Any:
        """boto3's clients are made of JSON at run time, and safe in threads."""
        session: Any = Session()
        return session.client("cognito-idp", region_name=self.region, endpoint_url=self.endpoint_url, config=PATIENCE)


def is_text(password: str) -> bool:
    """Whether it can be sent at all: nothing, half a surrogate pair and a whole book cannot be anybody's password."""
    return 0 < len(password) <= LONGEST_PASSWORD and not any("\ud800" <= each <= "\udfff" for each in password)


def asks_for_app(answer: dict[str, Any]) -> bool:
    """Whether a sign-in is to go on with the code of an authenticator app; False where it has come to its end."""
    challenge = answer.get("ChallengeName")
    if challenge not in {None, "SOFTWARE_TOKEN_MFA"}:
        raise RuntimeError(f"the user pool asks for {challenge}, which no pool of ours is to be set up for")
    return challenge is not None


def too_often() -> UserFault:
    return UserFault(FaultCode.LIMIT_REACHED, "This was tried too often just now. Try again in a moment.")


def reason(error: ClientError) -> str:
    """Cognito's name for what is wrong."""
    response: dict[str, Any] = vars(error)["response"]
    return response.get("Error", {}).get("Code", "")


def objections_to_pool(pool: CognitoPool, *, issuer: str, jwks_url: str) -> list[str]:
    """Why these are not the addresses of a user pool at AWS, by the names of their settings."""
    home = re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", pool.region) and re.fullmatch(
        rf"{pool.region}_[0-9A-Za-z]+", pool.pool_id
    )
    objections = {
        "SADU_COGNITO_USER_POOL_ID is not a user pool of SADU_COGNITO_REGION": home is None,
        "SADU_COGNITO_ENDPOINT_URL is set, and would be asked instead of AWS": pool.endpoint_url is not None,
        "SADU_IDENTITY_ISSUER is not the user pool at AWS": issuer != pool.issuer,
        "SADU_IDENTITY_JWKS_URL does not lead to the user pool at AWS": jwks_url != pool.jwks_url,
    }
    return [told for told, applies in objections.items() if applies]
