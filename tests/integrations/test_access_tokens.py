"""Mission T2: one verification path, which takes our access tokens and nothing else."""

import base64
import uuid
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from domain.ports import Claims, TokenRejected
from integrations.access_tokens import AccessTokenSigner, JwtVerifier, StaticKeys, thumbprint
from tests.support.forged_tokens import FORGED, Forger, encoded, seconds_from_now

ISSUER, CLIENT = "https://id.example.com", "sadu-web"
SUBJECT, SESSION = str(uuid.uuid4()), uuid.uuid4()
KEY = rsa.generate_private_key(65537, 2048)
SHORT_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


SIGNER = AccessTokenSigner(pem_of(KEY), ISSUER, CLIENT, timedelta(minutes=15))
VERIFIER = JwtVerifier(StaticKeys(KEY.public_key()), ISSUER, CLIENT)
FORGER = Forger(KEY, issuer=ISSUER, client_id=CLIENT, subject=SUBJECT, session_id=SESSION)


@pytest.mark.parametrize("variant", FORGED)
async def test_a_forged_token_is_rejected(variant: str) -> None:
    with pytest.raises(TokenRejected):
        await VERIFIER.verify(FORGED[variant](FORGER))


async def test_our_own_token_is_accepted() -> None:
    token = SIGNER.sign(subject=SUBJECT, session_id=SESSION, signed_in_at=datetime.now(UTC))
    assert await VERIFIER.verify(token) == Claims(SUBJECT, SESSION)


async def test_the_unforged_ground_of_the_forgeries_is_accepted() -> None:
    """Otherwise the forgeries might be rejected for a reason that they share."""
    assert await VERIFIER.verify(FORGER.signed()) == Claims(SUBJECT, SESSION)
    assert await VERIFIER.verify(FORGER.signed_by_hand(FORGER.claims())) == Claims(SUBJECT, SESSION)


async def test_a_clock_may_be_half_a_minute_off() -> None:
    await VERIFIER.verify(FORGER.with_claims(exp=seconds_from_now(-25), iat=seconds_from_now(-900)))
    await VERIFIER.verify(FORGER.with_claims(iat=seconds_from_now(25)))


def test_claims_are_named_as_cognito_names_them() -> None:
    signed_in_at = datetime.now(UTC) - timedelta(hours=1)
    token = SIGNER.sign(subject=SUBJECT, session_id=SESSION, signed_in_at=signed_in_at)
    read = jwt.decode(token, KEY.public_key(), algorithms=["RS256"], issuer=ISSUER)
    assert set(read) == {
        "sub", "iss", "client_id", "origin_jti", "token_use", "auth_time", "iat", "exp", "jti", "username"
    }  # fmt: skip
    assert read["auth_time"] == int(signed_in_at.timestamp())
    assert read["exp"] - read["iat"] == 15 * 60


async def test_others_can_verify_by_the_published_keys() -> None:
    token = SIGNER.sign(subject=SUBJECT, session_id=SESSION, signed_in_at=datetime.now(UTC))
    published = jwt.PyJWKSet.from_dict(SIGNER.jwks())
    key = published[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"])["sub"] == SUBJECT
    assert "d" not in SIGNER.jwks()["keys"][0]


def test_a_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    """The example of the standard, section 3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZH"
        "zu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEg"
        "U8awapJzKnqDKgw"
    )
    number = int.from_bytes(base64.urlsafe_b64decode(modulus + "=="))
    assert thumbprint(rsa.RSAPublicNumbers(65537, number).public_key()) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("key", [SHORT_KEY, ec.generate_private_key(ec.SECP256R1())])
def test_a_weak_or_foreign_signing_key_is_refused(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(ValueError, match="RSA key of at least 2048 bits"):
        AccessTokenSigner(pem_of(key), ISSUER, CLIENT, timedelta(minutes=15))


@given(st.text(max_size=200), st.text(max_size=200), st.binary(max_size=200))
async def test_no_token_is_an_error_of_ours(header: str, payload: str, signature: bytes) -> None:
    rest = f"{encoded(payload.encode())}.{encoded(signature)}"
    for token in (
        f"{header}.{payload}.{signature!r}",
        f"{encoded(header.encode())}.{rest}",
        f"{encoded({'alg': 'RS256', 'kid': FORGER.key_id, 'typ': header})}.{rest}",
    ):
        with pytest.raises(TokenRejected):
            await VERIFIER.verify(token)
