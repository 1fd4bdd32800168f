"""What only one thing of a tenant may be called, and which of many rows may be called so."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogVariant
from domain.catalog_items import SLUG_CONSTRAINT
from domain.catalog_variants import SKU_CONSTRAINT
from domain.external_references import ITEM_REFERENCE, VARIANT_REFERENCE

Key = tuple[Any, ...]
"""A constraint, and what is unique under it."""
COLUMNS: Mapping[str, Any] = {
    SLUG_CONSTRAINT: CatalogItem.slug,
    ITEM_REFERENCE: CatalogItem.external_reference,
    SKU_CONSTRAINT: CatalogVariant.sku,
    VARIANT_REFERENCE: CatalogVariant.external_reference,
}


async def holders_of(session: AsyncSession, keys: Iterable[Key]) -> dict[Key, uuid.UUID]:
    """Which item or variant is called so now."""
    wanted: dict[str, set[str]] = {}
    for constraint, name in keys:
        wanted.setdefault(constraint, set()).add(name)
    found: dict[Key, uuid.UUID] = {}
    for constraint, names in wanted.items():
        column = COLUMNS[constraint]
        for name, holder in await session.execute(select(column, column.class_.id).where(column.in_(names))):
            found[constraint, name] = holder
    return found
