"""Changing many variants by one call: prices, stock, SKUs, over several items."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogVariant
from domain.actors import Actor, Permission, require
from domain.catalog_bulk import Batch, Outcome, written
from domain.catalog_options import (
    COMBINATION_INDEX,
    Option,
    combination,
    combination_of,
    combination_taken,
    options_of_items,
)
from domain.catalog_variants import SKU_CONSTRAINT, VariantFields, changed_columns, check_version, sku_taken
from domain.errors import UserFaults, not_found
from domain.external_references import VARIANT_REFERENCE

Key = tuple[Any, ...]
"""A SKU, or an item with what is picked of its options."""
REFUSALS = {"sku": sku_taken, "optionValues": combination_taken}
TAKEN: Mapping[str, str] = {
    SKU_CONSTRAINT: "SKU",
    COMBINATION_INDEX: "combination of values",
    VARIANT_REFERENCE: "external reference",
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
    """Change variants that are not archived; the version of each item is raised once.

    Faults of a row are those of `catalog_variants.update`, and NOT_FOUND for a variant that a row above has named.
    """
    require(actor, Permission.CATALOG_MANAGE)
    batch = Batch[VariantEdit, CatalogVariant](rows, field="variants", skips=skips)
    items, variants = await locked(session, {edit.variant_id for edit in batch.open.values()})
    options = await options_of_items(session, items)
    columns: dict[int, dict[str, Any]] = {}
    seen: set[uuid.UUID] = set()

    def check(place: int, edit: VariantEdit) -> None:
        variant = variants.get(edit.variant_id)
        if variant is None or variant.id in seen:
            raise not_found("variant", "id")
        seen.add(variant.id)
        check_version(items[variant.item_id], edit.item_version, "itemVersion")
        columns[place] = changed_columns(variant, edit.fields, options[variant.item_id])

    batch.each(check)
    wanted = {
        place: keys_of(variants[edit.variant_id], columns[place], options[variants[edit.variant_id].item_id])
        for place, edit in batch.open.items()
    }
    holders = await holders_of(session, wanted)
    places = {edit.variant_id: place for place, edit in batch.open.items()}
    leaving = {
        key: places[holder]
        for key, holder in holders.items()
        if holder in places and ("sku" if len(key) == 1 else "first_value_id") in columns[places[holder]]
    }
    for place, fields in contested(wanted, holders, leaving).items():
        batch.refuse(place, *(REFUSALS[field](field) for field in fields))
    batch.decide()
    made = {place: variants[edit.variant_id] for place, edit in batch.open.items()}
    await make_way(session, made, wanted, holders)
    for place, variant in made.items():
        for column, value in columns[place].items():
            setattr(variant, column, value)
    for item_id in {variant.item_id for variant in made.values()}:
        items[item_id].version += 1
    await written(session, TAKEN, "variants")
    return batch.outcomes(made)


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


def keys_of(variant: CatalogVariant, columns: Mapping[str, Any], options: Sequence[Option]) -> dict[str, Key]:
    """What a variant must have for itself alone once it is changed, by the input field that says so."""
    keys: dict[str, Key] = {}
    if columns.get("sku"):
        keys["sku"] = (columns["sku"],)
    if options and "first_value_id" in columns:
        keys["optionValues"] = (variant.item_id, *combination(columns))
    return keys


async def holders_of(session: AsyncSession, wanted: Mapping[int, Mapping[str, Key]]) -> dict[Key, uuid.UUID]:
    """Which variants have now what rows want."""
    fields = [field for keys in wanted.values() for field in keys.items()]
    skus = {key[0] for field, key in fields if field == "sku"}
    items = {key[0] for field, key in fields if field == "optionValues"}
    if not fields:
        return {}
    has_one = or_(
        CatalogVariant.sku.in_(skus), and_(CatalogVariant.item_id.in_(items), CatalogVariant.archived_at.is_(None))
    )
    found: dict[Key, uuid.UUID] = {}
    for variant in (await session.execute(select(CatalogVariant).where(has_one))).scalars():
        found[(variant.sku,)] = found[(variant.item_id, *combination_of(variant))] = variant.id
    return found


def contested(
    wanted: Mapping[int, Mapping[str, Key]], held: Collection[Key], leaving: Mapping[Key, int]
) -> dict[int, list[str]]:
    """Rows, and their fields, that want what another variant keeps or a row above gets.

    `leaving` tells which rows let go of what is held: unless they are refused in turn.
    """
    refused: dict[int, list[str]] = {}
    while True:
        taken = {key for key in held if key not in leaving or leaving[key] in refused}
        found: dict[int, list[str]] = {}
        for place, keys in wanted.items():
            if place not in refused:
                if fields := [field for field, key in keys.items() if key in taken]:
                    found[place] = fields
                else:
                    taken.update(keys.values())
        if not found:
            return refused
        refused |= found


async def make_way(
    session: AsyncSession,
    made: Mapping[int, CatalogVariant],
    wanted: Mapping[int, Mapping[str, Key]],
    holders: Mapping[Key, uuid.UUID],
) -> None:
    """Where variants take what others of these rows had, those let go first: each statement is held against the
    constraints by itself.
    """
    by_id = {variant.id: variant for variant in made.values()}
    found = [
        (by_id[holders[key]], key)
        for place, variant in made.items()
        for key in wanted[place].values()
        if key in holders and holders[key] in by_id and holders[key] != variant.id
    ]
    for variant, key in found:
        if len(key) == 1:
            variant.sku = None
        else:
            variant.first_value_id = variant.second_value_id = variant.third_value_id = None
    if found:
        await session.flush()
