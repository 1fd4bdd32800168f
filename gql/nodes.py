"""Finding things again by their identifiers, whatever they are.

A missing thing, another tenant's and one that the caller may not see are the same null.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

import strawberry

from domain import addresses, catalog, categories, customers, orders
from domain.errors import FaultCode, UserFault
from gql.access import STORE
from gql.addresses import address_of
from gql.catalog import CatalogItem, Category, visible_variant
from gql.context import Info
from gql.cost import BY_IDS
from gql.customers import customer_of
from gql.ids import split_id
from gql.media import find_media
from gql.node import Node
from gql.orders import order_of
from gql.roots import door

MOST_NODES = 100


async def find_item(info: Info, item_id: UUID) -> Node | None:
    row = await info.context.loaders.of(catalog.items_by_id).load(item_id)
    return CatalogItem(stored=row) if row and catalog.is_visible(row, actor=info.context.actor) else None


async def find_category(info: Info, category_id: UUID) -> Node | None:
    row = await info.context.loaders.of(categories.categories_by_id).load(category_id)
    return Category(stored=row) if row else None


async def find_order(info: Info, order_id: UUID) -> Node | None:
    row = await info.context.loaders.of(orders.orders_by_id).load(order_id)
    return order_of(row) if row and orders.is_visible(row, actor=info.context.actor) else None


async def find_customer(info: Info, customer_id: UUID) -> Node | None:
    """Nobody but the customer."""
    if customer_id != info.context.actor.customer_id:
        return None
    async with info.context.read() as session:
        return customer_of(await customers.viewing_customer(session, actor=info.context.actor))


async def find_address(info: Info, address_id: UUID) -> Node | None:
    row = await info.context.loaders.of(addresses.addresses_by_id).load(address_id)
    return address_of(row) if row and addresses.is_visible(row, actor=info.context.actor) else None


FINDERS: Mapping[str, Callable[[Info, UUID], Awaitable[Node | None]]] = {
    "item": find_item,
    "variant": visible_variant,
    "category": find_category,
    "order": find_order,
    "customer": find_customer,
    "address": find_address,
    "media": find_media,
}

NodeId = Annotated[strawberry.ID, strawberry.argument(description="An identifier that this API gave.")]
NodeIds = Annotated[list[strawberry.ID], strawberry.argument(description="Up to 100 identifiers, of any kinds.")]


async def find(info: Info, node_id: str) -> Node | None:
    parsed = split_id(node_id)
    finder = FINDERS.get(parsed[0]) if parsed else None
    return await finder(info, parsed[1]) if finder and parsed else None


@strawberry.type
class NodeQuery:
    @door(STORE, description="One thing by its identifier; null if there is none in this tenant that you may see.")
    async def node(self, info: Info, id: NodeId) -> Node | None:
        return await find(info, id)

    @door(
        STORE,
        description="Several things by their identifiers, in the same order, with null for each not found.",
        directives=[BY_IDS],
    )
    async def nodes(self, info: Info, ids: NodeIds) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise UserFault(FaultCode.INVALID, f"At most {MOST_NODES} identifiers at once.", ("ids",))
        return list(await asyncio.gather(*(find(info, each) for each in ids)))
