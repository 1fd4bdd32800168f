"""Which tenants' storefronts have changed, found across all of them by a definer function."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

FIND_CHANGES = text("SELECT seen, moment, server_started, tenant_id FROM find_storefront_changes(:since)")
FORGET_CHANGES = text("SELECT forget_storefront_changes()")


@dataclass(frozen=True, slots=True)
class Changes:
    """The tenants changed by what was committed since another look, and how this one is told apart from the next.

    `seen` is the snapshot of this look, for the next one; `moment` is by the database's clock.
    """

    seen: str
    moment: datetime
    server_started: datetime
    tenants: Collection[uuid.UUID]


async def find_changes(session: AsyncSession, *, since: str | None) -> Changes:
    """What has become visible since an earlier look's `seen`, each change once; nothing for None, the first look."""
    rows = (await session.execute(FIND_CHANGES, {"since": since})).all()
    seen, moment, server_started, _ = rows[0]
    return Changes(seen, moment, server_started, {row.tenant_id for row in rows if row.tenant_id is not None})


async def forget_old_changes(session: AsyncSession) -> None:
    """Delete the changes that have been there to see for an hour, those of all tenants."""
    await session.execute(FORGET_CHANGES)
