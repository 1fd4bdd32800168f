"""Checking out: a cart becomes an order, in one transaction that asks nobody outside.

A guest's cart is not in that transaction. It was read before, and is emptied behind the commit of what was ordered,
once for each order. Its state is claimed in Postgres with the order: so of checkouts of one cart that come together one
makes an order, and whoever comes before the cart was emptied is told that it was ordered.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog

from db.models import Order, OrderLine, new_id
from db.queries import checkouts as checkout_statements
from db.rows import Record, Rows
from domain import carts, idempotency, orders
from domain.actors import Actor
from domain.address_forms import NewAddress, checked_address
from domain.along import Along
from domain.carts import Cart, CartUnavailable, GuestCarts, Ordered
from domain.checkout_terms import CheckoutTerms, ordered_of
from domain.errors import AccessDenied, FaultCode, Faults, UserFault, not_found
from domain.money import checked_amount
from domain.order_placement import Wanted, place, placed_before
from domain.order_submission import Customer, check_buyer
from domain.payment_gateways import Gateways
from domain.payment_ways import WayToPay, coin_of, offered_of
from domain.shipping import destination_of

log = structlog.get_logger("sadu.checkouts")


@dataclass(frozen=True, slots=True)
class NewCheckout:
    """What a shopper gives, as it was given. What is ordered is in the cart, and what it costs in the catalogue."""

    customer: Customer
    payment_provider: str
    expected_total: Decimal
    guest_cart_id: uuid.UUID | None = None
    """None for the acting customer's own cart."""
    own_cart_id: uuid.UUID | None = None
    """What the customer takes to be their cart's id, if they have said."""
    shipping_address: NewAddress | None = None
    shipping_rate_id: uuid.UUID | None = None
    """None for the one that the cart has."""
    note: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A line that costs something else than when it was put into the cart."""

    variant_id: uuid.UUID
    seen: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The order, what of it is still to leave a guest's cart, and what the shopper may not have seen."""

    order: Along[Order]
    ordered: Ordered | None
    changes: Sequence[PriceChange] = ()


class CartWasOrdered(UserFault):
    """Another checkout has ordered this cart, and it was not emptied yet."""

    def __init__(self, ordered: Ordered) -> None:
        super().__init__(FaultCode.STALE, "This cart was just ordered: read it again.", ("cartId",))
        self.ordered = ordered


Transaction = Callable[[], AbstractAsyncContextManager[Rows]]
"""One unit of work in the actor's scope."""


async def check_out(
    transaction: Transaction,
    guest_carts: GuestCarts,
    *,
    actor: Actor,
    gateways: Gateways,
    given: NewCheckout,
    idempotency_key: str,
    visit_id: uuid.UUID | None = None,
) -> CheckedOut:
    """The order of a cart, for a key used before the order it made; the cart is left without what was ordered.

    Faults: as `complete`. Raises `CartUnavailable` where a guest's cart cannot be read.
    """
    cart_id = given.guest_cart_id
    guest_cart = await guest_carts.load(actor.tenant, cart_id) if cart_id else None
    try:
        async with transaction() as rows:
            done = await complete(
                rows,
                actor=actor,
                gateways=gateways,
                given=given,
                guest_cart=guest_cart,
                idempotency_key=idempotency_key,
                visit_id=visit_id,
            )
    except CartWasOrdered as fault:
        await empty(guest_carts, actor, cart_id, fault.ordered)
        raise
    await empty(guest_carts, actor, cart_id, done.ordered)
    return done


async def empty(guest_carts: GuestCarts, actor: Actor, cart_id: uuid.UUID | None, ordered: Ordered | None) -> None:
    """Take out of a guest's cart what was ordered. If it fails, asking again with the same key does it, and so does a
    checkout of what is left there."""
    if ordered is None or cart_id is None:
        return
    try:
        await guest_carts.empty_ordered(actor.tenant, cart_id, ordered)
    except CartUnavailable:
        log.warning("cart_not_emptied", order_id=str(ordered.order_id))


async def complete(
    rows: Rows,
    *,
    actor: Actor,
    gateways: Gateways,
    given: NewCheckout,
    guest_cart: Cart | None,
    idempotency_key: str,
    visit_id: uuid.UUID | None,
) -> CheckedOut:
    """What `check_out` does within its transaction.

    Faults: everything wrong about the input's form at once; NOT_FOUND, STALE or empty cart; NOT_FOUND provider; what
    `order_placement.place` and `CheckoutTerms` raise, of the cart's lines; IDEMPOTENCY_KEY_REUSED.
    """
    order, address = checked_form(given, idempotency_key)
    holder = f"cart:{given.guest_cart_id}" if given.guest_cart_id and actor.identity is None else None
    key = idempotency.Key.of(actor, "checkout.complete", idempotency_key, given, holder=holder)
    opened = await open_checkout(rows, key, order, guest_cart, visit_id)
    if not opened["claimed"]:
        return await checked_out_before(rows, await idempotency.entity_of(rows, key), given)
    cart = await cart_to_order(rows, actor, given, guest_cart, opened)
    offered = offered_of(opened, gateways)
    way = offered.get(given.payment_provider)
    if way is None:
        raise not_found("way of paying in this store", "paymentProvider")
    fill(order, actor, opened, given, cart=cart, way=way)
    terms = CheckoutTerms(
        actor=actor,
        cart=cart,
        address=address,
        destination=destination_of(given.shipping_address) if given.shipping_address else None,
        rate_id=given.shipping_rate_id or cart.shipping_rate_id,
        gateways=gateways,
        step=coin_of(offered.values()),
        expected_total=given.expected_total,
    )
    wanted = [Wanted(line.variant_id, line.quantity) for line in cart.lines]
    placed = await place(rows, actor=actor, order=order, wanted=wanted, terms=terms)
    changes = price_changes(cart, placed.values[orders.lines_of][order.id])
    return CheckedOut(placed, ordered_of(order.id, cart) if cart.is_guests else None, changes)


def checked_form(given: NewCheckout, idempotency_key: str) -> tuple[Order, Mapping[str, Any] | None]:
    """The buyer's part of the order, and the filled columns of the address. Raises all that is wrong at once."""
    faults, order, address = Faults(), Order(id=new_id()), None
    with faults.collecting():
        idempotency.check_key(idempotency_key)
    check_buyer(order, given.customer, given.note, given.locale, faults)
    with faults.collecting():
        if given.shipping_address:
            columns = checked_address(given.shipping_address, "shippingAddress")
            address = {name: value for name, value in columns.items() if value is not None and name != "label"}
    with faults.collecting():
        checked_amount(given.expected_total, "expectedTotal")
    faults.raise_any()
    return order, address


async def open_checkout(
    rows: Rows, key: idempotency.Key, order: Order, guest_cart: Cart | None, visit_id: uuid.UUID | None
) -> Record:
    """What `db.queries.checkouts.open_and_claim` tells, of a tenant that is open for business."""
    values = key.values() | {
        "entity_id": order.id,
        "visit_id": visit_id,
        "cart_key": guest_cart.id.hex if guest_cart else None,
        "cart_state": guest_cart.state if guest_cart else None,
    }
    (opened,) = await rows.fetch(checkout_statements.open_and_claim(), values)
    if opened["status"] != "active":
        raise AccessDenied("the tenant is not active")
    return opened


async def checked_out_before(rows: Rows, order_id: uuid.UUID, given: NewCheckout) -> CheckedOut:
    """The order that the same request has made before, as it is now."""
    order = await placed_before(rows, order_id)
    return CheckedOut(Along(order), await ordered_before(rows, order) if given.guest_cart_id else None)


async def ordered_before(rows: Rows, order: Order) -> Ordered:
    found = await rows.fetch(checkout_statements.ordered_quantities(), {"order_id": order.id})
    quantities = {row["variant_id"]: int(row["quantity"]) for row in found}
    return Ordered(order.id, quantities, note=order.note, discount_code=order.discount_code)


async def cart_to_order(rows: Rows, actor: Actor, given: NewCheckout, guest_cart: Cart | None, opened: Record) -> Cart:
    """The cart, nobody else's from now on: a customer's is held, and the state of a guest's was claimed."""
    if not opened["has_cart"] and guest_cart is not None:
        claimed = {"cart_key": guest_cart.id.hex, "cart_state": guest_cart.state, "tenant_id": actor.tenant}
        (found,) = await rows.fetch(checkout_statements.order_of_cart(), claimed)
        raise CartWasOrdered(await ordered_before(rows, await placed_before(rows, found["entity_id"])))
    if given.guest_cart_id is None:
        guest_cart = await carts.hold_own(rows, actor=actor, cart_id=given.own_cart_id)
    if guest_cart is None:
        raise carts.no_such_cart()
    if not guest_cart.lines:
        raise UserFault(FaultCode.REQUIRED, "There is nothing in the cart.", ("cartId",))
    return guest_cart


def fill(order: Order, actor: Actor, opened: Record, given: NewCheckout, *, cart: Cart, way: WayToPay) -> None:
    """What the order has besides lines, amounts and shipping."""
    order.tenant_id, order.currency, order.customer_id = actor.tenant, opened["currency"], actor.customer_id
    order.visit_id, order.visit_touch = opened["visit_id"], opened["visit_touch"]
    order.locale, order.note = given.locale or opened["locale"], order.note or cart.note
    order.payment_method, order.held_until = given.payment_provider, opened["opened_at"] + way.holds_for


def price_changes(cart: Cart, lines: Sequence[OrderLine]) -> Sequence[PriceChange]:
    """The cart's lines that cost something else by now; the order has them in the same order."""
    return [
        PriceChange(line.variant_id, seen.seen_price, line.unit_price)
        for seen, line in zip(cart.lines, lines, strict=True)
        if seen.seen_price != line.unit_price
    ]
