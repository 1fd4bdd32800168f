"""Password hashes by argon2id, computed beside the event loop and only a few at a time."""

import secrets
from base64 import b64encode

import argon2

from domain.passwords import normalized_password
from integrations.threads import FewThreads

UNUSABLE = "!"
"""Stored in place of a hash where no password may open the account until it is reset."""


class Argon2Passwords:
    """Hashes and verifies. By default RFC 9106's second recommended option: 64 MiB (in KiB), three passes, four lanes.

    `at_once` bounds memory and processor time: the rest wait, and beyond `most_waiting` they are turned away.
    """

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_cost: int = 65_536,
        parallelism: int = 4,
        at_once: int = 2,
        most_waiting: int = 200,
    ) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost, memory_cost, parallelism)
        self._threads = FewThreads(at_once, most_waiting, name="argon2")
        self._nobodys = hash_of_nothing(self._argon2)

    async def hash(self, password: str) -> str:
        """A new hash, with its own salt and the parameters written into it."""
        return await self._threads.run(lambda: self._argon2.hash(encoded(password)))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one. Takes as long where nothing, or nothing usable, is stored."""
        given = encoded(password)
        known = stored or UNUSABLE
        return await self._threads.run(lambda: self._verified(self._nobodys if known == UNUSABLE else known, given))

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)

    def _verified(self, stored: str, password: bytes) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except argon2.exceptions.VerifyMismatchError:
            return False


def encoded(password: str) -> bytes:
    """The normalised password in bytes. Half a surrogate pair is no text, but must not be an error of ours either."""
    return normalized_password(password).encode("utf-8", "surrogatepass")


def hash_of_nothing(like: argon2.PasswordHasher) -> str:
    """A hash that no password has, and that costs as much to find out as any other."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (like.salt_len, like.hash_len)
    )
    return f"$argon2id$v=19$m={like.memory_cost},t={like.time_cost},p={like.parallelism}${salt}${digest}"
