"""Where many items stand, and what stands with them: categories, tags, pictures."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogItemCategory, Category
from domain.catalog_items import ItemChanges, check_number_of_categories, shelved
from domain.changes import Absent
from domain.errors import Faults, UserFaults, not_found
from domain.media_placements import check_attachable, check_list, held, place_all
from domain.tags import checked_tags, replace_all_tags

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Places:
    """Categories and pictures that rows name, kept from being deleted until this transaction ends."""

    categories: set[uuid.UUID]
    images: Mapping[uuid.UUID, str]

    @classmethod
    async def named(
        cls,
        session: AsyncSession,
        category_ids: Iterable[Sequence[uuid.UUID]],
        image_ids: Iterable[Sequence[uuid.UUID]],
    ) -> Self:
        categories = await categories_among(session, {each for row in category_ids for each in row})
        return cls(categories, await held(session, {each for row in image_ids for each in row}))

    def check(self, category_ids: Sequence[uuid.UUID], image_ids: Sequence[uuid.UUID]) -> None:
        """Raises everything that is wrong with those of one row."""
        faults = Faults()
        with faults.collecting():
            check_number_of_categories(category_ids)
            unknown = [str(place) for place, each in enumerate(category_ids) if each not in self.categories]
            if unknown:
                raise UserFaults([not_found("category", "categoryIds", place) for place in unknown])
        with faults.collecting():
            check_list(image_ids)
            check_attachable(self.images, image_ids, "imageIds")
        faults.raise_any()


async def categories_among(session: AsyncSession, category_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    if not category_ids:
        return set()
    statement = select(Category.id).where(Category.id.in_(category_ids)).order_by(Category.id)
    return set((await session.execute(statement.with_for_update(read=True, key_share=True))).scalars())


def said(values: Sequence[Said] | Absent) -> Sequence[Said]:
    """Nothing where nothing was said."""
    return () if isinstance(values, Absent) else values


async def place(session: AsyncSession, edits: Sequence[tuple[CatalogItem, ItemChanges]]) -> None:
    """Give items exactly the categories, tags and pictures that were said of them. Their locks are the caller's."""
    await shelve(session, edits)
    tags = [(item, edit.tags) for item, edit in edits if not isinstance(edit.tags, Absent)]
    await replace_all_tags(session, [(item, checked_tags(each, "tags")) for item, each in tags])
    images = [(item, edit.image_ids) for item, edit in edits if not isinstance(edit.image_ids, Absent)]
    await place_all(session, images)


async def shelve(session: AsyncSession, edits: Sequence[tuple[CatalogItem, ItemChanges]]) -> None:
    wanted = {item.id: {*edit.category_ids} for item, edit in edits if not isinstance(edit.category_ids, Absent)}
    if not wanted:
        return
    current = select(CatalogItemCategory).where(CatalogItemCategory.item_id.in_(wanted))
    for link in (await session.execute(current)).scalars():
        if link.category_id in wanted[link.item_id]:
            wanted[link.item_id].remove(link.category_id)
        else:
            await session.delete(link)
    session.add_all(shelved(item, each) for item, _ in edits for each in wanted.get(item.id, ()))
