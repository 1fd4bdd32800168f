"""Encryption of what we must be able to read again, such as the secrets of authenticator apps."""

import secrets
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class Seal:
    """AES-256-GCM under a key derived from the secret key, each purpose having its own.

    What is sealed for one owner cannot be opened for another: copying a row to somebody else is of no use.
    """

    def __init__(self, secret_key: bytes, purpose: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"sadu {purpose}".encode()).derive(secret_key)
        self._cipher = AESGCM(derived)

    def seal(self, secret: bytes, *, owner: uuid.UUID) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, owner.bytes)

    def open(self, sealed: bytes, *, owner: uuid.UUID) -> bytes:
        """Raises `cryptography.exceptions.InvalidTag` for another owner, under another key, or where it was changed."""
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes)
