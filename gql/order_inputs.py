"""Inputs of orders, and what the domain makes of them."""

import strawberry

from domain.order_submission import Customer, NewOrder, NewOrderLine
from gql.ids import known_id
from gql.scalars import Locale, written


@strawberry.input(description="Who orders, and how to reach them.")
class OrderCustomerInput:
    name: str = strawberry.field(description="Up to 200 characters.")
    email: str = strawberry.field(description="The order and every step of it are mailed there.")
    phone: str | None = strawberry.field(
        default=None, description="Digits, spaces, hyphens and brackets, such as `+965 5000 1234`."
    )


@strawberry.input(description="So many of one variant.")
class OrderLineInput:
    variant_id: strawberry.ID = strawberry.field(description="The variant; its item must be on sale.")
    quantity: int = strawberry.field(description="1 to 1,000,000.")


@strawberry.input(description="A new order. Prices come from the catalogue as it is at that moment.")
class OrderSubmitInput:
    idempotency_key: str = strawberry.field(
        description="At least 128 random bits in 22 to 200 printable ASCII characters. Sent again with the same input "
        "it answers the same order; with another input it is refused. A refused attempt does not use it up."
    )
    customer: OrderCustomerInput = strawberry.field(description="Who orders.")
    lines: list[OrderLineInput] = strawberry.field(description="1 to 100 of them; a variant may occur twice.")
    note: str | None = strawberry.field(
        default=None, description="For the tenant, up to 2,000 characters, line breaks allowed."
    )
    locale: Locale | None = strawberry.field(
        default=None, description="Language of the mails to the customer; the store's own by default."
    )
    visit_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="What `visitRecord` answered, so that the tenant learns how the shopper came. One that is unknown, "
        "or has ended, is left out: the order is placed all the same.",
    )


@strawberry.input(description="Which order to confirm.")
class OrderConfirmInput:
    id: strawberry.ID = strawberry.field(description="A pending order.")


@strawberry.input(description="Which order is complete.")
class OrderFulfilInput:
    id: strawberry.ID = strawberry.field(description="A confirmed order.")


@strawberry.input(description="Which order to call off, and why.")
class OrderCancelInput:
    id: strawberry.ID = strawberry.field(description="A pending or confirmed order.")
    reason: str | None = strawberry.field(
        default=None, description="For the order's timeline, up to 500 characters; the customer is not told."
    )
    refund: bool = strawberry.field(
        default=True,
        description="Whether all that is left of what was paid goes back, as far as its provider can: see the order's "
        "`refunds`; of a paid order it needs `payments:manage`. "
        "What is kept, or came by arrangement and was not given back by hand, is told by `reconciliation`.",
    )


def new_order(given: OrderSubmitInput) -> NewOrder:
    return NewOrder(
        customer=Customer(given.customer.name, given.customer.email, given.customer.phone),
        lines=[NewOrderLine(known_id("variant", line.variant_id), line.quantity) for line in given.lines],
        note=given.note,
        locale=written(given.locale),
    )
