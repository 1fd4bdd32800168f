"""Pictures that were left unfinished, found across all tenants by a definer function."""

import uuid
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

FIND_UNFINISHED = text("SELECT tenant_id, id, status FROM find_media_to_sweep(:most)")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An asset, and the status that it has had for too long."""

    tenant_id: uuid.UUID
    asset_id: uuid.UUID
    status: str


async def find_unfinished(session: AsyncSession, *, most: int) -> list[Unfinished]:
    """Uploads expected, or pictures being made, for a day; failures of a week; tombstones whose link has ended."""
    return [Unfinished(*row) for row in await session.execute(FIND_UNFINISHED, {"most": most})]
