"""What staff have to look at: money that came or went otherwise than the books say."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import reconciliation
from db.queries.positions import BEFORE_ALL
from domain.actors import Actor, Permission, require
from domain.pages import Page, PageRequest, page_of


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that does not match, with what it is about; the amounts are in the order's currency."""

    kind: str
    moment: datetime
    id: uuid.UUID
    order_id: uuid.UUID | None
    payment_id: uuid.UUID | None
    refund_id: uuid.UUID | None
    expected: Decimal | None
    found: Decimal | None
    detail: str | None


async def list_mismatches(session: AsyncSession, *, actor: Actor, page: PageRequest) -> Page[Mismatch]:
    """All there are now, the latest first."""
    require(actor, Permission.ORDERS_READ)
    moment, row_id = page.behind
    values = {"moment": moment, "id": row_id, "limit": page.first + 1}
    rows = await session.execute(reconciliation.mismatches(), values)
    return page_of([Mismatch(*row) for row in rows], page, lambda each: (each.moment, each.id))


async def count_mismatches(session: AsyncSession, *, actor: Actor) -> int:
    require(actor, Permission.ORDERS_READ)
    moment, row_id = BEFORE_ALL
    counted = await session.execute(reconciliation.counted_mismatches(), {"moment": moment, "id": row_id})
    return counted.scalar_one()
