"""Inputs of the catalogue, and how they become what the domain takes."""

from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import strawberry

from domain.catalog_items import ItemChanges, NewItem
from domain.catalog_options import OptionFields, ValueFields
from domain.catalog_variants import VariantFields
from domain.changes import ABSENT, Absent
from domain.errors import Faults
from domain.texts import LocalizedText
from gql.catalog import CatalogItemKind, CatalogItemStatus
from gql.ids import known_id, row_id
from gql.maybe import CLEARS, NOT_NULL, given, given_text, given_value
from gql.scalars import LocalizedTextInput

T = TypeVar("T")

PRICE = "Price of one, in the store's currency, with at most three decimals: `4.750`."
COMPARE_AT = "What one cost before; more than the price."
SKU = "Stock-keeping unit, up to 64 characters, unique within the tenant."
STOCK = "How many are left, 0 to 1,000,000,000; null is unlimited."
WEIGHT = "Of one, in whole grams, 0 to 1,000,000."
BARCODE = (
    "What a scanner reads, up to 64 characters; one of 8, 12, 13 or 14 digits must be a GTIN with its check digit. "
    "Several variants may have the same."
)
OPTION_VALUES = (
    "For an item with options: a value of each, in the options' order. Either its name in one of the languages, such "
    "as `Large`, or its identifier. No two variants pick the same."
)
SLUG = "Name in addresses: 1 to 80 lower-case letters, digits and single hyphens; unique within the tenant."
DESCRIPTION = "More about it, in several lines, up to 20,000 characters in each language."
CATEGORY_IDS = "The categories it stands in, at most 50."
EXTERNAL_REFERENCE = "What another system calls it, up to 255 characters, unique among its kind within the tenant."
TAGS = (
    "Words that it is found by, at most 50 of up to 64 characters. White space is folded; of several that differ by "
    "upper and lower case alone the first is kept."
)
IMAGE_IDS = "Its pictures in their order, at most 50: each a `Media` that is `READY`."
ITEM_VERSION = "The item's version that the edit is based on; if sent, a stale one is refused."


@strawberry.input(description="One of several variants of a new item.")
class CatalogVariantInput:
    price: Decimal = strawberry.field(description=PRICE)
    name: LocalizedTextInput | None = strawberry.field(
        default=None,
        description="What tells it from the others; required where there are several and no options. With options it "
        "is the name of the values by default.",
    )
    compare_at_price: Decimal | None = strawberry.field(default=None, description=COMPARE_AT)
    sku: str | None = strawberry.field(default=None, description=SKU)
    stock: int | None = strawberry.field(default=None, description=STOCK)
    weight: int | None = strawberry.field(default=None, description=WEIGHT)
    barcode: str | None = strawberry.field(default=None, description=BARCODE)
    option_values: list[str] | None = strawberry.field(default=None, description=OPTION_VALUES)
    external_reference: str | None = strawberry.field(default=None, description=EXTERNAL_REFERENCE)


@strawberry.input(description="What shoppers choose of a new item.")
class CatalogOptionInput:
    name: LocalizedTextInput = strawberry.field(description="Such as `Size`; up to 100 characters, unlike the others.")
    values: list[LocalizedTextInput] = strawberry.field(
        description="What it can be, in the order in which it is shown: 1 to 100 different names of up to 100 "
        "characters."
    )


@strawberry.input(
    description="A new item: `price`, `sku`, `stock` and the other fields of a variant for a simple one, or "
    "`variants`, never both. With `options` and without `variants`, every combination of their values is a variant at "
    "`price`."
)
class CatalogItemCreateInput:
    kind: CatalogItemKind = strawberry.field(description="Product, service or project.")
    name: LocalizedTextInput = strawberry.field(description="In at least one language, up to 200 characters.")
    slug: str | None = strawberry.field(
        default=None, description=f"{SLUG} Left out, one is proposed from the English name."
    )
    description: LocalizedTextInput | None = strawberry.field(default=None, description=DESCRIPTION)
    status: CatalogItemStatus = strawberry.field(
        default=CatalogItemStatus.DRAFT, description="`DRAFT`, or `ACTIVE` to show it at once."
    )
    category_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description=CATEGORY_IDS)
    tags: list[str] = strawberry.field(default_factory=list, description=TAGS)
    external_reference: str | None = strawberry.field(default=None, description=EXTERNAL_REFERENCE)
    image_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description=IMAGE_IDS)
    price: Decimal | None = strawberry.field(default=None, description=f"{PRICE} Required without `variants`.")
    compare_at_price: Decimal | None = strawberry.field(default=None, description=COMPARE_AT)
    sku: str | None = strawberry.field(default=None, description=SKU)
    stock: int | None = strawberry.field(default=None, description=STOCK)
    weight: int | None = strawberry.field(default=None, description=WEIGHT)
    barcode: str | None = strawberry.field(default=None, description=BARCODE)
    options: list[CatalogOptionInput] = strawberry.field(
        default_factory=list, description="What shoppers choose, in this order; at most 3."
    )
    variants: list[CatalogVariantInput] | None = strawberry.field(
        default=None, description="1 to 100 variants, in the order in which they are shown."
    )


@strawberry.input(description="What to change in an item; fields left out stay as they are.")
class CatalogItemUpdateInput:
    id: strawberry.ID = strawberry.field(description="The item.")
    version: int = strawberry.field(description="The version that the edit is based on; a stale one is refused.")
    kind: strawberry.Maybe[CatalogItemKind | None] = strawberry.field(
        description=f"Product, service or project. {NOT_NULL}"
    )
    name: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Replaces both languages. {NOT_NULL}"
    )
    slug: strawberry.Maybe[str | None] = strawberry.field(description=f"{SLUG} {NOT_NULL}")
    description: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"{DESCRIPTION} Replaces both languages. {CLEARS}"
    )
    category_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description=f"{CATEGORY_IDS} Replaces all of them. Null is refused; an empty list takes it out of all."
    )
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(
        description=f"{TAGS} Replaces all of them. Null is refused; an empty list takes all away."
    )
    external_reference: strawberry.Maybe[str | None] = strawberry.field(description=f"{EXTERNAL_REFERENCE} {CLEARS}")
    image_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description=f"{IMAGE_IDS} Replaces all of them. Null is refused; an empty list takes all away."
    )
    price: strawberry.Maybe[Decimal | None] = strawberry.field(
        description=f"{PRICE} For an item with one variant. {NOT_NULL}"
    )
    compare_at_price: strawberry.Maybe[Decimal | None] = strawberry.field(
        description=f"{COMPARE_AT} For an item with one variant. {CLEARS}"
    )
    sku: strawberry.Maybe[str | None] = strawberry.field(description=f"{SKU} For an item with one variant. {CLEARS}")
    stock: strawberry.Maybe[int | None] = strawberry.field(description=f"{STOCK} For an item with one variant.")
    weight: strawberry.Maybe[int | None] = strawberry.field(
        description=f"{WEIGHT} For an item with one variant. {CLEARS}"
    )
    barcode: strawberry.Maybe[str | None] = strawberry.field(
        description=f"{BARCODE} For an item with one variant. {CLEARS}"
    )


@strawberry.input(description="Which item.")
class CatalogItemStepInput:
    id: strawberry.ID = strawberry.field(description="The item.")
    version: int | None = strawberry.field(default=None, description=ITEM_VERSION)


@strawberry.input(description="Which item to make another one like.")
class CatalogItemDuplicateInput:
    id: strawberry.ID = strawberry.field(description="The item.")
    name: LocalizedTextInput | None = strawberry.field(
        default=None, description="What the copy is called; left out, it is called the same."
    )
    slug: str | None = strawberry.field(
        default=None, description=f"{SLUG} Left out, one is proposed from the English name."
    )


@strawberry.input(description="Another variant of an item.")
class CatalogVariantCreateInput:
    item_id: strawberry.ID = strawberry.field(description="The item.")
    item_version: int | None = strawberry.field(default=None, description=ITEM_VERSION)
    name: LocalizedTextInput | None = strawberry.field(
        default=None,
        description="What tells it from the others, up to 200 characters. Required where the item has no options, "
        "otherwise it is the name of the values by default.",
    )
    price: Decimal = strawberry.field(description=PRICE)
    compare_at_price: Decimal | None = strawberry.field(default=None, description=COMPARE_AT)
    sku: str | None = strawberry.field(default=None, description=SKU)
    stock: int | None = strawberry.field(default=None, description=STOCK)
    weight: int | None = strawberry.field(default=None, description=WEIGHT)
    barcode: str | None = strawberry.field(default=None, description=BARCODE)
    option_values: list[str] | None = strawberry.field(default=None, description=OPTION_VALUES)
    external_reference: str | None = strawberry.field(default=None, description=EXTERNAL_REFERENCE)


@strawberry.input(description="What to change in a variant; fields left out stay as they are.")
class CatalogVariantUpdateInput:
    id: strawberry.ID = strawberry.field(description="The variant.")
    item_version: int | None = strawberry.field(default=None, description=ITEM_VERSION)
    name: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Replaces both languages. Null names it by the values that it picks; without options {NOT_NULL}"
    )
    price: strawberry.Maybe[Decimal | None] = strawberry.field(description=f"{PRICE} {NOT_NULL}")
    compare_at_price: strawberry.Maybe[Decimal | None] = strawberry.field(description=f"{COMPARE_AT} {CLEARS}")
    sku: strawberry.Maybe[str | None] = strawberry.field(description=f"{SKU} {CLEARS}")
    stock: strawberry.Maybe[int | None] = strawberry.field(
        description=f"{STOCK} Overwrites what orders have taken since you read it."
    )
    weight: strawberry.Maybe[int | None] = strawberry.field(description=f"{WEIGHT} {CLEARS}")
    barcode: strawberry.Maybe[str | None] = strawberry.field(description=f"{BARCODE} {CLEARS}")
    option_values: strawberry.Maybe[list[str] | None] = strawberry.field(description=f"{OPTION_VALUES} {NOT_NULL}")
    external_reference: strawberry.Maybe[str | None] = strawberry.field(description=f"{EXTERNAL_REFERENCE} {CLEARS}")
    image_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description=f"What it looks like: a `Media` that is `READY`. {CLEARS}"
    )


@strawberry.input(description="Which variant to take away.")
class CatalogVariantArchiveInput:
    id: strawberry.ID = strawberry.field(description="The variant.")
    item_version: int | None = strawberry.field(default=None, description=ITEM_VERSION)


def new_item(sent: CatalogItemCreateInput) -> NewItem:
    return NewItem(
        kind=str(sent.kind.value),
        name=sent.name.value(),
        slug=sent.slug,
        description=sent.description.value() if sent.description else None,
        status=str(sent.status.value),
        category_ids=category_ids(sent.category_ids),
        tags=sent.tags,
        external_reference=sent.external_reference,
        image_ids=listed_ids("media", sent.image_ids, "imageIds"),
        only_variant=VariantFields(
            price=unless_null(sent.price),
            compare_at_price=unless_null(sent.compare_at_price),
            sku=unless_null(sent.sku),
            stock=unless_null(sent.stock),
            weight=unless_null(sent.weight),
            barcode=unless_null(sent.barcode),
        ),
        options=[option_fields(each) for each in sent.options],
        variants=None if sent.variants is None else [variant_fields(each) for each in sent.variants],
    )


def variant_fields(sent: CatalogVariantInput | CatalogVariantCreateInput) -> VariantFields:
    return VariantFields(
        price=sent.price,
        compare_at_price=sent.compare_at_price,
        sku=sent.sku,
        stock=sent.stock,
        weight=sent.weight,
        barcode=sent.barcode,
        name=sent.name.value() if sent.name else ABSENT,
        option_values=ABSENT if sent.option_values is None else named_values(sent.option_values),
        external_reference=sent.external_reference,
    )


def option_fields(sent: CatalogOptionInput) -> OptionFields:
    return OptionFields(sent.name.value(), [ValueFields(each.value()) for each in sent.values])


def named_values(names: list[str]) -> list[str | UUID]:
    """A value is named by its identifier or by what it is called."""
    return [known_id("value", name) or name for name in names]


def item_changes(sent: CatalogItemUpdateInput) -> ItemChanges:
    kind = given_value(sent.kind, "kind")
    categories = given_value(sent.category_ids, "categoryIds")
    images = given_value(sent.image_ids, "imageIds")
    return ItemChanges(
        kind=ABSENT if isinstance(kind, Absent) else str(kind.value),
        name=given_text(sent.name, "name"),
        slug=given_value(sent.slug, "slug"),
        description=text_or_null(sent.description),
        category_ids=ABSENT if isinstance(categories, Absent) else category_ids(categories),
        tags=given_value(sent.tags, "tags"),
        external_reference=given(sent.external_reference),
        image_ids=ABSENT if isinstance(images, Absent) else listed_ids("media", images, "imageIds"),
        only_variant=VariantFields(
            price=given_value(sent.price, "price"),
            compare_at_price=given(sent.compare_at_price),
            sku=given(sent.sku),
            stock=given(sent.stock),
            weight=given(sent.weight),
            barcode=given(sent.barcode),
        ),
    )


def variant_changes(sent: CatalogVariantUpdateInput) -> VariantFields:
    values = given_value(sent.option_values, "optionValues")
    image = given(sent.image_id)
    return VariantFields(
        price=given_value(sent.price, "price"),
        compare_at_price=given(sent.compare_at_price),
        sku=given(sent.sku),
        stock=given(sent.stock),
        weight=given(sent.weight),
        barcode=given(sent.barcode),
        name=text_or_null(sent.name),
        option_values=ABSENT if isinstance(values, Absent) else named_values(values),
        external_reference=given(sent.external_reference),
        image_id=row_id("media", image, "imageId") if isinstance(image, str) else image,
    )


def text_or_null(maybe: strawberry.Maybe[LocalizedTextInput | None]) -> LocalizedText | Absent | None:
    sent = given(maybe)
    return sent.value() if isinstance(sent, LocalizedTextInput) else sent


def category_ids(ids: list[strawberry.ID]) -> list[UUID]:
    return listed_ids("category", ids, "categoryIds")


def listed_ids(prefix: str, ids: list[strawberry.ID], field: str) -> list[UUID]:
    """Every identifier that is none of its kind is told, not only the first."""
    faults = Faults()
    found: list[UUID] = []
    for place, each in enumerate(ids):
        with faults.collecting():
            found.append(row_id(prefix, each, field, str(place)))
    faults.raise_any()
    return found


def unless_null(value: T | None) -> T | Absent:
    """In a new item null says as much as nothing."""
    return ABSENT if value is None else value
