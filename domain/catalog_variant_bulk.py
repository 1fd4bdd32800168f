"""Changing many variants by one call: prices, stock, SKUs, over several items."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogVariant
from db.models.catalog import CHOICES
from domain.actors import Actor, Permission, require
from domain.catalog_bulk import Batch, Outcome, repeated
from domain.catalog_bulk_names import Key, holders_of
from domain.catalog_options import (
    COMBINATION_INDEX,
    Option,
    combination,
    combination_of,
    combination_taken,
    options_of_items,
)
from domain.catalog_variants import SKU_CONSTRAINT, VariantFields, changed_columns, check_version, sku_taken
from domain.changes import Absent
from domain.errors import UserFault, UserFaults, named_twice, not_found
from domain.external_references import VARIANT_REFERENCE, reference_taken
from domain.media_placements import check_attachable, held

FIELDS: Mapping[str, str] = {
    SKU_CONSTRAINT: "sku",
    VARIANT_REFERENCE: "externalReference",
    COMBINATION_INDEX: "optionValues",
}
"""What only one variant may have: by its constraint the input field that says so."""
COLUMNS_OF: Mapping[str, Sequence[str]] = {
    SKU_CONSTRAINT: ["sku"],
    VARIANT_REFERENCE: ["external_reference"],
    COMBINATION_INDEX: CHOICES,
}
REFUSALS: Mapping[str, Callable[[str], UserFault]] = {
    SKU_CONSTRAINT: sku_taken,
    VARIANT_REFERENCE: reference_taken,
    COMBINATION_INDEX: combination_taken,
}
LOCK: Mapping[str, Any] = {"key_share": True}


@dataclass(frozen=True, slots=True)
class VariantEdit:
    """A partial update of one of many variants."""

    variant_id: uuid.UUID
    fields: VariantFields
    item_version: int | None = None


async def update_many(
    session: AsyncSession, *, actor: Actor, rows: Sequence[VariantEdit | UserFaults], skips: bool
) -> list[Outcome[CatalogVariant]]:
    """Change variants that are not archived; the version of each item is raised once if anything of it changes.

    Faults of a row are those of `catalog_variants.update`, and INVALID for a variant that a row above has named.
    """
    require(actor, Permission.CATALOG_MANAGE)
    return await repeated(session, partial(update_each, session, rows, skips=skips), FIELDS, "variants")


async def update_each(
    session: AsyncSession, rows: Sequence[VariantEdit | UserFaults], *, skips: bool
) -> list[Outcome[CatalogVariant]]:
    batch = Batch[VariantEdit, CatalogVariant](rows, field="variants", skips=skips)
    items, variants = await locked(session, {edit.variant_id for edit in batch.open.values()})
    options = await options_of_items(session, items)
    named = {edit.fields.image_id for edit in batch.open.values()}
    images = await held(session, {each for each in named if isinstance(each, uuid.UUID)})
    columns: dict[int, dict[str, Any]] = {}
    seen: set[uuid.UUID] = set()

    def check(place: int, edit: VariantEdit) -> None:
        variant = variants.get(edit.variant_id)
        if variant is None:
            raise not_found("variant", "id")
        if variant.id in seen:
            raise named_twice("id")
        seen.add(variant.id)
        check_version(items[variant.item_id], edit.item_version, "itemVersion")
        columns[place] = changed_columns(variant, edit.fields, options[variant.item_id])
        image_id = edit.fields.image_id
        if not isinstance(image_id, Absent):
            check_attachable(images, [image_id] if image_id else [], "imageId", several=False)
            columns[place]["image_id"] = image_id

    batch.each(check)
    wanted = {
        place: keys_of(variants[edit.variant_id], columns[place], options[variants[edit.variant_id].item_id])
        for place, edit in batch.open.items()
    }
    holders = await holders_of_keys(session, [key for keys in wanted.values() for key in keys])
    places = {edit.variant_id: place for place, edit in batch.open.items()}
    leaving = {
        key: places[holder]
        for key, holder in holders.items()
        if holder in places and COLUMNS_OF[key[0]][0] in columns[places[holder]]
    }
    for place, constraints in contested(wanted, holders, leaving).items():
        batch.refuse(place, *(REFUSALS[constraint](FIELDS[constraint]) for constraint in constraints))
    batch.decide()
    made = {place: variants[edit.variant_id] for place, edit in batch.open.items()}
    await make_way(session, made, wanted, holders)
    await write(session, items, [(variant, columns[place]) for place, variant in made.items()])
    return batch.outcomes(made)


async def write(
    session: AsyncSession,
    items: Mapping[uuid.UUID, CatalogItem],
    changes: Sequence[tuple[CatalogVariant, Mapping[str, Any]]],
) -> None:
    for variant, columns in changes:
        for column, value in columns.items():
            setattr(variant, column, value)
    for item_id in {variant.item_id for variant, _ in changes if session.is_modified(variant)}:
        items[item_id].version += 1
    await session.flush()


async def locked(
    session: AsyncSession, variant_ids: set[uuid.UUID]
) -> tuple[dict[uuid.UUID, CatalogItem], dict[uuid.UUID, CatalogVariant]]:
    """The items of variants, and the variants that are not archived, both held in the order of their ids."""
    of_variants = select(CatalogVariant.item_id).where(CatalogVariant.id.in_(variant_ids))
    held = select(CatalogItem).where(CatalogItem.id.in_(of_variants)).order_by(CatalogItem.id)
    items = {item.id: item for item in (await session.execute(held.with_for_update(**LOCK))).scalars()}
    wanted = select(CatalogVariant).where(CatalogVariant.id.in_(variant_ids), CatalogVariant.archived_at.is_(None))
    rows = await session.execute(wanted.order_by(CatalogVariant.id).with_for_update(**LOCK))
    return items, {variant.id: variant for variant in rows.scalars()}


def keys_of(variant: CatalogVariant, columns: Mapping[str, Any], options: Sequence[Option]) -> list[Key]:
    """What a variant must have for itself alone once it is changed."""
    keys: list[Key] = []
    if columns.get("sku"):
        keys.append((SKU_CONSTRAINT, columns["sku"]))
    if columns.get("external_reference"):
        keys.append((VARIANT_REFERENCE, columns["external_reference"]))
    if options and "first_value_id" in columns:
        keys.append((COMBINATION_INDEX, variant.item_id, *combination(columns)))
    return keys


async def holders_of_keys(session: AsyncSession, keys: Sequence[Key]) -> dict[Key, uuid.UUID]:
    """Which variants have now what rows want."""
    found = await holders_of(session, [key for key in keys if key[0] != COMBINATION_INDEX])
    items = {key[1] for key in keys if key[0] == COMBINATION_INDEX}
    if items:
        live = select(CatalogVariant).where(CatalogVariant.item_id.in_(items), CatalogVariant.archived_at.is_(None))
        for variant in (await session.execute(live)).scalars():
            found[COMBINATION_INDEX, variant.item_id, *combination_of(variant)] = variant.id
    return found


def contested(
    wanted: Mapping[int, Sequence[Key]], held: Collection[Key], leaving: Mapping[Key, int]
) -> dict[int, list[str]]:
    """Rows that want what another variant keeps or a row above gets, with the constraints that this would violate.

    `leaving` tells which rows let go of what is held: unless they are refused in turn.
    """
    refused: dict[int, list[str]] = {}
    while True:
        taken = {key for key in held if key not in leaving or leaving[key] in refused}
        found: dict[int, list[str]] = {}
        for place, keys in wanted.items():
            if place not in refused:
                if constraints := [key[0] for key in keys if key in taken]:
                    found[place] = constraints
                else:
                    taken.update(keys)
        if not found:
            return refused
        refused |= found


async def make_way(
    session: AsyncSession,
    made: Mapping[int, CatalogVariant],
    wanted: Mapping[int, Sequence[Key]],
    holders: Mapping[Key, uuid.UUID],
) -> None:
    """Where variants take what others of these rows had, those let go first: each statement is held against the
    constraints by itself.
    """
    by_id = {variant.id: variant for variant in made.values()}
    found = [
        (by_id[holders[key]], key[0])
        for place, variant in made.items()
        for key in wanted[place]
        if key in holders and holders[key] in by_id and holders[key] != variant.id
    ]
    for variant, constraint in found:
        for column in COLUMNS_OF[constraint]:
            setattr(variant, column, None)
    if found:
        await session.flush()
