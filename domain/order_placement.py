"""Placing an order: the one way an order comes into being.

Locks are taken in one order: idempotency key, items, stock by variant id, counter. The last two are what simultaneous
orders wait for, so few statements follow them. The foreign keys of the lines hold variants behind the counter, also
unlimited ones: whoever changes the key of a variant must hold no counter. Whatever goes wrong leaves nothing behind.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from db.models import Order, OrderLine, new_id
from db.queries import order_placement as order_statements
from db.rows import Record, Rows
from db.writes import COUNTED, COUNTED_AT, insert_rows
from domain import idempotency, orders, outbox, stock, timeline
from domain.actors import Actor
from domain.along import Along
from domain.counters import counter
from domain.emails import normalized_email
from domain.errors import AccessDenied, FaultCode, Faults, InsufficientStock, UserFault, not_found
from domain.money import LARGEST, ZERO
from domain.tenants import checked_phone
from domain.texts import LOCALES, LocalizedText, cleaned, person_name

MOST_LINES = 100
MOST_OF_ONE = 1_000_000
FIRST_NUMBER = 1001
LONGEST_NAME = 200
LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class Customer:
    """Who orders, and how to reach them."""

    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class NewOrderLine:
    """So many of a variant; None where the client's identifier is none of a variant."""

    variant_id: uuid.UUID | None
    quantity: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What a shopper gives, as it was given. Prices and names come from the catalogue alone."""

    customer: Customer
    lines: Sequence[NewOrderLine]
    note: str | None = None
    locale: str | None = None


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
    sku: str | None
    name: LocalizedText
    price: Decimal
    stock: int | None


async def place(
    rows: Rows, *, actor: Actor, given: NewOrder, idempotency_key: str, visit_id: uuid.UUID | None = None
) -> Along[Order]:
    """An order with its number, its stock taken and its mails on their way; for a key used before, the order it made.

    A visit that is unknown here, or has ended, is left out. It is no part of what the key was used with: who asks again
    may have been given another meanwhile.

    Faults: everything wrong about the input's form at once; then NOT_FOUND of variants and totals that are too large;
    then INSUFFICIENT_STOCK of every line concerned; IDEMPOTENCY_KEY_REUSED.
    """
    order, wanted = checked_order(given, idempotency_key)
    key = idempotency.Key.of(actor, "order.place", idempotency_key, given)
    tenant = await open_tenant(rows, key, order, visit_id)
    if not tenant["claimed"]:
        return Along(await placed_before(rows, await idempotency.entity_of(rows, key)))
    offers = await offers_of(rows, {line.variant_id for line in wanted})
    lines = priced_lines(wanted, offers)
    order.tenant_id, order.currency, order.customer_id = actor.tenant, tenant["currency"], actor.customer_id
    order.visit_id, order.visit_touch = tenant["visit_id"], tenant["visit_touch"]
    order.locale, order.total = given.locale or tenant["locale"], total_of(lines)
    order.discount, order.shipping = ZERO, ZERO
    needed = needed_stock(lines, offers)
    # What is sold out as far as anyone can see needs no lock to be refused.
    check_stock(lines, needed, {offer.variant_id: offer.stock for offer in offers.values()})
    await hold_stock(rows, lines, needed)
    await write(rows, actor, order, lines)
    return Along(order, {orders.lines_of: {order.id: lines}})


async def open_tenant(rows: Rows, key: idempotency.Key, order: Order, visit_id: uuid.UUID | None) -> Record:
    """Status, currency and locale of the tenant, which must be open for business; whether the key was free; the visit
    that the order came of."""
    values = key.values() | {"entity_id": order.id, "visit_id": visit_id}
    (tenant,) = await rows.fetch(order_statements.open_and_claim(), values)
    if tenant["status"] != "active":
        raise AccessDenied("the tenant is not active")
    return tenant


async def placed_before(rows: Rows, order_id: uuid.UUID) -> Order:
    """The order that the same request has made before, as it is now."""
    (found,) = await rows.fetch(order_statements.order_by_id(), {"order_id": order_id})
    return Order(**found)


def checked_order(given: NewOrder, idempotency_key: str) -> tuple[Order, Sequence[Wanted]]:
    """The customer's part of the order, and its lines, tidied. Raises all that is wrong about the form at once."""
    faults, order, customer = Faults(), Order(id=new_id()), given.customer
    with faults.collecting():
        idempotency.check_key(idempotency_key)
    with faults.collecting():
        order.customer_name = person_name(customer.name, "customer", "name", limit=LONGEST_NAME)
    with faults.collecting():
        order.customer_email = normalized_email(customer.email, "customer", "email")
    with faults.collecting():
        order.customer_phone = checked_phone(customer.phone, "customer", "phone")
    with faults.collecting():
        order.note = cleaned(given.note, "note", limit=LONGEST_NOTE, multiline=True)
    if given.locale is not None and given.locale not in LOCALES:
        faults.add(FaultCode.INVALID, f"A locale is one of: {', '.join(LOCALES)}.", "locale")
    wanted = checked_lines(given.lines, faults)
    faults.raise_any()
    return order, wanted


def checked_lines(lines: Sequence[NewOrderLine], faults: Faults) -> Sequence[Wanted]:
    if not lines:
        faults.add(FaultCode.REQUIRED, "An order has at least one line.", "lines")
    if len(lines) > MOST_LINES:
        faults.add(FaultCode.TOO_LONG, f"An order has at most {MOST_LINES} lines.", "lines")
        return ()
    wanted: list[Wanted] = []
    for position, line in enumerate(lines):
        if line.variant_id is None:
            faults.found.append(not_found("variant", "lines", str(position), "variantId"))
        else:
            wanted.append(Wanted(line.variant_id, line.quantity))
        if not 1 <= line.quantity <= MOST_OF_ONE:
            message = f"A quantity is between 1 and {MOST_OF_ONE:,}."
            faults.add(FaultCode.INVALID, message, "lines", str(position), "quantity")
    return wanted


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


def total_of(lines: Sequence[OrderLine]) -> Decimal:
    """What the order costs: exactly the sum of its lines."""
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
    others = {variant_id: count for variant_id, count in needed.items() if variant_id not in taken}
    left = await stock.lock(rows, others)
    check_stock(lines, others, left)
    if any(left[variant_id] is not None for variant_id in others):
        raise RuntimeError("there is enough of a variant, and it was not taken")
    for line in lines:
        line.stock_held = line.quantity if line.variant_id in taken else 0


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


async def write(rows: Rows, actor: Actor, order: Order, lines: Sequence[OrderLine]) -> None:
    """Number and store the order, with the first entry of its timeline and the mails to shopper and tenant.

    The counter is held until the commit, so in a tenant number and moment agree.
    """
    order.number, order.placed_at, order.updated_at = COUNTED, COUNTED_AT, COUNTED_AT
    order.status, order.payment_status, order.fulfilment_status = "pending", "unpaid", "unfulfilled"
    for line in lines:
        line.tenant_id, line.order_id = order.tenant_id, order.id
    entry = timeline.entry(actor=actor, subject=("order", order.id), event="order.placed", to="pending")
    mails = [
        outbox.message(actor=actor, kind=kind, order_id=order.id)
        for kind in ("mail.order_received", "mail.order_placed")
    ]
    order.number, order.placed_at, order.updated_at, order.subtotal = await insert_rows(
        rows,
        [*lines, entry, *mails, order],
        returning=["number", "placed_at", "updated_at", "subtotal"],
        counter=counter(actor=actor, name="order", first=FIRST_NUMBER),
    )
