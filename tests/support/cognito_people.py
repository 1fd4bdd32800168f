"""People of the Cognito that answers as a test tells it to, and the provider that asks it."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from bootstrap import Parts
from domain.ports import Holder
from integrations.access_tokens import JwtVerifier
from integrations.cognito_accounts import CognitoRules
from integrations.cognito_identity import CognitoIdentityProvider
from integrations.cognito_pool import CognitoPool
from integrations.jwks import RemoteKeys
from integrations.passwords import Argon2Passwords
from tests.support.cognito_stand_in import (
    CLIENT,
    ISSUER,
    Cognito,
    Later,
    tokens_for,
)
from tests.support.http_stand_in import StandIn
from tests.support.identity_providers import KEY, PASSWORD, Accounts

CHEAP = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)
CODE = "123456"


def provider_with(
    pool: CognitoPool, server: StandIn, parts: Parts, soonest_answer: float = 0
) -> CognitoIdentityProvider:
    return CognitoIdentityProvider(
        parts.database,
        pool,
        passwords=CHEAP,
        verifier=verifier_of(server),
        signal=parts.signal,
        secret_key=KEY,
        rules=CognitoRules(soonest_answer=timedelta(seconds=soonest_answer)),
    )


def verifier_of(server: StandIn) -> JwtVerifier:
    return JwtVerifier(RemoteKeys(f"{server.url}/jwks.json"), ISSUER, CLIENT)


@dataclass
class Known:
    """Somebody with a row of ours."""

    email: str
    subject: str


async def unproven(accounts: Accounts, cognito: Cognito) -> Known:
    cognito.replies["SignUp"] = {"UserSub": str(uuid.uuid4()), "UserConfirmed": False}
    email = await accounts.unconfirmed()
    return Known(email, (await accounts.account(email)).subject)


async def proven(accounts: Accounts, cognito: Cognito) -> Known:
    """Whose sign-ins Cognito lets in."""
    known = await unproven(accounts, cognito)
    await accounts.provider.confirm(email=known.email, code=CODE)
    cognito.replies["InitiateAuth"] = Later(lambda: tokens_for(known.subject))
    return known


async def protected(accounts: Accounts, cognito: Cognito) -> tuple[Known, list[str]]:
    """Somebody with a second factor, and their recovery codes."""
    known, codes, _ = await protected_in(accounts, cognito)
    return known, codes


async def protected_in(accounts: Accounts, cognito: Cognito) -> tuple[Known, list[str], Holder]:
    """And the session that it was set up in."""
    known = await proven(accounts, cognito)
    cognito.replies["VerifySoftwareToken"] = {"Status": "SUCCESS"}
    holder = await accounts.holder(known.email)
    codes = await accounts.provider.confirm_totp(holder=holder, password=PASSWORD, code=CODE)
    cognito.replies["InitiateAuth"] = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s" * 30}
    return known, codes, holder
