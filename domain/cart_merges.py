"""A guest's cart becomes a signed-in customer's: once, whatever is repeated, and wherever a process dies in between.

What is merged, and that it was, is one transaction; only then does it leave the guest's cart. A guest's cart is of an
edition, which that raises: so where it was not done any more, it is found noted under the edition, and is done then.
What was put into the guest's cart meanwhile stays there, for a further merge.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from db.queries import carts as statements
from db.rows import Rows
from domain.actors import Actor
from domain.carts import (
    MOST_LINES,
    MOST_OF_ONE,
    Cart,
    CartLine,
    hold_or_make_own,
    no_such_cart,
    write,
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many of a variant were in the guest's cart, and are not in the customer's."""

    variant_id: uuid.UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Merged:
    """The customer's cart, what of the guest's had no place in it, and what is to leave the guest's, if anything."""

    cart: Cart
    left_out: Sequence[LeftOut] = ()
    edition: int = 0
    leaving: Mapping[uuid.UUID, int] | None = None
    is_repetition: bool = False
    """It was merged before, and is only to leave the guest's cart; there may be more to merge behind that."""


async def merge(rows: Rows, *, actor: Actor, guest_cart_id: uuid.UUID, guest_cart: Cart | None) -> Merged:
    """Quantities add up to what stock allows; what the customer had stays. `guest_cart` is as it was found just now.

    Once this is committed, `GuestCarts.empty_merged` is to be told of `leaving`. Fault: NOT_FOUND where there is no
    such cart, unless this customer has merged it.
    """
    own = await hold_or_make_own(rows, actor=actor)
    if guest_cart is None:
        await require_own_merge(rows, actor, guest_cart_id)
        return Merged(own)
    noted = {
        "tenant_id": actor.tenant,
        "guest_cart_id": guest_cart.id,
        "edition": guest_cart.edition,
        "customer_id": actor.customer,
        "lines": orjson.dumps({line.variant_id.hex: line.quantity for line in guest_cart.lines}).decode(),
    }
    if not await rows.fetch(statements.MERGE, noted):
        return await merged_before(rows, own, guest_cart)
    stock = await stock_of(rows, guest_cart)
    lines, left_out = added_up(own.lines, guest_cart.lines, stock)
    cart = replace(with_details(own, guest_cart), lines=lines)
    await write(rows, actor, own, cart)
    return Merged(cart, left_out, guest_cart.edition, guest_cart.quantities)


async def merged_before(rows: Rows, own: Cart, guest_cart: Cart) -> Merged:
    """What was merged of this edition is still in the guest's cart: nobody has got as far as taking it away."""
    values = {"guest_cart_id": guest_cart.id, "edition": guest_cart.edition}
    (found,) = await rows.fetch(statements.MERGED, values)
    leaving = {uuid.UUID(each): quantity for each, quantity in found["lines"].items()}
    return Merged(own, (), guest_cart.edition, leaving, is_repetition=True)


async def require_own_merge(rows: Rows, actor: Actor, guest_cart_id: uuid.UUID) -> None:
    found = await rows.fetch(statements.MERGED, {"guest_cart_id": guest_cart_id, "edition": None})
    if not found or found[0]["customer_id"] != actor.customer:
        raise no_such_cart()


async def stock_of(rows: Rows, cart: Cart) -> Mapping[uuid.UUID, int]:
    """Of what is limited."""
    found = await rows.fetch(statements.STOCK, {"variant_ids": list(cart.quantities)})
    return {row["id"]: row["stock"] for row in found}


def added_up(
    own: Sequence[CartLine], guests: Sequence[CartLine], stock: Mapping[uuid.UUID, int]
) -> tuple[Sequence[CartLine], Sequence[LeftOut]]:
    """The lines of both, and what of the guest's is in none of them. No line of the customer's gets smaller."""
    lines, left_out = {line.variant_id: line for line in own}, list[LeftOut]()
    for line in guests:
        had = lines.get(line.variant_id)
        before = had.quantity if had else 0
        most = min(stock.get(line.variant_id, MOST_OF_ONE), MOST_OF_ONE)
        has_room = had is not None or len(lines) < MOST_LINES
        added = min(line.quantity, max(most - before, 0)) if has_room else 0
        if added:
            price = had.seen_price if had else line.seen_price
            lines[line.variant_id] = CartLine(line.variant_id, before + added, price)
        if added < line.quantity:
            left_out.append(LeftOut(line.variant_id, line.quantity - added))
    return list(lines.values()), left_out


def with_details(own: Cart, guests: Cart) -> Cart:
    """What the customer has said already stays; a rate belongs to its destination."""
    goes_along = own.destination is None and own.shipping_rate_id is None
    return replace(
        own,
        note=own.note or guests.note,
        discount_code=own.discount_code or guests.discount_code,
        destination=guests.destination if goes_along else own.destination,
        shipping_rate_id=guests.shipping_rate_id if goes_along else own.shipping_rate_id,
    )
