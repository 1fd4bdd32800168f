"""Orders by their signed links: seen by whoever has the link."""

from typing import Annotated

import strawberry

from domain import order_links
from gql.context import Info
from gql.orders import Order, order_of

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
