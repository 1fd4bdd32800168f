"""What staff do with items and variants."""

import strawberry

from db.models import CatalogVariant as CatalogVariantRow
from domain import catalog, catalog_items, catalog_variants
from domain.actors import Permission
from domain.catalog_items import ItemStep
from gql.access import staff
from gql.catalog import CatalogItem, CatalogVariant, item_of
from gql.catalog_inputs import (
    CatalogItemCreateInput,
    CatalogItemStepInput,
    CatalogItemUpdateInput,
    CatalogVariantArchiveInput,
    CatalogVariantCreateInput,
    CatalogVariantUpdateInput,
    item_changes,
    new_item,
    variant_changes,
    variant_fields,
)
from gql.context import Info
from gql.ids import row_id
from gql.roots import Payload, mutation

MANAGE = staff(Permission.CATALOG_MANAGE)


@strawberry.type(description="The item that was made or changed.")
class CatalogItemPayload(Payload):
    item: CatalogItem | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The variant that was made or changed.")
class CatalogVariantPayload(Payload):
    variant: CatalogVariant | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    item: CatalogItem | None = strawberry.field(default=None, description="Its item, with its new version.")


@strawberry.type
class CatalogMutation:
    @mutation(CatalogItemPayload, access=MANAGE, description="Make an item with its variants, as a draft or active.")
    async def catalog_item_create(self, info: Info, input: CatalogItemCreateInput) -> CatalogItemPayload | None:
        async with info.context.write() as session:
            made = await catalog_items.create(session, actor=info.context.actor, given=new_item(input))
        return CatalogItemPayload(item=item_of(made))

    @mutation(
        CatalogItemPayload,
        access=MANAGE,
        description="Change an item; of two edits of the same version the first wins, the other is `STALE`.",
    )
    async def catalog_item_update(self, info: Info, input: CatalogItemUpdateInput) -> CatalogItemPayload | None:
        item_id, changes = row_id("item", input.id, "id"), item_changes(input)
        async with info.context.write() as session:
            changed = await catalog_items.update(
                session, actor=info.context.actor, item_id=item_id, version=input.version, changes=changes
            )
        return CatalogItemPayload(item=item_of(changed))

    @mutation(CatalogItemPayload, access=MANAGE, description="Show a draft to everyone.")
    async def catalog_item_activate(self, info: Info, input: CatalogItemStepInput) -> CatalogItemPayload | None:
        return await take_step(info, input, ItemStep.ACTIVATE)

    @mutation(CatalogItemPayload, access=MANAGE, description="Take an active item off the store: it is a draft again.")
    async def catalog_item_deactivate(self, info: Info, input: CatalogItemStepInput) -> CatalogItemPayload | None:
        return await take_step(info, input, ItemStep.DEACTIVATE)

    @mutation(
        CatalogItemPayload,
        access=MANAGE,
        description="Put a draft or an active item away. It keeps its slug, its SKUs and its place in past orders.",
    )
    async def catalog_item_archive(self, info: Info, input: CatalogItemStepInput) -> CatalogItemPayload | None:
        return await take_step(info, input, ItemStep.ARCHIVE)

    @mutation(CatalogItemPayload, access=MANAGE, description="Make an archived item a draft again.")
    async def catalog_item_restore(self, info: Info, input: CatalogItemStepInput) -> CatalogItemPayload | None:
        return await take_step(info, input, ItemStep.RESTORE)

    @mutation(CatalogVariantPayload, access=MANAGE, description="Add a variant to an item, behind its others.")
    async def catalog_variant_create(
        self, info: Info, input: CatalogVariantCreateInput
    ) -> CatalogVariantPayload | None:
        item_id, fields = row_id("item", input.item_id, "itemId"), variant_fields(input)
        async with info.context.write() as session:
            made = await catalog_variants.create(
                session, actor=info.context.actor, item_id=item_id, item_version=input.item_version, fields=fields
            )
        return await variant_payload(info, made)

    @mutation(CatalogVariantPayload, access=MANAGE, description="Change a variant that is not archived.")
    async def catalog_variant_update(
        self, info: Info, input: CatalogVariantUpdateInput
    ) -> CatalogVariantPayload | None:
        variant_id, fields = row_id("variant", input.id, "id"), variant_changes(input)
        async with info.context.write() as session:
            changed = await catalog_variants.update(
                session, actor=info.context.actor, variant_id=variant_id, item_version=input.item_version, fields=fields
            )
        return await variant_payload(info, changed)

    @mutation(
        CatalogVariantPayload,
        access=MANAGE,
        description="Take a variant away for good, and free its SKU and external reference; past orders keep it. An "
        "item's last one stays.",
    )
    async def catalog_variant_archive(
        self, info: Info, input: CatalogVariantArchiveInput
    ) -> CatalogVariantPayload | None:
        variant_id = row_id("variant", input.id, "id")
        async with info.context.write() as session:
            archived = await catalog_variants.archive(
                session, actor=info.context.actor, variant_id=variant_id, item_version=input.item_version
            )
        return await variant_payload(info, archived)


async def take_step(info: Info, sent: CatalogItemStepInput, step: ItemStep) -> CatalogItemPayload:
    item_id = row_id("item", sent.id, "id")
    async with info.context.write() as session:
        changed = await catalog_items.take_step(
            session, actor=info.context.actor, item_id=item_id, step=step, version=sent.version
        )
    return CatalogItemPayload(item=item_of(changed))


async def variant_payload(info: Info, variant: CatalogVariantRow) -> CatalogVariantPayload:
    item = await info.context.loaders.of(catalog.items_by_id).load(variant.item_id)
    return CatalogVariantPayload(variant=CatalogVariant(stored=variant), item=item_of(item) if item else None)
