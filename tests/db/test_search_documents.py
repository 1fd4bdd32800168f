"""What is searched is what was committed, whoever writes and however many at once."""

import asyncio
import contextvars
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bootstrap import Parts
from db.models import new_id
from db.security.roles import connected
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop

DIFFERENCES = """
WITH truth AS (
    SELECT document.* FROM search_documents_of(:tenant, ARRAY(SELECT id FROM catalog_items WHERE tenant_id = :tenant))
        AS document),
kept AS (SELECT * FROM search_documents WHERE tenant_id = :tenant)
SELECT count(*) FROM ((TABLE truth EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE truth)) AS different
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A shop's documents, and ways to write what they are made of: SQL of the application's login, as any program's."""

    parts: Parts
    superuser: AsyncConnection
    shop: Shop
    items: Sequence[uuid.UUID]
    variants: Mapping[uuid.UUID, Sequence[uuid.UUID]]

    async def write(self, *statements: str, **values: Any) -> None:
        async with self.parts.database.write(self.shop.actor.scope) as session:
            for statement in statements:
                await session.execute(text(statement), {"tenant": self.shop.tenant.id, **values})

    async def ask(self, statement: str, **values: Any) -> Any:
        return (await self.superuser.execute(text(statement), {"tenant": self.shop.tenant.id, **values})).scalar_one()

    async def differences(self) -> int:
        return await self.ask(DIFFERENCES)

    async def availability(self, item_id: uuid.UUID) -> int:
        return await self.ask("SELECT availability FROM search_documents WHERE item_id = :item", item=item_id)

    async def writings(self) -> str:
        """Changes whenever one of the shop's documents is written."""
        return await self.ask(
            "SELECT string_agg(xmin || '/' || ctid, ' ' ORDER BY item_id) FROM search_documents "
            "WHERE tenant_id = :tenant"
        )


@pytest.fixture
async def ledger(parts: Parts, factory: Factory, databases: Databases, database_name: str) -> AsyncGenerator[Ledger]:
    """Two items of two variants each, of which ten are left."""
    shop, items = await factory.shop(), sorted(new_id() for _ in range(2))
    variants = {item: [new_id(), new_id()] for item in items}
    async with connected(databases.url(database_name)) as superuser:
        made = Ledger(parts, superuser, shop, items, variants)
        for item in items:
            await made.write(
                "INSERT INTO catalog_items (tenant_id, id, kind, status, slug, name_en) "
                "VALUES (:tenant, :item, 'product', 'active', :slug, 'Dates')",
                "INSERT INTO catalog_variants (tenant_id, id, item_id, price, stock) "
                "SELECT :tenant, id, :item, 4.750 + place, 10 "
                "FROM unnest(CAST(:variants AS uuid[])) WITH ORDINALITY AS new(id, place)",
                item=item,
                slug=f"item-{item}",
                variants=variants[item],
            )
        yield made


WRITES = [
    "UPDATE catalog_items SET name_ar = 'تمر', description_en = 'Soft' WHERE id = :item",
    "UPDATE catalog_items SET status = 'archived', kind = 'service' WHERE id = :item",
    "UPDATE catalog_items SET created_at = '2026-01-01' WHERE id = :item",
    "UPDATE catalog_variants SET price = 1, sku = :word WHERE id = :variant",
    "UPDATE catalog_variants SET barcode = '6281234567890', name_en = 'Large' WHERE id = :variant",
    "UPDATE catalog_variants SET stock = 0 WHERE item_id = :item",
    "UPDATE catalog_variants SET archived_at = now() WHERE id = :variant",
    "UPDATE catalog_variants SET item_id = :other WHERE id = :variant",
    "DELETE FROM catalog_variants WHERE id = :variant",
    "INSERT INTO catalog_variants (tenant_id, id, item_id, price) VALUES (:tenant, :new, :item, 0.5)",
    "INSERT INTO catalog_item_tags (tenant_id, item_id, key, tag) VALUES (:tenant, :item, :word, 'Halal'); "
    "UPDATE catalog_item_tags SET tag = 'HALAL' WHERE key = :word; DELETE FROM catalog_item_tags WHERE key = :word",
    "INSERT INTO categories (tenant_id, id, slug, name_en) VALUES (:tenant, :new, :word, 'Shelf'); "
    "INSERT INTO catalog_item_categories (tenant_id, item_id, category_id) VALUES (:tenant, :item, :new)",
]


@pytest.mark.parametrize("write", WRITES)
async def test_a_document_says_what_was_committed(ledger: Ledger, write: str) -> None:
    """Mission S6."""
    item, other = ledger.items
    variant = ledger.variants[item][0]
    before = await ledger.writings()
    privileged = write.startswith(("DELETE", "UPDATE catalog_items SET created_at"))
    values = {"item": item, "other": other, "variant": variant, "new": new_id(), "word": new_id().hex}
    for statement in write.split("; "):
        assert await ledger.differences() == 0
        if privileged:
            await ledger.superuser.execute(text(statement), values)
        else:
            await ledger.write(statement, **values)
    assert await ledger.differences() == 0
    assert await ledger.writings() != before
    assert await ledger.ask("SELECT count(*) FROM search_stale_items WHERE tenant_id = :tenant") == 0


async def test_what_is_rolled_back_was_never_searched(ledger: Ledger) -> None:
    before = await ledger.writings()
    with pytest.raises(ZeroDivisionError):
        async with ledger.parts.database.write(ledger.shop.actor.scope) as session:
            await session.execute(text("UPDATE catalog_items SET name_en = 'Oud'"))
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            raise ZeroDivisionError
    assert await ledger.writings() == before


async def test_a_document_goes_with_its_item(ledger: Ledger) -> None:
    item = ledger.items[0]
    for table, column in (("catalog_variants", "item_id"), ("catalog_items", "id")):
        await ledger.superuser.execute(text(f"DELETE FROM {table} WHERE {column} = :item"), {"item": item})
    assert await ledger.differences() == 0
    assert await ledger.ask("SELECT count(*) FROM search_documents WHERE tenant_id = :tenant") == 1


async def test_a_sale_within_a_bucket_of_stock_writes_no_document(ledger: Ledger) -> None:
    """Mission S6: orders stay as fast as they are."""
    item = ledger.items[0]
    before = await ledger.writings()
    await ledger.write("UPDATE catalog_variants SET stock = 6, updated_at = now() WHERE item_id = :item", item=item)
    assert await ledger.writings() == before
    await ledger.write("UPDATE catalog_variants SET stock = 5, updated_at = now() WHERE item_id = :item", item=item)
    assert await ledger.writings() != before
    assert await ledger.availability(item) == 1


async def test_a_moved_category_writes_no_document(ledger: Ledger) -> None:
    """Mission S6: what is below a category is found when it is asked for."""
    shelf, above = new_id(), new_id()
    await ledger.write(
        "INSERT INTO categories (tenant_id, id, slug, name_en) VALUES (:tenant, :shelf, 'shelf', 'S'), "
        "(:tenant, :above, 'above', 'A')",
        "INSERT INTO catalog_item_categories (tenant_id, item_id, category_id) VALUES (:tenant, :item, :shelf)",
        shelf=shelf,
        above=above,
        item=ledger.items[0],
    )
    before = await ledger.writings()
    assert await found(ledger, "above") == []
    await ledger.write("UPDATE categories SET parent_id = :above WHERE id = :shelf", shelf=shelf, above=above)
    assert await ledger.writings() == before
    assert await found(ledger, "above") == [ledger.items[0]]


async def test_of_two_who_change_one_item_neither_is_forgotten(ledger: Ledger) -> None:
    """Mission S6: each alone leaves a variant in stock, both together none."""
    item = ledger.items[0]
    first, second = ledger.variants[item]
    sell = text("UPDATE catalog_variants SET stock = 0 WHERE id = :variant")

    async def sell_second() -> None:
        async with ledger.parts.database.write(ledger.shop.actor.scope) as session:
            await session.execute(sell, {"variant": second})

    async with ledger.parts.database.write(ledger.shop.actor.scope) as session:
        await session.execute(sell, {"variant": first})
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        other = asyncio.create_task(sell_second(), context=contextvars.Context())
        while not await ledger.ask(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            assert not other.done(), "it must wait for the document"
            await asyncio.sleep(0.01)
    await other
    assert await ledger.availability(item) == 0
    assert await ledger.differences() == 0


async def test_writers_of_the_same_items_in_any_order_never_wait_in_a_circle(ledger: Ledger) -> None:
    """Mission S6: each changes both items, in its own order, and both commit at once."""

    async def change(place: int, stock: int, order: Sequence[uuid.UUID]) -> None:
        statement = "UPDATE catalog_variants SET stock = :stock WHERE id = :variant"
        async with ledger.parts.database.write(ledger.shop.actor.scope) as session:
            for item in order:
                await session.execute(text(statement), {"stock": stock, "variant": ledger.variants[item][place]})

    for number in range(20):
        stock = 10 * (number % 2)
        await asyncio.gather(change(0, stock, ledger.items), change(1, stock, ledger.items[::-1]))
    assert await ledger.differences() == 0


async def found(ledger: Ledger, category: str | None) -> list[uuid.UUID]:
    return await found_in(ledger, str(ledger.shop.tenant.id), category)


async def found_in(ledger: Ledger, tenant: str, category: str | None = None) -> list[uuid.UUID]:
    """What the application's login finds in the scope of a tenant, or of none."""
    async with ledger.parts.database.engine.connect() as connection:
        await connection.execute(text("SELECT set_config('app.current_tenant', :tenant, true)"), {"tenant": tenant})
        statement = text(
            "SELECT item_id FROM find_documents('', NULL, false, ARRAY['active'], NULL, NULL, NULL, NULL, "
            "CAST(:category AS text), NULL, 'newest', NULL, NULL, 1000)"
        )
        return list((await connection.execute(statement, {"category": category})).scalars())


async def test_functions_answer_with_the_scopes_tenant_alone(ledger: Ledger, factory: Factory) -> None:
    """Mission S6; and the test would see it if they did not."""
    stranger = (await factory.shop()).tenant.id

    async def leak() -> bool:
        return bool(await found_in(ledger, "") or await found_in(ledger, str(stranger)))

    assert set(await found(ledger, None)) == set(ledger.items)
    assert not await leak()
    source: str = await ledger.ask("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'search_conditions'")
    await ledger.superuser.exec_driver_sql(source.replace("document.tenant_id = app_tenant()", "true"))
    try:
        assert await leak()
    finally:
        await ledger.superuser.exec_driver_sql(source)
    assert not await leak()


@pytest.mark.parametrize("table", ["search_documents", "search_stale_items", "search_vocabulary"])
async def test_the_application_reaches_what_is_searched_by_functions_alone(ledger: Ledger, table: str) -> None:
    async with ledger.parts.database.engine.connect() as connection:
        with pytest.raises(Exception, match="permission denied"):
            await connection.execute(text(f"SELECT FROM {table}"))
