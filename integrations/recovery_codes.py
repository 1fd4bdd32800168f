"""Recovery codes: ten at a time, each good once in place of a lost authenticator app."""

import re
import secrets
import unicodedata
import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import second_factors as queries
from domain.signing import Signer

HOW_MANY = 10
LENGTH = 10
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: 32 characters, so that ten of them are 50 bits, and none that are taken for another."""

MISREAD = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """Methods join the caller's transaction, scoped to the person, whose lock it holds."""

    signer: Signer

    async def renew(self, session: AsyncSession, *, person_id: uuid.UUID) -> list[str]:
        """New codes in place of all older ones; the database gets their hashes alone."""
        codes = new_codes()
        await queries.remove_recovery_codes(session, person_id=person_id)
        hashes = [self._hash(person_id, plain(code)) for code in codes]
        await queries.add_recovery_codes(session, person_id=person_id, hashes=hashes)
        return codes

    async def use(self, session: AsyncSession, *, person_id: uuid.UUID, code: str) -> bool:
        """Whether this is one of the person's codes that was not used yet; then it is used up."""
        return await queries.use_recovery_code(
            session, person_id=person_id, code_hash=self._hash(person_id, plain(code))
        )

    def _hash(self, person_id: uuid.UUID, code: str) -> bytes:
        """SHA-256 under the secret key: whoever copies the table cannot try 50 bits at leisure."""
        return self.signer.sign("recovery code", person_id.bytes + code.encode("utf-8", "surrogatepass"))


def new_codes() -> list[str]:
    """Different ones, as people are shown them."""
    codes: set[str] = set()
    while len(codes) < HOW_MANY:
        letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        codes.add(f"{letters[:5]}-{letters[5:]}")
    return sorted(codes)


def plain(code: str) -> str:
    """The code as it is hashed, however a person typed it: capitals, spaces, an O for a zero, Arabic digits."""
    letters = re.sub(r"[\s-]", "", code[:40].casefold()).translate(MISREAD)
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in letters)
