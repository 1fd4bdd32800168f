"""What a cart comes to as it is now, just as a checkout would count it: shipping, a code, and why it may not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from db.queries import checkouts as checkout_statements
from db.rows import Rows
from domain import discounts, pricing, shipping
from domain.actors import Actor
from domain.cart_prices import PricedCart
from domain.discounts import Discount
from domain.errors import UserFault
from domain.money import ZERO
from domain.payment_gateways import Gateways
from domain.payment_ways import coin_of, offered_of
from domain.pricing import Totals
from domain.shipping import Quote


@dataclass(frozen=True, slots=True)
class CartTotals:
    """Of what is on sale in the cart. Without a quote, shipping is in no total."""

    totals: Totals
    needs_shipping: bool
    quotes: Sequence[Quote]
    """What the cart's destination is offered; none where nothing is to be brought or collected."""
    quote: Quote | None
    """The one that the cart has chosen, if it is among them."""
    refusal: UserFault | None
    """Why the cart's code does not count."""


async def totals_of(rows: Rows, *, actor: Actor, gateways: Gateways, priced: PricedCart) -> CartTotals:
    """In few statements; anybody may ask who has the cart."""
    cart, subtotal = priced.cart, priced.subtotal
    asked = {"tenant_id": actor.tenant, "variant_ids": [line.line.variant_id for line in priced.lines]}
    (opened,) = await rows.fetch(checkout_statements.ways_and_kinds(), asked)
    needs_shipping = shipping.needs_shipping(opened["kinds"] or ())
    quotes: Sequence[Quote] = ()
    if needs_shipping:
        quotes = await shipping.quotes(rows, actor=actor, destination=cart.destination, subtotal=subtotal)
    quote = next((each for each in quotes if each.rate_id == cart.shipping_rate_id), None)
    discount, refusal = await judged(rows, actor, cart.discount_code, subtotal)
    totals = pricing.totals(
        [line.total for line in priced.lines if line.total is not None],
        reduction=discounts.reduction_of(discount) if discount else None,
        shipping=quote.price if quote else ZERO,
        step=coin_of(offered_of(opened, gateways).values()),
    )
    return CartTotals(totals, needs_shipping, quotes, quote, refusal)


async def judged(
    rows: Rows, actor: Actor, code: str | None, subtotal: Decimal
) -> tuple[Discount | None, UserFault | None]:
    """The discount of a code if it counts, else why not."""
    if code is None:
        return None, None
    found = await discounts.find(rows, actor=actor, code=code)
    try:
        return discounts.check(found, "discountCode", subtotal=subtotal), None
    except UserFault as fault:
        return None, fault
