"""Making and changing many items by one call."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogVariant, new_id
from domain.actors import Actor, Permission, require
from domain.catalog_bulk import Batch, Outcome, repeated
from domain.catalog_bulk_names import COLUMNS, Key, holders_of
from domain.catalog_bulk_places import Places, said
from domain.catalog_bulk_places import place as place_edits
from domain.catalog_items import (
    SLUG_CONSTRAINT,
    ItemChanges,
    NewItem,
    checked_changes,
    checked_new_item,
    only_one,
    shelved,
)
from domain.catalog_options import Option, rows_of_options, rows_of_values
from domain.catalog_variants import SKU_CONSTRAINT, changed_columns, check_version, new_variant, sku_taken
from domain.errors import Faults, UserFault, UserFaults, named_twice, not_found
from domain.external_references import ITEM_REFERENCE, VARIANT_REFERENCE, reference_taken
from domain.media_placements import place_all
from domain.slugs import ATTEMPTS, slug_taken
from domain.tags import checked_tags, new_tags
from domain.texts import LocalizedText, slug_from

LOCK: Mapping[str, Any] = {"key_share": True}


@dataclass(frozen=True, slots=True)
class ItemEdit:
    """A partial update of one of many items."""

    item_id: uuid.UUID
    version: int
    changes: ItemChanges


@dataclass(slots=True)
class Checked:
    """A new item as it will be stored."""

    columns: dict[str, Any]
    options: list[Option]
    variants: list[dict[str, Any]]


async def create_many(
    session: AsyncSession, *, actor: Actor, rows: Sequence[NewItem | UserFaults], skips: bool
) -> list[Outcome[CatalogItem]]:
    """Items with their variants and options. Faults of a row are those of `catalog_items.create`."""
    require(actor, Permission.CATALOG_MANAGE)
    attempt = partial(create_each, session, actor, rows, skips=skips)
    return await repeated(session, attempt, COLUMNS, "items")


async def create_each(
    session: AsyncSession, actor: Actor, rows: Sequence[NewItem | UserFaults], *, skips: bool
) -> list[Outcome[CatalogItem]]:
    batch = Batch[NewItem, CatalogItem](rows, field="items", skips=skips)
    checked: dict[int, Checked] = {}

    def check(place: int, given: NewItem) -> None:
        checked[place] = Checked(*checked_new_item(given))

    batch.each(check)
    wanted = batch.open.values()
    places = await Places.named(session, [each.category_ids for each in wanted], [each.image_ids for each in wanted])
    batch.each(lambda _, given: places.check(given.category_ids, given.image_ids))
    await refuse_taken(session, batch, checked)
    batch.decide()
    made = await insert_items(session, actor, batch, checked)
    batch.decide()
    await insert_parts(session, [(item, batch.open[place], checked[place]) for place, item in made.items()])
    return batch.outcomes(made)


async def insert_parts(session: AsyncSession, made: Sequence[tuple[CatalogItem, NewItem, Checked]]) -> None:
    """Everything else that new items consist of."""
    session.add_all(row for item, _, each in made for row in rows_of_options(item, each.options))
    await session.flush()
    session.add_all(row for item, _, each in made for row in rows_of_values(item, each.options))
    await session.flush()
    variants = [
        new_variant(item, columns, position=position)
        for item, _, each in made
        for position, columns in enumerate(each.variants)
    ]
    # In the order of their SKUs: two that write the same ones at once must not wait for each other in a circle.
    variants.sort(key=lambda variant: (variant.sku or "", variant.external_reference or ""))
    session.add_all(variants)
    session.add_all(shelved(item, category_id) for item, given, _ in made for category_id in {*given.category_ids})
    session.add_all(tag for item, given, _ in made for tag in new_tags(item, checked_tags(given.tags, "tags")))
    await session.flush()
    await place_all(session, [(item, given.image_ids) for item, given, _ in made if given.image_ids])


async def insert_items(
    session: AsyncSession, actor: Actor, batch: Batch[NewItem, CatalogItem], checked: Mapping[int, Checked]
) -> dict[int, CatalogItem]:
    """The items under their slugs; a row whose own slug is taken is refused, a proposed slug gets a suffix."""
    made: dict[int, CatalogItem] = {}
    ids = {place: new_id() for place in batch.open}
    places = {item_id: place for place, item_id in ids.items()}
    for attempt in range(ATTEMPTS):
        missing = [place for place in batch.open if place not in made]
        if not missing:
            break
        values = [
            {
                "tenant_id": actor.tenant,
                "id": ids[place],
                "status": batch.open[place].status,
                "description_en": None,
                "description_ar": None,
                "external_reference": None,
                "slug": slug_of(batch.open[place], checked[place], attempt),
                **checked[place].columns,
            }
            for place in missing
        ]
        values.sort(key=lambda row: str(row["slug"]))  # as with SKUs: nobody waits in a circle
        statement = insert(CatalogItem).values(values).on_conflict_do_nothing(index_elements=["tenant_id", "slug"])
        found = (await session.execute(statement.returning(CatalogItem))).scalars().all()
        made |= {places[item.id]: item for item in found}
        for place in missing:
            if place not in made and (batch.open[place].slug is not None or attempt == ATTEMPTS - 1):
                batch.refuse(place, slug_taken())
    return made


def slug_of(given: NewItem, checked: Checked, attempt: int) -> str:
    if given.slug is not None:
        return given.slug
    proposal = slug_from(LocalizedText(checked.columns["name_en"], checked.columns["name_ar"]), given.kind)
    return f"{proposal}-{secrets.token_hex(3)}" if attempt else proposal


async def refuse_taken(
    session: AsyncSession, batch: Batch[NewItem, CatalogItem], checked: Mapping[int, Checked]
) -> None:
    """Rows with a SKU or an external reference that something else has, in the catalogue or in a row above."""
    wanted = {place: unique_names(given, checked[place]) for place, given in batch.open.items()}
    taken = {*await holders_of(session, [key for names in wanted.values() for key, _ in names])}

    def check(place: int, _given: NewItem) -> None:
        faults = Faults()
        mine: set[Key] = set()
        for key, fault in wanted[place]:
            if key in taken | mine:
                faults.found.append(fault)
            mine.add(key)
        faults.raise_any()
        taken.update(mine)

    batch.each(check)


def unique_names(given: NewItem, checked: Checked) -> list[tuple[Key, UserFault]]:
    """What a new item and its variants want to be called, with what is said where that is taken."""
    names: list[tuple[Key, UserFault]] = []
    if reference := checked.columns.get("external_reference"):
        names.append(((ITEM_REFERENCE, reference), reference_taken("externalReference")))
    for position, columns in enumerate(checked.variants):
        path = () if given.variants is None else ("variants", str(position))
        if sku := columns.get("sku"):
            names.append(((SKU_CONSTRAINT, sku), sku_taken(*path, "sku")))
        if reference := columns.get("external_reference"):
            names.append(((VARIANT_REFERENCE, reference), reference_taken(*path, "externalReference")))
    return names


async def update_many(
    session: AsyncSession, *, actor: Actor, rows: Sequence[ItemEdit | UserFaults], skips: bool
) -> list[Outcome[CatalogItem]]:
    """Change items. Faults of a row are those of `catalog_items.update`, and INVALID for one named above."""
    require(actor, Permission.CATALOG_MANAGE)
    return await repeated(session, partial(update_each, session, rows, skips=skips), COLUMNS, "items")


async def update_each(
    session: AsyncSession, rows: Sequence[ItemEdit | UserFaults], *, skips: bool
) -> list[Outcome[CatalogItem]]:
    batch = Batch[ItemEdit, CatalogItem](rows, field="items", skips=skips)
    edits = list(batch.open.values())
    items = await locked_items(session, {edit.item_id for edit in edits})
    variants = await locked_variants(session, {edit.item_id for edit in edits if edit.changes.only_variant.sent()})
    changes = [edit.changes for edit in edits]
    places = await Places.named(
        session, [said(each.category_ids) for each in changes], [said(each.image_ids) for each in changes]
    )
    columns: dict[int, dict[str, Any]] = {}
    of_variant: dict[int, tuple[CatalogVariant, dict[str, Any]]] = {}
    seen: set[uuid.UUID] = set()

    def check(place: int, edit: ItemEdit) -> None:
        if edit.item_id not in items:
            raise not_found("item", "id")
        if edit.item_id in seen:
            raise named_twice("id")
        seen.add(edit.item_id)
        check_version(items[edit.item_id], edit.version, "version")
        columns[place] = checked_changes(edit.changes)
        if edit.changes.only_variant.sent():
            variant = only_one(variants.get(edit.item_id, ()), edit.changes.only_variant)
            of_variant[place] = variant, changed_columns(variant, edit.changes.only_variant)
        places.check(said(edit.changes.category_ids), said(edit.changes.image_ids))

    batch.each(check)
    await refuse_taken_names(session, batch, columns, of_variant)
    batch.decide()
    made = {place: items[edit.item_id] for place, edit in batch.open.items()}
    for place, item in made.items():
        set_columns(item, columns[place])
        if session.is_modified(item) or batch.open[place].changes.says_more:
            item.version += 1
        if place in of_variant:
            set_columns(*of_variant[place])
    await session.flush()
    await place_edits(session, [(made[place], edit.changes) for place, edit in batch.open.items()])
    await session.flush()
    # With what the database has added: the moment of the change.
    again = select(CatalogItem).where(CatalogItem.id.in_({item.id for item in made.values()}))
    await session.execute(again.execution_options(populate_existing=True))
    return batch.outcomes(made)


def set_columns(row: CatalogItem | CatalogVariant, columns: Mapping[str, Any]) -> None:
    for column, value in columns.items():
        setattr(row, column, value)


async def locked_items(session: AsyncSession, item_ids: set[uuid.UUID]) -> dict[uuid.UUID, CatalogItem]:
    held = select(CatalogItem).where(CatalogItem.id.in_(item_ids)).order_by(CatalogItem.id)
    return {item.id: item for item in (await session.execute(held.with_for_update(**LOCK))).scalars()}


async def locked_variants(session: AsyncSession, item_ids: set[uuid.UUID]) -> dict[uuid.UUID, list[CatalogVariant]]:
    """The variants of items that are not archived, by item, held in the order of their ids."""
    found: dict[uuid.UUID, list[CatalogVariant]] = {}
    if item_ids:
        wanted = select(CatalogVariant).where(
            CatalogVariant.item_id.in_(item_ids), CatalogVariant.archived_at.is_(None)
        )
        rows = await session.execute(wanted.order_by(CatalogVariant.id).with_for_update(**LOCK))
        for variant in rows.scalars():
            found.setdefault(variant.item_id, []).append(variant)
    return found


async def refuse_taken_names(
    session: AsyncSession,
    batch: Batch[ItemEdit, CatalogItem],
    columns: Mapping[int, Mapping[str, Any]],
    of_variant: Mapping[int, tuple[CatalogVariant, Mapping[str, Any]]],
) -> None:
    """Rows whose slug, external reference or SKU something else has, or a row above gets."""
    wanted: dict[int, list[tuple[Key, uuid.UUID, UserFault]]] = {}
    for place, edit in batch.open.items():
        names = wanted[place] = []
        if slug := columns[place].get("slug"):
            names.append(((SLUG_CONSTRAINT, slug), edit.item_id, slug_taken()))
        if reference := columns[place].get("external_reference"):
            names.append(((ITEM_REFERENCE, reference), edit.item_id, reference_taken("externalReference")))
        if place in of_variant and (sku := of_variant[place][1].get("sku")):
            names.append(((SKU_CONSTRAINT, sku), of_variant[place][0].id, sku_taken("sku")))
    holders = await holders_of(session, [key for names in wanted.values() for key, _, _ in names])

    def check(place: int, _edit: ItemEdit) -> None:
        faults = [fault for key, owner, fault in wanted[place] if holders.get(key, owner) != owner]
        if faults:
            raise UserFaults(faults)
        holders.update({key: owner for key, owner, _ in wanted[place]})

    batch.each(check)
