"""How staff delete an item for good, as long as nothing tells of it, and make another one like it."""

import uuid
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import is_referred_to
from db.models import CatalogItem, CatalogItemCategory, CatalogVariant, OrderLine, new_id
from db.models.catalog import CHOICES
from domain.actors import Actor, Permission, require
from domain.catalog_items import shelved
from domain.catalog_options import Option, Value, options_of_item, rows_of_options, rows_of_values
from domain.catalog_variants import check_version, live_variants, locked_item
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.media_placements import images_of, place_images
from domain.metadata import copy_public
from domain.slugs import insert_with_slug
from domain.tags import checked_tags, new_tags, tags_of
from domain.texts import LocalizedText, checked_slug, cleaned_name, slug_from

COPIED_OF_ITEM = ("kind", "description_en", "description_ar")
COPIED_OF_VARIANT = (
    "name_en",
    "name_ar",
    "is_named_by_options",
    "price",
    "compare_at_price",
    "weight",
    "position",
    "image_id",
)


async def delete_item(session: AsyncSession, *, actor: Actor, item_id: uuid.UUID, version: int | None) -> None:
    """Delete an item with its variants and options. Faults: NOT_FOUND, STALE; IN_USE where an order has it.

    The lock waits for orders that are being placed and keeps others away from the item. That nothing refers to what is
    deleted is the foreign keys' work all the same: they know of everything that will ever refer to it.
    """
    require(actor, Permission.CATALOG_MANAGE)
    item = await session.get(CatalogItem, (actor.tenant, item_id), with_for_update=True)
    if item is None:
        raise not_found("item", "id")
    check_version(item, version, "version")
    # Asked first, since of a hundred variants each would be looked for among the orders.
    if (await session.execute(select(exists().where(OrderLine.item_id == item.id)))).scalar_one():
        raise item_in_use()
    unseen: dict[str, Any] = {"synchronize_session": False}
    try:
        for gone in (
            delete(CatalogVariant).where(CatalogVariant.item_id == item.id),
            delete(CatalogItem).where(CatalogItem.id == item.id),
        ):
            await session.execute(gone.execution_options(**unseen))
    except IntegrityError as error:
        if is_referred_to(error):
            raise item_in_use() from error
        raise


def item_in_use() -> UserFault:
    return UserFault(FaultCode.IN_USE, "Orders tell of this item: archive it instead.", ("id",))


async def duplicate(
    session: AsyncSession,
    *,
    actor: Actor,
    item_id: uuid.UUID,
    name: LocalizedText | None = None,
    slug: str | None = None,
) -> CatalogItem:
    """A draft like another item: texts, categories, tags, pictures, options, public metadata, and variants with their
    prices and weights.

    What names one thing alone is left out: SKUs, barcodes, external references, private metadata, and stock, which is
    0 where it is limited. Faults: NOT_FOUND; TAKEN slug; invalid name or slug.
    """
    require(actor, Permission.CATALOG_MANAGE)
    checked_naming(name, slug)
    item = await locked_item(session, actor, item_id, None, "id")
    called = cleaned_name(name, "name") if name else LocalizedText(item.name_en, item.name_ar)
    values = {column: getattr(item, column) for column in COPIED_OF_ITEM}
    values |= {"tenant_id": item.tenant_id, "name_en": called.en, "name_ar": called.ar, "status": "draft"}
    proposal = slug_from(called, item.kind)
    made = await insert_with_slug(session, CatalogItem, values, slug=slug, proposal=proposal, refusals={})
    await copy_places(session, item, made)
    await copy_variants(session, item, made)
    await copy_public(session, CatalogItem, {item.id: made.id})
    return made


async def copy_places(session: AsyncSession, item: CatalogItem, made: CatalogItem) -> None:
    """Categories, tags and pictures."""
    shelves = await session.execute(
        select(CatalogItemCategory.category_id).where(CatalogItemCategory.item_id == item.id)
    )
    session.add_all(shelved(made, category_id) for category_id in shelves.scalars())
    tags = (await tags_of(session, [item.id]))[item.id]
    session.add_all(new_tags(made, checked_tags([each.tag for each in tags])))
    images = (await images_of(session, [item.id]))[item.id]
    await place_images(session, made, [image.id for image in images])


async def copy_variants(session: AsyncSession, item: CatalogItem, made: CatalogItem) -> None:
    """Options, and the variants that are not archived with what they pick."""
    options = await options_of_item(session, item.id)
    new_ids = {value.id: new_id() for option in options for value in option.values}
    copies = [copy_of_option(option, new_ids) for option in options]
    session.add_all(rows_of_options(made, copies))
    await session.flush()
    session.add_all(rows_of_values(made, copies))
    await session.flush()
    variants = await live_variants(session, item.id)
    copied = {variant.id: copy_of_variant(variant, made, new_ids) for variant in variants}
    session.add_all(copied.values())
    await session.flush()
    await copy_public(session, CatalogVariant, {old: new.id for old, new in copied.items()})


def checked_naming(name: LocalizedText | None, slug: str | None) -> None:
    faults = Faults()
    with faults.collecting():
        if name is not None:
            cleaned_name(name, "name")
    with faults.collecting():
        if slug is not None:
            checked_slug(slug, "slug")
    faults.raise_any()


def copy_of_option(option: Option, new_ids: dict[uuid.UUID, uuid.UUID]) -> Option:
    values = [Value(new_ids[value.id], value.name) for value in option.values]
    return Option(new_id(), option.slot, option.name, values)


def copy_of_variant(variant: CatalogVariant, item: CatalogItem, new_ids: dict[uuid.UUID, uuid.UUID]) -> CatalogVariant:
    columns = {column: getattr(variant, column) for column in COPIED_OF_VARIANT}
    picks = {column: getattr(variant, column) for column in CHOICES}
    columns |= {column: new_ids[picked] for column, picked in picks.items() if picked is not None}
    stock = None if variant.stock is None else 0
    return CatalogVariant(tenant_id=item.tenant_id, item_id=item.id, stock=stock, **columns)
