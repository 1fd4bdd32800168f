"""What a cart comes to, in the API."""

import strawberry

from domain import cart_totals
from domain.cart_prices import PricedCart
from gql.context import Info
from gql.cost import usually
from gql.errors import UserError, user_error
from gql.scalars import Money, money
from gql.shipping import ShippingQuote, quote_of


@strawberry.type(
    description="What a cart comes to at this moment, as `checkoutComplete` counts it. Lines that are not on sale any "
    "more are in no amount."
)
class CartTotals:
    subtotal: Money = strawberry.field(description="Sum of the lines, before discount and shipping.")
    discount: Money = strawberry.field(description="All that the cart's code takes off, also off shipping.")
    discount_refusal: UserError | None = strawberry.field(
        description="Why the cart's code does not count, with a code that begins with `DISCOUNT_`, or `NOT_FOUND`; "
        "null where it does, and without one. How often a guest has used a code is told at checkout."
    )
    needs_shipping: bool = strawberry.field(description="Whether anything is to be brought or collected.")
    shipping: Money | None = strawberry.field(
        description="Price of the shipping that the cart has chosen, before any discount. Null where nothing was "
        "chosen that its destination is offered, and where nothing needs it; it is in no total then."
    )
    shipping_quotes: list[ShippingQuote] = strawberry.field(
        description="What the cart's destination is offered: deliveries first, then pick-up, which needs none.",
        directives=[usually(3)],
    )
    total: Money = strawberry.field(description="`subtotal` plus `shipping` less `discount`: what checkout expects.")


async def totals_of(info: Info, priced: PricedCart) -> CartTotals:
    gateways, currency = info.context.services.gateways, info.context.tenant.currency
    async with info.context.read_rows() as rows:
        found = await cart_totals.totals_of(rows, actor=info.context.actor, gateways=gateways, priced=priced)
    totals = found.totals
    return CartTotals(
        subtotal=money(totals.subtotal, currency),
        discount=money(totals.discount, currency),
        discount_refusal=user_error(found.refusal) if found.refusal else None,
        needs_shipping=found.needs_shipping,
        shipping=money(totals.shipping, currency) if found.quote else None,
        shipping_quotes=[quote_of(each, currency) for each in found.quotes],
        total=money(totals.total, currency),
    )
