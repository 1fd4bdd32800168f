"""Who changed what about an order, a donation or a pledge, and when."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import TimelineEntry, new_id
from domain.actors import Actor


def note(session: AsyncSession, *, actor: Actor, subject: tuple[str, uuid.UUID], event: str, **details: Any) -> None:
    """Add an entry about `subject` (its kind and id) in the caller's transaction."""
    session.add(entry(actor=actor, subject=subject, event=event, **details))


def entry(*, actor: Actor, subject: tuple[str, uuid.UUID], event: str, **details: Any) -> TimelineEntry:
    """An entry that the caller writes."""
    kind, subject_id = subject
    return TimelineEntry(
        id=new_id(),
        tenant_id=actor.tenant,
        subject_kind=kind,
        subject_id=subject_id,
        event=event,
        actor_kind=actor.kind.value,
        actor_id=actor.identity,
        details=details,
    )


async def entries_of(session: AsyncSession, subject_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[TimelineEntry]]:
    """The entries of several subjects, oldest first: one statement for a loader's batch."""
    statement = select(TimelineEntry).where(TimelineEntry.subject_id.in_(subject_ids)).order_by(TimelineEntry.id)
    found: dict[uuid.UUID, list[TimelineEntry]] = {subject_id: [] for subject_id in subject_ids}
    for entry in (await session.execute(statement)).scalars():
        found[entry.subject_id].append(entry)
    return found
