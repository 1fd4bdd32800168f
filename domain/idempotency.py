"""One effect per idempotency key, however often and however simultaneously a client asks."""

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, is_dataclass
from typing import Self

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import IdempotencyRecord
from db.queries import idempotency
from db.rows import Rows, rows_within
from domain.actors import Actor
from domain.errors import FaultCode, UserFault

SHORTEST, LONGEST = 22, 200
"""22 characters of base64 carry 128 bits, so that nobody guesses another guest's key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A client's key for one operation, with the fingerprint of what it was sent with."""

    actor: Actor
    operation: str
    key: str
    fingerprint: bytes
    holder: str | None = None
    """Whose keys these are where that is not the actor: what a guest acts on, such as a cart."""

    @classmethod
    def of(cls, actor: Actor, operation: str, key: str, given: object, *, holder: str | None = None) -> Self:
        """Raises a fault for what is no key."""
        check_key(key)
        return cls(actor, operation, key, fingerprint_of(given), holder)

    def values(self) -> dict[str, object]:
        """As the columns of its record. A money-moving operation begins by inserting it, with the id of what it makes.

        That takes the key for the transaction, and is the first lock taken. A second caller with the same key waits
        for the first one's transaction, and then asks `entity_of`; if that one rolled back, the second has the key.
        """
        return {
            "tenant_id": self.actor.tenant,
            "operation": self.operation,
            "actor_key": self.holder or actor_key(self.actor),
            "key": self.key,
            "fingerprint": self.fingerprint,
        }


async def entity_of(rows: Rows, key: Key) -> uuid.UUID:
    """What the operation made under the key before. Raises a fault if it was used with another input."""
    (record,) = await rows.fetch(idempotency.claimed_key(), key.values())
    if record["fingerprint"] != key.fingerprint:
        raise UserFault(
            FaultCode.IDEMPOTENCY_KEY_REUSED,
            "This idempotency key was used before with another input.",
            ("idempotencyKey",),
        )
    return record["entity_id"]


async def claim(session: AsyncSession, key: Key, entity_id: uuid.UUID) -> uuid.UUID | None:
    """Take the key for what is about to be made; what was made under it before, if anything was.

    Raises a fault if it was used with another input.
    """
    taken = insert(IdempotencyRecord).values(**key.values(), entity_id=entity_id).on_conflict_do_nothing()
    if (await session.execute(taken.returning(IdempotencyRecord.key))).first() is not None:
        return None
    return await entity_of(await rows_within(session), key)


async def lead_to(session: AsyncSession, key: Key, entity_id: uuid.UUID) -> None:
    """The key that this transaction has taken leads to something that was there already."""
    record, values = IdempotencyRecord, key.values()
    columns = (record.tenant_id, record.operation, record.actor_key, record.key)
    claimed = update(record).where(*(column == values[column.key] for column in columns))
    await session.execute(claimed.values(entity_id=entity_id))


def check_key(key: str) -> None:
    """Refuse what is no key, so that a form can show it with its other faults. `Key.of` asks, too."""
    if not SHORTEST <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise UserFault(
            FaultCode.INVALID,
            f"An idempotency key has {SHORTEST} to {LONGEST} printable ASCII characters.",
            ("idempotencyKey",),
        )


def actor_key(actor: Actor) -> str:
    """Whose keys these are: a person's or an API key's own, or the tenant's guests' (whose keys are unguessable)."""
    return str(actor.identity) if actor.identity else actor.kind.value


def fingerprint_of(given: object) -> bytes:
    """SHA-256 of the input in one canonical spelling."""
    plain = asdict(given) if is_dataclass(given) and not isinstance(given, type) else given
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).digest()
