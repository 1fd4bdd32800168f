"""Orders that shoppers place without a cart: what they give, checked and made an order."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from db.models import Order, new_id
from db.queries import order_placement as order_statements
from db.rows import Record, Rows
from domain import idempotency
from domain.actors import Actor
from domain.along import Along
from domain.emails import normalized_email
from domain.errors import AccessDenied, FaultCode, Faults, not_found
from domain.order_placement import Wanted, place, placed_before
from domain.tenants import checked_phone
from domain.texts import LOCALES, cleaned, person_name

MOST_LINES = 100
MOST_OF_ONE = 1_000_000
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


async def submit(
    rows: Rows, *, actor: Actor, given: NewOrder, idempotency_key: str, visit_id: uuid.UUID | None = None
) -> Along[Order]:
    """An order with its number, its stock taken and its mails on their way; for a key used before, the order it made.

    A visit that is unknown here, or has ended, is left out. It is no part of what the key was used with: who asks again
    may have been given another meanwhile.

    Faults: everything wrong about the input's form at once; what `place` raises; IDEMPOTENCY_KEY_REUSED.
    """
    order, wanted = checked_order(given, idempotency_key)
    key = idempotency.Key.of(actor, "order.place", idempotency_key, given)
    tenant = await open_tenant(rows, key, order, visit_id)
    if not tenant["claimed"]:
        return Along(await placed_before(rows, await idempotency.entity_of(rows, key)))
    order.tenant_id, order.currency, order.customer_id = actor.tenant, tenant["currency"], actor.customer_id
    order.visit_id, order.visit_touch = tenant["visit_id"], tenant["visit_touch"]
    order.locale = given.locale or tenant["locale"]
    return await place(rows, actor=actor, order=order, wanted=wanted)


async def open_tenant(rows: Rows, key: idempotency.Key, order: Order, visit_id: uuid.UUID | None) -> Record:
    """Status, currency and locale of the tenant, which must be open for business; whether the key was free; the visit
    that the order came of."""
    values = key.values() | {"entity_id": order.id, "visit_id": visit_id}
    (tenant,) = await rows.fetch(order_statements.open_and_claim(), values)
    if tenant["status"] != "active":
        raise AccessDenied("the tenant is not active")
    return tenant


def checked_order(given: NewOrder, idempotency_key: str) -> tuple[Order, Sequence[Wanted]]:
    """The customer's part of the order, and its lines, tidied. Raises all that is wrong about the form at once."""
    faults, order = Faults(), Order(id=new_id())
    with faults.collecting():
        idempotency.check_key(idempotency_key)
    check_buyer(order, given.customer, given.note, given.locale, faults)
    wanted = checked_lines(given.lines, faults)
    faults.raise_any()
    return order, wanted


def check_buyer(order: Order, customer: Customer, note: str | None, locale: str | None, faults: Faults) -> None:
    """Write into the order who orders, tidied."""
    with faults.collecting():
        order.customer_name = person_name(customer.name, "customer", "name", limit=LONGEST_NAME)
    with faults.collecting():
        order.customer_email = normalized_email(customer.email, "customer", "email")
    with faults.collecting():
        order.customer_phone = checked_phone(customer.phone, "customer", "phone")
    with faults.collecting():
        order.note = cleaned(note, "note", limit=LONGEST_NOTE, multiline=True)
    if locale is not None and locale not in LOCALES:
        faults.add(FaultCode.INVALID, f"A locale is one of: {', '.join(LOCALES)}.", "locale")


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
