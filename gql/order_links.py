"""Orders by their signed links: seen by whoever has the link, claimed by whoever proves the address."""

from typing import Annotated

import strawberry

from domain import order_claims, order_links
from gql.access import CUSTOMER
from gql.context import Info
from gql.orders import Order, OrderPayload, order_of
from gql.roots import mutation

Token = Annotated[str, strawberry.argument(description="`orderToken` of `orderSubmit`, or the end of a mailed link.")]


@strawberry.type(description="An order in the storefront.")
class LinkedOrderFields:
    @strawberry.field(
        description="An order by its signed link, as its buyer sees it. Null for a token that is forged, expired or "
        "another store's. Never kept by a cache."
    )
    async def order(self, info: Info, token: Token) -> Order | None:
        actor, signer = info.context.actor, info.context.services.signer
        async with info.context.read() as session:
            row = await order_links.find_linked(session, actor=actor, signer=signer, token=token)
        return order_of(row) if row else None


@strawberry.input(description="Which order to claim.")
class OrderClaimInput:
    token: str = strawberry.field(description="`orderToken` of `orderSubmit`, or the end of a mailed link.")


@strawberry.type
class OrderClaimMutation:
    @mutation(
        OrderPayload,
        access=CUSTOMER,
        description="Add a guest order to the customer's own. It must have been placed under their confirmed address: "
        "`NOT_FOUND` otherwise, as for a link that is no good. Claiming it twice answers the same.",
    )
    async def order_claim(self, info: Info, input: OrderClaimInput) -> OrderPayload | None:
        actor, signer = info.context.actor, info.context.services.signer
        async with info.context.write() as session:
            claimed = await order_claims.claim(session, actor=actor, signer=signer, token=input.token)
        return OrderPayload(order=order_of(claimed))
