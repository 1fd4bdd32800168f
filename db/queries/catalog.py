"""Statements about shelves: a category means itself and everything below it, however deep."""

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import CTE, BindParameter, Integer, Select, column, func, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, UUID
from sqlalchemy.orm import aliased

from db.models import CatalogItem, CatalogItemCategory, Category
from db.queries.positions import BEFORE_ALL, Position


class ShelfKey(NamedTuple):
    """One page of one category: how many items, behind which position."""

    category_id: uuid.UUID
    first: int
    behind: Position = BEFORE_ALL


def items_below(slug: "str | BindParameter[str]") -> Select[uuid.UUID]:
    """Identifiers of the items in a category or in one below it; `UNION` ends even where a tree has a ring."""
    shelf = select(Category.id).where(Category.slug == slug).cte("shelf", recursive=True)
    shelf = shelf.union(select(Category.id).join(shelf, Category.parent_id == shelf.c.id))
    return select(CatalogItemCategory.item_id).where(CatalogItemCategory.category_id.in_(select(shelf.c.id)))


def first_items(keys: Sequence[ShelfKey]) -> Select[int, CatalogItem]:
    """The first active items of several categories, newest first, with the place of their key: one LATERAL query.

    One item more than asked for is read, to tell whether others follow.
    """
    wanted = unnested(keys)
    shelves = below(wanted)
    moment, row_id = CatalogItem.created_at, CatalogItem.id
    shown = (
        select(CatalogItem)
        .where(CatalogItem.status == "active", tuple_(moment, row_id) < tuple_(wanted.c.moment, wanted.c.item_id))
        .where(CatalogItem.id.in_(items_on(shelves).where(shelves.c.place == wanted.c.place).correlate(wanted)))
        .order_by(moment.desc(), row_id.desc())
        .limit(wanted.c.first + 1)
        .lateral("shown")
    )
    item = aliased(CatalogItem, shown)
    statement = select(wanted.c.place, item).select_from(wanted.join(shown, true()))
    return statement.order_by(wanted.c.place, item.created_at.desc(), item.id.desc())


def item_counts(category_ids: Sequence[uuid.UUID]) -> Select[int, int]:
    """How many active items there are in each category and below it, with the place of its key."""
    shelves = below(unnested([ShelfKey(category_id, 0) for category_id in category_ids]))
    return (
        select(shelves.c.place, func.count(CatalogItem.id.distinct()))
        .join(CatalogItemCategory, CatalogItemCategory.category_id == shelves.c.id)
        .join(CatalogItem, CatalogItem.id == CatalogItemCategory.item_id)
        .where(CatalogItem.status == "active")
        .group_by(shelves.c.place)
    )


def unnested(keys: Sequence[ShelfKey]) -> CTE:
    """The keys as rows, counted from 1 by `place`."""
    columns = (
        literal([key.category_id for key in keys], ARRAY(UUID(as_uuid=True))),
        literal([key.first for key in keys], ARRAY(Integer)),
        literal([key.behind[0] for key in keys], ARRAY(TIMESTAMP(timezone=True))),
        literal([key.behind[1] for key in keys], ARRAY(UUID(as_uuid=True))),
    )
    rows = func.unnest(*columns).table_valued(
        column("category_id", UUID(as_uuid=True)),
        column("first", Integer),
        column("moment", TIMESTAMP(timezone=True)),
        column("item_id", UUID(as_uuid=True)),
        with_ordinality="place",
    )
    return select(rows.render_derived()).cte("wanted")


def below(wanted: CTE) -> CTE:
    """For each key the categories that it stands for."""
    shelves = select(wanted.c.place, wanted.c.category_id.label("id")).cte("shelves", recursive=True)
    under = select(shelves.c.place, Category.id).join(shelves, Category.parent_id == shelves.c.id)
    return shelves.union(under)


def items_on(shelves: CTE) -> Select[uuid.UUID]:
    return select(CatalogItemCategory.item_id).join(shelves, CatalogItemCategory.category_id == shelves.c.id)
