"""What the shop has of that which some rows of a file speak of: read in a fixed number of statements."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.models import CatalogImportRow, CatalogItem, CatalogItemCategory, CatalogItemTag, CatalogVariant, Category
from domain.catalog_import_lines import Group
from domain.catalog_import_options import Choice, read_choices

T = TypeVar("T")


@dataclass(slots=True)
class Standing:
    """An item as it is, with the variants that can be ordered, in their order."""

    item: CatalogItem
    variants: list[CatalogVariant] = field(default_factory=list)
    category_ids: set[uuid.UUID] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    """As they are written, by what they are found by."""
    choices: list[Choice] = field(default_factory=list)


class InFile(NamedTuple):
    """A row of the file, and the number of its item."""

    row: int
    item: int


@dataclass(slots=True)
class Shop:
    """What was found. Plans add what they claim, so that two items of a file do not claim the same."""

    items: dict[uuid.UUID, Standing] = field(default_factory=dict)
    by_slug: dict[str, uuid.UUID] = field(default_factory=dict)
    by_reference: dict[str, uuid.UUID] = field(default_factory=dict)
    by_sku: dict[str, uuid.UUID] = field(default_factory=dict)
    """The item of which a variant has the SKU."""
    variant_references: dict[str, uuid.UUID] = field(default_factory=dict)
    """The variant that has an external reference."""
    categories: dict[str, uuid.UUID] = field(default_factory=dict)
    """By slug, and by the slugs of those above it: `food/dates`."""
    first_rows: dict[str, int] = field(default_factory=dict)
    """The first row of the file that has a SKU."""
    given: dict[str, InFile] = field(default_factory=dict[str, InFile])
    """The first row of the file that gives its item a slug."""
    called: dict[str, InFile] = field(default_factory=dict[str, InFile])
    """The first row of the file that calls its item so."""


async def read_shop(session: AsyncSession, import_id: uuid.UUID, groups: Sequence[Group], *, is_applied: bool) -> Shop:
    """What the shop has of these items. Where it `is_applied`, nobody else changes it until the transaction ends.

    Items are locked before variants, and both in the order of their identifiers, as everybody does.
    """
    shop = Shop()
    skus = {sku for group in groups for sku in group.skus()}
    slugs = {slug for group in groups for slug in group.slugs()}
    await find_in_file(session, shop, import_id, skus, slugs)
    references = {reference for group in groups for reference in group.references()}
    of_variants = {reference for group in groups for reference in group.variant_references()}
    item, variant = CatalogItem, CatalogVariant
    shop.by_sku = await found_by(session, variant.sku, variant.item_id, skus)
    shop.by_slug = await found_by(session, item.slug, item.id, slugs)
    shop.by_reference = await found_by(session, item.external_reference, item.id, references)
    shop.variant_references = await found_by(session, variant.external_reference, variant.id, of_variants)
    item_ids = {*shop.by_sku.values(), *shop.by_slug.values(), *shop.by_reference.values()}
    await read_items(session, shop, item_ids, is_applied=is_applied)
    await read_categories(session, shop, groups, is_applied=is_applied)
    return shop


async def found_by(
    session: AsyncSession,
    name: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    row_id: InstrumentedAttribute[uuid.UUID],
    wanted: Collection[str],
) -> dict[str, uuid.UUID]:
    """Whose names these are."""
    if not wanted:
        return {}
    return {str(each): owner for each, owner in await session.execute(select(name, row_id).where(name.in_(wanted)))}


async def find_in_file(
    session: AsyncSession, shop: Shop, import_id: uuid.UUID, skus: Collection[str], slugs: Collection[str]
) -> None:
    """Where in the whole file a SKU or a slug is told first, and where an item is called so."""
    column = CatalogImportRow
    of_file = select(column.sku, func.min(column.row)).where(column.import_id == import_id, column.sku.in_(skus))
    shop.first_rows = {sku: row for sku, row in await session.execute(of_file.group_by(column.sku)) if sku}
    for name, found in ((column.slug, shop.given), (column.item_key, shop.called)):
        of_file = select(name, column.row, column.item).where(column.import_id == import_id, name.in_(slugs))
        first = of_file.order_by(name, column.row).ext(distinct_on(name))
        found |= {str(slug): InFile(row, item) for slug, row, item in await session.execute(first)}


async def read_items(session: AsyncSession, shop: Shop, item_ids: Collection[uuid.UUID], *, is_applied: bool) -> None:
    items = select(CatalogItem).where(CatalogItem.id.in_(item_ids)).order_by(CatalogItem.id)
    for item in (await session.execute(held(items, is_applied=is_applied))).scalars():
        shop.items[item.id] = Standing(item)
    variants = select(CatalogVariant).where(
        CatalogVariant.item_id.in_(shop.items), CatalogVariant.archived_at.is_(None)
    )
    found = list((await session.execute(held(variants.order_by(CatalogVariant.id), is_applied=is_applied))).scalars())
    for variant in sorted(found, key=lambda each: (each.position, each.id)):
        shop.items[variant.item_id].variants.append(variant)
    places = select(CatalogItemCategory.item_id, CatalogItemCategory.category_id)
    for item_id, category_id in await session.execute(places.where(CatalogItemCategory.item_id.in_(shop.items))):
        shop.items[item_id].category_ids.add(category_id)
    tags = select(CatalogItemTag.item_id, CatalogItemTag.key, CatalogItemTag.tag)
    for item_id, key, tag in await session.execute(tags.where(CatalogItemTag.item_id.in_(shop.items))):
        shop.items[item_id].tags[key] = tag
    for item_id, choices in (await read_choices(session, shop.items)).items():
        shop.items[item_id].choices = choices


def held(statement: Select[T], *, is_applied: bool) -> Select[T]:
    """With the lock that staff take as well: orders may refer to the rows meanwhile."""
    return statement.with_for_update(key_share=True) if is_applied else statement


async def read_categories(session: AsyncSession, shop: Shop, groups: Sequence[Group], *, is_applied: bool) -> None:
    """The tree, if any row puts its item somewhere; what is meant stays until the transaction ends."""
    wanted = {path for group in groups for told in group.told("categories") if isinstance(told, tuple) for path in told}
    if not wanted:
        return
    rows = (await session.execute(select(Category.id, Category.slug, Category.parent_id))).all()
    slugs = {row.id: row.slug for row in rows}
    parents = {row.id: row.parent_id for row in rows}
    for category_id, slug in slugs.items():
        path, above = slug, parents[category_id]
        shop.categories[slug] = category_id
        while above in slugs and path.count("/") < len(slugs):
            path, above = f"{slugs[above]}/{path}", parents[above]
            shop.categories.setdefault(path, category_id)
    meant = {shop.categories[path] for path in wanted if path in shop.categories}
    if is_applied and meant:
        staying = select(Category.id).where(Category.id.in_(meant)).order_by(Category.id)
        found = set((await session.execute(staying.with_for_update(read=True, key_share=True))).scalars())
        shop.categories = {path: each for path, each in shop.categories.items() if each in found or each not in meant}
