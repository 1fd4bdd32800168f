"""A stand-in for Cognito that answers as a test tells it to, with tokens that are truly signed."""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.access_tokens import public_numbers
from tests.support.forged_tokens import Forger
from tests.support.http_stand_in import Answered, Asked

SIGNING = rsa.generate_private_key(65537, 2048)
POOL_ID, CLIENT, SECRET = "eu-central-1_StandIn", "client-of-the-tests", "secret-of-the-tests"
ISSUER = f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL_ID}"

Reply = dict[str, Any] | str
"""What Cognito answers, or how it calls what is wrong."""


class Later(NamedTuple):
    """A reply that is made when it is asked for."""

    make: Callable[[], Reply]


def in_turn(*replies: Reply) -> Later:
    """One after the other, the last one for ever."""
    waiting = list(replies)
    return Later(lambda: waiting.pop(0) if len(waiting) > 1 else waiting[0])


@dataclass
class Cognito:
    """What each operation answers next, nothing in particular by default; and what it was asked."""

    replies: dict[str, Reply | Later] = field(default_factory=dict[str, Any])
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])

    def answer(self, asked: Asked) -> Answered:
        if not asked.target:
            key = {"kid": "theirs", "use": "sig", "alg": "RS256", **public_numbers(SIGNING.public_key())}
            return Answered(json.dumps({"keys": [key]}).encode())
        operation = asked.target.rpartition(".")[2]
        self.asked.append((operation, json.loads(asked.body)))
        reply = self.replies.get(operation, {})
        if isinstance(reply, Later):
            reply = reply.make()
        if isinstance(reply, str):
            status = 500 if reply.startswith("Internal") else 400
            return Answered(json.dumps({"__type": reply, "message": "told by Cognito"}).encode(), status)
        return Answered(json.dumps(reply).encode())

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def last(self, operation: str) -> dict[str, Any]:
        return [given for asked, given in self.asked if asked == operation][-1]

    def knows(self, subject: str, email: str, /, **changes: Any) -> None:
        """Whom the pool has, as its administrators see them."""
        told = {"sub": subject, "email": email, "email_verified": "true", "name": "Noura", "locale": "en"} | changes
        attributes = [{"Name": name, "Value": value} for name, value in told.items() if name != "UserStatus"]
        status = changes.get("UserStatus", "CONFIRMED")
        self.replies["AdminGetUser"] = {"Username": subject, "UserStatus": status, "UserAttributes": attributes}


def tokens_for(subject: str, session_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """What Cognito answers to a sign-in that has come to its end."""
    session_id = session_id or str(uuid.uuid4())
    forger = Forger(SIGNING, issuer=ISSUER, client_id=CLIENT, subject=subject, session_id=uuid.UUID(session_id))
    token = forger.signed(forger.claims(**changes), kid="theirs")
    granted = {"AccessToken": token, "RefreshToken": secrets.token_urlsafe(900), "ExpiresIn": 300}
    return {"AuthenticationResult": granted}


def secret_hash(username: str) -> str:
    digest = hmac.digest(SECRET.encode(), f"{username}{CLIENT}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()
