"""Writing what plans of items change, few statements for many items."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    CatalogItem,
    CatalogItemCategory,
    CatalogItemTag,
    CatalogOption,
    CatalogOptionValue,
    CatalogVariant,
)
from domain.catalog_import_options import new_options, new_values
from domain.catalog_import_variants import Plan


class Writes:
    """What good plans change, collected so that each table is written by few statements."""

    def __init__(self) -> None:
        self.items: list[dict[str, object]] = []
        self.options: list[dict[str, object]] = []
        self.values: list[dict[str, object]] = []
        self.variants: list[CatalogVariant] = []
        self.places: list[CatalogItemCategory] = []
        self.left: list[tuple[uuid.UUID, uuid.UUID]] = []
        self.tags: list[dict[str, object]] = []
        self.untagged: list[tuple[uuid.UUID, str]] = []

    def add(self, plan: Plan) -> None:
        """Changes of what is stored are made to the session's objects, and written by its flush."""
        if plan.standing is None:
            self.items.append({"id": plan.item_id, **plan.changes})
        else:
            change(plan.standing.item, plan.changes)
            plan.standing.item.version += 1
        self.options += new_options(plan.item_id, plan.choices)
        self.values += new_values(plan.item_id, plan.choices)
        for stored, changes in plan.renamed:
            change(stored, changes)
        for each in plan.variants:
            if each.stored is None:
                self.variants.append(CatalogVariant(item_id=plan.item_id, **each.changes))
            else:
                change(each.stored, each.changes)
        if plan.category_ids is not None:
            self.shelve(plan, plan.category_ids)
        if plan.tags is not None:
            self.tag(plan, plan.tags)

    def shelve(self, plan: Plan, wanted: set[uuid.UUID]) -> None:
        before = plan.standing.category_ids if plan.standing else set[uuid.UUID]()
        self.places += [CatalogItemCategory(item_id=plan.item_id, category_id=each) for each in wanted - before]
        self.left += [(plan.item_id, each) for each in before - wanted]

    def tag(self, plan: Plan, wanted: Mapping[str, str]) -> None:
        before = plan.standing.tags if plan.standing else dict[str, str]()
        self.untagged += [(plan.item_id, key) for key, tag in before.items() if wanted.get(key) != tag]
        for key, tag in wanted.items():
            if before.get(key) != tag:
                self.tags.append({"item_id": plan.item_id, "key": key, "tag": tag})

    async def flush(self, session: AsyncSession, tenant_id: uuid.UUID) -> None:
        with session.no_autoflush:
            for table, rows in (
                (CatalogItem, self.items),
                (CatalogOption, self.options),
                (CatalogOptionValue, self.values),
            ):
                if rows:
                    await session.execute(insert(table), [{"tenant_id": tenant_id, **row} for row in rows])
        await session.flush()
        # In the order of their SKUs: two that write the same ones at once must not wait for each other in a circle.
        self.variants.sort(key=lambda variant: variant.sku or "")
        for made in (*self.variants, *self.places):
            made.tenant_id = tenant_id
        session.add_all([*self.variants, *self.places])
        await session.flush()
        place, tag = CatalogItemCategory, CatalogItemTag
        if self.left:
            await session.execute(delete(place).where(tuple_(place.item_id, place.category_id).in_(self.left)))
        if self.untagged:
            await session.execute(delete(tag).where(tuple_(tag.item_id, tag.key).in_(self.untagged)))
        if self.tags:
            await session.execute(insert(tag), [{"tenant_id": tenant_id, **row} for row in self.tags])


def change(stored: object, changes: Mapping[str, Any]) -> None:
    for column, value in changes.items():
        setattr(stored, column, value)
