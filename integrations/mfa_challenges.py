"""Challenges: sign-ins whose password was right, until their second factor is given."""

import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import second_factors as queries
from domain.ports import Challenge
from domain.signing import Signer

PURPOSE = "mfa challenge"
MOST_GUESSES = 5
MOST_GUESSES_A_DAY = 50
"""At one person's app, over all challenges that were not answered: whoever has the password could begin new ones."""

UUID_BYTES = 16
SIGNED_BYTES = 2 * UUID_BYTES
TOKEN_LENGTH = 86


class Named(NamedTuple):
    """What a challenge's token says: whose it is, and which."""

    person_id: uuid.UUID
    challenge_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class MfaChallenges:
    """Methods with a session join the caller's transaction, scoped to the person, whose lock it holds."""

    signer: Signer
    lifetime: timedelta

    async def begin(self, session: AsyncSession, *, person_id: uuid.UUID) -> Challenge:
        challenge_id = await queries.add_challenge(session, person_id=person_id, lifetime=self.lifetime)
        return Challenge(self._token(Named(person_id, challenge_id)), self.lifetime)

    def named(self, token: str) -> Named | None:
        """What the token says; None for one that is not ours."""
        if len(token) != TOKEN_LENGTH or not token.isascii():
            return None
        try:
            given = urlsafe_b64decode(token + "==")
        except ValueError:
            return None
        said, signature = given[:SIGNED_BYTES], given[SIGNED_BYTES:]
        if not self.signer.is_signed(PURPOSE, said, signature):
            return None
        return Named(uuid.UUID(bytes=said[:UUID_BYTES]), uuid.UUID(bytes=said[UUID_BYTES:]))

    async def count_guess(self, session: AsyncSession, named: Named) -> bool:
        """False where the challenge has ended. A guess is counted, so the caller must commit before it refuses."""
        return await queries.count_guess(
            session,
            person_id=named.person_id,
            challenge_id=named.challenge_id,
            most=MOST_GUESSES,
            most_a_day=MOST_GUESSES_A_DAY,
        )

    async def begin_and_count_guess(self, session: AsyncSession, *, person_id: uuid.UUID) -> Named | None:
        """For a guess outside of a sign-in: a challenge that nobody is told of, which `count_guess` counted already."""
        named = Named(person_id, await queries.add_challenge(session, person_id=person_id, lifetime=self.lifetime))
        return named if await self.count_guess(session, named) else None

    async def answer(self, session: AsyncSession, named: Named) -> None:
        """It was answered rightly, and cannot be answered again."""
        await queries.consume_challenge(session, person_id=named.person_id, challenge_id=named.challenge_id)

    async def end_all(self, session: AsyncSession, *, person_id: uuid.UUID) -> None:
        """Whatever proved the first factor no longer does."""
        await queries.end_challenges(session, person_id=person_id)

    def _token(self, named: Named) -> str:
        said = named.person_id.bytes + named.challenge_id.bytes
        return urlsafe_b64encode(said + self.signer.sign(PURPOSE, said)).decode().rstrip("=")
