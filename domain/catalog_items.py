"""How staff make items, change them, and bring them in front of shoppers and back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product
from math import prod
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import CatalogItem, CatalogItemCategory, CatalogVariant, Category
from domain.actors import Actor, Permission, require
from domain.catalog_options import (
    Option,
    OptionFields,
    checked_new_options,
    choice,
    combination,
    combination_taken,
    named_by,
    rows_of_options,
    rows_of_values,
)
from domain.catalog_variants import (
    MOST_VARIANTS,
    NOTHING_SAID,
    SKU_CONSTRAINT,
    VariantFields,
    change,
    checked,
    checked_new,
    live_variants,
    locked_item,
    new_variant,
    sku_taken,
)
from domain.changes import ABSENT, Absent
from domain.errors import FaultCode, Faults, IllegalTransition, UserFault, UserFaults, not_found
from domain.external_references import (
    ITEM_REFERENCE,
    VARIANT_REFERENCE,
    check_variant_references,
    checked_reference,
    reference_taken,
)
from domain.media_placements import place_images
from domain.slugs import insert_with_slug, slug_taken
from domain.tags import checked_tags, new_tags, replace_tags
from domain.texts import LocalizedText, checked_slug, cleaned_description, cleaned_name, slug_from
from domain.transitions import StateMachine

MOST_CATEGORIES_OF_ITEM = 50
SLUG_CONSTRAINT = "uq_catalog_items_tenant_id_slug"
REFERENCE_TAKEN = {ITEM_REFERENCE: reference_taken("externalReference")}


class ItemStep(Enum):
    """A step in an item's life: what it is called, where it leads, and from where."""

    ACTIVATE = ("activated", "active", ("draft",))
    DEACTIVATE = ("deactivated", "draft", ("active",))
    ARCHIVE = ("archived", "archived", ("draft", "active"))
    RESTORE = ("restored", "draft", ("archived",))

    def __init__(self, called: str, status: str, origins: tuple[str, ...]) -> None:
        self.called, self.status, self.origins = called, status, origins


ITEM_STATUS = StateMachine(
    "The item",
    {
        status: tuple(step.status for step in ItemStep if status in step.origins)
        for status in ("draft", "active", "archived")
    },
)


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be: with one variant, told in `only_variant`, or with those in `variants`, never both.

    With `options` and without `variants`, every combination of their values is a variant as `only_variant` tells.
    """

    kind: str
    name: LocalizedText
    slug: str | None = None
    description: LocalizedText | None = None
    status: str = "draft"
    category_ids: Sequence[uuid.UUID] = ()
    tags: Sequence[str] = ()
    external_reference: str | None = None
    image_ids: Sequence[uuid.UUID] = ()
    only_variant: VariantFields = NOTHING_SAID
    variants: Sequence[VariantFields] | None = None
    options: Sequence[OptionFields] = ()


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """A partial update. `only_variant` is for items with one variant."""

    kind: str | Absent = ABSENT
    name: LocalizedText | Absent = ABSENT
    slug: str | Absent = ABSENT
    description: LocalizedText | Absent | None = ABSENT
    category_ids: Sequence[uuid.UUID] | Absent = ABSENT
    tags: Sequence[str] | Absent = ABSENT
    external_reference: str | Absent | None = ABSENT
    image_ids: Sequence[uuid.UUID] | Absent = ABSENT
    only_variant: VariantFields = NOTHING_SAID

    @property
    def says_more(self) -> bool:
        """Whether it is about more than the item's own columns. That counts as a change, even to what is there."""
        more = (self.category_ids, self.tags, self.image_ids)
        return bool(self.only_variant.sent()) or any(not isinstance(each, Absent) for each in more)


async def create(session: AsyncSession, *, actor: Actor, given: NewItem) -> CatalogItem:
    """An item with its variants. Faults: invalid fields, TAKEN slug or SKU, NOT_FOUND category."""
    require(actor, Permission.CATALOG_MANAGE)
    columns, options, variants = checked_new_item(given)
    category_ids = await existing_categories(session, given.category_ids)
    await check_skus(session, given, variants)
    await check_variant_references(session, variants, "variants")
    proposal = slug_from(LocalizedText(columns["name_en"], columns["name_ar"]), given.kind)
    values = {"tenant_id": actor.tenant, "status": given.status, **columns}
    item = await insert_with_slug(
        session, CatalogItem, values, slug=given.slug, proposal=proposal, refusals=REFERENCE_TAKEN
    )
    session.add_all(rows_of_options(item, options))
    await session.flush()
    session.add_all(rows_of_values(item, options))
    await session.flush()
    made = [new_variant(item, each, position=place) for place, each in enumerate(variants)]
    # In the order of their SKUs: two that write the same ones at once must not wait for each other in a circle.
    made.sort(key=lambda variant: (variant.sku or "", variant.external_reference or ""))
    session.add_all(made)
    session.add_all(shelved(item, category_id) for category_id in category_ids)
    session.add_all(new_tags(item, checked_tags(given.tags, "tags")))
    refusals = {
        SKU_CONSTRAINT: sku_taken("sku" if given.variants is None else "variants"),
        VARIANT_REFERENCE: reference_taken("variants"),
    }
    await flushed(session, refusals)
    if given.image_ids:
        await place_images(session, item, given.image_ids)
    return item


async def update(
    session: AsyncSession, *, actor: Actor, item_id: uuid.UUID, version: int, changes: ItemChanges
) -> CatalogItem:
    """Nothing is written, nor the version raised, where every column that is sent says what is there.

    Faults: NOT_FOUND; STALE if `version` is not the current one; as `create`; INVALID for the price, SKU or stock of an
    item with several variants.
    """
    require(actor, Permission.CATALOG_MANAGE)
    item = await locked_item(session, actor, item_id, version, "id")
    for column, value in checked_changes(changes).items():
        setattr(item, column, value)
    if session.is_modified(item) or changes.says_more:
        await save(session, item)
    if not isinstance(changes.category_ids, Absent):
        await shelve(session, item, changes.category_ids)
    if not isinstance(changes.tags, Absent):
        await replace_tags(session, item, checked_tags(changes.tags, "tags"))
    if not isinstance(changes.image_ids, Absent):
        await place_images(session, item, changes.image_ids)
    await change_only_variant(session, item, changes.only_variant)
    return item


async def take_step(
    session: AsyncSession, *, actor: Actor, item_id: uuid.UUID, step: ItemStep, version: int | None = None
) -> CatalogItem:
    """Activate, deactivate, archive or restore. Faults: NOT_FOUND, STALE; ILLEGAL_TRANSITION with what is allowed."""
    require(actor, Permission.CATALOG_MANAGE)
    item = await locked_item(session, actor, item_id, version, "id")
    check_step(item.status, step)
    item.status = step.status
    item.archived_at = func.now() if step is ItemStep.ARCHIVE else None
    await save(session, item)
    return item


def check_step(current: str, step: ItemStep) -> None:
    ITEM_STATUS.check(current, step.status, "id")
    if current not in step.origins:
        # Deactivating and restoring both end in a draft, but a restore must not take an active item off the store.
        message = f"The item is {current} and cannot be {step.called}."
        allowed = ITEM_STATUS.steps[current]
        raise IllegalTransition(FaultCode.ILLEGAL_TRANSITION, message, ("id",), current=current, allowed=allowed)


def checked_new_item(given: NewItem) -> tuple[dict[str, Any], list[Option], list[dict[str, Any]]]:
    """The columns of the item, its options, and the columns of each variant. Raises everything that is wrong."""
    faults = Faults()
    columns: dict[str, Any] = {}
    options: list[Option] = []
    variants: list[dict[str, Any]] = []
    with faults.collecting():
        described = ABSENT if given.description is None else given.description
        slug = ABSENT if given.slug is None else given.slug
        columns = checked_changes(
            ItemChanges(
                given.kind, given.name, slug, described, tags=given.tags, external_reference=given.external_reference
            )
        )
    if given.status not in ("draft", "active"):
        faults.add(FaultCode.INVALID, "A new item is a draft or active.", "status")
    with faults.collecting():
        options = checked_new_options(given.options, "options")
        variants = checked_variants(given, options)
    faults.raise_any()
    columns.pop("slug", None)
    return columns, options, variants


def checked_changes(changes: ItemChanges) -> dict[str, Any]:
    """The item's columns that were sent, as they will be stored. Raises everything that is wrong with the input."""
    faults = Faults()
    columns: dict[str, Any] = {}
    if not isinstance(changes.kind, Absent):
        columns["kind"] = changes.kind
    with faults.collecting():
        if not isinstance(changes.name, Absent):
            name = cleaned_name(changes.name, "name")
            columns |= {"name_en": name.en, "name_ar": name.ar}
    with faults.collecting():
        if not isinstance(changes.slug, Absent):
            columns["slug"] = checked_slug(changes.slug, "slug")
    with faults.collecting():
        if not isinstance(changes.description, Absent):
            text = cleaned_description(changes.description or LocalizedText(None, None), "description")
            columns |= {"description_en": text.en, "description_ar": text.ar}
    with faults.collecting():
        if not isinstance(changes.external_reference, Absent):
            columns["external_reference"] = checked_reference(changes.external_reference)
    with faults.collecting():
        if not isinstance(changes.tags, Absent):
            checked_tags(changes.tags, "tags")
    with faults.collecting():
        checked(changes.only_variant)
    faults.raise_any()
    return columns


def checked_variants(given: NewItem, options: Sequence[Option]) -> list[dict[str, Any]]:
    """The columns of each variant, from whichever of the forms was used."""
    if given.variants is None and options:
        return checked_combinations(given.only_variant, options)
    if given.variants is None:
        return [checked_new(given.only_variant, named=False)]
    if given.only_variant != NOTHING_SAID:
        message = "Give the fields of one variant (price, sku, stock, …), or `variants`: not both."
        raise UserFault(FaultCode.INVALID, message, ("variants",))
    if not given.variants:
        raise UserFault(FaultCode.REQUIRED, "An item has at least one variant.", ("variants",))
    if len(given.variants) > MOST_VARIANTS:
        raise UserFault(FaultCode.TOO_LONG, f"An item has at most {MOST_VARIANTS} variants.", ("variants",))
    faults = Faults()
    columns: list[dict[str, Any]] = []
    taken: set[tuple[uuid.UUID | None, ...]] = set()
    for place, each in enumerate(given.variants):
        with faults.collecting():
            path = "variants", str(place)
            columns.append(checked_new(each, *path, named=len(given.variants) > 1, options=options))
            if options and combination(columns[-1]) in taken:
                raise combination_taken(*path, "optionValues")
            taken.add(combination(columns[-1]))
    faults.raise_any()
    return columns


def checked_combinations(fields: VariantFields, options: Sequence[Option]) -> list[dict[str, Any]]:
    """The columns of a variant for every combination of the options' values. Raises everything that is wrong."""
    count = prod(len(option.values) for option in options)
    if count > MOST_VARIANTS:
        message = f"These are {count} combinations, and an item has at most {MOST_VARIANTS} variants: name `variants`."
        raise UserFault(FaultCode.TOO_LONG, message, ("options",))
    faults = Faults()
    for field, value in (("sku", fields.sku), ("barcode", fields.barcode)):
        if count > 1 and not isinstance(value, Absent):
            faults.add(FaultCode.INVALID, "Each variant has one of its own: name `variants`.", field)
    columns: dict[str, Any] = {}
    with faults.collecting():
        columns = checked_new(fields, named=False)
    faults.raise_any()
    combinations = product(*(option.values for option in options))
    return [columns | choice(options, values) | named_by(values) for values in combinations]


async def check_skus(session: AsyncSession, given: NewItem, variants: Sequence[dict[str, Any]]) -> None:
    """Tells which of several variants has a SKU that is taken, in this input or by another item."""
    wanted = [variant["sku"] for variant in variants if variant.get("sku")]
    if not wanted:
        return
    rows = await session.execute(select(CatalogVariant.sku).where(CatalogVariant.sku.in_(wanted)))
    taken = set(rows.scalars())
    faults = Faults()
    for place, variant in enumerate(variants):
        if (sku := variant.get("sku")) in taken:
            path = () if given.variants is None else ("variants", str(place))
            faults.found.append(sku_taken(*path, "sku"))
        elif sku:
            taken.add(sku)
    faults.raise_any()


async def change_only_variant(session: AsyncSession, item: CatalogItem, fields: VariantFields) -> None:
    """Change the variant of a simple item. Written behind the item itself: orders lock in this order, too."""
    if not fields.sent():
        return
    variant = only_one(await live_variants(session, item.id), fields)
    await session.refresh(variant, with_for_update={"key_share": True})
    change(variant, fields)
    await flushed(session, {SKU_CONSTRAINT: sku_taken("sku")})


def only_one(variants: Sequence[CatalogVariant], fields: VariantFields) -> CatalogVariant:
    """The variant of a simple item. Raises each field that was sent where there are several."""
    if len(variants) > 1:
        message = "This item has several variants: change one with catalogVariantUpdate."
        raise UserFaults([UserFault(FaultCode.INVALID, message, (field,)) for field in fields.sent()])
    return variants[0]


async def shelve(session: AsyncSession, item: CatalogItem, category_ids: Sequence[uuid.UUID]) -> None:
    """Put the item in exactly these categories. Fault: NOT_FOUND."""
    wanted = await existing_categories(session, category_ids)
    current = select(CatalogItemCategory).where(CatalogItemCategory.item_id == item.id)
    links = {link.category_id: link for link in (await session.execute(current)).scalars()}
    for category_id in links.keys() - wanted:
        await session.delete(links[category_id])
    session.add_all(shelved(item, category_id) for category_id in wanted if category_id not in links)
    await session.flush()


def shelved(item: CatalogItem, category_id: uuid.UUID) -> CatalogItemCategory:
    return CatalogItemCategory(tenant_id=item.tenant_id, item_id=item.id, category_id=category_id)


async def existing_categories(session: AsyncSession, category_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """The categories, kept from being deleted until this transaction ends. Faults: NOT_FOUND, TOO_LONG."""
    check_number_of_categories(category_ids)
    if not category_ids:
        return set()
    statement = select(Category.id).where(Category.id.in_(category_ids)).order_by(Category.id)
    rows = await session.execute(statement.with_for_update(read=True, key_share=True))
    found = set(rows.scalars())
    unknown = [str(place) for place, category_id in enumerate(category_ids) if category_id not in found]
    if unknown:
        raise UserFaults([not_found("category", "categoryIds", place) for place in unknown])
    return found


def check_number_of_categories(category_ids: Sequence[uuid.UUID]) -> None:
    if len(category_ids) > MOST_CATEGORIES_OF_ITEM:
        message = f"An item is in at most {MOST_CATEGORIES_OF_ITEM} categories."
        raise UserFault(FaultCode.TOO_LONG, message, ("categoryIds",))


async def save(session: AsyncSession, item: CatalogItem) -> None:
    """Write the item as its next version, with what the database adds. Faults: TAKEN slug or external reference."""
    item.version += 1
    await flushed(session, {SLUG_CONSTRAINT: slug_taken(), **REFERENCE_TAKEN})
    await session.refresh(item)
