"""Discounts at the till: found by their code, judged, used by an order, given back.

A use is counted under the lock of the discount's row, which is taken behind the stock and before the counter of
numbers: so simultaneous orders take a limited code exactly as often as it may be used, all together and each customer.
A customer is known by the address that they have proven, a guest by the one that they write. So whoever orders as both
under one address is one; whoever writes a second address as a guest is somebody else, which nobody can tell.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.queries import discounts as discount_statements
from db.rows import Rows, rows_within
from domain.actors import Actor
from domain.discount_codes import code_in_one_spelling
from domain.errors import FaultCode, UserFault
from domain.money import ZERO
from domain.pricing import Reduction, ReductionKind
from domain.texts import LocalizedText


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount as it stood when it was found, and how often the shopper had used it."""

    id: uuid.UUID
    code: str
    title: LocalizedText
    kind: str
    percentage: Decimal | None
    amount: Decimal | None
    minimum_subtotal: Decimal | None
    ends_at: datetime | None
    usage_limit_per_customer: int | None
    version: int
    status: str
    used_by_customer: int


REFUSALS = {
    "scheduled": (FaultCode.DISCOUNT_NOT_STARTED, "This discount has not begun yet."),
    "ended": (FaultCode.DISCOUNT_ENDED, "This discount is over."),
    "used_up": (FaultCode.DISCOUNT_USED_UP, "This discount was used as often as it may be."),
}
"""What is told of those that are not active. One that staff have switched off is as if there were none."""


async def find(rows: Rows, *, actor: Actor, code: str, email: str | None = None) -> Discount | None:
    """The discount of a code, however that is typed; None if there is none, or it is switched off.

    `email` is what a guest has written as their address, in its normalized form, if they have come so far.
    """
    known = code_in_one_spelling(code)
    if known is None:
        return None
    values = {"code": known, **whose(actor, email)}
    found = await rows.fetch(discount_statements.by_code(), values)
    return discount_of(dict(found[0])) if found and found[0]["status"] != "disabled" else None


def check(discount: Discount | None, *field: str, subtotal: Decimal) -> Discount:
    """The discount, if an order of these lines may have it.

    Faults: NOT_FOUND, DISCOUNT_NOT_STARTED, DISCOUNT_ENDED, DISCOUNT_USED_UP, DISCOUNT_LIMIT_PER_CUSTOMER,
    DISCOUNT_MINIMUM_NOT_REACHED; the last only where nothing else is in the way.
    """
    if discount is None:
        raise UserFault(FaultCode.NOT_FOUND, "There is no such discount code.", field)
    if discount.status in REFUSALS:
        raise UserFault(*REFUSALS[discount.status], field)
    limit = discount.usage_limit_per_customer
    if limit is not None and discount.used_by_customer >= limit:
        raise used_by_customer(*field)
    if discount.minimum_subtotal is not None and subtotal < discount.minimum_subtotal:
        told = f"This discount is for orders of at least {discount.minimum_subtotal}."
        raise UserFault(FaultCode.DISCOUNT_MINIMUM_NOT_REACHED, told, field)
    return discount


def reduction_of(discount: Discount) -> Reduction:
    """What it takes off, for `pricing.totals`."""
    return Reduction(ReductionKind(discount.kind), discount.percentage or discount.amount or ZERO)


async def use(
    rows: Rows, *, actor: Actor, discount: Discount, order_id: uuid.UUID, email: str, subtotal: Decimal, field: str
) -> None:
    """Count that an order uses a discount which was found and checked in this transaction.

    Behind the stock and before the order's number; the order itself may be written later in the transaction. `email` is
    the order's, normalized; `field` the path that faults name. Faults: as `check`, by what others have used meanwhile;
    STALE if staff have changed the discount meanwhile, so that the order's total may be another one.
    """
    values = {"discount_id": discount.id, "version": discount.version}
    if not await rows.fetch(discount_statements.counted_once_more(), values):
        check(await find(rows, actor=actor, code=discount.code, email=email), field, subtotal=subtotal)
        raise UserFault(FaultCode.STALE, "The discount has just changed: look at the total again.", (field,))
    use_of = {"tenant_id": actor.tenant, "order_id": order_id, "discount_id": discount.id, **whose(actor, email)}
    if not await rows.fetch(discount_statements.noted_use(), use_of):
        raise used_by_customer(field)


async def give_back(session: AsyncSession, *, order_id: uuid.UUID) -> None:
    """End what an order uses, once, however often and by however many this is asked; nothing if it uses none.

    Behind the order's lock and the stock.
    """
    rows, order = await rows_within(session), {"order_id": order_id}
    if await rows.fetch(discount_statements.held_by_order(), order):
        await rows.fetch(discount_statements.given_back(), order)


async def use_again(session: AsyncSession, *, order_id: uuid.UUID) -> bool:
    """Use again what an order gave back, as it is taken up again: whether it now has what it was priced with.

    Both limits hold, and whether the discount has ended meanwhile does not count: the order was placed in time. True
    for an order without a discount. Behind the order's lock and the stock.
    """
    rows, order = await rows_within(session), {"order_id": order_id}
    if not await rows.fetch(discount_statements.held_by_order(), order):
        return True
    await rows.fetch(discount_statements.used_again(), order)
    (use_now,) = await rows.fetch(discount_statements.use_of_order(), order)
    return bool(use_now["lasts"])


def whose(actor: Actor, email: str | None) -> dict[str, Any]:
    return {"customer_id": actor.customer_id, "email": email}


def discount_of(row: dict[str, Any]) -> Discount:
    return Discount(title=LocalizedText(en=row.pop("title_en"), ar=row.pop("title_ar")), **row)


def used_by_customer(*field: str) -> UserFault:
    told = "You have used this discount as often as one customer may."
    return UserFault(FaultCode.DISCOUNT_LIMIT_PER_CUSTOMER, told, field)
