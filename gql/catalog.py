"""The catalogue in the API: items, variants and categories, as the storefront and the back office show them."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from db.models import CatalogItem as CatalogItemRow
from db.models import CatalogItemTag as CatalogItemTagRow
from db.models import CatalogOption as CatalogOptionRow
from db.models import CatalogOptionValue as CatalogOptionValueRow
from db.models import CatalogVariant as CatalogVariantRow
from db.models import Category as CategoryRow
from db.models import MediaAsset
from domain import catalog, categories, media, media_placements, tags
from domain import metadata as entries
from domain.external_references import shown_reference
from domain.pages import PageRequest
from gql.catalog_options import CatalogOption, CatalogSelectedOption
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import COUNT, usually
from gql.ids import global_id
from gql.images import Image, image_or_none
from gql.metadata import metadata_field, metadata_value_field, private_metadata_field
from gql.node import Node
from gql.publicity import PUBLIC
from gql.related import related
from gql.scalars import LocalizedText, Money, localized, money


@strawberry.enum(description="What sort of thing is on offer.")
class CatalogItemKind(Enum):
    PRODUCT = strawberry.enum_value("product", description="A thing that is handed over or sent.")
    SERVICE = strawberry.enum_value("service", description="Work that is done for the customer.")
    PROJECT = strawberry.enum_value("project", description="A cause or an undertaking that people give to.")


@strawberry.enum(description="Who sees an item.")
class CatalogItemStatus(Enum):
    DRAFT = strawberry.enum_value("draft", description="Staff alone: not ready, or taken off the store for a while.")
    ACTIVE = strawberry.enum_value("active", description="Everyone: it is on the storefront and can be ordered.")
    ARCHIVED = strawberry.enum_value("archived", description="Staff alone: put away; restoring makes it a draft.")


@strawberry.enum(description="What shoppers learn of a stock.")
class CatalogAvailability(Enum):
    IN_STOCK = strawberry.enum_value("in_stock", description="More than five are left, or it is unlimited.")
    FEW_LEFT = strawberry.enum_value("few_left", description="One to five are left.")
    SOLD_OUT = strawberry.enum_value("sold_out", description="None is left.")


EXTERNAL_REFERENCE = (
    "What another system calls it, unique among its kind; null if it has none, and for anyone but staff with "
    "`catalog:read`."
)
AVAILABILITIES = {each: CatalogAvailability(each.value) for each in catalog.Availability}


@strawberry.type(description="The thing that is ordered: an item at a price, such as one size of a shirt.")
class CatalogVariant(Node):
    stored: strawberry.Private[CatalogVariantRow]

    @strawberry.field(description="Identifier; what an order's line names.", directives=[PUBLIC])
    def id(self) -> strawberry.ID:
        return global_id("variant", self.stored.id)

    @strawberry.field(
        description="Stock-keeping unit, unique within the tenant; null if it has none.", directives=[PUBLIC]
    )
    def sku(self) -> str | None:
        return self.stored.sku

    @strawberry.field(description=EXTERNAL_REFERENCE)
    def external_reference(self, info: Info) -> str | None:
        return shown_reference(self.stored, actor=info.context.actor)

    @strawberry.field(
        description="What tells it from the item's other variants: its own name, or else the values that it picks, "
        "such as `Large / Red`; null for the only one of an item.",
        directives=[PUBLIC],
    )
    def name(self) -> LocalizedText | None:
        return localized_or_none(self.stored.name_en, self.stored.name_ar)

    @strawberry.field(description="Price of one.", directives=[PUBLIC])
    def price(self, info: Info) -> Money:
        return money(self.stored.price, info.context.tenant.currency)

    @strawberry.field(
        description="What one cost before, always more than `price`; null where nothing was reduced.",
        directives=[PUBLIC],
    )
    def compare_at_price(self, info: Info) -> Money | None:
        before = self.stored.compare_at_price
        return None if before is None else money(before, info.context.tenant.currency)

    @strawberry.field(description="Whether it can be had, without telling how many are left.", directives=[PUBLIC])
    def availability(self) -> CatalogAvailability:
        return AVAILABILITIES[catalog.availability(self.stored.stock)]

    @strawberry.field(
        description="How many are left; null if unlimited. For staff: anyone else gets null and a `FORBIDDEN` error."
    )
    def stock(self, info: Info) -> int | None:
        return catalog.exact_stock(self.stored, actor=info.context.actor)

    @strawberry.field(description="Of one, in whole grams; null if nobody has said.", directives=[PUBLIC])
    def weight(self) -> int | None:
        return self.stored.weight

    @strawberry.field(description="What a scanner reads, such as its EAN; null if it has none.", directives=[PUBLIC])
    def barcode(self) -> str | None:
        return self.stored.barcode

    @related(
        catalog.option_values_of,
        key="stored.item_id",
        description="What it is in each respect: one value of each of the item's options; empty if it has none, and "
        "for an archived variant.",
        directives=[PUBLIC, usually(2)],
    )
    def selected_options(self, found: Sequence[CatalogOptionValueRow]) -> list[CatalogSelectedOption]:
        picked = self.stored.first_value_id, self.stored.second_value_id, self.stored.third_value_id
        return [CatalogSelectedOption(stored=row) for row in found if row.id in picked]

    @strawberry.field(
        description="What it looks like; null if it has no picture of its own: show the item's.", directives=[PUBLIC]
    )
    async def image(self, info: Info) -> Image | None:
        return await image_by_id(info, self.stored.image_id)

    @strawberry.field(
        description="It was taken away for good: past orders show it, no new one can name it.", directives=[PUBLIC]
    )
    def is_archived(self) -> bool:
        return self.stored.archived_at is not None

    @strawberry.field(
        description="The item that it is one of; null where that is a draft or archived, except for staff.",
        directives=[PUBLIC],
    )
    async def item(self, info: Info) -> "CatalogItem | None":
        row = await info.context.loaders.of(catalog.items_by_id).load(self.stored.item_id)
        return item_of(row) if row and catalog.is_visible(row, actor=info.context.actor) else None

    metadata = metadata_field(entries.public_of_variants)
    metadata_value = metadata_value_field(entries.public_of_variants)
    private_metadata = private_metadata_field(entries.private_of_variants)


@strawberry.type(description="Something on sale or to give to, with one variant or several.")
class CatalogItem(Node):
    stored: strawberry.Private[CatalogItemRow]

    @strawberry.field(description="Identifier.", directives=[PUBLIC])
    def id(self) -> strawberry.ID:
        return global_id("item", self.stored.id)

    @strawberry.field(description="Product, service or project.", directives=[PUBLIC])
    def kind(self) -> CatalogItemKind:
        return CatalogItemKind(self.stored.kind)

    @strawberry.field(description="Who sees it; always `ACTIVE` on the storefront.", directives=[PUBLIC])
    def status(self) -> CatalogItemStatus:
        return CatalogItemStatus(self.stored.status)

    @strawberry.field(description="Name in addresses, unique within the tenant.", directives=[PUBLIC])
    def slug(self) -> str:
        return self.stored.slug

    @strawberry.field(description="What it is called.", directives=[PUBLIC])
    def name(self) -> LocalizedText:
        return localized(self.stored.name_en, self.stored.name_ar)

    @strawberry.field(
        description="More about it, plain text in several lines; null if nothing was written.", directives=[PUBLIC]
    )
    def description(self) -> LocalizedText | None:
        return localized_or_none(self.stored.description_en, self.stored.description_ar)

    @strawberry.field(description=EXTERNAL_REFERENCE)
    def external_reference(self, info: Info) -> str | None:
        return shown_reference(self.stored, actor=info.context.actor)

    @strawberry.field(
        description="Counts edits of the item and its variants, from 1. Send it with an edit: a stale one is refused.",
        directives=[PUBLIC],
    )
    def version(self) -> int:
        return self.stored.version

    @related(
        catalog.categories_of,
        description="The categories it stands in, by their position; at most 50.",
        directives=[PUBLIC, usually(3)],
    )
    def categories(self, found: Sequence[CategoryRow]) -> list["Category"]:
        return [Category(stored=row) for row in found]

    @related(
        tags.tags_of,
        description="Words that it is found by, in their order; at most 50.",
        directives=[PUBLIC, usually(5)],
    )
    def tags(self, found: Sequence[CatalogItemTagRow]) -> list[str]:
        return [row.tag for row in found]

    @related(
        catalog.variants_of,
        description="What can be ordered, 1 to 100 in the tenant's order; archived variants are left out.",
        directives=[PUBLIC, usually(5)],
    )
    def variants(self, found: Sequence[CatalogVariantRow]) -> list[CatalogVariant]:
        return [CatalogVariant(stored=row) for row in found]

    @related(
        catalog.options_of,
        description="What shoppers choose, such as size and colour, in the tenant's order; at most 3.",
        directives=[PUBLIC, usually(2)],
    )
    def options(self, found: Sequence[CatalogOptionRow]) -> list[CatalogOption]:
        return [CatalogOption(stored=row) for row in found]

    @related(
        media_placements.images_of,
        description="Its pictures, at most 50, in the tenant's order.",
        directives=[PUBLIC, usually(5)],
    )
    def images(self, found: Sequence[MediaAsset]) -> list[Image]:
        return [Image(stored=row) for row in found]

    @related(
        media_placements.first_image_of,
        description="The first of its `images`, for lists; null if it has none.",
        directives=[PUBLIC],
    )
    def image(self, found: Sequence[MediaAsset]) -> Image | None:
        return Image(stored=found[0]) if found else None

    @related(catalog.variants_of, description="The lowest price of its variants.", directives=[PUBLIC])
    def price(self, found: Sequence[CatalogVariantRow], info: Info) -> Money:
        return money(min([row.price for row in found]), info.context.tenant.currency)

    @related(catalog.variants_of, description="Whether any variant is left, or unlimited.", directives=[PUBLIC])
    def is_available(self, found: Sequence[CatalogVariantRow]) -> bool:
        return any(row.stock is None or row.stock > 0 for row in found)

    @strawberry.field(description="When it was made.", directives=[PUBLIC])
    def created_at(self) -> datetime:
        return self.stored.created_at

    @strawberry.field(
        description="When it or one of its variants was last edited; orders taking stock do not count.",
        directives=[PUBLIC],
    )
    def updated_at(self) -> datetime:
        return self.stored.updated_at

    metadata = metadata_field(entries.public_of_items)
    metadata_value = metadata_value_field(entries.public_of_items)
    private_metadata = private_metadata_field(entries.private_of_items)


@strawberry.type(description="A shelf of the storefront, in a tree at most six levels deep.")
class Category(Node):
    stored: strawberry.Private[CategoryRow]

    @strawberry.field(description="Identifier.", directives=[PUBLIC])
    def id(self) -> strawberry.ID:
        return global_id("category", self.stored.id)

    @strawberry.field(description="Name in addresses, unique within the tenant.", directives=[PUBLIC])
    def slug(self) -> str:
        return self.stored.slug

    @strawberry.field(description="What it is called.", directives=[PUBLIC])
    def name(self) -> LocalizedText:
        return localized(self.stored.name_en, self.stored.name_ar)

    @strawberry.field(
        description="What shoppers find there, plain text in several lines; null if nothing was written.",
        directives=[PUBLIC],
    )
    def description(self) -> LocalizedText | None:
        return localized_or_none(self.stored.description_en, self.stored.description_ar)

    @strawberry.field(description=EXTERNAL_REFERENCE)
    def external_reference(self, info: Info) -> str | None:
        return shown_reference(self.stored, actor=info.context.actor)

    @strawberry.field(
        description="Place among its siblings: lower ones first, equal ones in the order of creation.",
        directives=[PUBLIC],
    )
    def position(self) -> int:
        return self.stored.position

    @strawberry.field(description="What it looks like; null if it has no picture.", directives=[PUBLIC])
    async def image(self, info: Info) -> Image | None:
        return await image_by_id(info, self.stored.image_id)

    @strawberry.field(description="The category right above; null at the top.", directives=[PUBLIC])
    async def parent(self, info: Info) -> "Category | None":
        if self.stored.parent_id is None:
            return None
        row = await info.context.loaders.of(categories.categories_by_id).load(self.stored.parent_id)
        return Category(stored=row) if row else None

    @related(
        categories.ancestors_of,
        description="The categories above it, from the top down to its parent: a breadcrumb. Empty at the top.",
        directives=[PUBLIC, usually(3)],
    )
    def ancestors(self, found: Sequence[CategoryRow]) -> list["Category"]:
        return [Category(stored=row) for row in found]

    @strawberry.field(description="The categories right below, in their order.", directives=[PUBLIC, usually(5)])
    async def children(self, info: Info) -> list["Category"]:
        rows = await info.context.loaders.of(categories.children_of).load(self.stored.id)
        return [Category(stored=row) for row in rows or []]

    @strawberry.field(
        description="How many active items there are in this category and in those below it, each counted once.",
        directives=[PUBLIC, COUNT],
    )
    async def item_count(self, info: Info) -> int:
        return await info.context.loaders.of(categories.items_counted).load(self.stored.id) or 0

    @strawberry.field(
        description="Active items in this category and in those below it, newest first.", directives=[PUBLIC]
    )
    async def items(self, info: Info, first: First = 20, after: After = None) -> Connection[CatalogItem]:
        key = categories.shelf_key(self.stored.id, PageRequest(first, after))
        page = await info.context.loaders.of(categories.items_on_shelves).load(key)

        async def count(info: Info) -> int:
            return await info.context.loaders.of(categories.items_counted).load(self.stored.id) or 0

        return Connection[CatalogItem].of(page or categories.shelf_page(key, []), item_of, count)

    metadata = metadata_field(entries.public_of_categories)
    metadata_value = metadata_value_field(entries.public_of_categories)
    private_metadata = private_metadata_field(entries.private_of_categories)


async def image_by_id(info: Info, asset_id: UUID | None) -> Image | None:
    if asset_id is None:
        return None
    return image_or_none(await info.context.loaders.of(media.images_by_id).load(asset_id))


async def visible_variant(info: Info, variant_id: UUID) -> CatalogVariant | None:
    """A variant on sale; for staff also one that is not."""
    row = await info.context.loaders.of(catalog.variants_by_id).load(variant_id)
    if row is None or not catalog.is_offered(row, actor=info.context.actor):
        return None
    item = await info.context.loaders.of(catalog.items_by_id).load(row.item_id)
    return CatalogVariant(stored=row) if item and catalog.is_visible(item, actor=info.context.actor) else None


def item_of(row: CatalogItemRow) -> CatalogItem:
    return CatalogItem(stored=row)


def item_or_none(row: CatalogItemRow | None) -> CatalogItem | None:
    return CatalogItem(stored=row) if row else None


def localized_or_none(en: str | None, ar: str | None) -> LocalizedText | None:
    return None if en is None and ar is None else localized(en, ar)
