"""What a cart comes to now, and what has changed since the shopper put things in. Nothing changes silently."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogVariant
from domain.along import Along
from domain.carts import Cart, CartLine
from domain.catalog import variants_by_id


class CartWarningCode(Enum):
    """What a shopper has to know about a line before they order."""

    PRICE_CHANGED = "price_changed"
    OUT_OF_STOCK = "out_of_stock"
    INSUFFICIENT_STOCK = "insufficient_stock"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class CartWarning:
    """One thing about one line."""

    code: CartWarningCode
    variant_id: uuid.UUID
    old_price: Decimal | None = None
    new_price: Decimal | None = None
    available: int | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with what one costs now; None where it is not on sale any more, which is in no total."""

    line: CartLine
    unit_price: Decimal | None

    @property
    def total(self) -> Decimal | None:
        return None if self.unit_price is None else self.unit_price * self.line.quantity


@dataclass(frozen=True, slots=True)
class PricedCart:
    """A cart as it comes to at this moment."""

    cart: Cart
    lines: Sequence[PricedLine]
    warnings: Sequence[CartWarning]

    @property
    def subtotal(self) -> Decimal:
        """Of what is on sale, without discount and shipping."""
        return sum((line.total for line in self.lines if line.total is not None), Decimal("0.000"))


async def priced(session: AsyncSession, *, cart: Cart) -> Along[PricedCart]:
    """Prices and stock of all lines, by one statement."""
    statement = (
        select(CatalogVariant, CatalogItem.status)
        .join(CatalogItem, CatalogItem.id == CatalogVariant.item_id)
        .where(CatalogVariant.id.in_(list(cart.quantities)))
    )
    found = [(row, status) for row, status in await session.execute(statement)]
    offered = {row.id: row for row, status in found if status == "active" and row.archived_at is None}
    lines = [PricedLine(line, price_of(offered.get(line.variant_id))) for line in cart.lines]
    warnings = [each for line in cart.lines for each in warnings_of(line, offered.get(line.variant_id))]
    return Along(PricedCart(cart, lines, warnings), {variants_by_id: {row.id: row for row, _ in found}})


def price_of(variant: CatalogVariant | None) -> Decimal | None:
    return None if variant is None else variant.price


def warnings_of(line: CartLine, variant: CatalogVariant | None) -> list[CartWarning]:
    """What of the line is no longer, or not quite, as the shopper was shown it."""
    if variant is None:
        return [CartWarning(CartWarningCode.UNAVAILABLE, line.variant_id)]
    found: list[CartWarning] = []
    if variant.price != line.seen_price:
        code = CartWarningCode.PRICE_CHANGED
        found.append(CartWarning(code, line.variant_id, old_price=line.seen_price, new_price=variant.price))
    if variant.stock is not None and variant.stock < line.quantity:
        code = CartWarningCode.INSUFFICIENT_STOCK if variant.stock else CartWarningCode.OUT_OF_STOCK
        found.append(CartWarning(code, line.variant_id, available=variant.stock))
    return found
