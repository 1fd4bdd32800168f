"""Plans of the catalogue's lists under the application's login: an index in the list's order, never a whole table."""

import re
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from bootstrap import Parts, Settings, build_parts
from db.models import CatalogItem, CatalogItemCategory, CatalogVariant, Category, new_id
from db.security.roles import APP, OWNER, connected
from db.session import AsyncSession, Scope
from domain import catalog, categories
from domain.catalog import ItemFilter
from domain.pages import PageRequest, encode_cursor
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop

BIG, SMALL, SHELVES = 5_000, 500, 50
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MIDDLE = encode_cursor(BEGINNING + timedelta(minutes=BIG // 2), uuid.UUID(int=0))


@pytest.fixture(scope="module")
async def parts(databases: Databases, process_name: str, settings: Settings) -> AsyncGenerator[Parts]:
    """A database of its own: the planner knows only the average tenant, so neighbours would change the plans."""
    name = f"{process_name}_plans"
    await databases.clone(name)
    urls = {"database_url": databases.url(name, APP), "owner_database_url": databases.url(name, OWNER)}
    built = build_parts(settings.model_copy(update=urls))
    yield built
    await built.close()
    await databases.drop(name)


@pytest.fixture(scope="module")
def factory(parts: Parts) -> Factory:
    assert parts.settings.owner_database_url
    return Factory(parts, parts.settings.owner_database_url)


@pytest.fixture(scope="module")
async def big_shop(parts: Parts, factory: Factory) -> Shop:
    """A shop with 5,000 items, half of them active, on 50 shelves below one category; three smaller shops beside it."""
    shops = [await factory.shop() for _ in range(4)]
    for number, shop in enumerate(shops):
        await fill(parts, shop, BIG if number == 0 else SMALL)
    async with connected(factory.owner_url) as connection:
        for table in (CatalogItem, CatalogVariant, CatalogItemCategory, Category):
            await connection.execute(text(f"ANALYZE {table.__tablename__}"))
    return shops[0]


async def fill(parts: Parts, shop: Shop, count: int) -> None:
    tenant = {"tenant_id": shop.tenant.id}
    top, *shelves = (new_id() for _ in range(SHELVES + 1))
    ids = [new_id() for _ in range(count)]
    items = [tenant | item(number, item_id) for number, item_id in enumerate(ids)]
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(insert(CatalogItem), items)
        variants = [tenant | {"item_id": item_id, "price": Decimal(1), "stock": 9} for item_id in ids]
        await session.execute(insert(CatalogVariant), variants)
        await session.execute(insert(Category), [tenant | {"id": top, "slug": "top", "name_en": "Top"}])
        below = [
            tenant | {"id": shelf, "slug": f"shelf-{number}", "name_en": "Shelf", "parent_id": top}
            for number, shelf in enumerate(shelves)
        ]
        await session.execute(insert(Category), below)
        links = [
            tenant | {"item_id": item_id, "category_id": shelves[number // 2 % SHELVES]}
            for number, item_id in enumerate(ids)
        ]
        await session.execute(insert(CatalogItemCategory), links)


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


def rows_visited(plan: str, table: str) -> int:
    """How many rows the scans of a table gave, those that a filter threw away included."""
    total = 0
    for scan in re.finditer(
        rf"on {table}\b.*?actual time=\S+ rows=([\d.]+) loops=(\d+)(.*?)(?=->|\Z)", plan, re.DOTALL
    ):
        removed = re.search(r"Rows Removed by Filter: (\d+)", scan[3])
        total += int((float(scan[1]) + int(removed[1] if removed else 0)) * int(scan[2]))
    return total


@pytest.mark.parametrize("after", [None, MIDDLE], ids=["the first page", "a page in the middle"])
async def test_the_storefronts_list_walks_its_index(parts: Parts, big_shop: Shop, after: str | None) -> None:
    request = PageRequest(20, after)
    plan = await plan_of(
        parts, big_shop, lambda session: catalog.browse_items(session, wanted=ItemFilter(), page=request)
    )
    assert "ix_catalog_items_tenant_id_status_created_at" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert "Sort" not in plan, plan
    assert rows_visited(plan, "catalog_items") == 21, plan


@pytest.mark.parametrize("after", [None, MIDDLE], ids=["the first page", "a page in the middle"])
async def test_the_back_offices_list_walks_its_index(parts: Parts, big_shop: Shop, after: str | None) -> None:
    request, actor = PageRequest(20, after), big_shop.actor
    plan = await plan_of(
        parts, big_shop, lambda session: catalog.list_items(session, actor=actor, wanted=ItemFilter(), page=request)
    )
    assert "ix_catalog_items_tenant_id_created_at" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert rows_visited(plan, "catalog_items") == 21, plan


async def test_a_category_is_read_without_looking_at_other_tenants(parts: Parts, big_shop: Shop) -> None:
    wanted, request = ItemFilter(category="top"), PageRequest(20)
    plan = await plan_of(parts, big_shop, lambda session: catalog.browse_items(session, wanted=wanted, page=request))
    assert "ix_catalog_items_tenant_id_status_created_at" in plan, plan
    assert "Seq Scan on catalog_items" not in plan, plan
    assert rows_visited(plan, "catalog_items") <= BIG // 2, plan


async def test_the_first_items_of_a_shelf_look_at_that_shelf_alone(parts: Parts, big_shop: Shop) -> None:
    async with parts.database.read(Scope(big_shop.tenant.id)) as session:
        shelf = await categories.find_by_slug(session, slug="shelf-7")
    assert shelf is not None
    key = categories.shelf_key(shelf.id, PageRequest(20))
    plan = await plan_of(parts, big_shop, lambda session: categories.items_on_shelves(session, [key]))
    assert "ix_catalog_item_categories_tenant_id_category_id" in plan, plan
    assert "Seq Scan on catalog_item" not in plan, plan
    assert rows_visited(plan, "catalog_items") <= BIG // SHELVES, plan
