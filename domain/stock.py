"""Stock of variants: taken and given back within the transaction of an order.

Variants are always locked in the order of their ids, so that two orders of the same things never wait for each other
in a circle. A variant whose stock is unlimited (NULL) is neither locked nor written.
"""

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import Integer, Uuid, Values, column, select, update, values
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogVariant
from db.storefront_writes import SALE


async def lock(session: AsyncSession, variant_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int | None]:
    """How many are left, held until the transaction ends; None where unlimited. An archived variant is left out."""
    statement = (
        select(CatalogVariant.id, CatalogVariant.stock)
        .where(CatalogVariant.id.in_(variant_ids), CatalogVariant.archived_at.is_(None))
        .order_by(CatalogVariant.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row.stock for row in await session.execute(statement)} if variant_ids else {}


async def take(session: AsyncSession, wanted: Mapping[uuid.UUID, int]) -> None:
    """Subtract what `lock` has shown to be there; nothing goes below zero, whatever the caller believes."""
    if not wanted:
        return
    amounts = as_table(wanted)
    statement = (
        update(CatalogVariant)
        .where(CatalogVariant.id == amounts.c.id, CatalogVariant.stock >= amounts.c.quantity)
        .values(stock=CatalogVariant.stock - amounts.c.quantity)
        .returning(CatalogVariant.id)
        .execution_options(synchronize_session=False, **SALE)
    )
    taken = (await session.execute(statement)).all()
    if len(taken) != len(wanted):
        raise RuntimeError("stock was taken without holding its lock")


async def give_back(session: AsyncSession, held: Mapping[uuid.UUID, int]) -> None:
    """Add what was taken before, also to an archived variant. One that became unlimited meanwhile stays so."""
    if not held:
        return
    in_order = select(CatalogVariant.id).where(CatalogVariant.id.in_(held)).order_by(CatalogVariant.id)
    await session.execute(in_order.with_for_update(key_share=True))
    amounts = as_table(held)
    await session.execute(
        update(CatalogVariant)
        .where(CatalogVariant.id == amounts.c.id, CatalogVariant.stock.is_not(None))
        .values(stock=CatalogVariant.stock + amounts.c.quantity)
        .execution_options(synchronize_session=False, **SALE)
    )


def as_table(quantities: Mapping[uuid.UUID, int]) -> Values:
    return values(column("id", Uuid), column("quantity", Integer), name="quantities").data(list(quantities.items()))
