"""Guest orders in the API, claimed by whoever proves the address that they were placed under."""

import strawberry

from domain import order_claims
from gql.access import CUSTOMER
from gql.context import Info
from gql.order_mutations import OrderPayload
from gql.orders import order_of
from gql.roots import mutation


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
