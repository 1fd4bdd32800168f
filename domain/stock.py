"""Stock of variants: taken and given back within the transaction of an order.

Variants are always locked in the order of their ids, so that two orders of the same things never wait for each other
in a circle. A variant whose stock is unlimited (NULL) is neither locked nor written.
"""

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import Integer, Uuid, Values, column, select, update, values
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogVariant
from db.queries import order_placement
from db.rows import Rows
from db.storefront_writes import SALE
from db.writes import Behind


async def lock(rows: Rows, variant_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int | None]:
    """How many are left, held until the transaction ends; None where unlimited. An archived variant is left out."""
    if not variant_ids:
        return {}
    found = await rows.fetch(order_placement.locked_stock(), {"variant_ids": list(variant_ids)})
    return {row["id"]: row["stock"] for row in found}


async def take(rows: Rows, wanted: Mapping[uuid.UUID, int]) -> Collection[uuid.UUID]:
    """Subtract, from each that has enough; answers which those are. All of them are held until the transaction ends.

    One that is missing has too few, is unlimited, or was archived: `lock` tells.
    """
    if not wanted:
        return ()
    return {row["id"] for row in await rows.fetch(order_placement.taken_stock(), as_columns(wanted))}


def taking(wanted: Mapping[uuid.UUID, int]) -> Behind | None:
    """As `take`, by the statement that counts a number behind it."""
    return Behind(order_placement.stock_taken, as_columns(wanted)) if wanted else None


def as_columns(wanted: Mapping[uuid.UUID, int]) -> dict[str, object]:
    return {"variant_ids": list(wanted), "quantities": list(wanted.values())}


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
