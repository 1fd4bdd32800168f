"""Statements about tags: lists of a tag walk its index, as those of a category do."""

from sqlalchemy import ColumnElement, FromClause, Integer, Select, Tuple, exists, func, literal, select, tuple_

from db.models import CatalogItemCategory, CatalogItemTag
from db.queries.catalog import Shown, shelf_of
from db.rows import Statement, compile_statement, parameter

ACTIVE = literal("active", literal_execute=True)


def page_tagged(
    key: ColumnElement[str], *, behind: Tuple, most: ColumnElement[int], shown: Shown, slug: ColumnElement[str] | None
) -> FromClause:
    """Moments and identifiers of the first items with a tag, newest first; `slug` narrows to a category."""
    moment, item_id = CatalogItemTag.item_created_at, CatalogItemTag.item_id
    places = select(moment.label("moment"), item_id.label("item_id"))
    places = shown.of(places.where(CatalogItemTag.key == key, tuple_(moment, item_id) < behind), CatalogItemTag)
    if slug is not None:
        places = places.where(is_below(slug))
    return places.order_by(moment.desc(), item_id.desc()).limit(most).subquery("page")


def number_tagged(key: ColumnElement[str], shown: Shown, slug: ColumnElement[str] | None) -> Select[int]:
    """How many items have a tag."""
    counted = select(func.count()).select_from(CatalogItemTag).where(CatalogItemTag.key == key)
    counted = shown.of(counted, CatalogItemTag)
    return counted if slug is None else counted.where(is_below(slug))


def is_below(slug: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the item around stands in a category or in one below it: looked up, in one place at a time."""
    shelf = shelf_of(slug)
    place = exists().where(
        CatalogItemCategory.item_id == CatalogItemTag.item_id, CatalogItemCategory.category_id.in_(select(shelf.c.id))
    )
    return place.correlate(CatalogItemTag)


def tags_in_use(*, active: bool) -> Statement:
    """The `most` most used tags with the number of their items, of active ones alone where told so."""
    count = func.count().label("count")
    # Spellings of one tag may differ from item to item; which is shown must not depend on items that are not counted.
    statement = select(func.min(CatalogItemTag.tag).label("tag"), count).group_by(CatalogItemTag.key)
    if active:
        statement = statement.where(CatalogItemTag.item_status == ACTIVE)
    return compile_statement(statement.order_by(count.desc(), CatalogItemTag.key).limit(parameter("most", Integer())))


ACTIVE_TAGS, EVERY_TAG = tags_in_use(active=True), tags_in_use(active=False)
