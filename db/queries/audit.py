"""Statements about the audit log of the scope's tenant, and about who stands in it.

`find_audited_people` calls a definer function: people's names are their own rows.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEntry


@dataclass(frozen=True, slots=True)
class PersonFound:
    """Somebody in the tenant's records."""

    id: uuid.UUID
    name: str
    email: str


async def count_acts(session: AsyncSession, *, acts: Sequence[str], within: timedelta) -> int:
    """How often the scope's tenant has seen these acts lately, by its audit log."""
    recent = AuditEntry.created_at > func.now() - within
    statement = select(func.count()).select_from(AuditEntry).where(AuditEntry.act.in_(acts), recent)
    return (await session.execute(statement)).scalar_one()


async def find_audited_people(session: AsyncSession, *, ids: Sequence[uuid.UUID]) -> list[PersonFound]:
    """Those of the people who have acted in the scope's tenant."""
    rows = await session.execute(text("SELECT * FROM find_audited_people(:ids)"), {"ids": list(ids)})
    return [PersonFound(*row) for row in rows]
