"""Work that must not be lost: written in the caller's transaction, performed by the worker.

Enqueueing is all that domain functions do. The payload holds identifiers only; the worker reads the rest under the
tenant's scope, so that what is sent is what was committed.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AccountOutboxMessage, OutboxMessage, new_id
from domain.actors import Actor


def enqueue(session: AsyncSession, *, actor: Actor, kind: str, **payload: uuid.UUID | str) -> None:
    """Add a mail of a tenant's, of a kind that `domain.notifications` has a composer for."""
    session.add(message(actor=actor, kind=kind, **payload))
    session.info["has_work"] = True


def enqueue_job(session: AsyncSession, *, tenant_id: uuid.UUID, kind: str, **payload: uuid.UUID | str) -> None:
    """Add a tenant's work of a kind that `domain.job_handlers` has a handler for."""
    values = {"id": new_id(), "tenant_id": tenant_id, "kind": kind, "lane": "job", "payload": plain(payload)}
    session.add(OutboxMessage(**values))
    session.info["has_work"] = True


def enqueue_job_for_later(
    session: AsyncSession, *, tenant_id: uuid.UUID, kind: str, due_in: timedelta, **payload: uuid.UUID | str
) -> None:
    """As `enqueue_job`, for work that is due in a while: nobody is woken."""
    values = {"id": new_id(), "tenant_id": tenant_id, "kind": kind, "lane": "job", "payload": plain(payload)}
    session.add(OutboxMessage(**values, due_at=func.now() + due_in))


def message(*, actor: Actor, kind: str, **payload: uuid.UUID | str) -> OutboxMessage:
    """A tenant's work, for a caller that writes it and wakes the worker."""
    return OutboxMessage(id=new_id(), tenant_id=actor.tenant, kind=kind, payload=plain(payload))


def job(*, tenant_id: uuid.UUID, kind: str, due_at: datetime, **payload: uuid.UUID | str) -> OutboxMessage:
    """A tenant's work that is due at a moment, for a caller that writes it."""
    values = {"id": new_id(), "tenant_id": tenant_id, "kind": kind, "lane": "job", "payload": plain(payload)}
    return OutboxMessage(**values, due_at=due_at)


def enqueue_for_person(session: AsyncSession, *, person_id: uuid.UUID, kind: str, **payload: uuid.UUID | str) -> None:
    """Add work about a person's account, which belongs to no tenant."""
    session.add(AccountOutboxMessage(person_id=person_id, kind=kind, payload=plain(payload)))
    session.info["has_work"] = True


def has_work(session: AsyncSession) -> bool:
    """Whether this session enqueued anything: after its commit the worker is worth waking."""
    return bool(session.info.get("has_work"))


def plain(payload: dict[str, uuid.UUID | str]) -> dict[str, Any]:
    return {name: str(value) for name, value in payload.items()}
