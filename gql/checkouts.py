"""Checking out in the API: a cart becomes an order."""

from collections.abc import Sequence

import strawberry

from domain import checkouts
from domain.checkouts import PriceChange
from domain.order_links import order_token
from gql.access import STORE
from gql.carts import CartWarning, CartWarningCode
from gql.checkout_inputs import CheckoutCompleteInput, new_checkout
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id, known_id
from gql.orders import Order, order_of
from gql.roots import Payload, mutation
from gql.scalars import money


@strawberry.type(description="The order that a cart became.")
class CheckoutCompletePayload(Payload):
    order: Order | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    order_token: str | None = strawberry.field(
        default=None,
        description="For `store { order(token:) }` and for paying, by which the buyer sees the order again without "
        "signing in; good for 180 days after the order last changed. Null when `userErrors` says why.",
    )
    warnings: list[CartWarning] = strawberry.field(
        default_factory=list,
        description="Lines that cost something else than when they were put into the cart, though the total is the one "
        "that was expected. Empty when the same order is answered again.",
        directives=[usually(1)],
    )


@strawberry.type
class CheckoutMutation:
    @mutation(
        CheckoutCompletePayload,
        access=STORE,
        description="Make an order of a cart, signed in or not. Lines are priced from the catalogue, discount and "
        "shipping are computed again, stock is taken for all lines or for none, and the cart is left without what was "
        "ordered. Nobody is asked for money: pay next. In `field`, `lines` and `discountCode` are the cart's.",
    )
    async def checkout_complete(self, info: Info, input: CheckoutCompleteInput) -> CheckoutCompletePayload | None:
        services = info.context.services
        done = await checkouts.check_out(
            info.context.write_rows,
            services.guest_carts,
            actor=info.context.actor,
            gateways=services.gateways,
            given=new_checkout(info, input),
            idempotency_key=input.idempotency_key,
            visit_id=known_id("visit", input.visit_id) if input.visit_id else None,
        )
        row = info.context.take(done.order)
        return CheckoutCompletePayload(
            order=order_of(row),
            order_token=order_token(services.signer, row),
            warnings=warnings_of(done.changes, row.currency),
        )


def warnings_of(changes: Sequence[PriceChange], currency: str) -> list[CartWarning]:
    return [
        CartWarning(
            code=CartWarningCode.PRICE_CHANGED,
            variant_id=global_id("variant", change.variant_id),
            old_price=money(change.seen, currency),
            new_price=money(change.price, currency),
            available=None,
        )
        for change in changes
    ]
