"""Who changed what about an order, a donation or a pledge, and when."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEntry, Customer, Membership, TimelineEntry, new_id
from domain.actors import Actor, ActorKind


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


async def staff_by_person(session: AsyncSession, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, bool]:
    """Which of the people work here, or did: whoever ever joined a team stands in its audit log."""
    members = select(Membership.person_id).where(Membership.person_id.in_(person_ids))
    audited = select(AuditEntry.actor_id).where(
        AuditEntry.actor_id.in_(person_ids), AuditEntry.actor_kind == ActorKind.PERSON.value
    )
    return dict.fromkeys((await session.execute(union(members, audited))).scalars(), True)


async def customers_by_person(session: AsyncSession, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The people as this store's own customers: a store is told no identifier that another one has, too."""
    statement = select(Customer.person_id, Customer.id).where(Customer.person_id.in_(person_ids))
    return {row.person_id: row.id for row in await session.execute(statement)}
