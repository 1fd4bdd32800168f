"""Who did something, as records of changes tell it."""

from enum import Enum
from uuid import UUID

import strawberry

from domain import timeline
from gql.context import Info
from gql.ids import global_id


@strawberry.enum(description="What sort of being did something.")
class ActorKind(Enum):
    GUEST = strawberry.enum_value("guest", description="Somebody who had not signed in.")
    PERSON = strawberry.enum_value("person", description="Somebody signed in: a customer or a member of staff.")
    API_KEY = strawberry.enum_value("api_key", description="A program of the tenant's, with an API key.")
    OPERATOR = strawberry.enum_value("operator", description="An operator of the platform.")
    SYSTEM = strawberry.enum_value(
        "system", description="Nobody: it happened by itself, such as when a payment had arrived."
    )


async def acting_id(info: Info, kind: ActorKind, actor_id: UUID | None) -> strawberry.ID | None:
    """By which the tenant knows who acted: shoppers by its own identifier of them, never by the person's."""
    if actor_id is None or kind is ActorKind.OPERATOR:
        return None
    if kind is ActorKind.API_KEY:
        return global_id("key", actor_id)
    if await info.context.loaders.of(timeline.staff_by_person).load(actor_id):
        return global_id("person", actor_id)
    customer_id = await info.context.loaders.of(timeline.customers_by_person).load(actor_id)
    return global_id("customer", customer_id) if customer_id else None
