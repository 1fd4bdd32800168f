"""User pools of moto, set up as `docs/operations.md` wants them."""

import asyncio
import base64
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from boto3.session import Session  # pyright: ignore[reportMissingTypeStubs] - boto3 has no types
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from bootstrap import Parts
from integrations.access_tokens import JwtVerifier
from integrations.cognito_accounts import CognitoRules
from integrations.cognito_identity import CognitoIdentityProvider
from integrations.cognito_pool import CognitoPool
from integrations.jwks import RemoteKeys
from integrations.passwords import Argon2Passwords

REGION = "eu-central-1"
AWS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
ANY_CODE = "123456"
"""moto takes every code of a mail for the right one."""


@dataclass(frozen=True)
class MotoPool:
    """A pool of moto's, what a provider needs to know of it, and its administrator's way in."""

    url: str
    pool: CognitoPool
    administrator: Any

    def jwks_url(self) -> str:
        return f"{self.url}/{self.pool.pool_id}/.well-known/jwks.json"


def make_pool(url: str, *, with_secret: bool = False) -> MotoPool:
    session: Any = Session(**AWS)
    administrator: Any = session.client("cognito-idp", region_name=REGION, endpoint_url=url)
    policy = {
        "MinimumLength": 8,
        "RequireUppercase": False,
        "RequireLowercase": False,
        "RequireNumbers": False,
        "RequireSymbols": False,
    }
    made = administrator.create_user_pool(
        PoolName="people",
        Policies={"PasswordPolicy": policy},
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=["email"],
        MfaConfiguration="OPTIONAL",
    )
    client = administrator.create_user_pool_client(
        UserPoolId=made["UserPool"]["Id"],
        ClientName="sadu",
        GenerateSecret=with_secret,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        EnableTokenRevocation=True,
    )["UserPoolClient"]
    pool = CognitoPool(REGION, made["UserPool"]["Id"], client["ClientId"], client.get("ClientSecret"), endpoint_url=url)
    return MotoPool(url, pool, administrator)


def provider_of(
    parts: Parts, pool: CognitoPool, jwks_url: str, *, secret_key: bytes, passwords: Argon2Passwords
) -> CognitoIdentityProvider:
    """The provider as `bootstrap` builds it, but that its answers come as soon as they can."""
    return CognitoIdentityProvider(
        parts.database,
        pool,
        passwords=passwords,
        verifier=JwtVerifier(RemoteKeys(jwks_url), pool.issuer, pool.client_id),
        signal=parts.signal,
        secret_key=secret_key,
        rules=CognitoRules(soonest_answer=timedelta(0)),
    )


async def code_of_app(secret: str, *, at: float | None = None) -> str:
    """What an authenticator app shows now. Not in the last moment of its half minute: moto tolerates no other one."""
    if at is None:
        left = 30 - time.time() % 30
        await asyncio.sleep(left if left < 1 else 0)
        at = time.time()
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    return TOTP(key, 6, SHA1(), 30, enforce_key_length=False).generate(int(at)).decode()  # noqa: S303
