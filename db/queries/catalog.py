"""Statements about shelves: a category means itself and everything below it, however deep.

Lists walk the index of each of these categories, and are as fast in a large shop as in a small one.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Tuple,
    column,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, UUID
from sqlalchemy.orm import aliased

from db.models import CatalogItem, CatalogItemCategory, CatalogItemTag, Category
from db.queries.positions import BEFORE_ALL, Position

Columns = TypeVarTuple("Columns")
Place = CatalogItemCategory | CatalogItemTag


class ShelfKey(NamedTuple):
    """One page of one category: how many items, behind which position."""

    category_id: uuid.UUID
    first: int
    behind: Position = BEFORE_ALL


@dataclass(frozen=True, slots=True)
class Shown:
    """Which items a list shows; None leaves it open."""

    status: "ColumnElement[str] | None" = None
    kind: "ColumnElement[str] | None" = None

    def of(self, statement: Select[*Columns], place: type[Place] = CatalogItemCategory) -> Select[*Columns]:
        """Narrows a statement about places in categories, or tags. The status is copied there, the kind looked up."""
        if self.status is not None:
            statement = statement.where(place.item_status == self.status)
        if self.kind is not None:
            of_item = select(CatalogItem.kind).where(CatalogItem.id == place.item_id)
            statement = statement.where(of_item.scalar_subquery() == self.kind)
        return statement


ON_SALE = Shown(status=literal("active", literal_execute=True))


def page_below(slug: ColumnElement[str], *, behind: Tuple, most: ColumnElement[int], shown: Shown) -> FromClause:
    """Moments and identifiers of the first items in a category or in one below it, newest first."""
    shelf = shelf_of(slug)
    found = first_in_each(shelf, behind=behind, most=most, shown=shown)
    page = select(found.c.moment, found.c.item_id).distinct().select_from(shelf.join(found, true()))
    return page.order_by(found.c.moment.desc(), found.c.item_id.desc()).limit(most).subquery("page")


def number_below(slug: ColumnElement[str], shown: Shown) -> Select[int]:
    """How many items there are in a category and below it."""
    shelf = shelf_of(slug)
    found = every_one_in_each(shelf, shown)
    return select(func.count(found.c.item_id.distinct())).select_from(shelf.join(found, true()))


def first_items(keys: Sequence[ShelfKey]) -> Select[int, CatalogItem]:
    """The first active items of several categories, newest first, with the place of their key.

    One item more than asked for is read, to tell whether others follow.
    """
    wanted = unnested(keys)
    shelves, most = below(wanted), wanted.c.first + 1
    found = first_in_each(shelves, behind=tuple_(wanted.c.moment, wanted.c.item_id), most=most, shown=ON_SALE)
    newest_first = found.c.moment.desc(), found.c.item_id.desc()
    ranked = (
        select(shelves.c.place, found.c.item_id)
        .add_columns(func.row_number().over(partition_by=shelves.c.place, order_by=newest_first).label("rank"))
        .select_from(shelves.join(wanted, wanted.c.place == shelves.c.place).join(found, true()))
        .group_by(shelves.c.place, found.c.moment, found.c.item_id)
        .subquery("ranked")
    )
    shown = one_by_one(select(CatalogItem), ranked.c.item_id)
    item = aliased(CatalogItem, shown)
    pages = ranked.join(wanted, wanted.c.place == ranked.c.place).join(shown, true())
    statement = select(ranked.c.place, item).select_from(pages).where(ranked.c.rank <= most)
    return statement.order_by(ranked.c.place, ranked.c.rank)


def item_counts(category_ids: Sequence[uuid.UUID]) -> Select[int, int]:
    """How many active items there are in each category and below it, with the place of its key."""
    shelves = below(unnested([ShelfKey(category_id, 0) for category_id in category_ids]))
    found = every_one_in_each(shelves, ON_SALE)
    counted = select(shelves.c.place, func.count(found.c.item_id.distinct()))
    return counted.select_from(shelves.join(found, true())).group_by(shelves.c.place)


def first_in_each(shelves: CTE, *, behind: Tuple, most: ColumnElement[int], shown: Shown) -> FromClause:
    """Of each category the first items behind a position, newest first: as far as its index is walked."""
    moment, item_id = CatalogItemCategory.item_created_at, CatalogItemCategory.item_id
    places = select(moment.label("moment"), item_id.label("item_id"))
    places = places.where(CatalogItemCategory.category_id == shelves.c.id, tuple_(moment, item_id) < behind)
    places = shown.of(places).order_by(moment.desc(), item_id.desc()).limit(most)
    return places.correlate_except(CatalogItemCategory).lateral("found")


def every_one_in_each(shelves: CTE, shown: Shown) -> FromClause:
    """Of each category all items. The offset keeps it a walk of that category's index, and of nothing else."""
    item_id = CatalogItemCategory.item_id
    places = shown.of(select(item_id.label("item_id")).where(CatalogItemCategory.category_id == shelves.c.id))
    return places.offset(literal(0, literal_execute=True)).correlate_except(CatalogItemCategory).lateral("found")


def one_by_one(items: Select[*Columns], item_id: ColumnElement[uuid.UUID]) -> FromClause:
    """The item of each row around, looked up by its key.

    The limit forbids anything else: the planner knows the average shop alone, which it would rather read whole.
    """
    return items.where(CatalogItem.id == item_id).limit(literal(1, literal_execute=True)).lateral("item")


def shelf_of(slug: ColumnElement[str]) -> CTE:
    """The category with a slug and those below it; `UNION` ends even where a tree has a ring."""
    shelf = select(Category.id).where(Category.slug == slug).cte("shelf", recursive=True)
    return shelf.union(select(Category.id).join(shelf, Category.parent_id == shelf.c.id))


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


def categories_above(category_ids: Sequence[uuid.UUID], levels: int) -> Select[uuid.UUID, Category]:
    """Each category above each of these, the topmost first, with the one it is above. The levels end even a ring."""
    depth = literal(1, literal_execute=True)
    above = select(Category.id.label("below"), Category.parent_id.label("id"), depth.label("depth"))
    above = above.where(Category.id.in_(category_ids)).cte("above", recursive=True)
    one_up = select(above.c.below, Category.parent_id, above.c.depth + depth)
    one_up = one_up.join(above, Category.id == above.c.id).where(above.c.depth < levels)
    above = above.union_all(one_up)
    found = select(above.c.below, Category).join(Category, Category.id == above.c.id)
    return found.order_by(above.c.below, above.c.depth.desc())
