"""Access tokens: signed here for the `local` provider, verified in one way for every provider."""

import hashlib
import json
import uuid
from base64 import urlsafe_b64encode
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import time
from typing import Any, NamedTuple, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from domain.ports import Claims, TokenRejected

ALGORITHM = "RS256"
LEEWAY = timedelta(seconds=30)
LONGEST_TOKEN, LONGEST_SUBJECT = 8_192, 200
MOST_REMEMBERED, LONGEST_REMEMBERED, LONGEST_HEADER = 10_000, 2_000, 300
HEADER = {"alg", "kid", "typ"}
"""A header with more, such as a key of its own or where to find one, is not from a provider that we know."""
CLAIMS = ["sub", "iss", "client_id", "token_use", "origin_jti", "iat", "exp"]


class AccessTokenSigner:
    """Signs tokens with the claims that Cognito's access tokens have, `origin_jti` being our session."""

    def __init__(self, private_key_pem: bytes, issuer: str, client_id: str, lifetime: timedelta) -> None:
        self._key = private_key(private_key_pem)
        self._issuer = issuer
        self._client_id = client_id
        self.lifetime = lifetime
        self.public_key = self._key.public_key()
        self._key_id = thumbprint(self.public_key)

    def sign(self, *, subject: str, session_id: uuid.UUID, signed_in_at: datetime) -> str:
        """A token for one person in one session, valid from now on for `lifetime`."""
        now = datetime.now(UTC)
        claims = {
            "sub": subject,
            "iss": self._issuer,
            "client_id": self._client_id,
            "origin_jti": str(session_id),
            "token_use": "access",
            "auth_time": int(signed_in_at.timestamp()),
            "iat": now,
            "exp": now + self.lifetime,
            "jti": str(uuid.uuid4()),
            "username": subject,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def jwks(self) -> dict[str, Any]:
        """What the JWKS endpoint answers: the public key, by which anybody can verify our tokens."""
        return {"keys": [public_numbers(self.public_key) | {"kid": self._key_id, "use": "sig", "alg": ALGORITHM}]}


class KeySource(Protocol):
    """The public keys of a provider."""

    async def find(self, key_id: str) -> RSAPublicKey | None:
        """The key with this id; None if the provider has no such key."""
        ...


class StaticKeys:
    """Keys that are known from the start, each by its thumbprint."""

    def __init__(self, *keys: RSAPublicKey) -> None:
        self._keys = {thumbprint(key): key for key in keys}

    async def find(self, key_id: str) -> RSAPublicKey | None:
        return self._keys.get(key_id)


class Verified(NamedTuple):
    """What a token says, the key that it was signed with, and the second from which on it is no longer good."""

    claims: Claims
    key: RSAPublicKey
    until: float


class JwtVerifier:
    """Accepts the access tokens of one issuer for one client, and nothing else.

    A token that was verified is not verified again while the provider has the very key that it was signed with.
    """

    def __init__(self, keys: KeySource, issuer: str, client_id: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client_id = client_id
        self._verified: OrderedDict[str, Verified] = OrderedDict()

    async def verify(self, token: str) -> Claims:
        """Who the token names, in which session. Raises `TokenRejected`, never anything else."""
        key = await self._keys.find(key_id_of(token))
        if key is None:
            raise TokenRejected
        known = self._verified.get(token)
        if known is not None and known.key is key and time() < known.until:
            return known.claims
        claims = self._decoded(token, key)
        found = self._checked(claims)
        self._remember(token, Verified(found, key, int(claims["exp"]) + LEEWAY.total_seconds()))
        return found

    def _remember(self, token: str, verified: Verified) -> None:
        self._verified.pop(token, None)
        if len(token) <= LONGEST_REMEMBERED:
            self._verified[token] = verified
        if len(self._verified) > MOST_REMEMBERED:
            self._verified.popitem(last=False)

    def _decoded(self, token: str, key: RSAPublicKey) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": CLAIMS},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenRejected from error

    def _checked(self, claims: dict[str, Any]) -> Claims:
        """What the library does not check."""
        subject, session = claims["sub"], claims["origin_jti"]
        ours = claims["token_use"] == "access" and claims["client_id"] == self._client_id
        if not ours or not isinstance(session, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise TokenRejected
        try:
            return Claims(subject=subject, session_id=uuid.UUID(session))
        except ValueError as error:
            raise TokenRejected from error


def key_id_of(token: str) -> str:
    """The key id in the header. Raises `TokenRejected` for a header that none of our providers writes."""
    if len(token) > LONGEST_TOKEN:
        raise TokenRejected
    header = token.partition(".")[0]
    return key_id_in(header) if len(header) <= LONGEST_HEADER else key_id_in.__wrapped__(header)


@lru_cache(maxsize=100)
def key_id_in(encoded_header: str) -> str:
    """All tokens of one key have the same header: it is read once. What it belongs to is verified with that key."""
    try:
        header = jwt.get_unverified_header(f"{encoded_header}..")
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRejected from error
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str) or not header.keys() <= HEADER:
        raise TokenRejected
    return key_id


def private_key(pem: bytes) -> RSAPrivateKey:
    """Raises `ValueError` for anything but an RSA key of at least 2048 bits."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise ValueError("access tokens are signed with an RSA key of at least 2048 bits")
    return key


def public_numbers(key: RSAPublicKey) -> dict[str, str]:
    """The members of a JWK that make the key, and that its thumbprint is computed over."""
    numbers = key.public_numbers()
    return {"e": encoded_number(numbers.e), "kty": "RSA", "n": encoded_number(numbers.n)}


def encoded_number(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode().rstrip("=")


def thumbprint(key: RSAPublicKey) -> str:
    """The key's id: SHA-256 over its canonical JSON, as RFC 7638 has it."""
    canonical = json.dumps(public_numbers(key), sort_keys=True, separators=(",", ":"))
    return urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).decode().rstrip("=")
