"""Mission T2. A token is verified once, and yet refused as soon as it would be at first sight."""

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from domain.ports import Claims, TokenRejected
from integrations import access_tokens
from integrations.access_tokens import LEEWAY, AccessTokenSigner, JwtVerifier, thumbprint

ISSUER, CLIENT, SUBJECT, SESSION = "https://id.example.com", "sadu-web", "somebody", uuid.uuid4()
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SIGNER = AccessTokenSigner(PEM, ISSUER, CLIENT, timedelta(minutes=15))
KEY_ID = thumbprint(KEY.public_key())


class Provider:
    """A provider's keys, which change."""

    def __init__(self) -> None:
        self.keys = {KEY_ID: SIGNER.public_key}

    async def find(self, key_id: str) -> rsa.RSAPublicKey | None:
        return self.keys.get(key_id)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def verifier(provider: Provider) -> JwtVerifier:
    return JwtVerifier(provider, ISSUER, CLIENT)


def signed(subject: str = SUBJECT) -> str:
    return SIGNER.sign(subject=subject, session_id=SESSION, signed_in_at=datetime.now(UTC))


async def is_good(verifier: JwtVerifier, token: str) -> bool:
    try:
        return await verifier.verify(token) == Claims(SUBJECT, SESSION)
    except TokenRejected:
        return False


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was really verified."""
    tokens: list[str] = []
    decode = access_tokens.jwt.decode

    def watched(token: str, *arguments: object, **options: object) -> object:
        tokens.append(token)
        return decode(token, *arguments, **options)  # pyright: ignore[reportArgumentType, reportCallIssue] - passed on as it came

    monkeypatch.setattr(access_tokens.jwt, "decode", watched)
    return tokens


async def test_a_token_is_verified_once(verifier: JwtVerifier, decoded: list[str]) -> None:
    token, other = signed(), signed()
    for _ in range(3):
        assert await is_good(verifier, token)
        assert await is_good(verifier, other)
    assert decoded == [token, other]


async def test_a_withdrawn_key_takes_its_tokens_along(verifier: JwtVerifier, provider: Provider) -> None:
    token = signed()
    assert await is_good(verifier, token)
    provider.keys.clear()
    assert not await is_good(verifier, token)
    provider.keys[KEY_ID] = rsa.generate_private_key(65537, 2048).public_key()  # another one under the same id
    assert not await is_good(verifier, token)
    provider.keys[KEY_ID] = SIGNER.public_key
    assert await is_good(verifier, token)


async def test_a_token_ends_when_its_time_has_come(verifier: JwtVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed()
    assert await is_good(verifier, token)
    payload = token.split(".")[1]
    ends = json.loads(base64.urlsafe_b64decode(payload + "=="))["exp"] + LEEWAY.total_seconds()
    monkeypatch.setattr(access_tokens, "time", lambda: ends - 1)
    assert await is_good(verifier, token)
    monkeypatch.setattr(access_tokens, "time", lambda: ends)
    monkeypatch.setattr(access_tokens.jwt, "decode", expired)
    assert not await is_good(verifier, token)


def expired(*_arguments: object, **_options: object) -> object:
    """What the library says by then; its own clock cannot be set."""
    raise access_tokens.jwt.ExpiredSignatureError


async def test_a_token_like_a_good_one_is_another_one(verifier: JwtVerifier) -> None:
    token = signed()
    assert await is_good(verifier, token)
    head, payload, signature = token.split(".")
    flipped = ("B" if signature[0] != "B" else "C") + signature[1:]
    assert not await is_good(verifier, f"{head}.{payload}.{flipped}")
    assert not await is_good(verifier, f"{head}.{signed('another').split('.')[1]}.{signature}")
    assert not await is_good(verifier, f"{head}.{payload}.")


async def test_only_so_many_are_remembered(
    verifier: JwtVerifier, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "MOST_REMEMBERED", 3)
    tokens = [signed() for _ in range(5)]
    for token in tokens:
        assert await is_good(verifier, token)
    decoded.clear()
    for token in (*tokens[2:], tokens[0]):
        assert await is_good(verifier, token)
    assert decoded == [tokens[0]]
