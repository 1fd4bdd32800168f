"""Making and changing many items by one call."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import refusing
from db.models import CatalogItem, CatalogItemCategory, CatalogVariant, Category, new_id
from domain.actors import Actor, Permission, require
from domain.catalog_bulk import Batch, Outcome, written
from domain.catalog_items import (
    SLUG_CONSTRAINT,
    ItemChanges,
    NewItem,
    check_number_of_categories,
    checked_changes,
    checked_new_item,
    only_one,
    shelved,
)
from domain.catalog_options import Option, rows_of_options, rows_of_values
from domain.catalog_variants import SKU_CONSTRAINT, changed_columns, check_version, new_variant, sku_taken
from domain.changes import Absent
from domain.errors import Faults, UserFaults, not_found
from domain.external_references import ITEM_REFERENCE, VARIANT_REFERENCE, reference_taken
from domain.slugs import ATTEMPTS, slug_taken
from domain.tags import checked_tags, new_tags, replace_tags
from domain.texts import LocalizedText, slug_from

TAKEN: Mapping[str, str] = {
    SKU_CONSTRAINT: "SKU",
    SLUG_CONSTRAINT: "slug",
    ITEM_REFERENCE: "external reference",
    VARIANT_REFERENCE: "external reference",
}
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
    batch = Batch[NewItem, CatalogItem](rows, field="items", skips=skips)
    checked: dict[int, Checked] = {}

    def check(place: int, given: NewItem) -> None:
        checked[place] = Checked(*checked_new_item(given))

    batch.each(check)
    known = await categories_among(session, [given.category_ids for given in batch.open.values()])
    batch.each(lambda _, given: check_categories(given.category_ids, known))
    await refuse_taken_skus(session, batch, checked)
    batch.decide()
    made = await insert_items(session, actor, batch, checked)
    batch.decide()
    session.add_all(row for place, item in made.items() for row in rows_of_options(item, checked[place].options))
    await session.flush()
    session.add_all(row for place, item in made.items() for row in rows_of_values(item, checked[place].options))
    await session.flush()
    variants = [
        new_variant(item, columns, position=position)
        for place, item in made.items()
        for position, columns in enumerate(checked[place].variants)
    ]
    # In the order of their SKUs: two that write the same ones at once must not wait for each other in a circle.
    variants.sort(key=lambda variant: variant.sku or "")
    session.add_all(variants)
    session.add_all(
        shelved(item, category_id) for place, item in made.items() for category_id in {*batch.open[place].category_ids}
    )
    session.add_all(
        tag for place, item in made.items() for tag in new_tags(item, checked_tags(batch.open[place].tags, "tags"))
    )
    await written(session, TAKEN, "items")
    return batch.outcomes(made)


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
        with refusing({ITEM_REFERENCE: reference_taken("items")}):
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


async def refuse_taken_skus(
    session: AsyncSession, batch: Batch[NewItem, CatalogItem], checked: Mapping[int, Checked]
) -> None:
    """Rows with a SKU that another variant has, in this input or in the catalogue."""
    wanted = {each["sku"] for place in batch.open for each in checked[place].variants if each.get("sku")}
    if not wanted:
        return
    taken = set((await session.execute(select(CatalogVariant.sku).where(CatalogVariant.sku.in_(wanted)))).scalars())

    def check(place: int, given: NewItem) -> None:
        faults = Faults()
        for position, columns in enumerate(checked[place].variants):
            if (sku := columns.get("sku")) in taken:
                path = () if given.variants is None else ("variants", str(position))
                faults.found.append(sku_taken(*path, "sku"))
            elif sku:
                taken.add(sku)
        faults.raise_any()

    batch.each(check)


async def update_many(
    session: AsyncSession, *, actor: Actor, rows: Sequence[ItemEdit | UserFaults], skips: bool
) -> list[Outcome[CatalogItem]]:
    """Change items. Faults of a row are those of `catalog_items.update`, and NOT_FOUND for one named above."""
    require(actor, Permission.CATALOG_MANAGE)
    batch = Batch[ItemEdit, CatalogItem](rows, field="items", skips=skips)
    edits = list(batch.open.values())
    items = await locked_items(session, {edit.item_id for edit in edits})
    variants = await locked_variants(session, {edit.item_id for edit in edits if edit.changes.only_variant.sent()})
    shelves = [edit.changes.category_ids for edit in edits if not isinstance(edit.changes.category_ids, Absent)]
    known = await categories_among(session, shelves)
    columns: dict[int, dict[str, Any]] = {}
    of_variant: dict[int, tuple[CatalogVariant, dict[str, Any]]] = {}
    seen: set[uuid.UUID] = set()

    def check(place: int, edit: ItemEdit) -> None:
        if edit.item_id not in items or edit.item_id in seen:
            raise not_found("item", "id")
        seen.add(edit.item_id)
        check_version(items[edit.item_id], edit.version, "version")
        columns[place] = checked_changes(edit.changes)
        checked_tags(() if isinstance(edit.changes.tags, Absent) else edit.changes.tags, "tags")
        if edit.changes.only_variant.sent():
            variant = only_one(variants.get(edit.item_id, ()), edit.changes.only_variant)
            of_variant[place] = variant, changed_columns(variant, edit.changes.only_variant)
        if not isinstance(edit.changes.category_ids, Absent):
            check_categories(edit.changes.category_ids, known)

    batch.each(check)
    await refuse_taken_names(session, batch, columns, of_variant)
    batch.decide()
    made = {place: items[edit.item_id] for place, edit in batch.open.items()}
    for place, item in made.items():
        changed: list[tuple[Any, Mapping[str, Any]]] = [(item, columns[place] | {"version": item.version + 1})]
        changed += [of_variant[place]] if place in of_variant else []
        for row, values in changed:
            for column, value in values.items():
                setattr(row, column, value)
    await tag(session, batch.open, items)
    await shelve(session, {made[place].id: edit.changes for place, edit in batch.open.items()}, items)
    await written(session, TAKEN, "items")
    # With what the database has added: the moment of the change.
    again = select(CatalogItem).where(CatalogItem.id.in_({item.id for item in made.values()}))
    await session.execute(again.execution_options(populate_existing=True))
    return batch.outcomes(made)


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


async def categories_among(session: AsyncSession, wanted: Sequence[Sequence[uuid.UUID]]) -> set[uuid.UUID]:
    """Which of these categories there are, kept from being deleted until this transaction ends."""
    category_ids = {category_id for each in wanted for category_id in each}
    if not category_ids:
        return set()
    statement = select(Category.id).where(Category.id.in_(category_ids)).order_by(Category.id)
    return set((await session.execute(statement.with_for_update(read=True, key_share=True))).scalars())


def check_categories(category_ids: Sequence[uuid.UUID], known: set[uuid.UUID]) -> None:
    check_number_of_categories(category_ids)
    unknown = [str(place) for place, category_id in enumerate(category_ids) if category_id not in known]
    if unknown:
        raise UserFaults([not_found("category", "categoryIds", place) for place in unknown])


async def refuse_taken_names(
    session: AsyncSession,
    batch: Batch[ItemEdit, CatalogItem],
    columns: Mapping[int, Mapping[str, Any]],
    of_variant: Mapping[int, tuple[CatalogVariant, Mapping[str, Any]]],
) -> None:
    """Rows whose slug or SKU something else has, or a row above."""
    slugs = {columns[place]["slug"] for place in batch.open if "slug" in columns[place]}
    skus = {of_variant[place][1].get("sku") for place in batch.open if place in of_variant} - {None}
    has_slug = select(CatalogItem.slug, CatalogItem.id).where(CatalogItem.slug.in_(slugs))
    has_sku = select(CatalogVariant.sku, CatalogVariant.id).where(CatalogVariant.sku.in_(skus))
    slug_holders: dict[str, uuid.UUID] = dict((await session.execute(has_slug)).all() if slugs else ())
    sku_holders: dict[str | None, uuid.UUID] = dict((await session.execute(has_sku)).all() if skus else ())

    def check(place: int, edit: ItemEdit) -> None:
        faults = Faults()
        slug = columns[place].get("slug")
        if slug is not None and slug_holders.setdefault(slug, edit.item_id) != edit.item_id:
            faults.found.append(slug_taken())
        if place in of_variant:
            variant, values = of_variant[place]
            sku = values.get("sku")
            if sku is not None and sku_holders.setdefault(sku, variant.id) != variant.id:
                faults.found.append(sku_taken("sku"))
        faults.raise_any()

    batch.each(check)


async def shelve(
    session: AsyncSession, edits: Mapping[uuid.UUID, ItemChanges], items: Mapping[uuid.UUID, CatalogItem]
) -> None:
    """Put items in exactly the categories that were said of them."""
    wanted = {
        item_id: set(changes.category_ids)
        for item_id, changes in edits.items()
        if not isinstance(changes.category_ids, Absent)
    }
    if not wanted:
        return
    current = select(CatalogItemCategory).where(CatalogItemCategory.item_id.in_(wanted))
    for link in (await session.execute(current)).scalars():
        if link.category_id in wanted[link.item_id]:
            wanted[link.item_id].remove(link.category_id)
        else:
            await session.delete(link)
    session.add_all(shelved(items[item_id], each) for item_id, category_ids in wanted.items() for each in category_ids)


async def tag(session: AsyncSession, edits: Mapping[int, ItemEdit], items: Mapping[uuid.UUID, CatalogItem]) -> None:
    """Give items exactly the tags that were said of them."""
    for edit in edits.values():
        if not isinstance(edit.changes.tags, Absent):
            await replace_tags(session, items[edit.item_id], checked_tags(edit.changes.tags, "tags"))
