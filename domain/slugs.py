"""Slugs that are unique within a tenant, whoever else is writing at the same moment."""

import secrets
from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import refusing
from db.models import CatalogItem, Category
from domain.errors import FaultCode, UserFault

Named = TypeVar("Named", CatalogItem, Category)
ATTEMPTS = 5


async def insert_with_slug(
    session: AsyncSession,
    model: type[Named],
    values: Mapping[str, Any],
    *,
    slug: str | None,
    proposal: str,
    refusals: Mapping[str, Exception],
) -> Named:
    """Insert a row under the slug that was asked for, or under the proposal with a short suffix if that is taken.

    The database decides: a conflict inserts nothing, and a simultaneous insert is waited for. Fault: TAKEN.
    Other constraints raise what `refusals` has for them.
    """
    suffixed = (f"{proposal}-{secrets.token_hex(3)}" for _ in range(ATTEMPTS))
    for candidate in (slug,) if slug is not None else (proposal, *suffixed):
        statement = insert(model).values(**values, slug=candidate)
        statement = statement.on_conflict_do_nothing(index_elements=["tenant_id", "slug"]).returning(model)
        with refusing(refusals):
            row = (await session.execute(statement)).scalar_one_or_none()
        if row is not None:
            return row
    raise slug_taken()


def slug_taken() -> UserFault:
    return UserFault(FaultCode.TAKEN, "This slug is taken.", ("slug",))
