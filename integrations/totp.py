"""Authenticator apps (RFC 6238: SHA-1, six digits, 30 seconds, as all of them understand) whose secret we keep."""

import secrets
import uuid
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import second_factors as queries
from domain.identity import CODE_DIGITS, typed_code
from domain.ports import TotpEnrolment
from integrations.sealing import Seal

ISSUER = "Sadu"
SECRET_BYTES = 20
STEP_SECONDS = 30
TOLERATED_STEPS = 1
"""Either way, for clocks that are not quite right and people who type slowly."""


@dataclass(frozen=True, slots=True)
class TotpFactors:
    """Methods join the caller's transaction, scoped to the person, whose lock it holds."""

    seal: Seal
    clock: Callable[[], float]

    async def begin(self, session: AsyncSession, *, person_id: uuid.UUID, email: str) -> TotpEnrolment:
        """A new secret in place of an older one."""
        secret = secrets.token_bytes(SECRET_BYTES)
        sealed = self.seal.seal(secret, owner=person_id)
        await queries.write_totp_secret(session, person_id=person_id, sealed_secret=sealed)
        return TotpEnrolment(b32encode(secret).decode(), generator(secret).get_provisioning_uri(email, ISSUER))

    async def has_begun(self, session: AsyncSession, *, person_id: uuid.UUID) -> bool:
        return await queries.find_totp_secret(session, person_id=person_id) is not None

    async def accept(self, session: AsyncSession, *, person_id: uuid.UUID, code: str) -> bool:
        """Whether this is a code of now that was not used before; then it, and those before it, are used up."""
        sealed = await queries.find_totp_secret(session, person_id=person_id)
        if sealed is None:
            return False
        step = step_of(self.seal.open(sealed, owner=person_id), code, now=self.clock())
        return step is not None and await queries.spend_time_step(session, person_id=person_id, step=step)


def step_of(secret: bytes, code: str, *, now: float) -> int | None:
    """The time step whose code was typed, of the few that are good at that time; None for a wrong code.

    Takes the same time for every wrong one.
    """
    current, typed = int(now // STEP_SECONDS), (typed_code(code) or "").encode()
    steps = range(current - TOLERATED_STEPS, current + TOLERATED_STEPS + 1)
    matching = [step for step in steps if is_code(secret, typed, step)]
    return max(matching, default=None)


def is_code(secret: bytes, code: bytes, step: int) -> bool:
    try:
        generator(secret).verify(code, step * STEP_SECONDS)
    except InvalidToken:
        return False
    return True


def generator(secret: bytes) -> TOTP:
    return TOTP(secret, CODE_DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - it is what the apps compute
