"""Placing an order: the one way an order comes into being.

Locks are taken in one order: idempotency key, items, stock by variant id, discount, counter. The last three are what
simultaneous orders wait for, so few statements follow them. The foreign keys of the lines hold variants behind the
counter, also unlimited ones: whoever changes the key of a variant must hold no counter. Whatever goes wrong leaves
nothing behind.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from db.models import Order, OrderLine, OutboxMessage, new_id
from db.queries import order_placement as order_statements
from db.rows import Record, Rows
from db.writes import COUNTED, COUNTED_AT, insert_rows
from domain import orders, outbox, stock, timeline
from domain.actors import Actor
from domain.along import Along
from domain.counters import counter
from domain.errors import FaultCode, Faults, InsufficientStock, UserFault, not_found
from domain.money import LARGEST, ZERO
from domain.texts import LocalizedText

FIRST_NUMBER = 1001
HOLD_ENDS = "order.hold_ends"
"""The job that sees to an order which was not paid in time, for `domain.job_handlers`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line whose form is right."""

    variant_id: uuid.UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant on sale as the catalogue shows it; `stock` is None where unlimited."""

    variant_id: uuid.UUID
    item_id: uuid.UUID
    kind: str
    """The item's."""
    sku: str | None
    name: LocalizedText
    price: Decimal
    stock: int | None


class Terms(Protocol):
    """What an order is placed on besides what the catalogue says."""

    async def settle(
        self, rows: Rows, order: Order, lines: Sequence[OrderLine], offers: Mapping[uuid.UUID, Offer]
    ) -> None:
        """Write into order and lines what they come to. Raises what stands in the way; nothing is held yet."""
        ...

    @property
    def takes(self) -> bool:
        """Whether `take` has anything to do, once it is settled."""
        ...

    async def take(self, rows: Rows, order: Order) -> None:
        """Take what there may be too little of: behind the stock, and before the number."""
        ...


async def place(
    rows: Rows, *, actor: Actor, order: Order, wanted: Sequence[Wanted], terms: Terms | None = None
) -> Along[Order]:
    """Give the order its lines, its amounts, its stock and its number, and write it with its mails and jobs.

    The caller has claimed the idempotency key for the order's id, and said who orders. Without terms it costs what the
    catalogue says.

    Faults: NOT_FOUND of variants and totals that are too large; what the terms raise; then INSUFFICIENT_STOCK of every
    line concerned.
    """
    offers = await offers_of(rows, {line.variant_id for line in wanted})
    lines = priced_lines(wanted, offers)
    order.discount, order.shipping, order.total = ZERO, ZERO, subtotal_of(lines)
    if terms:
        await terms.settle(rows, order, lines, offers)
    needed = needed_stock(lines, offers)
    # What is sold out as far as anyone can see needs no lock to be refused.
    check_stock(lines, needed, {offer.variant_id: offer.stock for offer in offers.values()})
    if terms and terms.takes:
        await hold_stock(rows, lines, needed)
        await terms.take(rows, order)
        await write(rows, actor, order, lines, {})
    else:
        await write(rows, actor, order, lines, needed)
    return Along(order, {orders.lines_of: {order.id: lines}})


async def placed_before(rows: Rows, order_id: uuid.UUID) -> Order:
    """The order that the same request has made before, as it is now."""
    (found,) = await rows.fetch(order_statements.order_by_id(), {"order_id": order_id})
    return Order(**found)


async def offers_of(rows: Rows, variant_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Offer]:
    """The variants among these that are on sale, their items held against a change of key.

    The lines' foreign keys would hold the items later, behind the stock. Whoever edits an item writes it before its
    variants, so orders must hold it before its variants, too.
    """
    found = await rows.fetch(order_statements.held_offers(), {"variant_ids": list(variant_ids)})
    return {row["variant_id"]: offer_of(row) for row in found}


def offer_of(row: Record) -> Offer:
    names = LocalizedText(en=row["name_en"], ar=row["name_ar"])
    return Offer(
        variant_id=row["variant_id"],
        item_id=row["item_id"],
        kind=row["item_kind"],
        sku=row["sku"],
        name=LocalizedText(
            en=joined(row["item_name_en"], names.in_locale("en")), ar=joined(row["item_name_ar"], names.in_locale("ar"))
        ),
        price=row["price"],
        stock=row["stock"],
    )


def joined(item: str | None, variant: str) -> str | None:
    """What a line is called: the item, a dash and the variant, or the item alone where the variant has no name."""
    return f"{item} – {variant}" if item and variant else item


def priced_lines(wanted: Sequence[Wanted], offers: Mapping[uuid.UUID, Offer]) -> Sequence[OrderLine]:
    """The lines as the catalogue names and prices them now. Raises every line that is not on sale or too dear."""
    faults = Faults()
    lines: list[OrderLine] = []
    for position, line in enumerate(wanted):
        path, offer = ("lines", str(position)), offers.get(line.variant_id)
        if offer is None:
            faults.found.append(not_found("variant", *path, "variantId"))
        elif offer.price * line.quantity > LARGEST:
            faults.add(FaultCode.INVALID, f"This line would exceed {LARGEST}.", *path, "quantity")
        else:
            lines.append(line_of(position, line.quantity, offer))
    faults.raise_any()
    return lines


def line_of(position: int, quantity: int, offer: Offer) -> OrderLine:
    return OrderLine(
        id=new_id(),
        position=position,
        item_id=offer.item_id,
        variant_id=offer.variant_id,
        sku=offer.sku,
        name_en=offer.name.en,
        name_ar=offer.name.ar,
        unit_price=offer.price,
        quantity=quantity,
        total=offer.price * quantity,
        discount=ZERO,
        stock_held=0,
    )


def subtotal_of(lines: Sequence[OrderLine]) -> Decimal:
    """What the lines come to, before any discount."""
    total = sum((line.total for line in lines), ZERO)
    if total > LARGEST:
        raise UserFault(FaultCode.INVALID, f"An order may cost at most {LARGEST}.", ("lines",))
    return total


def needed_stock(lines: Sequence[OrderLine], offers: Mapping[uuid.UUID, Offer]) -> Counter[uuid.UUID]:
    """How many of each limited variant the order takes; one on several lines must suffice for all of them."""
    needed: Counter[uuid.UUID] = Counter()
    for line in lines:
        if offers[line.variant_id].stock is not None:
            needed[line.variant_id] += line.quantity
    return needed


async def hold_stock(rows: Rows, lines: Sequence[OrderLine], needed: Mapping[uuid.UUID, int]) -> None:
    """Take what is limited, for all lines or for none."""
    taken = await stock.take(rows, needed)
    await check_rest(rows, lines, needed, taken)
    for line in lines:
        line.stock_held = line.quantity if line.variant_id in taken else 0


async def check_rest(
    rows: Rows, lines: Sequence[OrderLine], needed: Mapping[uuid.UUID, int], taken: Collection[uuid.UUID]
) -> Collection[uuid.UUID]:
    """What was not taken, which is unlimited by now: raises every line of anything else."""
    others = {variant_id: count for variant_id, count in needed.items() if variant_id not in taken}
    left = await stock.lock(rows, others)
    check_stock(lines, others, left)
    if any(left[variant_id] is not None for variant_id in others):
        raise RuntimeError("there is enough of a variant, and it was not taken")
    return others


def check_stock(
    lines: Sequence[OrderLine], needed: Mapping[uuid.UUID, int], left: Mapping[uuid.UUID, int | None]
) -> None:
    """Raises every line of a variant that has too few left, or that was archived while we waited for it."""
    faults = Faults()
    for line in lines:
        path, available = ("lines", str(line.position)), left.get(line.variant_id)
        if line.variant_id in needed and line.variant_id not in left:
            faults.found.append(not_found("variant", *path, "variantId"))
        elif available is not None and available < needed[line.variant_id]:
            faults.found.append(insufficient(line, available))
    faults.raise_any()


def insufficient(line: OrderLine, available: int) -> InsufficientStock:
    message = f"Only {available} left." if available else "Sold out."
    path = ("lines", str(line.position), "quantity")
    return InsufficientStock(
        FaultCode.INSUFFICIENT_STOCK, message, path, variant_id=line.variant_id, available=available
    )


async def write(
    rows: Rows, actor: Actor, order: Order, lines: Sequence[OrderLine], needed: Mapping[uuid.UUID, int]
) -> None:
    """Number and store the order, with the first entry of its timeline and the mails to shopper and tenant.

    Stock that is needed yet is taken by the same statement: what others wait for is held for one round trip less. The
    counter is held until the commit, so in a tenant number and moment agree.
    """
    for line in lines if needed else ():
        line.stock_held = line.quantity if line.variant_id in needed else 0
    order.number, order.placed_at, order.updated_at = COUNTED, COUNTED_AT, COUNTED_AT
    order.status, order.payment_status, order.fulfilment_status = "pending", "unpaid", "unfulfilled"
    for line in lines:
        line.tenant_id, line.order_id = order.tenant_id, order.id
    entry = timeline.entry(actor=actor, subject=("order", order.id), event="order.placed", to="pending")
    mails = [
        outbox.message(actor=actor, kind=kind, order_id=order.id)
        for kind in ("mail.order_received", "mail.order_placed")
    ]
    jobs = [hold_ends(order, order.held_until)] if order.held_until else []
    order.number, order.placed_at, order.updated_at, order.subtotal, *told = await insert_rows(
        rows,
        [*lines, entry, *mails, *jobs, order],
        returning=["number", "placed_at", "updated_at", "subtotal"],
        counter=counter(actor=actor, name="order", first=FIRST_NUMBER),
        behind=stock.taking(needed),
    )
    if needed:
        unlimited = await check_rest(rows, lines, needed, told[0] or ())
        await hold_nothing(rows, order, lines, unlimited)


async def hold_nothing(
    rows: Rows, order: Order, lines: Sequence[OrderLine], variant_ids: Collection[uuid.UUID]
) -> None:
    """What became unlimited while we waited for it was not taken, though it is written so."""
    if not variant_ids:
        return
    await rows.fetch(order_statements.nothing_held(), {"order_id": order.id, "variant_ids": list(variant_ids)})
    for line in lines:
        line.stock_held = 0 if line.variant_id in variant_ids else line.stock_held


def hold_ends(order: Order, until: datetime) -> OutboxMessage:
    return outbox.job(tenant_id=order.tenant_id, kind=HOLD_ENDS, due_at=until, order_id=order.id)
