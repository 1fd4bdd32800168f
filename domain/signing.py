"""Tokens that we derive or sign under the secret key, so that no table holds them."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs under one key for several purposes; a signature for one is worth nothing for another."""

    secret_key: bytes = field(repr=False)

    def sign(self, purpose: str, message: bytes) -> bytes:
        """32 bytes that nobody without the key can know."""
        return hmac.digest(self.secret_key, purpose.encode() + b"\0" + message, hashlib.sha256)

    def token(self, purpose: str, message: bytes) -> str:
        """The signature as text that is safe in a URL: 43 characters, 256 bits."""
        return urlsafe_b64encode(self.sign(purpose, message)).decode().rstrip("=")

    def is_signed(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Takes the same time for every wrong signature."""
        return hmac.compare_digest(self.sign(purpose, message), signature)
