"""Carts in the API: guests' by their ids, and the signed-in customer's own."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from domain import cart_prices, carts, guest_carts
from domain.errors import UserFault
from gql.cart_totals import CartTotals, totals_of
from gql.catalog import CatalogVariant, visible_variant
from gql.context import Info
from gql.cost import usually
from gql.destinations import Destination, destination_of
from gql.ids import global_id, split_id
from gql.scalars import Money, money


@strawberry.enum(description="What a shopper has to know about a line before they order.")
class CartWarningCode(Enum):
    PRICE_CHANGED = strawberry.enum_value(
        "price_changed", description="One costs something else than the shopper was shown: `oldPrice`, `newPrice`."
    )
    OUT_OF_STOCK = strawberry.enum_value("out_of_stock", description="None is left at the moment.")
    INSUFFICIENT_STOCK = strawberry.enum_value(
        "insufficient_stock", description="Fewer are left than are in the cart: `available`."
    )
    UNAVAILABLE = strawberry.enum_value("unavailable", description="It is not on sale any more, and is in no total.")


@strawberry.type(description="One thing that has changed about a line. The cart itself was left as it is.")
class CartWarning:
    code: CartWarningCode = strawberry.field(description="What has changed.")
    variant_id: strawberry.ID = strawberry.field(description="The line's variant.")
    old_price: Money | None = strawberry.field(description="With `PRICE_CHANGED`, the price that was shown.")
    new_price: Money | None = strawberry.field(description="With `PRICE_CHANGED`, the price now.")
    available: int | None = strawberry.field(
        description="With `OUT_OF_STOCK` and `INSUFFICIENT_STOCK`, how many are left."
    )


@strawberry.type(description="So many of one variant.")
class CartLine:
    priced: strawberry.Private[cart_prices.PricedLine]
    currency: strawberry.Private[str]

    @strawberry.field(description="The variant; a cart has one line of each.")
    def variant_id(self) -> strawberry.ID:
        return global_id("variant", self.priced.line.variant_id)

    @strawberry.field(description="The variant as it is now, with its item; null where it is not on sale any more.")
    async def variant(self, info: Info) -> CatalogVariant | None:
        return await visible_variant(info, self.priced.line.variant_id)

    @strawberry.field(description="How many, 1 to 1,000,000.")
    def quantity(self) -> int:
        return self.priced.line.quantity

    @strawberry.field(description="What one cost when the shopper was shown it.")
    def seen_price(self) -> Money:
        return money(self.priced.line.seen_price, self.currency)

    @strawberry.field(description="Price of one now; null where it is not on sale any more.")
    def unit_price(self) -> Money | None:
        return money_or_none(self.priced.unit_price, self.currency)

    @strawberry.field(description="`unitPrice` times `quantity`; null where it is not on sale any more.")
    def total(self) -> Money | None:
        return money_or_none(self.priced.total, self.currency)


@strawberry.type(
    description="What somebody means to order. Prices and stock are those of this moment; nothing is held."
)
class Cart:
    priced: strawberry.Private[cart_prices.PricedCart]

    @strawberry.field(description="Identifier. A guest's is a secret of 128 random bits: whoever has it has the cart.")
    def id(self) -> strawberry.ID:
        return cart_id_of(self.priced.cart)

    @strawberry.field(
        description="Whoever asks is not the store's customer: invite them to register at checkout; they need not."
    )
    def is_guest(self, info: Info) -> bool:
        return info.context.actor.customer_id is None

    @strawberry.field(description="What is in it, the first added first; at most 100.", directives=[usually(5)])
    def lines(self, info: Info) -> list[CartLine]:
        currency = info.context.tenant.currency
        return [CartLine(priced=line, currency=currency) for line in self.priced.lines]

    @strawberry.field(description="How many things are in it, of all lines together.")
    def quantity(self) -> int:
        return sum(line.quantity for line in self.priced.cart.lines)

    @strawberry.field(description="For the tenant; may have several lines.")
    def note(self) -> str | None:
        return self.priced.cart.note

    @strawberry.field(description="As the shopper wrote it; `totals` tell whether it counts.")
    def discount_code(self) -> str | None:
        return self.priced.cart.discount_code

    @strawberry.field(description="Where it is to be brought, as far as that is known.")
    def destination(self) -> Destination | None:
        destination = self.priced.cart.destination
        return destination_of(destination) if destination else None

    @strawberry.field(description="The shipping rate that was chosen; `totals` tell what it costs.")
    def shipping_rate_id(self) -> strawberry.ID | None:
        rate_id = self.priced.cart.shipping_rate_id
        return global_id("rate", rate_id) if rate_id else None

    @strawberry.field(description="Sum of the lines that are on sale, before discount and shipping.")
    def subtotal(self, info: Info) -> Money:
        return money(self.priced.subtotal, info.context.tenant.currency)

    @strawberry.field(description="What it comes to with the code, and with the shipping that was chosen.")
    async def totals(self, info: Info) -> CartTotals:
        return await totals_of(info, self.priced)

    @strawberry.field(
        description="What has changed since the shopper put things in, in the order of the lines; show it before they "
        "order.",
        directives=[usually(2)],
    )
    def warnings(self, info: Info) -> list[CartWarning]:
        return [warning_of(each, info.context.tenant.currency) for each in self.priced.warnings]


CartIdArgument = Annotated[strawberry.ID, strawberry.argument(description="Its identifier.")]


@strawberry.type(description="Carts in the storefront.")
class StoreCartFields:
    @strawberry.field(
        description="A guest's cart, or the signed-in customer's own; null for one that is unknown, unused for 30 "
        "days, or is somebody else's. Never kept by a cache. `CART_UNAVAILABLE` while guests' carts cannot be read."
    )
    async def cart(self, info: Info, id: CartIdArgument) -> Cart | None:
        try:
            named = NamedCart.of(id, info)
        except UserFault:
            return None
        if named.row_id is None or named.is_own:
            return await own_cart(info, named.row_id)
        return await shown(info, await guests_cart(info, named.row_id))


@dataclass(frozen=True, slots=True)
class NamedCart:
    """Which cart a client means: the prefix of its identifier tells where it is kept."""

    is_own: bool
    row_id: UUID | None

    @classmethod
    def of(cls, given: str | None, info: Info) -> Self:
        """Without an identifier the customer's own. Raises NOT_FOUND for what is none that the caller could have."""
        is_customer = info.context.actor.customer_id is not None
        if given is None:
            return cls(is_customer, None)
        prefix, row_id = split_id(given) or (None, None)
        if prefix == "guestcart" or (prefix == "cart" and is_customer):
            return cls(prefix == "cart", row_id)
        raise carts.no_such_cart()


async def own_cart(info: Info, cart_id: UUID | None = None) -> Cart | None:
    """The acting customer's."""
    async with info.context.read_rows() as rows:
        found = await carts.find_own(rows, actor=info.context.actor, cart_id=cart_id)
    return await shown(info, found)


async def guests_cart(info: Info, cart_id: UUID) -> carts.Cart | None:
    return await info.context.services.guest_carts.load(info.context.actor.tenant, cart_id)


async def changed(info: Info, given: str | None, change: carts.CartChange) -> Cart | None:
    """The cart after a change, wherever it is kept. No transaction is open while a guest's is changed."""
    actor, named = info.context.actor, NamedCart.of(given, info)
    if named.is_own:
        async with info.context.write_rows() as rows:
            cart = await carts.change_own(rows, actor=actor, cart_id=named.row_id, change=change)
    else:
        kept = info.context.services.guest_carts
        cart = await guest_carts.change(kept, actor=actor, cart_id=named.row_id, change=change)
    return await shown(info, cart)


async def shown(info: Info, cart: carts.Cart | None) -> Cart | None:
    """A cart with the prices of this moment."""
    if cart is None:
        return None
    async with info.context.read() as session:
        priced = await cart_prices.priced(session, cart=cart)
    return Cart(priced=info.context.take(priced))


def cart_id_of(cart: carts.Cart) -> strawberry.ID:
    return global_id("guestcart" if cart.is_guests else "cart", cart.id)


def warning_of(warning: cart_prices.CartWarning, currency: str) -> CartWarning:
    return CartWarning(
        code=CartWarningCode(warning.code.value),
        variant_id=global_id("variant", warning.variant_id),
        old_price=money_or_none(warning.old_price, currency),
        new_price=money_or_none(warning.new_price, currency),
        available=warning.available,
    )


def money_or_none(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else money(amount, currency)
