"""Leasing what the outboxes have due, across all tenants and people, through definer functions."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

CLAIM_OUTBOX = text("SELECT tenant_id, id, attempts, due_at FROM claim_outbox(:most, :lease_seconds)")
CLAIM_JOBS = text("SELECT tenant_id, id, attempts, due_at FROM claim_jobs(:most, :lease_seconds, :busy)").bindparams(
    bindparam("busy", type_=ARRAY(Uuid()))
)
CLAIM_ACCOUNT_OUTBOX = text("SELECT person_id, id, attempts, due_at FROM claim_account_outbox(:most, :lease_seconds)")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to handle one message: the `attempt`-th try, until a moment of the database's clock.

    A message has a new `until` at each claim, so the moment itself tells the holder from all earlier ones.
    """

    owner_id: uuid.UUID
    message_id: uuid.UUID
    attempt: int
    until: datetime


async def claim_outbox(
    session: AsyncSession, *, most: int, lease_seconds: int, busy: list[uuid.UUID] | None = None
) -> list[Lease]:
    """Lease up to `most` of the tenants' mails that are due, the oldest of each tenant first."""
    del busy  # a mail takes a moment: nobody has to step back for others
    rows = await session.execute(CLAIM_OUTBOX, {"most": most, "lease_seconds": lease_seconds})
    return [Lease(*row) for row in rows]


async def claim_jobs(
    session: AsyncSession, *, most: int, lease_seconds: int, busy: list[uuid.UUID] | None = None
) -> list[Lease]:
    """Lease up to `most` of the tenants' jobs that are due: the oldest of each tenant that is not `busy`."""
    rows = await session.execute(CLAIM_JOBS, {"most": most, "lease_seconds": lease_seconds, "busy": busy or []})
    return [Lease(*row) for row in rows]


async def claim_account_outbox(
    session: AsyncSession, *, most: int, lease_seconds: int, busy: list[uuid.UUID] | None = None
) -> list[Lease]:
    """Lease up to `most` of the people's messages that are due, the oldest of each person first."""
    del busy
    rows = await session.execute(CLAIM_ACCOUNT_OUTBOX, {"most": most, "lease_seconds": lease_seconds})
    return [Lease(*row) for row in rows]
