"""One effect per idempotency key, however often and however simultaneously a client asks."""

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, is_dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import IdempotencyRecord
from domain.actors import Actor
from domain.errors import FaultCode, UserFault

SHORTEST, LONGEST = 22, 200
"""22 characters of base64 carry 128 bits, so that nobody guesses another guest's key."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to perform an operation under a key, or what it led to before (`entity_id`)."""

    actor: Actor
    operation: str
    key: str
    entity_id: uuid.UUID | None


async def claim(session: AsyncSession, *, actor: Actor, operation: str, key: str, given: object) -> Claim:
    """Take the key for this transaction; the first lock that a money-moving operation takes.

    A second caller with the same key waits for the first one's transaction, then sees its result; if that one rolled
    back, the second performs the operation. Raises a fault if the key was used with another input.
    """
    check_key(key)
    fingerprint = fingerprint_of(given)
    values = {"tenant_id": actor.tenant, "operation": operation, "actor_key": actor_key(actor), "key": key}
    taken = insert(IdempotencyRecord).values(**values, fingerprint=fingerprint).on_conflict_do_nothing()
    if (await session.execute(taken.returning(IdempotencyRecord.key))).first():
        return Claim(actor, operation, key, None)
    record = (await session.execute(select(IdempotencyRecord).filter_by(**values))).scalar_one()
    if record.fingerprint != fingerprint:
        raise UserFault(
            FaultCode.IDEMPOTENCY_KEY_REUSED,
            "This idempotency key was used before with another input.",
            ("idempotencyKey",),
        )
    return Claim(actor, operation, key, record.entity_id)


def check_key(key: str) -> None:
    """Refuse what is no key, so that a form can show it with its other faults. `claim` asks, too."""
    if not SHORTEST <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise UserFault(
            FaultCode.INVALID,
            f"An idempotency key has {SHORTEST} to {LONGEST} printable ASCII characters.",
            ("idempotencyKey",),
        )


async def record(session: AsyncSession, claimed: Claim, entity_id: uuid.UUID) -> None:
    """Store what the operation made, in the same transaction as the effect."""
    await session.execute(
        update(IdempotencyRecord)
        .where(
            IdempotencyRecord.tenant_id == claimed.actor.tenant,
            IdempotencyRecord.operation == claimed.operation,
            IdempotencyRecord.actor_key == actor_key(claimed.actor),
            IdempotencyRecord.key == claimed.key,
        )
        .values(entity_id=entity_id)
    )


def actor_key(actor: Actor) -> str:
    """Whose keys these are: a person's own, or the tenant's guests' (whose keys are unguessable)."""
    return str(actor.person_id) if actor.person_id else actor.kind.value


def fingerprint_of(given: object) -> bytes:
    """SHA-256 of the input in one canonical spelling."""
    plain = asdict(given) if is_dataclass(given) and not isinstance(given, type) else given
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).digest()
