"""Carts: what somebody means to order. A customer's is kept in Postgres, a guest's behind the port `GuestCarts`.

Both are the same `Cart`, changed by the same `CartChange`. A customer's cart is changed under its row's lock, a guest's
by one step of the store that keeps it: of changes that come together each counts.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

import orjson

from db.models import new_id
from db.queries import carts as statements
from db.rows import Record, Rows
from domain.actors import Actor
from domain.destinations import Destination
from domain.errors import FaultCode, UserFault, not_found

MOST_LINES = 100
MOST_OF_ONE = 1_000_000
"""As of an order: what fits a cart can be ordered."""

DETAILS = ("note", "discount_code", "destination", "shipping_rate_id")
"""What a cart holds beside its lines, and `CartDetails` may change."""


@dataclass(frozen=True, slots=True)
class CartLine:
    """So many of a variant, and what one cost when the shopper was shown it."""

    variant_id: uuid.UUID
    quantity: int
    seen_price: Decimal


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart as it is kept. Lines are in the order in which they were put in, one for each variant."""

    id: uuid.UUID
    lines: Sequence[CartLine] = ()
    customer_id: uuid.UUID | None = None
    """None for a guest's."""
    note: str | None = None
    discount_code: str | None = None
    """As it was written: nobody has checked it."""
    destination: Destination | None = None
    shipping_rate_id: uuid.UUID | None = None
    """As it was chosen: what it costs, and whether it is there, is asked at checkout."""
    edition: int = 0
    """Of a guest's cart: how often it was merged."""
    last_order: uuid.UUID | None = None
    """Of a guest's cart: the last order of which what was ordered has left it."""

    @property
    def is_guests(self) -> bool:
        return self.customer_id is None

    @property
    def state(self) -> str:
        """Of a guest's cart: another one whenever something was ordered or merged and has left it."""
        return f"{self.edition} {self.last_order.hex if self.last_order else 'none'}"

    @property
    def quantities(self) -> Mapping[uuid.UUID, int]:
        return {line.variant_id: line.quantity for line in self.lines}


@dataclass(frozen=True, slots=True)
class Portion:
    """So many of a variant, to be added or to be had. `place` is where the client wrote it, for faults.

    A line that is new has the price as seen; one that was there keeps its own, unless the shopper `was_shown` this one.
    """

    variant_id: uuid.UUID
    quantity: int
    price: Decimal | None
    place: int
    was_shown: bool = False


@dataclass(frozen=True, slots=True)
class CartChange:
    """What is to become of a cart: all of it, or where a fault is raised nothing."""

    added: Sequence[Portion] = ()
    kept: Sequence[Portion] = ()
    """Lines that are to have just so many; none takes the line away."""
    removed: Collection[uuid.UUID] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Columns of `DETAILS` with their new values."""


class CartUnavailable(Exception):
    """The store of guests' carts cannot be asked now. Whether a change was made, reading the cart will tell."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What has been ordered of a cart, and is to leave it. `order_id` makes that harmless when repeated."""

    order_id: uuid.UUID
    quantities: Mapping[uuid.UUID, int]
    note: str | None = None
    discount_code: str | None = None


class GuestCarts(Protocol):
    """Keeps guests' carts for 30 days from their last use, each under its tenant: another one's id finds nothing.

    Whatever cannot be answered soon raises `CartUnavailable`.
    """

    async def load(self, tenant_id: uuid.UUID, cart_id: uuid.UUID) -> Cart | None: ...

    async def create(self, tenant_id: uuid.UUID, change: CartChange) -> Cart:
        """A new cart under an id of 128 random bits. Faults as `change`."""
        ...

    async def change(self, tenant_id: uuid.UUID, cart_id: uuid.UUID, change: CartChange) -> Cart | None:
        """In one step; None where there is no such cart. Faults: LIMIT_REACHED, INVALID quantity, NOT_FOUND line."""
        ...

    async def delete(self, tenant_id: uuid.UUID, cart_id: uuid.UUID) -> bool:
        """Whether it was there."""
        ...

    async def empty_ordered(self, tenant_id: uuid.UUID, cart_id: uuid.UUID, ordered: Ordered) -> None:
        """Takes away what was ordered, once for each order; what was added meanwhile stays."""
        ...

    async def empty_merged(
        self, tenant_id: uuid.UUID, cart_id: uuid.UUID, *, edition: int, quantities: Mapping[uuid.UUID, int]
    ) -> None:
        """Takes away what was merged, if the cart still is of that edition; it is of the next one then."""
        ...


def changed(cart: Cart, change: CartChange) -> Cart:
    """The cart as it is to be. Raises the faults that `GuestCarts.change` raises."""
    lines = {line.variant_id: line for line in cart.lines}
    for portion in change.added:
        line = lines.get(portion.variant_id)
        lines[portion.variant_id] = merged_line(line, portion, (line.quantity if line else 0) + portion.quantity)
    for portion in change.kept:
        line = lines.get(portion.variant_id)
        if portion.quantity == 0:
            lines.pop(portion.variant_id, None)
        elif line is None:
            raise no_such_line(portion.place)
        else:
            lines[portion.variant_id] = merged_line(line, portion, portion.quantity)
    for variant_id in change.removed:
        lines.pop(variant_id, None)
    if len(lines) > MOST_LINES:
        raise too_many_lines()
    return replace(cart, lines=list(lines.values()), **change.details)


def merged_line(line: CartLine | None, portion: Portion, quantity: int) -> CartLine:
    if quantity > MOST_OF_ONE:
        raise too_many_of_one(portion.place)
    price = portion.price if line is None or portion.was_shown else line.seen_price
    if price is None:
        raise TypeError("a new line has a price")
    return CartLine(portion.variant_id, quantity, price)


def no_such_line(place: int) -> UserFault:
    return not_found("line in this cart", "lines", str(place), "variantId")


def too_many_of_one(place: int) -> UserFault:
    return UserFault(
        FaultCode.INVALID, f"A cart has at most {MOST_OF_ONE:,} of a variant.", ("lines", str(place), "quantity")
    )


def too_many_lines() -> UserFault:
    return UserFault(FaultCode.LIMIT_REACHED, f"A cart has at most {MOST_LINES} lines.", ("lines",))


async def find_own(rows: Rows, *, actor: Actor, cart_id: uuid.UUID | None = None) -> Cart | None:
    """The acting customer's cart; None for one who never had any, or where it is not the one of that id."""
    found = await rows.fetch(statements.OWN_CART, {"customer_id": actor.customer})
    if not found or cart_id not in (None, found[0]["id"]):
        return None
    return await with_lines(rows, found[0])


async def hold_own(rows: Rows, *, actor: Actor, cart_id: uuid.UUID | None = None) -> Cart:
    """As `find_own`, held until the transaction ends. Fault: NOT_FOUND. An order that is placed of it begins so."""
    values = {"customer_id": actor.customer}
    found = await rows.fetch(statements.HOLD_CART, values)
    if not found or cart_id not in (None, found[0]["id"]):
        raise no_such_cart()
    return await with_lines(rows, found[0])


async def hold_or_make_own(rows: Rows, *, actor: Actor) -> Cart:
    """As `hold_own`, for what comes into being with this."""
    values = {"tenant_id": actor.tenant, "id": new_id(), "customer_id": actor.customer}
    await rows.fetch(statements.MAKE_CART, values)
    return await hold_own(rows, actor=actor)


async def change_own(rows: Rows, *, actor: Actor, cart_id: uuid.UUID | None, change: CartChange) -> Cart:
    """Change the acting customer's cart, which comes into being with its first line.

    Faults: NOT_FOUND; what `changed` raises.
    """
    makes = cart_id is None and change.added
    cart = await (hold_or_make_own(rows, actor=actor) if makes else hold_own(rows, actor=actor, cart_id=cart_id))
    made = changed(cart, change)
    await write(rows, actor, cart, made)
    return made


async def delete_own(rows: Rows, *, actor: Actor, cart_id: uuid.UUID | None) -> uuid.UUID:
    """Delete the acting customer's cart with all that is in it; its id. Fault: NOT_FOUND."""
    values = {"customer_id": actor.customer, "cart_id": cart_id}
    found = await rows.fetch(statements.DELETE_CART, values)
    if not found:
        raise no_such_cart()
    return found[0]["id"]


async def empty_own(rows: Rows, *, actor: Actor, cart: Cart, ordered: Ordered) -> None:
    """Take away what was ordered of a cart that `hold_own` has read in this transaction, which places the order."""
    lines = [
        replace(line, quantity=line.quantity - ordered.quantities.get(line.variant_id, 0))
        for line in cart.lines
        if line.quantity > ordered.quantities.get(line.variant_id, 0)
    ]
    note = None if cart.note == ordered.note else cart.note
    code = None if cart.discount_code == ordered.discount_code else cart.discount_code
    await write(rows, actor, cart, replace(cart, lines=lines, note=note, discount_code=code))


def no_such_cart(*field_path: str) -> UserFault:
    return not_found("cart", *(field_path or ("cartId",)))


async def with_lines(rows: Rows, record: Record) -> Cart:
    lines = await rows.fetch(statements.LINES, {"cart_id": record["id"]})
    destination = record["destination"]
    return Cart(
        id=record["id"],
        lines=[CartLine(line["variant_id"], line["quantity"], line["seen_price"]) for line in lines],
        customer_id=record["customer_id"],
        note=record["note"],
        discount_code=record["discount_code"],
        destination=Destination(**destination) if destination else None,
        shipping_rate_id=record["shipping_rate_id"],
    )


async def write(rows: Rows, actor: Actor, before: Cart, cart: Cart) -> None:
    """Make of one state of a cart, which is held, another: by one statement, however many lines differ."""
    known = {line.variant_id: line for line in before.lines}
    differing = [line for line in cart.lines if known.get(line.variant_id) != line]
    await rows.fetch(
        statements.WRITE_CART,
        {
            "tenant_id": actor.tenant,
            "cart_id": cart.id,
            "gone": [variant_id for variant_id in known if variant_id not in cart.quantities],
            "variant_ids": [line.variant_id for line in differing],
            "quantities": [line.quantity for line in differing],
            "prices": [line.seen_price for line in differing],
            "note": cart.note,
            "discount_code": cart.discount_code,
            "destination": orjson.dumps(cart.destination).decode() if cart.destination else None,
            "shipping_rate_id": cart.shipping_rate_id,
        },
    )
