"""Inputs of carts, and what the domain makes of them."""

from decimal import Decimal
from uuid import UUID

import strawberry

from domain.cart_edits import CartEdit, GivenLine
from domain.errors import not_found
from gql.destinations import DestinationInput, destination_value
from gql.ids import known_id
from gql.maybe import CLEARS, given

CART_ID = (
    "Which cart. A customer may leave it out, for their own; a guest's is known by its id alone, so keep that to the "
    "shopper."
)
SEEN_PRICE = "The price of one that the shopper was shown, which warnings compare with from then on. "


@strawberry.input(description="So many more of one variant.")
class CartLineAddInput:
    variant_id: strawberry.ID = strawberry.field(description="The variant; its item must be on sale.")
    quantity: int = strawberry.field(default=1, description="1 to 1,000,000, which is also the most in a cart.")
    seen_price: Decimal | None = strawberry.field(
        default=None,
        description=SEEN_PRICE + "Left out, a new line has the price of this moment, and one that is there keeps its.",
    )


@strawberry.input(description="Just so many of one variant.")
class CartLineUpdateInput:
    variant_id: strawberry.ID = strawberry.field(description="The variant of a line.")
    quantity: int = strawberry.field(description="Up to 1,000,000; 0 takes the line away.")
    seen_price: Decimal | None = strawberry.field(
        default=None, description=SEEN_PRICE + "Send it when the shopper has been told of another price."
    )


@strawberry.input(description="What to put into which cart.")
class CartLinesAddInput:
    cart_id: strawberry.ID | None = strawberry.field(
        default=None, description=CART_ID + " A guest who leaves it out gets a new cart."
    )
    lines: list[CartLineAddInput] = strawberry.field(description="1 to 100; what is named twice is added twice.")


@strawberry.input(description="How many there are to be in the cart.")
class CartLinesUpdateInput:
    cart_id: strawberry.ID | None = strawberry.field(default=None, description=CART_ID)
    lines: list[CartLineUpdateInput] = strawberry.field(description="1 to 100, each of another line.")


@strawberry.input(description="What to take out of the cart.")
class CartLinesRemoveInput:
    cart_id: strawberry.ID | None = strawberry.field(default=None, description=CART_ID)
    variant_ids: list[strawberry.ID] = strawberry.field(
        description="1 to 100, of the variants; one that is not in the cart is gone already."
    )


@strawberry.input(description="What to change; fields left out stay as they are.")
class CartUpdateInput:
    cart_id: strawberry.ID | None = strawberry.field(default=None, description=CART_ID)
    note: strawberry.Maybe[str | None] = strawberry.field(
        description=f"For the tenant, up to 2,000 characters, line breaks allowed. {CLEARS}"
    )
    discount_code: strawberry.Maybe[str | None] = strawberry.field(
        description=f"As the shopper writes it, up to 200 characters. {CLEARS}"
    )
    destination: strawberry.Maybe[DestinationInput | None] = strawberry.field(
        description=f"Where it is to be brought, as far as that is known yet. {CLEARS}"
    )
    shipping_rate_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description=f"How it is to be brought: one of the store's rates, checked at checkout. {CLEARS}"
    )


@strawberry.input(description="Which cart to throw away.")
class CartDeleteInput:
    cart_id: strawberry.ID | None = strawberry.field(default=None, description=CART_ID)


@strawberry.input(description="Whose cart is to become the customer's.")
class CartMergeInput:
    cart_id: strawberry.ID = strawberry.field(description="The guest's cart, from before the customer signed in.")


def added_lines(lines: list[CartLineAddInput]) -> list[GivenLine]:
    return [GivenLine(known_id("variant", line.variant_id), line.quantity, line.seen_price) for line in lines]


def kept_lines(lines: list[CartLineUpdateInput]) -> list[GivenLine]:
    return [GivenLine(known_id("variant", line.variant_id), line.quantity, line.seen_price) for line in lines]


def cart_edit(changes: CartUpdateInput) -> CartEdit:
    destination, rate = given(changes.destination), given(changes.shipping_rate_id)
    return CartEdit(
        note=given(changes.note),
        discount_code=given(changes.discount_code),
        destination=destination_value(destination) if isinstance(destination, DestinationInput) else destination,
        shipping_rate_id=rate_id(rate) if isinstance(rate, str) else rate,
    )


def rate_id(written: str) -> UUID:
    known = known_id("rate", written)
    if known is None:
        raise not_found("shipping rate", "shippingRateId")
    return known
