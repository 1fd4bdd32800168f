"""Variants: what they may be, and how staff change them. A simple item has one, which has no name of its own."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import CatalogItem, CatalogVariant
from domain.actors import Actor, Permission, require
from domain.barcodes import checked_barcode
from domain.catalog_options import (
    COMBINATION_INDEX,
    Option,
    choice,
    combination,
    combination_of,
    combination_taken,
    named_by,
    options_of_item,
    picked,
    values_of,
)
from domain.changes import ABSENT, Absent
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.external_references import VARIANT_REFERENCE, checked_reference, reference_taken
from domain.media_placements import attachable_or_none
from domain.money import checked_amount
from domain.texts import LocalizedText, cleaned, cleaned_name

MOST_VARIANTS = 100
LARGEST_STOCK = 1_000_000_000
LARGEST_WEIGHT = 1_000_000
SKU_CONSTRAINT = "uq_catalog_variants_tenant_id_sku"


@dataclass(frozen=True, slots=True)
class VariantFields:
    """What is said of a variant. What is not said stays as it is; a new one has no SKU then, and unlimited stock."""

    price: Decimal | Absent = ABSENT
    compare_at_price: Decimal | Absent | None = ABSENT
    sku: str | Absent | None = ABSENT
    stock: int | Absent | None = ABSENT
    name: LocalizedText | Absent | None = ABSENT
    """None is the name of the values that it picks."""
    weight: int | Absent | None = ABSENT
    barcode: str | Absent | None = ABSENT
    option_values: Sequence[str | uuid.UUID] | Absent = ABSENT
    """One value of each of the item's options, in their order: its name in either language, or its identifier."""
    external_reference: str | Absent | None = ABSENT
    image_id: uuid.UUID | Absent | None = ABSENT

    def sent(self) -> list[str]:
        """Names of the input fields that were sent."""
        values = {
            "price": self.price,
            "compareAtPrice": self.compare_at_price,
            "sku": self.sku,
            "stock": self.stock,
            "weight": self.weight,
            "barcode": self.barcode,
            "name": self.name,
            "optionValues": self.option_values,
            "externalReference": self.external_reference,
        }
        return [name for name, value in values.items() if not isinstance(value, Absent)]


NOTHING_SAID = VariantFields()


async def create(
    session: AsyncSession, *, actor: Actor, item_id: uuid.UUID, item_version: int | None, fields: VariantFields
) -> CatalogVariant:
    """Another variant, behind the others. Faults: NOT_FOUND or STALE item, LIMIT_REACHED, TAKEN SKU, invalid fields."""
    require(actor, Permission.CATALOG_MANAGE)
    item = await locked_item(session, actor, item_id, item_version, "itemId")
    live = await live_variants(session, item.id)
    if len(live) >= MOST_VARIANTS:
        raise UserFault(FaultCode.LIMIT_REACHED, f"An item has at most {MOST_VARIANTS} variants.", ("itemId",))
    options = await options_of_item(session, item.id)
    columns = checked_new(fields, named=True, options=options)
    if options and combination(columns) in {combination_of(each) for each in live}:
        raise combination_taken("optionValues")
    variant = new_variant(item, columns, position=live[-1].position + 1)
    session.add(variant)
    await save(session, item)
    return variant


async def update(
    session: AsyncSession, *, actor: Actor, variant_id: uuid.UUID, item_version: int | None, fields: VariantFields
) -> CatalogVariant:
    """Change a variant that is not archived. The item's version stays where nothing changes. Faults: as `create`."""
    require(actor, Permission.CATALOG_MANAGE)
    item, variant = await locked_with_item(session, actor, variant_id, item_version)
    wants_options = fields.name is None or not isinstance(fields.option_values, Absent)
    with session.no_autoflush:  # written by `save` alone, which tells what is taken
        change(variant, fields, await options_of_item(session, item.id) if wants_options else ())
        if not isinstance(fields.image_id, Absent):
            variant.image_id = await attachable_or_none(session, fields.image_id, "imageId")
    if session.is_modified(variant):
        await save(session, item)
    return variant


async def archive(
    session: AsyncSession, *, actor: Actor, variant_id: uuid.UUID, item_version: int | None
) -> CatalogVariant:
    """Take a variant away for good; orders keep what they showed. Its SKU, its external reference and what it picked
    are free again.

    Faults: NOT_FOUND, STALE; INVALID for an item's last one.
    """
    require(actor, Permission.CATALOG_MANAGE)
    item, variant = await locked_with_item(session, actor, variant_id, item_version)
    if len(await live_variants(session, item.id)) == 1:
        message = "An item keeps at least one variant: archive the item instead."
        raise UserFault(FaultCode.INVALID, message, ("id",))
    variant.archived_at, variant.sku, variant.external_reference = func.now(), None, None
    # Its name stays, so that it is still known by what it was.
    variant.first_value_id = variant.second_value_id = variant.third_value_id = None
    variant.is_named_by_options = False
    await save(session, item)
    await session.refresh(variant, ["archived_at"])
    return variant


async def locked_item(
    session: AsyncSession, actor: Actor, item_id: uuid.UUID, version: int | None, *field: str
) -> CatalogItem:
    """An item that nobody else edits until this transaction ends: its version and its variants stay as they are read.

    The lock leaves the key alone: an order refers to the item while it takes stock, and must not wait for staff that
    wait for the stock in turn. Faults: NOT_FOUND, STALE.
    """
    item = await session.get(CatalogItem, (actor.tenant, item_id), with_for_update={"key_share": True})
    if item is None:
        raise not_found("item", *field)
    check_version(item, version, "version" if field == ("id",) else "itemVersion")
    return item


def check_version(item: CatalogItem, version: int | None, field: str) -> None:
    """Fault: STALE, unless the item still is what the edit is based on. None is based on nothing."""
    if version is not None and item.version != version:
        raise UserFault(FaultCode.STALE, "Somebody else has changed this item: load it again.", (field,))


async def locked_with_item(
    session: AsyncSession, actor: Actor, variant_id: uuid.UUID, item_version: int | None
) -> tuple[CatalogItem, CatalogVariant]:
    """A variant with its item: the item's lock comes first, then the row's, which orders take their stock from."""
    key = actor.tenant, variant_id
    variant = await session.get(CatalogVariant, key)
    if variant is None:
        raise not_found("variant", "id")
    item = await locked_item(session, actor, variant.item_id, item_version)
    await session.refresh(variant, with_for_update={"key_share": True})
    if variant.archived_at is not None:
        raise not_found("variant", "id")
    return item, variant


async def live_variants(session: AsyncSession, item_id: uuid.UUID) -> Sequence[CatalogVariant]:
    """The variants of an item that are not archived, in their order."""
    statement = select(CatalogVariant).where(CatalogVariant.item_id == item_id, CatalogVariant.archived_at.is_(None))
    return (await session.execute(statement.order_by(CatalogVariant.position, CatalogVariant.id))).scalars().all()


def checked_new(fields: VariantFields, *path: str, named: bool, options: Sequence[Option] = ()) -> dict[str, Any]:
    """The columns of a new variant of an item with these options. `named`: among others without options it needs a
    name. Raises everything that is wrong.
    """
    faults = Faults()
    values: dict[str, Any] = {}
    with faults.collecting():
        values = checked(fields, *path)
    if isinstance(fields.price, Absent):
        faults.add(FaultCode.REQUIRED, "A price is required.", *path, "price")
    if named and not options and not isinstance(fields.name, LocalizedText):
        faults.add(FaultCode.REQUIRED, "One of several variants needs a name.", *path, "name")
    with faults.collecting():
        given = () if isinstance(fields.option_values, Absent) else fields.option_values
        if options or given:
            values = checked_choice(options, given, *path) | values
    faults.raise_any()
    check_compare_at(values["price"], values.get("compare_at_price"), *path)
    return values


def new_variant(item: CatalogItem, values: Mapping[str, Any], *, position: int) -> CatalogVariant:
    return CatalogVariant(tenant_id=item.tenant_id, item_id=item.id, position=position, **values)


def checked_choice(options: Sequence[Option], given: Sequence[str | uuid.UUID], *path: str) -> dict[str, Any]:
    """The columns of a variant that picks these values and is called after them."""
    values = picked(options, given, *path, "optionValues")
    return choice(options, values) | named_by(values)


def change(variant: CatalogVariant, fields: VariantFields, options: Sequence[Option] = ()) -> None:
    for column, value in changed_columns(variant, fields, options).items():
        setattr(variant, column, value)


def changed_columns(
    variant: CatalogVariant, fields: VariantFields, options: Sequence[Option] = (), *path: str
) -> dict[str, Any]:
    """The columns of a variant that change. The compare-at price is held against the price, whichever was sent.

    `options` are the item's: without them nothing can be picked. Raises everything that is wrong.
    """
    faults = Faults()
    columns: dict[str, Any] = {}
    with faults.collecting():
        columns = checked(fields, *path)
    with faults.collecting():
        columns = checked_naming(variant, fields, options, *path) | columns
    faults.raise_any()
    before = columns.get("compare_at_price", variant.compare_at_price)
    check_compare_at(columns.get("price", variant.price), before, *path)
    return columns


def checked_naming(
    variant: CatalogVariant, fields: VariantFields, options: Sequence[Option], *path: str
) -> dict[str, Any]:
    """The columns of what a variant picks from now on, and of its name where that follows from it."""
    columns: dict[str, Any] = {}
    values = values_of(variant, options)
    if not isinstance(fields.option_values, Absent):
        values = picked(options, fields.option_values, *path, "optionValues")
        columns = choice(options, values)
    if fields.name is None and not options:
        raise UserFault(FaultCode.REQUIRED, "This field cannot be cleared: the item has no options.", (*path, "name"))
    follows = variant.is_named_by_options and isinstance(fields.name, Absent)
    return columns | named_by(values) if options and (follows or fields.name is None) else columns


def checked(fields: VariantFields, *path: str) -> dict[str, Any]:
    """The columns that were sent, as they will be stored. Raises everything that is wrong with them."""
    faults = Faults()
    values: dict[str, Any] = {}
    with faults.collecting():
        if not isinstance(fields.price, Absent):
            values["price"] = checked_amount(fields.price, *path, "price")
    with faults.collecting():
        if not isinstance(fields.compare_at_price, Absent):
            values["compare_at_price"] = checked_compare_at(fields.compare_at_price, *path)
    with faults.collecting():
        if not isinstance(fields.sku, Absent):
            values["sku"] = cleaned(fields.sku, *path, "sku", limit=64)
    with faults.collecting():
        if not isinstance(fields.external_reference, Absent):
            values["external_reference"] = checked_reference(fields.external_reference, *path)
    with faults.collecting():
        if not isinstance(fields.stock, Absent):
            values["stock"] = checked_stock(fields.stock, *path)
    with faults.collecting():
        if not isinstance(fields.weight, Absent):
            values["weight"] = checked_weight(fields.weight, *path)
    with faults.collecting():
        if not isinstance(fields.barcode, Absent):
            values["barcode"] = checked_barcode(fields.barcode, *path, "barcode")
    with faults.collecting():
        if isinstance(fields.name, LocalizedText):
            name = cleaned_name(fields.name, *path, "name")
            values |= {"name_en": name.en, "name_ar": name.ar, "is_named_by_options": False}
    faults.raise_any()
    return values


def checked_stock(stock: int | None, *path: str) -> int | None:
    if stock is not None and not 0 <= stock <= LARGEST_STOCK:
        raise UserFault(FaultCode.INVALID, f"A stock is between 0 and {LARGEST_STOCK}.", (*path, "stock"))
    return stock


def checked_weight(weight: int | None, *path: str) -> int | None:
    if weight is not None and not 0 <= weight <= LARGEST_WEIGHT:
        raise UserFault(FaultCode.INVALID, f"A weight is between 0 and {LARGEST_WEIGHT} grams.", (*path, "weight"))
    return weight


def checked_compare_at(amount: Decimal | None, *path: str) -> Decimal | None:
    return None if amount is None else checked_amount(amount, *path, "compareAtPrice")


def check_compare_at(price: Decimal, compare_at: Decimal | None, *path: str) -> None:
    if compare_at is not None and compare_at <= price:
        message = "A compare-at price is what it cost before: it must be higher than the price."
        raise UserFault(FaultCode.INVALID, message, (*path, "compareAtPrice"))


async def save(session: AsyncSession, item: CatalogItem) -> None:
    """Write the changes to variants as the item's next version. Faults: TAKEN SKU, external reference, combination."""
    item.version += 1
    refusals = {
        SKU_CONSTRAINT: sku_taken("sku"),
        VARIANT_REFERENCE: reference_taken("externalReference"),
        COMBINATION_INDEX: combination_taken("optionValues"),
    }
    await flushed(session, refusals)


def sku_taken(*field: str) -> UserFault:
    return UserFault(FaultCode.TAKEN, "Another variant has this SKU.", field)
