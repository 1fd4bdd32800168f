"""What another system, such as a till or an ERP, calls an item, a variant or a category: unique among its kind."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogVariant, Category
from domain.actors import Actor, Permission, require
from domain.errors import FaultCode, Faults, UserFault
from domain.texts import cleaned

Referenced = CatalogItem | CatalogVariant | Category

LONGEST_REFERENCE = 255
ITEM_REFERENCE = "uq_catalog_items_tenant_id_external_reference"
VARIANT_REFERENCE = "uq_catalog_variants_tenant_id_external_reference"
CATEGORY_REFERENCE = "uq_categories_tenant_id_external_reference"


def shown_reference(row: Referenced, *, actor: Actor) -> str | None:
    """For staff and their programs alone: how a merchant numbers things is nobody else's business."""
    return row.external_reference if actor.may(Permission.CATALOG_READ) else None


async def find_id(session: AsyncSession, *, actor: Actor, kind: type[Referenced], reference: str) -> uuid.UUID | None:
    """Which of its kind has this reference. Archived items are found as well, archived variants have none."""
    require(actor, Permission.CATALOG_READ)
    try:
        wanted = checked_reference(reference)
    except UserFault:
        wanted = None
    if wanted is None:
        return None
    found = await session.execute(select(kind.id).where(kind.external_reference == wanted))
    return found.scalar_one_or_none()


def checked_reference(reference: str | None, *path: str) -> str | None:
    """As it will be stored; None if it is empty. Faults: TOO_LONG, INVALID."""
    return cleaned(reference, *path, "externalReference", limit=LONGEST_REFERENCE)


async def check_variant_references(session: AsyncSession, variants: Sequence[Mapping[str, Any]], *path: str) -> None:
    """Tells which of several new variants has a reference that is taken, in this input or by another one."""
    wanted = [variant["external_reference"] for variant in variants if variant.get("external_reference")]
    if not wanted:
        return
    column = CatalogVariant.external_reference
    taken = set((await session.execute(select(column).where(column.in_(wanted)))).scalars())
    faults = Faults()
    for place, variant in enumerate(variants):
        if (reference := variant.get("external_reference")) in taken:
            faults.found.append(reference_taken(*path, str(place), "externalReference"))
        elif reference:
            taken.add(reference)
    faults.raise_any()


def reference_taken(*field: str) -> UserFault:
    return UserFault(FaultCode.TAKEN, "Something else of its kind has this external reference.", field)
