"""The catalogue as it is read: by shoppers, who see active items alone, and by staff."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    CatalogItem,
    CatalogItemCategory,
    CatalogOption,
    CatalogOptionValue,
    CatalogVariant,
    Category,
)
from db.queries import catalog_items
from db.queries.catalog import Shown, number_below
from db.queries.positions import Position
from db.queries.selections import Selection
from db.queries.shapes import reader
from db.queries.tags import number_tagged
from db.rows import Record, Rows
from domain.actors import Actor, Permission, require
from domain.along import Along
from domain.media_placements import first_image_of, images_of
from domain.metadata import public_of_items
from domain.pages import Page, PageRequest, page_of
from domain.tags import tag_key, tags_of
from domain.texts import SLUG

FEW = 5
"""Up to so many left, shoppers are told to hurry."""


class Availability(Enum):
    """What shoppers learn of a stock: never the number."""

    IN_STOCK = "in_stock"
    FEW_LEFT = "few_left"
    SOLD_OUT = "sold_out"


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items a list shows. `category` is a slug and means everything below that category, too."""

    status: str | None = None
    kind: str | None = None
    category: str | None = None
    tag: str | None = None

    @property
    def is_possible(self) -> bool:
        """What cannot be a slug or a tag is not asked of the database: half a surrogate pair has no UTF-8."""
        has_slug = self.category is None or SLUG.fullmatch(self.category) is not None
        return has_slug and (self.tag is None or tag_key(self.tag) is not None)


async def browse_items(
    rows: Rows, *, wanted: ItemFilter, page: PageRequest, selection: Selection
) -> Along[Page[CatalogItem]]:
    """Active items, newest first: the public storefront."""
    return await page_of_items(rows, replace(wanted, status="active"), page, selection)


async def count_browsed_items(session: AsyncSession, *, wanted: ItemFilter) -> int:
    return await number_of_items(session, replace(wanted, status="active"))


async def list_items(
    rows: Rows, *, actor: Actor, wanted: ItemFilter, page: PageRequest, selection: Selection
) -> Along[Page[CatalogItem]]:
    """Items of any status, newest first: the back office."""
    require(actor, Permission.CATALOG_READ)
    return await page_of_items(rows, wanted, page, selection)


async def count_items(session: AsyncSession, *, actor: Actor, wanted: ItemFilter) -> int:
    require(actor, Permission.CATALOG_READ)
    return await number_of_items(session, wanted)


async def find_active_item(rows: Rows, *, slug: str, selection: Selection) -> Along[CatalogItem | None]:
    """An item as shoppers find it; a draft or an archived one is not there."""
    if not SLUG.fullmatch(slug):
        return Along(None)
    records = await rows.fetch(catalog_items.active_item_by_slug(selection), {"slug": slug})
    return first_item(read_items(records, selection))


async def find_item(rows: Rows, *, actor: Actor, item_id: uuid.UUID, selection: Selection) -> Along[CatalogItem | None]:
    require(actor, Permission.CATALOG_READ)
    records = await rows.fetch(catalog_items.item_by_id(selection), {"item_id": item_id})
    return first_item(read_items(records, selection))


async def find_variant(session: AsyncSession, *, actor: Actor, variant_id: uuid.UUID) -> CatalogVariant | None:
    """A variant for the back office, an archived one as well."""
    require(actor, Permission.CATALOG_READ)
    return await session.get(CatalogVariant, (actor.tenant, variant_id))


def is_visible(item: CatalogItem, *, actor: Actor) -> bool:
    """Everybody sees what is active; drafts and archived items are for staff."""
    return item.status == "active" or actor.may(Permission.CATALOG_READ)


def is_offered(variant: CatalogVariant, *, actor: Actor) -> bool:
    """An archived variant is for staff alone, whatever its item's status."""
    return variant.archived_at is None or actor.may(Permission.CATALOG_READ)


async def items_by_id(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, CatalogItem]:
    """Items of any status, for a loader: whoever shows them decides whether the viewer may see a draft."""
    rows = await session.execute(select(CatalogItem).where(CatalogItem.id.in_(item_ids)))
    return {item.id: item for item in rows.scalars()}


async def variants_by_id(session: AsyncSession, variant_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, CatalogVariant]:
    """Variants, archived ones as well, for a loader."""
    rows = await session.execute(select(CatalogVariant).where(CatalogVariant.id.in_(variant_ids)))
    return {variant.id: variant for variant in rows.scalars()}


async def variants_of(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[CatalogVariant]]:
    """The variants that can be ordered, by item and in their order; for a loader. Every item has at least one."""
    statement = (
        select(CatalogVariant)
        .where(CatalogVariant.item_id.in_(item_ids), CatalogVariant.archived_at.is_(None))
        .order_by(CatalogVariant.position, CatalogVariant.id)
    )
    found: dict[uuid.UUID, list[CatalogVariant]] = {item_id: [] for item_id in item_ids}
    for variant in (await session.execute(statement)).scalars():
        found[variant.item_id].append(variant)
    return found


async def options_of(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[CatalogOption]]:
    """What shoppers choose, by item and in its order; for a loader."""
    statement = select(CatalogOption).where(CatalogOption.item_id.in_(item_ids))
    found: dict[uuid.UUID, list[CatalogOption]] = {item_id: [] for item_id in item_ids}
    for option in (await session.execute(statement.order_by(CatalogOption.position, CatalogOption.slot))).scalars():
        found[option.item_id].append(option)
    return found


async def option_values_of(
    session: AsyncSession, item_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[CatalogOptionValue]]:
    """The values of all options of an item, by item, in the order of the options and their own; for a loader."""
    statement = catalog_items.values_in_order().where(CatalogOptionValue.item_id.in_(item_ids))
    found: dict[uuid.UUID, list[CatalogOptionValue]] = {item_id: [] for item_id in item_ids}
    for value in (await session.execute(statement)).scalars():
        found[value.item_id].append(value)
    return found


async def categories_of(session: AsyncSession, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Category]]:
    """The categories that items stand in, by item; for a loader."""
    statement = (
        select(CatalogItemCategory.item_id, Category)
        .join(Category, Category.id == CatalogItemCategory.category_id)
        .where(CatalogItemCategory.item_id.in_(item_ids))
        .order_by(Category.position, Category.id)
    )
    found: dict[uuid.UUID, list[Category]] = {item_id: [] for item_id in item_ids}
    for item_id, category in await session.execute(statement):
        found[item_id].append(category)
    return found


def availability(stock: int | None) -> Availability:
    """In which of three buckets a stock falls; None is unlimited."""
    if stock is None or stock > FEW:
        return Availability.IN_STOCK
    return Availability.FEW_LEFT if stock > 0 else Availability.SOLD_OUT


def exact_stock(variant: CatalogVariant, *, actor: Actor) -> int | None:
    """How many are left, None if unlimited: for staff alone, since competitors count sales by it."""
    require(actor, Permission.CATALOG_READ)
    return variant.stock


async def page_of_items(
    rows: Rows, wanted: ItemFilter, page: PageRequest, selection: Selection
) -> Along[Page[CatalogItem]]:
    if not wanted.is_possible:
        return Along(page_of([], page, item_position))
    moment, row_id = page.behind
    narrowed = {"status": wanted.status, "kind": wanted.kind, "category": wanted.category}
    narrowed["tag"] = None if wanted.tag is None else tag_key(wanted.tag)
    flags = {name: value is not None for name, value in narrowed.items()}
    values = {"moment": moment, "row_id": row_id, "most": page.first + 1, **narrowed}
    found = read_items(await rows.fetch(catalog_items.page_of_items(selection, **flags), values), selection)
    return Along(page_of(found.value, page, item_position), found.values)


def read_items(records: Sequence[Record], selection: Selection) -> Along[list[CatalogItem]]:
    """Items with the variants, options, categories and pictures that were read along with them."""
    found = reader(catalog_items.ITEM, selection).read(records)
    batches: Mapping[str, Any] = {
        "variants": variants_of,
        "categories": categories_of,
        "options": options_of,
        "option_values": option_values_of,
        "tags": tags_of,
        "metadata": public_of_items,
        "images": images_of,
        "image": first_image_of,
    }
    return Along(found.rows, {batches[name]: rows for name, rows in found.related.items()})


def first_item(found: "Along[list[CatalogItem]]") -> Along[CatalogItem | None]:
    return Along(found.value[0] if found.value else None, found.values)


def item_position(item: CatalogItem) -> Position:
    return item.created_at, item.id


async def number_of_items(session: AsyncSession, wanted: ItemFilter) -> int:
    if not wanted.is_possible:
        return 0
    if wanted.category is None and wanted.tag is None:
        statement = select(func.count()).select_from(CatalogItem)
        for column, value in ((CatalogItem.status, wanted.status), (CatalogItem.kind, wanted.kind)):
            statement = statement if value is None else statement.where(column == value)
    else:
        statement = number_narrowed(wanted)
    return (await session.execute(statement)).scalar_one()


def number_narrowed(wanted: ItemFilter) -> Select[int]:
    """Counts by the index of a tag, or by those of a category and the ones below it."""
    status, kind = (None if value is None else literal(value) for value in (wanted.status, wanted.kind))
    slug = literal(wanted.category or "")
    if wanted.tag is None:
        return number_below(slug, Shown(status, kind))
    key = literal(tag_key(wanted.tag) or "")
    return number_tagged(key, Shown(status, kind), None if wanted.category is None else slug)
