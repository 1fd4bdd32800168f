"""What a refund is for, line by line: how many of each can still be given back, and for how much."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order, OrderLine, Refund, RefundLine
from domain.errors import FaultCode, Faults, UserFault, named_twice, not_found
from domain.money import ZERO
from domain.refund_amounts import of_line, paid_for_shipping, payable_part
from domain.refund_settlement import is_held

MOST_OF_ONE = 1_000_000


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """So many of a line; None names nothing."""

    line_id: uuid.UUID | None
    quantity: int
    restocks: bool = False


@dataclass(frozen=True, slots=True)
class PlannedLine:
    line_id: uuid.UUID
    quantity: int
    restocks: bool
    amount: Decimal

    def values(self) -> Mapping[str, Any]:
        return {
            "order_line_id": self.line_id,
            "quantity": self.quantity,
            "restocks": self.restocks,
            "amount": self.amount,
        }


@dataclass(frozen=True, slots=True)
class Parts:
    """`exact` is what lines and shipping cost; `amount` what the provider is asked for."""

    lines: Sequence[PlannedLine]
    shipping: Decimal
    exact: Decimal
    amount: Decimal


def check(lines: Sequence[ReturnedLine]) -> None:
    """What can be told without looking at the order."""
    faults, seen = Faults(), set[uuid.UUID]()
    for place, line in enumerate(lines):
        path = ("lines", str(place))
        if not 1 <= line.quantity <= MOST_OF_ONE:
            faults.add(FaultCode.INVALID, f"A quantity is between 1 and {MOST_OF_ONE}.", *path, "quantity")
        if line.line_id is None:
            faults.found.append(not_found("order line", *path, "lineId"))
        elif line.line_id in seen:
            faults.found.append(named_twice(*path, "lineId"))
        else:
            seen.add(line.line_id)
    faults.raise_any()


async def plan(
    session: AsyncSession, *, order: Order, lines: Sequence[ReturnedLine], includes_shipping: bool, step: Decimal
) -> Parts:
    """The order is held. Faults: NOT_FOUND, and REFUND_TOO_LARGE for what was given back already, or is on its way."""
    rows = await session.execute(select(OrderLine).where(OrderLine.order_id == order.id))
    sold = {line.id: line for line in rows.scalars()}
    held = [each for each in await refunds_of_order(session, order.id) if is_held(each)]
    returned = await quantities(session, [each.id for each in held])
    faults, found = Faults(), list[PlannedLine]()
    for place, line in enumerate(lines):
        with faults.collecting():
            found.append(planned(line, sold, returned, ("lines", str(place))))
    with faults.collecting():
        shipping = shipping_left(order, sold.values(), held) if includes_shipping else ZERO
    faults.raise_any()
    exact = sum((each.amount for each in found), shipping)
    by_parts = [each for each in held if each.parts is not None]
    amount = payable_part(
        exact,
        parts_before=sum((each.parts or ZERO for each in by_parts), ZERO),
        given_before=sum((each.amount for each in by_parts), ZERO),
        step=step,
    )
    return Parts(found, shipping, exact, amount)


def planned(
    wanted: ReturnedLine, sold: Mapping[uuid.UUID, OrderLine], returned: Counter[uuid.UUID], path: tuple[str, ...]
) -> PlannedLine:
    line = sold.get(wanted.line_id) if wanted.line_id else None
    if line is None:
        raise not_found("order line", *path, "lineId")
    before = returned[line.id]
    if wanted.quantity > line.quantity - before:
        told = f"{line.quantity - before} of this line can still be given back."
        raise UserFault(FaultCode.REFUND_TOO_LARGE, told, (*path, "quantity"))
    amount = of_line(line.total - line.discount, line.quantity, before=before, count=wanted.quantity)
    return PlannedLine(line.id, wanted.quantity, wanted.restocks, amount)


def shipping_left(order: Order, sold: Sequence[OrderLine] | Any, held: Sequence[Refund]) -> Decimal:
    """All of it or nothing: shipping has no parts."""
    paid = paid_for_shipping(order.total, sum((line.total - line.discount for line in sold), ZERO))
    if any(each.shipping > 0 for each in held):
        told = "The shipping was given back already, or is on its way."
        raise UserFault(FaultCode.REFUND_TOO_LARGE, told, ("includesShipping",))
    return paid


async def refunds_of_order(session: AsyncSession, order_id: uuid.UUID) -> list[Refund]:
    found = select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)
    return list((await session.execute(found.execution_options(populate_existing=True))).scalars())


async def quantities(session: AsyncSession, refund_ids: Sequence[uuid.UUID]) -> Counter[uuid.UUID]:
    """How many of each line these refunds are for."""
    counted = select(RefundLine.order_line_id, func.sum(RefundLine.quantity)).group_by(RefundLine.order_line_id)
    rows = await session.execute(counted.where(RefundLine.refund_id.in_(refund_ids)))
    return Counter({line_id: int(quantity) for line_id, quantity in rows})
