"""Whether a tenant's books agree: orders, stock, codes, money and mails, as `db.queries.balance` compares them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import balance as balance_statements
from domain.actors import Actor, Permission, require

STOCK_RULE = "no unit was lost or made"
RULES = (*balance_statements.RULES, STOCK_RULE)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that does not hold."""

    rule: str
    subject: str
    told: str
    is_under_way: bool = False
    """Some work that waits will mend it, as while a provider's message is on its way."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One tenant's books at a moment."""

    figures: Mapping[str, Decimal]
    breaches: Sequence[Breach]
    units: Mapping[uuid.UUID, int]
    """Of each variant whose stock is limited: in stock, or held by an order."""


async def balance(
    session: AsyncSession, *, actor: Actor, units_before: Mapping[uuid.UUID, int] | None = None
) -> Balance:
    """With `units_before`, what was there earlier must be there still: orders only move it.

    Whoever stocks up, or writes returned goods off, changes the sum, too.
    """
    require(actor, Permission.ORDERS_READ)
    units = {row[0]: int(row[1]) for row in await session.execute(balance_statements.units())}
    figures = {row[0]: Decimal(row[1]) for row in await session.execute(balance_statements.figures())}
    found = [Breach(*row) for row in await session.execute(balance_statements.breaches())]
    return Balance(figures, [*found, *lost_units(units_before or {}, units)], units)


def lost_units(before: Mapping[uuid.UUID, int], now: Mapping[uuid.UUID, int]) -> Sequence[Breach]:
    """A variant that is gone, or limited no more, has no units to compare."""
    return [
        Breach(STOCK_RULE, str(variant_id), f"{count} before, {now[variant_id]} now")
        for variant_id, count in before.items()
        if now.get(variant_id, count) != count
    ]
