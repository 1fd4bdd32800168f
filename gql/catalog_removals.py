"""Deleting an item for good, and making another one like it."""

import strawberry

from domain import catalog_removals
from gql.catalog import item_of
from gql.catalog_inputs import CatalogItemDuplicateInput, CatalogItemStepInput
from gql.catalog_mutations import MANAGE, CatalogItemPayload
from gql.context import Info
from gql.ids import global_id, row_id
from gql.roots import Payload, mutation


@strawberry.type(description="The item that is gone.")
class CatalogItemDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class CatalogRemovalMutation:
    @mutation(
        CatalogItemDeletePayload,
        access=MANAGE,
        description="Delete an item for good, with its variants and options. One that an order tells of is `IN_USE`: "
        "archive it instead.",
    )
    async def catalog_item_delete(self, info: Info, input: CatalogItemStepInput) -> CatalogItemDeletePayload | None:
        item_id = row_id("item", input.id, "id")
        async with info.context.write() as session:
            await catalog_removals.delete_item(
                session, actor=info.context.actor, item_id=item_id, version=input.version
            )
        return CatalogItemDeletePayload(deleted_id=global_id("item", item_id))

    @mutation(
        CatalogItemPayload,
        access=MANAGE,
        description="Make a draft like an item: its texts, categories, tags, images, options, public metadata, and "
        "variants with their prices, weights and images. SKUs, barcodes, external references and private metadata "
        "are left out, as each tells of one thing alone; a limited stock is 0.",
    )
    async def catalog_item_duplicate(self, info: Info, input: CatalogItemDuplicateInput) -> CatalogItemPayload | None:
        item_id, name = row_id("item", input.id, "id"), input.name.value() if input.name else None
        async with info.context.write() as session:
            made = await catalog_removals.duplicate(
                session, actor=info.context.actor, item_id=item_id, name=name, slug=input.slug
            )
        return CatalogItemPayload(item=item_of(made))
