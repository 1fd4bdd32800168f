"""Plans of the catalogue's lists under the application's login: an index in the list's order, never a whole table."""

import re
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from bootstrap import Parts
from db.models import (
    CatalogItem,
    CatalogItemCategory,
    CatalogItemTag,
    CatalogOption,
    CatalogOptionValue,
    CatalogVariant,
    Category,
    new_id,
)
from db.queries.selections import Selection, selection
from db.rows import Record, Rows, Statement, read_rows
from db.security.roles import connected
from db.session import AsyncSession, Scope
from domain import catalog, categories
from domain.catalog import ItemFilter
from domain.pages import PageRequest, encode_cursor
from settings import Settings
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop
from tests.support.own_database import parts_of_own

BIG, SMALL, SHELVES = 5_000, 500, 50
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MIDDLE = encode_cursor(BEGINNING + timedelta(minutes=BIG // 2), uuid.UUID(int=0))


@pytest.fixture(scope="module")
async def parts(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Parts]:
    """A database of its own: the planner knows only the average tenant, so neighbours would change the plans."""
    async with parts_of_own(databases, settings, f"{process_name}_plans") as built:
        yield built


@pytest.fixture(scope="module")
def factory(parts: Parts) -> Factory:
    assert parts.settings.owner_database_url
    return Factory(parts, parts.settings.owner_database_url)


@pytest.fixture(scope="module")
async def big_shop(parts: Parts, factory: Factory) -> Shop:
    """A shop with 5,000 items, half of them active, on 50 shelves below one category.

    Beside it are three smaller shops, and new ones that have only shelves yet: a table of few pages is read whole, and
    with good reason.
    """
    shops = [await factory.shop() for _ in range(24)]
    shelves = [await put_up_shelves(parts, shop) for shop in shops]
    for number in range(4):
        await fill(parts, shops[number], shelves[number], BIG if number == 0 else SMALL)
    async with connected(factory.owner_url) as connection:
        filled = (
            CatalogItem,
            CatalogVariant,
            CatalogOption,
            CatalogOptionValue,
            CatalogItemCategory,
            CatalogItemTag,
            Category,
        )
        for table in filled:
            await connection.execute(text(f"ANALYZE {table.__tablename__}"))
    return shops[0]


async def put_up_shelves(parts: Parts, shop: Shop) -> list[uuid.UUID]:
    tenant = {"tenant_id": shop.tenant.id}
    top, *shelves = (new_id() for _ in range(SHELVES + 1))
    below = [
        tenant | {"id": shelf, "slug": f"shelf-{number}", "name_en": "Shelf", "parent_id": top}
        for number, shelf in enumerate(shelves)
    ]
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(insert(Category), [tenant | {"id": top, "slug": "top", "name_en": "Top"}])
        await session.execute(insert(Category), below)
    return shelves


async def fill(parts: Parts, shop: Shop, shelves: Sequence[uuid.UUID], count: int) -> None:
    tenant = {"tenant_id": shop.tenant.id}
    ids = [new_id() for _ in range(count)]
    items = [tenant | item(number, item_id) for number, item_id in enumerate(ids)]
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(insert(CatalogItem), items)
        options = [tenant | sizes(item_id) for item_id in ids]
        await session.execute(insert(CatalogOption), options)
        values = [tenant | value for option in options for value in two_values(option)]
        await session.execute(insert(CatalogOptionValue), values)
        picked = {"price": Decimal(1), "stock": 9}
        variants = [
            tenant | picked | {"item_id": each["item_id"], "first_value_id": each["id"]} for each in values[::2]
        ]
        await session.execute(insert(CatalogVariant), variants)
        links = [
            tenant | {"item_id": item_id, "category_id": shelves[number // 2 % SHELVES]}
            for number, item_id in enumerate(ids)
        ]
        await session.execute(insert(CatalogItemCategory), links)
        tags = [
            tenant | {"item_id": item_id, "key": key, "tag": key}
            for number, item_id in enumerate(ids)
            for key in ("common", f"own-{number // 2 % 200}")
        ]
        await session.execute(insert(CatalogItemTag), tags)


def sizes(item_id: uuid.UUID) -> dict[str, Any]:
    return {"id": new_id(), "item_id": item_id, "slot": 1, "position": 0, "name_en": "Size"}


def two_values(option: dict[str, Any]) -> list[dict[str, Any]]:
    own = {"item_id": option["item_id"], "option_id": option["id"]}
    return [own | {"id": new_id(), "position": place, "name_en": name} for place, name in enumerate(("S", "L"))]


def item(number: int, item_id: uuid.UUID) -> dict[str, Any]:
    return {
        "id": item_id,
        "kind": "product",
        "status": "active" if number % 2 == 0 else "draft",
        "slug": f"item-{number}",
        "name_en": f"Item {number}",
        "created_at": BEGINNING + timedelta(minutes=number),
    }


async def plan_of(parts: Parts, shop: Shop, read: Callable[[AsyncSession], Awaitable[object]]) -> str:
    """How Postgres executed the statement that a domain function sends, in the tenant's scope."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "catalog_item" in statement:
            sent.append((statement, parameters))

    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        async with parts.database.read(Scope(shop.tenant.id)) as session:
            await read(session)
            event.remove(engine, "before_cursor_execute", note)
            ((statement, parameters),) = sent
            connection = await session.connection()
            rows = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
            return "\n".join(row[0] for row in rows)
    finally:
        if event.contains(engine, "before_cursor_execute", note):
            event.remove(engine, "before_cursor_execute", note)


class ExplainedRows:
    """Answers no rows: keeps how Postgres executed the one statement that it was asked."""

    plan = ""

    def __init__(self, rows: Rows, planner: str | None) -> None:
        self._rows, self._planner, self.written = rows, planner, set[type]()

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]:
        assert not self.plan, "one statement reads all"
        explaining = Statement(f"EXPLAIN (ANALYZE, BUFFERS) {statement.sql}", statement.parameters)
        if self._planner is not None:
            explaining, values = await self._prepared(statement, values), dict[str, Any]()
        self.plan = "\n".join(line[0] for line in await self._rows.fetch(explaining, values))
        return []

    async def _prepared(self, statement: Statement, values: Mapping[str, Any]) -> Statement:
        name, given = f"explained_{new_id().hex}", ", ".join(f"'{value}'" for value in statement.arguments(values))
        for each in (f"SET LOCAL {self._planner}", f"PREPARE {name} AS {statement.sql}"):
            await self._rows.fetch(Statement(each, ()), {})
        return Statement(f"EXPLAIN (ANALYZE, BUFFERS) EXECUTE {name} ({given})", ())


async def plan_of_rows(
    parts: Parts, shop: Shop, read: Callable[[Rows], Awaitable[object]], *, planner: str | None = None
) -> str:
    """As `plan_of`, for a domain function that reads rows; `planner` is a setting to plan under."""
    async with read_rows(parts.database, Scope(shop.tenant.id)) as rows:
        explained = ExplainedRows(rows, planner)
        await read(explained)
        return explained.plan


def rows_visited(plan: str, table: str) -> int:
    """How many rows the scans of a table gave, those that a filter threw away included."""
    total = 0
    for scan in re.finditer(
        rf"on {table}\b.*?actual time=\S+ rows=([\d.]+) loops=(\d+)(.*?)(?=->|\Z)", plan, re.DOTALL
    ):
        removed = re.search(r"Rows Removed by Filter: (\d+)", scan[3])
        total += int((float(scan[1]) + int(removed[1] if removed else 0)) * int(scan[2]))
    return total


PLAIN = selection({"CatalogItem": ["slug", "name"]}, ["slug", "name"])
WHOLE = selection(
    {
        "CatalogItem": ["slug", "price", "is_available", "variants", "categories", "options", "tags"],
        "CatalogVariant": ["sku", "price", "availability", "selected_options"],
        "CatalogOption": ["name", "values"],
        "CatalogOptionValue": ["name"],
        "Category": ["slug"],
    },
    ["slug", "price", "is_available", "tags"],
    variants=selection({}, ["sku", "price", "availability"], selected_options=selection({}, ["value"])),
    options=selection({}, ["name"], values=selection({}, ["name"])),
    categories=selection({}, ["slug"]),
)
SELECTIONS = pytest.mark.parametrize("selection", [PLAIN, WHOLE], ids=["plain", "with variants and categories"])
PLANNERS = pytest.mark.parametrize(
    "planner",
    [None, "plan_cache_mode = force_generic_plan", "enable_nestloop = off"],
    ids=["a plan of its own", "the plan for any tenant", "as if it expected every row of the shop"],
)
PAGES = pytest.mark.parametrize("after", [None, MIDDLE], ids=["the first page", "a page in the middle"])


def walks_indexes_below(plan: str, selection: Selection, items: int) -> None:
    """What is read along with the items is found by indexes, and nothing is visited that is not the tenant's."""
    assert "Seq Scan" not in plan, plan
    below = items if selection is WHOLE else 0
    assert rows_visited(plan, "catalog_variants") == below, plan
    assert rows_visited(plan, "catalog_option_values") == 2 * below, plan
    assert rows_visited(plan, "catalog_item_categories") == below, plan
    assert rows_visited(plan, "catalog_item_tags") == 2 * below, plan
    assert rows_visited(plan, "categories") <= below * (SHELVES + 1), plan


@PAGES
@SELECTIONS
async def test_the_storefronts_list_walks_its_index(
    parts: Parts, big_shop: Shop, after: str | None, selection: Selection
) -> None:
    plan = await plan_of_rows(
        parts,
        big_shop,
        lambda rows: catalog.browse_items(rows, wanted=ItemFilter(), page=PageRequest(20, after), selection=selection),
    )
    assert "ix_catalog_items_tenant_id_status_created_at" in plan, plan
    assert not re.search(r"^(Limit.*\n.*\n)? *-> *Sort|^Sort", plan), plan
    assert rows_visited(plan, "catalog_items") == 21, plan
    walks_indexes_below(plan, selection, 21)


@PAGES
@SELECTIONS
async def test_the_back_offices_list_walks_its_index(
    parts: Parts, big_shop: Shop, after: str | None, selection: Selection
) -> None:
    actor, page = big_shop.actor, PageRequest(20, after)
    plan = await plan_of_rows(
        parts,
        big_shop,
        lambda rows: catalog.list_items(rows, actor=actor, wanted=ItemFilter(), page=page, selection=selection),
    )
    assert "ix_catalog_items_tenant_id_created_at" in plan, plan
    assert rows_visited(plan, "catalog_items") == 21, plan
    walks_indexes_below(plan, selection, 21)


@SELECTIONS
async def test_one_item_is_found_by_its_index(parts: Parts, big_shop: Shop, selection: Selection) -> None:
    plan = await plan_of_rows(
        parts, big_shop, lambda rows: catalog.find_active_item(rows, slug="item-40", selection=selection)
    )
    assert "slug" in plan, plan
    assert rows_visited(plan, "catalog_items") == 1, plan
    walks_indexes_below(plan, selection, 1)


@PAGES
@SELECTIONS
@pytest.mark.parametrize("status", [None, "active", "draft"])
@PLANNERS
async def test_a_categorys_list_walks_an_index_of_each_category_below(
    parts: Parts, big_shop: Shop, after: str | None, selection: Selection, status: str | None, *, planner: str | None
) -> None:
    """However many items the shop has: of each category a page, and of the catalogue one page."""
    actor, wanted, page = big_shop.actor, ItemFilter(status, category="top"), PageRequest(20, after)
    plan = await plan_of_rows(
        parts,
        big_shop,
        lambda rows: catalog.list_items(rows, actor=actor, wanted=wanted, page=page, selection=selection),
        planner=planner,
    )
    assert "Seq Scan" not in plan, plan
    below = 21 if selection is WHOLE else 0
    assert rows_visited(plan, "catalog_items") == 21, plan
    assert rows_visited(plan, "catalog_variants") == below, plan
    assert rows_visited(plan, "catalog_item_categories") <= SHELVES * 21 + below, plan


@PLANNERS
async def test_a_categorys_list_of_one_kind_looks_up_no_more_than_it_walks(
    parts: Parts, big_shop: Shop, planner: str | None
) -> None:
    wanted = ItemFilter(kind="product", category="shelf-7")
    plan = await plan_of_rows(
        parts,
        big_shop,
        lambda rows: catalog.browse_items(rows, wanted=wanted, page=PageRequest(20), selection=PLAIN),
        planner=planner,
    )
    assert rows_visited(plan, "catalog_item_categories") == 21, plan
    assert rows_visited(plan, "catalog_items") == 2 * 21, plan


@PAGES
@pytest.mark.parametrize("shelf", ["shelf-7", "top"])
async def test_the_first_items_of_a_shelf_walk_its_index(
    parts: Parts, big_shop: Shop, after: str | None, shelf: str
) -> None:
    async with parts.database.read(Scope(big_shop.tenant.id)) as session:
        found = await categories.find_by_slug(session, slug=shelf)
    assert found is not None
    key = categories.shelf_key(found.id, PageRequest(20, after))
    plan = await plan_of(parts, big_shop, lambda session: categories.items_on_shelves(session, [key]))
    assert "ix_catalog_item_categories_tenant_id_category_id_status" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert rows_visited(plan, "catalog_items") == 21, plan
    assert rows_visited(plan, "catalog_item_categories") <= 21 * (SHELVES if shelf == "top" else 1), plan


async def test_counting_a_category_leaves_the_items_alone(parts: Parts, big_shop: Shop) -> None:
    wanted = ItemFilter(category="shelf-7")
    plan = await plan_of(parts, big_shop, lambda session: catalog.count_browsed_items(session, wanted=wanted))
    assert rows_visited(plan, "catalog_items") == 0, plan
    assert rows_visited(plan, "catalog_item_categories") == BIG // 2 // SHELVES, plan


@PAGES
@SELECTIONS
@pytest.mark.parametrize("status", [None, "active"])
@PLANNERS
async def test_a_tags_list_walks_its_index(
    parts: Parts, big_shop: Shop, after: str | None, selection: Selection, status: str | None, *, planner: str | None
) -> None:
    """However many items have the tag: one page of them."""
    actor, wanted, page = big_shop.actor, ItemFilter(status, tag="Common"), PageRequest(20, after)
    plan = await plan_of_rows(
        parts,
        big_shop,
        lambda rows: catalog.list_items(rows, actor=actor, wanted=wanted, page=page, selection=selection),
        planner=planner,
    )
    assert "Seq Scan" not in plan, plan
    below = 21 if selection is WHOLE else 0
    assert rows_visited(plan, "catalog_items") == 21, plan
    assert rows_visited(plan, "catalog_item_tags") == 21 + 2 * below, plan


async def test_a_tag_within_a_category_looks_up_the_places_of_its_items_alone(parts: Parts, big_shop: Shop) -> None:
    wanted = ItemFilter(category="top", tag="own-7")
    plan = await plan_of_rows(
        parts,
        big_shop,
        lambda rows: catalog.browse_items(rows, wanted=wanted, page=PageRequest(20), selection=PLAIN),
    )
    assert rows_visited(plan, "catalog_item_tags") <= 21, plan
    assert rows_visited(plan, "catalog_items") <= 21, plan


async def test_counting_a_tag_reads_its_own_rows_alone(parts: Parts, big_shop: Shop) -> None:
    wanted = ItemFilter(tag="own-7")
    plan = await plan_of(parts, big_shop, lambda session: catalog.count_browsed_items(session, wanted=wanted))
    assert rows_visited(plan, "catalog_items") == 0, plan
    assert rows_visited(plan, "catalog_item_tags") == BIG // 2 // 200 + (BIG // 2 % 200 > 7), plan
