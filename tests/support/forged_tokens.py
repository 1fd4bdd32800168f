"""Forged access tokens, each wrong in one way, made with the true key wherever that makes the forgery harder to see."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integrations.access_tokens import public_numbers, thumbprint

STRANGERS_KEY = rsa.generate_private_key(65537, 2048)


def encoded(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def seconds_from_now(seconds: int) -> int:
    return int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())


class Forger:
    """Makes tokens that are almost those of an issuer for a client; the person and the session may well exist."""

    def __init__(
        self, key: rsa.RSAPrivateKey, *, issuer: str, client_id: str, subject: str, session_id: uuid.UUID
    ) -> None:
        self.key = key
        self.key_id = thumbprint(key.public_key())
        self.good = {
            "sub": subject,
            "iss": issuer,
            "client_id": client_id,
            "token_use": "access",
            "origin_jti": str(session_id),
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims with some changed; None leaves one out."""
        times = {"iat": seconds_from_now(0), "exp": seconds_from_now(300), "jti": str(uuid.uuid4())}
        return {name: value for name, value in (self.good | times | changes).items() if value is not None}

    def with_claims(self, **changes: Any) -> str:
        return self.signed(self.claims(**changes))

    def signed(
        self, payload: dict[str, Any] | None = None, *, key: Any = None, algorithm: str = "RS256", **header: Any
    ) -> str:
        """A token with a true signature; headers given as None are left out."""
        headers = {name: value for name, value in {"kid": self.key_id, **header}.items() if value is not None}
        return jwt.encode(payload or self.claims(), key or self.key, algorithm=algorithm, headers=headers)

    def by_hand(self, header: dict[str, Any], signature: Callable[[bytes], bytes]) -> str:
        """A token around good claims that no library would agree to make."""
        unsigned = f"{encoded(header)}.{encoded(self.claims())}"
        return f"{unsigned}.{encoded(signature(unsigned.encode()))}"

    def signed_by_hand(self, payload: Any) -> str:
        """Truly signed, around anything."""
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        unsigned = f"{encoded({'alg': 'RS256', 'kid': self.key_id})}.{encoded(raw)}"
        return f"{unsigned}.{encoded(self.key.sign(unsigned.encode(), PKCS1v15(), SHA256()))}"

    def unsigned(self, algorithm: str) -> str:
        return self.by_hand({"alg": algorithm, "typ": "JWT", "kid": self.key_id}, lambda _: b"")

    def signed_with_public_key(self, algorithm: str) -> str:
        """The classic: the key that everybody knows, taken as the secret of an HMAC."""
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        header = {"alg": algorithm, "typ": "JWT", "kid": self.key_id}
        return self.by_hand(header, lambda text: hmac.digest(public, text, hashlib.sha256))

    def tampered(self) -> str:
        header, _, signature = self.signed().split(".")
        return f"{header}.{encoded(self.claims(sub='somebody else'))}.{signature}"


# What to make, by what is wrong about it.
FORGED: dict[str, Callable[[Forger], str]] = {
    "alg none": lambda forger: forger.unsigned("none"),
    "alg NONE": lambda forger: forger.unsigned("NONE"),
    "alg missing": lambda forger: forger.by_hand({"kid": forger.key_id}, lambda _: b"x"),
    "HS256 with the public key as secret": lambda forger: forger.signed_with_public_key("HS256"),
    "HMAC that calls itself RS256": lambda forger: forger.signed_with_public_key("RS256"),
    "RS512": lambda forger: forger.signed(algorithm="RS512"),
    "PS256": lambda forger: forger.signed(algorithm="PS256"),
    "ES256": lambda forger: forger.signed(key=ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
    "a stranger's key under our key id": lambda forger: forger.signed(key=STRANGERS_KEY),
    "a stranger's key under its own id": lambda forger: forger.signed(
        key=STRANGERS_KEY, kid=thumbprint(STRANGERS_KEY.public_key())
    ),
    "unknown key id": lambda forger: forger.signed(kid="unknown"),
    "no key id": lambda forger: forger.signed(kid=None),
    "key id is a path": lambda forger: forger.signed(kid="../../etc/passwd"),
    "key id is no text": lambda forger: forger.by_hand({"alg": "RS256", "kid": [forger.key_id]}, lambda _: b"x"),
    "embedded key": lambda forger: forger.signed(key=STRANGERS_KEY, jwk=public_numbers(STRANGERS_KEY.public_key())),
    "embedded key beside our signature": lambda forger: forger.signed(jwk=public_numbers(STRANGERS_KEY.public_key())),
    "key at an address": lambda forger: forger.signed(key=STRANGERS_KEY, jku="https://evil.example/jwks.json"),
    "certificate": lambda forger: forger.signed(x5c=["MIIB"]),
    "critical extension": lambda forger: forger.signed(crit=["exp"]),
    "tampered payload": Forger.tampered,
    "signature cut off": lambda forger: forger.signed().rpartition(".")[0] + ".",
    "signature missing": lambda forger: forger.signed().rpartition(".")[0],
    "one more segment": lambda forger: forger.signed() + ".x",
    "expired": lambda forger: forger.with_claims(exp=seconds_from_now(-31)),
    "never expires": lambda forger: forger.with_claims(exp=None),
    "expires at infinity": lambda forger: forger.with_claims(exp=float("inf")),
    "expiry is no number": lambda forger: forger.with_claims(exp="soon"),
    "issued in the future": lambda forger: forger.with_claims(iat=seconds_from_now(35)),
    "never issued": lambda forger: forger.with_claims(iat=None),
    "not yet valid": lambda forger: forger.with_claims(nbf=seconds_from_now(35)),
    "other issuer": lambda forger: forger.with_claims(iss="https://evil.example"),
    "issuer with a slash more": lambda forger: forger.with_claims(iss=forger.good["iss"] + "/"),
    "list of issuers": lambda forger: forger.signed_by_hand(forger.claims(iss=[forger.good["iss"]])),
    "no issuer": lambda forger: forger.with_claims(iss=None),
    "other client": lambda forger: forger.with_claims(client_id="another-app"),
    "no client": lambda forger: forger.with_claims(client_id=None),
    "list of clients": lambda forger: forger.with_claims(client_id=[forger.good["client_id"]]),
    "ID token": lambda forger: forger.with_claims(token_use="id", aud=forger.good["client_id"], client_id=None),
    "ID token with a client": lambda forger: forger.with_claims(token_use="id"),
    "no token use": lambda forger: forger.with_claims(token_use=None),
    "audience of somebody else": lambda forger: forger.with_claims(aud="another-api"),
    "no subject": lambda forger: forger.with_claims(sub=None),
    "empty subject": lambda forger: forger.with_claims(sub=""),
    "subject is no text": lambda forger: forger.with_claims(sub=5),
    "subject too long": lambda forger: forger.with_claims(sub="s" * 201),
    "no session": lambda forger: forger.with_claims(origin_jti=None),
    "session is no UUID": lambda forger: forger.with_claims(origin_jti="1 OR 1=1"),
    "session is no text": lambda forger: forger.with_claims(origin_jti=7),
    "oversized": lambda forger: forger.with_claims(scope="s" * 9_000),
    "payload is a list": lambda forger: forger.signed_by_hand([1, 2]),
    "payload is deep": lambda forger: forger.signed_by_hand(b"[" * 3_000),
    "header is a list": lambda forger: f"{encoded(b'[]')}.{encoded(forger.claims())}.{encoded(b'x')}",
    "header is deep": lambda forger: f"{encoded(b'[' * 3_000)}.{encoded(forger.claims())}.{encoded(b'x')}",
    "a number of five thousand digits": lambda forger: forger.signed_by_hand(b'{"exp":' + b"9" * 5_000 + b"}"),
    "not base64": lambda _: "!!!.???.***",
    "not a token": lambda _: "token",
    "empty": lambda _: "",
    "dots": lambda _: "..",
    "NUL": lambda _: "\x00" * 10,
    "half a surrogate pair": lambda _: "\ud800.\ud800.\ud800",
    "Arabic": lambda _: "رمز.رمز.رمز",
}
