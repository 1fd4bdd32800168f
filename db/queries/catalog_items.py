"""Items with their variants, categories and pictures in one statement, reading no more than is asked for."""

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import ARRAY, UUID, DateTime, Integer, Select, Text, and_, any_, literal, select, true, tuple_

from db.models import (
    CatalogItem,
    CatalogItemCategory,
    CatalogItemImage,
    CatalogItemMetadata,
    CatalogItemTag,
    CatalogOption,
    CatalogOptionValue,
    CatalogVariant,
    Category,
    MediaAsset,
)
from db.models.catalog import CHOICES
from db.queries.catalog import Shown, one_by_one, page_below
from db.queries.selections import Selection
from db.queries.shapes import Columns, Related, Shape, select_rows
from db.queries.tags import page_tagged
from db.rows import Statement, compile_statement, parameter

METADATA_FIELDS: Mapping[str, Columns] = {"metadata": (), "metadata_value": (), "private_metadata": ()}
"""Other tables' rows, of everything that bears metadata."""

VARIANT = Shape(
    "CatalogVariant",
    CatalogVariant,
    fields={
        "id": ("id",),
        "sku": ("sku",),
        "external_reference": ("external_reference",),
        "name": ("name_en", "name_ar"),
        "price": ("price",),
        "compare_at_price": ("compare_at_price",),
        "availability": ("stock",),
        "stock": ("stock",),
        "weight": ("weight",),
        "barcode": ("barcode",),
        "selected_options": ("item_id", *CHOICES),
        "is_archived": ("archived_at",),
        "item": ("item_id",),
        **METADATA_FIELDS,
        "image": ("image_id",),
    },
    always=("id",),
)
CATEGORY = Shape(
    "Category",
    Category,
    fields={
        "id": ("id",),
        "slug": ("slug",),
        "name": ("name_en", "name_ar"),
        "description": ("description_en", "description_ar"),
        "external_reference": ("external_reference",),
        "position": ("position",),
        "ancestors": (),
        "item_count": (),
        "parent": ("parent_id",),
        "image": ("image_id",),
        "children": (),
        "items": (),
        **METADATA_FIELDS,
    },
    always=("id",),
)
TAG = Shape("a tag is shown as a text", CatalogItemTag, fields={}, always=("tag",))
METADATA = Shape(
    "MetadataEntry", CatalogItemMetadata, fields={"key": ("key",), "value": ("value",)}, always=("key", "value")
)
IMAGE = Shape(
    "Image",
    MediaAsset,
    fields={
        "id": ("id",),
        "alt": ("alt_en", "alt_ar"),
        "width": ("width",),
        "height": ("height",),
        "url": ("id", "versions"),
    },
    always=("id",),
)


OPTION = Shape(
    "CatalogOption",
    CatalogOption,
    fields={"id": ("id",), "name": ("name_en", "name_ar"), "values": ("item_id",)},
    always=("id",),
)
VALUE = Shape(
    "CatalogOptionValue",
    CatalogOptionValue,
    fields={"id": ("id",), "name": ("name_en", "name_ar")},
    always=("id", "item_id", "option_id"),
)


def variants_of_item() -> Select[CatalogVariant]:
    """What can be ordered of the item around, in its order."""
    return (
        select(CatalogVariant)
        .where(CatalogVariant.item_id == CatalogItem.id, CatalogVariant.archived_at.is_(None))
        .order_by(CatalogVariant.position, CatalogVariant.id)
    )


def categories_of_item() -> Select[Category]:
    """The categories that the item around stands in, by their position."""
    return (
        select(Category)
        .join(CatalogItemCategory, Category.id == CatalogItemCategory.category_id)
        .where(CatalogItemCategory.item_id == CatalogItem.id)
        .order_by(Category.position, Category.id)
    )


def options_of_item() -> Select[CatalogOption]:
    """What shoppers choose of the item around, in its order."""
    options = select(CatalogOption).where(CatalogOption.item_id == CatalogItem.id)
    return options.order_by(CatalogOption.position, CatalogOption.slot)


def option_values_of_item() -> Select[CatalogOptionValue]:
    """The values of all options of the item around, in the order of the options and their own."""
    return values_in_order().where(CatalogOptionValue.item_id == CatalogItem.id)


def values_in_order() -> Select[CatalogOptionValue]:
    """Values in the order of their item's options, and in their own."""
    of_option = and_(
        CatalogOption.item_id == CatalogOptionValue.item_id, CatalogOption.id == CatalogOptionValue.option_id
    )
    return (
        select(CatalogOptionValue)
        .join(CatalogOption, of_option)
        .order_by(CatalogOption.position, CatalogOption.slot, CatalogOptionValue.position, CatalogOptionValue.id)
    )


def tags_of_item() -> Select[CatalogItemTag]:
    """The tags of the item around, in the order of their keys."""
    return select(CatalogItemTag).where(CatalogItemTag.item_id == CatalogItem.id).order_by(CatalogItemTag.key)


def metadata_of_item() -> Select[CatalogItemMetadata]:
    """The public metadata of the item around, by key."""
    return (
        select(CatalogItemMetadata)
        .where(CatalogItemMetadata.owner_id == CatalogItem.id, CatalogItemMetadata.is_private.is_(False))
        .order_by(CatalogItemMetadata.key)
    )


def images_of_item() -> Select[MediaAsset]:
    """The pictures of the item around, in their order."""
    return (
        select(MediaAsset)
        .join(CatalogItemImage, MediaAsset.id == CatalogItemImage.asset_id)
        .where(CatalogItemImage.item_id == CatalogItem.id, MediaAsset.status == literal("ready", literal_execute=True))
        .order_by(CatalogItemImage.position, CatalogItemImage.asset_id)
    )


def first_image_of_item() -> Select[MediaAsset]:
    return images_of_item().limit(literal(1, literal_execute=True))


ITEM = Shape(
    "CatalogItem",
    CatalogItem,
    fields={
        "id": ("id",),
        "kind": ("kind",),
        "status": ("status",),
        "slug": ("slug",),
        "name": ("name_en", "name_ar"),
        "description": ("description_en", "description_ar"),
        "external_reference": ("external_reference",),
        "version": ("version",),
        "created_at": ("created_at",),
        "updated_at": ("updated_at",),
        "categories": (),
        "tags": (),
        "variants": (),
        "options": (),
        "price": (),
        "is_available": (),
        **METADATA_FIELDS,
        "images": (),
        "image": (),
    },
    always=("id", "created_at"),
    related={
        "variants": Related(
            VARIANT, variants_of_item, fields={"variants": (), "price": ("price",), "is_available": ("stock",)}
        ),
        "categories": Related(CATEGORY, categories_of_item, fields={"categories": ()}),
        "options": Related(
            OPTION,
            options_of_item,
            fields={"options": ()},
            through=(("variants", "selected_options", "option"),),
        ),
        "option_values": Related(
            VALUE,
            option_values_of_item,
            fields={},
            through=(
                ("options", "values"),
                ("variants", "selected_options"),
            ),
        ),
        "tags": Related(TAG, tags_of_item, fields={"tags": ()}),
        "metadata": Related(METADATA, metadata_of_item, fields={"metadata": (), "metadata_value": ()}),
        "images": Related(IMAGE, images_of_item, fields={"images": ()}),
        "image": Related(IMAGE, first_image_of_item, fields={"image": ()}),
    },
)


ACTIVE = CatalogItem.status == literal("active", literal_execute=True)


@lru_cache(maxsize=1_000)
def page_of_items(selection: Selection, *, status: bool, kind: bool, category: bool, tag: bool) -> Statement:
    """At most `most` items before a position, newest first; each flag narrows by a parameter of its name."""
    behind = tuple_(parameter("moment", DateTime(timezone=True)), parameter("row_id", UUID()))
    most, items = parameter("most", Integer()), select_rows(ITEM, selection)
    shown = Shown(parameter("status", Text()) if status else None, parameter("kind", Text()) if kind else None)
    if category or tag:
        slug = parameter("category", Text()) if category else None
        if tag:
            page = page_tagged(parameter("tag", Text()), behind=behind, most=most, shown=shown, slug=slug)
        else:
            page = page_below(parameter("category", Text()), behind=behind, most=most, shown=shown)
        item = one_by_one(items, page.c.item_id)
        listed = select(*item.c).select_from(page.join(item, true()))
        return compile_statement(listed.order_by(page.c.moment.desc(), page.c.item_id.desc()))
    items = items.where(tuple_(CatalogItem.created_at, CatalogItem.id) < behind)
    if shown.status is not None:
        items = items.where(CatalogItem.status == shown.status)
    if shown.kind is not None:
        items = items.where(CatalogItem.kind == shown.kind)
    return compile_statement(items.order_by(CatalogItem.created_at.desc(), CatalogItem.id.desc()).limit(most))


@lru_cache(maxsize=1_000)
def active_item_by_slug(selection: Selection) -> Statement:
    """The active item with the parameter `slug`."""
    return compile_statement(select_rows(ITEM, selection).where(CatalogItem.slug == parameter("slug", Text()), ACTIVE))


@lru_cache(maxsize=1_000)
def item_by_id(selection: Selection) -> Statement:
    """The item of any status with the parameter `item_id`."""
    return compile_statement(select_rows(ITEM, selection).where(CatalogItem.id == parameter("item_id", UUID())))


@lru_cache(maxsize=1_000)
def items_by_ids(selection: Selection, *, active: bool) -> Statement:
    """The items with the parameter `item_ids`, in whatever order; the active ones alone if so wanted."""
    items = select_rows(ITEM, selection).where(CatalogItem.id == any_(parameter("item_ids", ARRAY(UUID()))))
    return compile_statement(items.where(ACTIVE) if active else items)
