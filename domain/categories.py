"""Categories: the shelves of the storefront, as they are read and changed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Exists, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import CatalogItem, CatalogItemCategory, Category
from db.queries.catalog import ShelfKey, categories_above, first_items, item_counts
from db.queries.positions import BEFORE_ALL
from domain.actors import Actor, Permission, require
from domain.catalog import item_position
from domain.category_tree import DEEPEST, locked_tree
from domain.changes import ABSENT, Absent
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.external_references import CATEGORY_REFERENCE, checked_reference, reference_taken
from domain.media_placements import attachable_or_none
from domain.pages import Page, PageRequest
from domain.slugs import insert_with_slug, slug_taken
from domain.texts import SLUG, LocalizedText, checked_slug, cleaned_description, cleaned_name, slug_from

HIGHEST_POSITION = 1_000_000
REFERENCE_TAKEN = {CATEGORY_REFERENCE: reference_taken("externalReference")}


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A category to be. Without a slug one is proposed from the name, without a position it stands last."""

    name: LocalizedText
    slug: str | None = None
    parent_id: uuid.UUID | None = None
    position: int | None = None
    description: LocalizedText | None = None
    external_reference: str | None = None


@dataclass(frozen=True, slots=True)
class CategoryChanges:
    """A partial update; `parent_id` None moves the category to the top."""

    name: LocalizedText | Absent = ABSENT
    slug: str | Absent = ABSENT
    parent_id: uuid.UUID | Absent | None = ABSENT
    position: int | Absent = ABSENT
    description: LocalizedText | Absent | None = ABSENT
    external_reference: str | Absent | None = ABSENT
    image_id: uuid.UUID | Absent | None = ABSENT


async def roots(session: AsyncSession) -> list[Category]:
    """The categories at the top, in their order. Categories are public."""
    statement = select(Category).where(Category.parent_id.is_(None)).order_by(Category.position, Category.id)
    return list((await session.execute(statement)).scalars())


async def list_roots(session: AsyncSession, *, actor: Actor) -> list[Category]:
    """As `roots`, for the back office."""
    require(actor, Permission.CATALOG_READ)
    return await roots(session)


async def find_by_slug(session: AsyncSession, *, slug: str) -> Category | None:
    if not SLUG.fullmatch(slug):
        return None
    return (await session.execute(select(Category).where(Category.slug == slug))).scalar_one_or_none()


async def find_category(session: AsyncSession, *, actor: Actor, category_id: uuid.UUID) -> Category | None:
    require(actor, Permission.CATALOG_READ)
    return await session.get(Category, (actor.tenant, category_id))


async def categories_by_id(session: AsyncSession, category_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Category]:
    """Categories, for a loader."""
    rows = await session.execute(select(Category).where(Category.id.in_(category_ids)))
    return {category.id: category for category in rows.scalars()}


async def children_of(session: AsyncSession, category_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Category]]:
    """The categories right below others, in their order, for a loader."""
    statement = select(Category).where(Category.parent_id.in_(category_ids)).order_by(Category.position, Category.id)
    found: dict[uuid.UUID, list[Category]] = {category_id: [] for category_id in category_ids}
    for category in (await session.execute(statement)).scalars():
        if category.parent_id is not None:
            found[category.parent_id].append(category)
    return found


async def ancestors_of(session: AsyncSession, category_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Category]]:
    """The categories above others, from the top down to the parent; for a loader."""
    found: dict[uuid.UUID, list[Category]] = {category_id: [] for category_id in category_ids}
    for below, category in await session.execute(categories_above(category_ids, DEEPEST)):
        found[below].append(category)
    return found


def shelf_key(category_id: uuid.UUID, page: PageRequest) -> ShelfKey:
    """What `items_on_shelves` loads by. A cursor is read here, so that a bad one spoils no other key's batch."""
    return ShelfKey(category_id, page.first, page.behind)


async def items_on_shelves(session: AsyncSession, keys: Sequence[ShelfKey]) -> dict[ShelfKey, Page[CatalogItem]]:
    """A page of active items for each category, with those of the categories below it; for a loader."""
    found: dict[ShelfKey, list[CatalogItem]] = {key: [] for key in keys}
    for place, item in await session.execute(first_items(keys)):
        found[keys[place - 1]].append(item)
    return {key: shelf_page(key, items) for key, items in found.items()}


def shelf_page(key: ShelfKey, items: Sequence[CatalogItem]) -> Page[CatalogItem]:
    return Page(items[: key.first], item_position, len(items) > key.first, key.behind != BEFORE_ALL)


async def items_counted(session: AsyncSession, category_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many active items each category has, with those below it; for a loader."""
    found = dict.fromkeys(category_ids, 0)
    for place, count in await session.execute(item_counts(category_ids)):
        found[category_ids[place - 1]] = count
    return found


async def create(session: AsyncSession, *, actor: Actor, given: NewCategory) -> Category:
    """Faults: invalid texts, TAKEN slug or reference, NOT_FOUND parent, LIMIT_REACHED by number or depth."""
    require(actor, Permission.CATALOG_MANAGE)
    columns = checked_new_category(given)
    (await locked_tree(session, actor=actor)).check_new(given.parent_id)
    if given.position is None:
        columns["position"] = await next_position(session, given.parent_id)
    values = {"tenant_id": actor.tenant, "parent_id": given.parent_id, **columns}
    proposal = slug_from(given.name, "category")
    return await insert_with_slug(
        session, Category, values, slug=given.slug, proposal=proposal, refusals=REFERENCE_TAKEN
    )


def checked_new_category(given: NewCategory) -> dict[str, Any]:
    """The columns as they will be stored; raises everything that is wrong with the input at once."""
    columns = checked_changes(
        CategoryChanges(
            name=given.name,
            slug=ABSENT if given.slug is None else given.slug,
            position=ABSENT if given.position is None else given.position,
            description=given.description,
            external_reference=given.external_reference,
        )
    )
    columns.pop("slug", None)
    return columns


def checked_changes(changes: CategoryChanges) -> dict[str, Any]:
    """The columns that were sent, but for the parent, as they will be stored. Raises all that is wrong with them."""
    faults, columns = Faults(), dict[str, Any]()
    with faults.collecting():
        if not isinstance(changes.name, Absent):
            name = cleaned_name(changes.name, "name")
            columns |= {"name_en": name.en, "name_ar": name.ar}
    with faults.collecting():
        if not isinstance(changes.slug, Absent):
            columns["slug"] = checked_slug(changes.slug, "slug")
    with faults.collecting():
        if not isinstance(changes.position, Absent):
            columns["position"] = checked_position(changes.position)
    with faults.collecting():
        if not isinstance(changes.description, Absent):
            text = cleaned_description(changes.description or LocalizedText(None, None), "description")
            columns |= {"description_en": text.en, "description_ar": text.ar}
    with faults.collecting():
        if not isinstance(changes.external_reference, Absent):
            columns["external_reference"] = checked_reference(changes.external_reference)
    faults.raise_any()
    return columns


async def update(session: AsyncSession, *, actor: Actor, category_id: uuid.UUID, changes: CategoryChanges) -> Category:
    """Rename, describe, move, reorder. Faults: as `create`; INVALID for a place below itself."""
    require(actor, Permission.CATALOG_MANAGE)
    tree = await locked_tree(session, actor=actor)
    category = await session.get(Category, (actor.tenant, category_id))
    if category is None:
        raise not_found("category", "id")
    faults, columns = Faults(), dict[str, Any]()
    with faults.collecting():
        if not isinstance(changes.image_id, Absent):
            columns["image_id"] = await attachable_or_none(session, changes.image_id, "imageId")
    with faults.collecting():
        if not isinstance(changes.parent_id, Absent):
            tree.check_move(category.id, changes.parent_id)
            columns["parent_id"] = changes.parent_id
    with faults.collecting():
        columns |= checked_changes(changes)
    faults.raise_any()
    for column, value in columns.items():
        setattr(category, column, value)
    await flushed(session, {"uq_categories_tenant_id_slug": slug_taken(), **REFERENCE_TAKEN})
    return category


async def delete(session: AsyncSession, *, actor: Actor, category_id: uuid.UUID) -> None:
    """Faults: NOT_FOUND; IN_USE while there are categories below it, or items of any status in it."""
    require(actor, Permission.CATALOG_MANAGE)
    await locked_tree(session, actor=actor)
    # Whoever puts an item here holds the row's key: this waits for them, and then sees their item.
    category = await session.get(Category, (actor.tenant, category_id), with_for_update=True)
    if category is None:
        raise not_found("category", "id")
    faults = Faults()
    if await holds(session, exists().where(Category.parent_id == category_id)):
        faults.add(FaultCode.IN_USE, "There are categories below this one: move or delete them first.", "id")
    if await holds(session, exists().where(CatalogItemCategory.category_id == category_id)):
        faults.add(FaultCode.IN_USE, "There are items in this category, perhaps archived ones: move them first.", "id")
    faults.raise_any()
    await session.delete(category)
    await session.flush()


async def holds(session: AsyncSession, condition: Exists) -> bool:
    return bool((await session.execute(select(condition))).scalar_one())


async def next_position(session: AsyncSession, parent_id: uuid.UUID | None) -> int:
    """The place behind the last of the siblings; under the tree's lock."""
    siblings = Category.parent_id.is_(None) if parent_id is None else Category.parent_id == parent_id
    last = select(func.coalesce(func.max(Category.position), -1)).where(siblings)
    return min((await session.execute(last)).scalar_one() + 1, HIGHEST_POSITION)


def checked_position(position: int) -> int:
    if not 0 <= position <= HIGHEST_POSITION:
        raise UserFault(FaultCode.INVALID, f"A position is between 0 and {HIGHEST_POSITION}.", ("position",))
    return position
