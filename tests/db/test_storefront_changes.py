"""Whatever changes what shoppers see is noted in the same transaction, whoever writes; what they cannot see is not."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bootstrap import Parts
from db.models import CatalogVariant, StoreProfile, new_id
from db.models.catalog import CHOICES
from db.queries.storefront import find_changes, forget_old_changes
from db.rows import rows_within
from db.security.roles import APP, OWNER, PLATFORM
from db.session import Scope, create_engine
from domain import stock
from domain.catalog import FEW, availability
from tests.support.databases import Databases
from tests.support.factories import Factory, Shop

ADMIN = "postgres"
"""Whom row-level security does not concern, as somebody at a psql prompt."""

INSERTS = {
    "tenants": "INSERT INTO tenants (id, slug, name_en) VALUES (:tenant, :word, 'New')",
    "categories": "INSERT INTO categories (tenant_id, id, slug, name_en) VALUES (:tenant, :new, :word, 'New')",
    "catalog_items": """INSERT INTO catalog_items (tenant_id, id, kind, slug, name_en)
                        VALUES (:tenant, :new, 'product', :word, 'New')""",
    "catalog_variants": "INSERT INTO catalog_variants (tenant_id, id, item_id, price) VALUES (:tenant, :new, :item, 1)",
    "catalog_item_categories": "INSERT INTO catalog_item_categories VALUES (:tenant, :item, :category)",
    "catalog_options": """INSERT INTO catalog_options (tenant_id, id, item_id, slot, position, name_en)
                          VALUES (:tenant, :new, :item, 1, 0, 'New')""",
    "catalog_option_values": """INSERT INTO catalog_option_values (tenant_id, id, item_id, option_id, position, name_en)
                                VALUES (:tenant, :new, :spare_item, :option, 1, 'New')""",
    "catalog_item_tags": """INSERT INTO catalog_item_tags (tenant_id, item_id, key, tag)
                            VALUES (:tenant, :item, 'halal', 'Halal')""",
    "store_profiles": "INSERT INTO store_profiles (tenant_id) VALUES (:tenant)",
    "media_assets": """INSERT INTO media_assets
                       (tenant_id, id, status, content_type, size, upload_ends_at, width, height, versions)
                       VALUES (:tenant, :new, 'ready', 'image/png', 1, now(), 1, 1, '1')""",
    "catalog_item_images": "INSERT INTO catalog_item_images VALUES (:tenant, :item, :asset, 0)",
}
UPDATES = {
    "tenants": "UPDATE tenants SET brand_primary = '#123456' WHERE id = :tenant",
    "categories": "UPDATE categories SET position = position + 1 WHERE id = :category",
    "catalog_items": "UPDATE catalog_items SET status = 'draft' WHERE id = :item",
    "catalog_variants": "UPDATE catalog_variants SET price = price + 1 WHERE id = :variant",
    "catalog_options": "UPDATE catalog_options SET position = position + 1 WHERE id = :option",
    "catalog_option_values": "UPDATE catalog_option_values SET position = position + 1 WHERE id = :value",
    "catalog_item_tags": "UPDATE catalog_item_tags SET tag = tag || '!' WHERE item_id = :spare_item",
    "media_assets": "UPDATE media_assets SET alt_en = 'Other' WHERE id = :asset",
    "catalog_item_images": "UPDATE catalog_item_images SET position = position + 1 WHERE item_id = :spare_item",
}
STANDING = "UPDATE tenants SET status = 'suspended' WHERE id = :tenant"
LINKED = {
    **UPDATES,
    "catalog_item_categories": """UPDATE catalog_item_categories SET category_id = :spare_category
                                  WHERE item_id = :spare_item""",
}
DELETES = {
    "tenants": "DELETE FROM tenants WHERE id = :tenant",
    "categories": "DELETE FROM categories WHERE id = :category",
    "catalog_items": "DELETE FROM catalog_items WHERE id = :item",
    "catalog_variants": "DELETE FROM catalog_variants WHERE id = :variant",
    "catalog_item_categories": "DELETE FROM catalog_item_categories WHERE item_id = :spare_item",
    "catalog_options": "DELETE FROM catalog_options WHERE id = :option",
    "catalog_option_values": "DELETE FROM catalog_option_values WHERE id = :value",
    "catalog_item_tags": "DELETE FROM catalog_item_tags WHERE item_id = :spare_item",
    "media_assets": "DELETE FROM media_assets WHERE id = :spare_asset",
    "catalog_item_images": "DELETE FROM catalog_item_images WHERE item_id = :spare_item",
}
EMPTIED = {
    "tenants": "DELETE FROM memberships WHERE tenant_id = :tenant",
    "catalog_items": "DELETE FROM catalog_variants WHERE item_id = :item",
    "catalog_options": DELETES["catalog_option_values"],
}
"""What refers to the row that is to be deleted, where something does."""

CASES = [
    *[(APP, sql) for name, sql in INSERTS.items() if name != "tenants"],
    *[(APP, sql) for sql in UPDATES.values()],
    (APP, DELETES["categories"]),
    (APP, DELETES["catalog_item_categories"]),
    (APP, DELETES["catalog_items"]),
    (APP, DELETES["catalog_variants"]),
    (APP, DELETES["catalog_options"]),
    (APP, DELETES["catalog_option_values"]),
    (APP, DELETES["catalog_item_tags"]),
    (PLATFORM, STANDING),
    *[
        (login, sql)
        for login in (OWNER, ADMIN)
        for sql in (*LINKED.values(), *DELETES.values())
        if "tenants" not in sql
    ],
    *[(login, sql) for login in (OWNER, ADMIN) for name, sql in INSERTS.items() if name != "tenants"],
    *[(login, UPDATES["tenants"]) for login in (OWNER, ADMIN)],
]
METADATA = {"catalog_item_metadata": "item", "catalog_variant_metadata": "variant", "category_metadata": "category"}
"""Whose each is: its public side is for shoppers, the private one is not."""
NOTE = "INSERT INTO {table} (tenant_id, owner_id, is_private, key, value) VALUES (:tenant, :{of}, {private}, 'k', 'v')"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A tenant's catalogue, and every login to the database it is in."""

    logins: Mapping[str, AsyncEngine]
    ids: Mapping[str, uuid.UUID | str]

    async def run(self, login: str, *statements: str, **more: Any) -> None:
        """In one transaction in the tenant's scope; the administrator's has none."""
        async with self.logins[login].begin() as connection:
            await self.scope(connection, login)
            for each in statements:
                await connection.execute(text(each), {**self.ids, **more})

    async def scope(self, connection: AsyncConnection, login: str) -> None:
        if login != ADMIN:
            setting = text("SELECT set_config('app.current_tenant', :tenant, true)")
            await connection.execute(setting, {"tenant": str(self.ids["tenant"])})

    async def noted(self, tenant: object = None) -> int:
        """How many changes of the tenant there are to see."""
        async with self.logins[ADMIN].connect() as connection:
            count = text("SELECT count(*) FROM storefront_changes WHERE tenant_id = :tenant")
            return (await connection.execute(count, {"tenant": tenant or self.ids["tenant"]})).scalar_one()


@pytest.fixture(scope="module")
async def logins(databases: Databases, database_name: str) -> AsyncGenerator[Mapping[str, AsyncEngine]]:
    urls = {name: databases.url(database_name, name) for name in (APP, PLATFORM, OWNER)}
    urls[ADMIN] = databases.url(database_name)
    engines = {name: create_engine(url, pool_size=5) for name, url in urls.items()}
    yield engines
    for engine in engines.values():
        await engine.dispose()


@pytest.fixture
async def shelf(logins: Mapping[str, AsyncEngine], factory: Factory, shop: Shop) -> Shelf:
    first, second = await factory.product(shop, stock=10), await factory.product(shop, stock=10)
    made = Shelf(
        logins,
        {
            "tenant": shop.tenant.id,
            "item": first.item.id,
            "variant": first.variant.id,
            "spare_item": second.item.id,
            "spare_variant": second.variant.id,
            "category": new_id(),
            "spare_category": new_id(),
            "other_category": new_id(),
            "option": new_id(),
            "value": new_id(),
            "new": new_id(),
            "asset": new_id(),
            "spare_asset": new_id(),
            "word": factory.word(),
        },
    )
    for name in ("category", "spare_category", "other_category"):
        await made.run(APP, INSERTS["categories"], new=made.ids[name], word=factory.word())
    link = INSERTS["catalog_item_categories"]
    await made.run(APP, link, item=second.item.id, category=made.ids["other_category"])
    await made.run(APP, INSERTS["catalog_options"], item=second.item.id, new=made.ids["option"])
    await made.run(APP, INSERTS["catalog_option_values"], new=made.ids["value"])
    await made.run(APP, INSERTS["catalog_item_tags"], item=second.item.id)
    for name in ("asset", "spare_asset"):
        await made.run(APP, INSERTS["media_assets"], new=made.ids[name])
    await made.run(APP, INSERTS["catalog_item_images"], item=second.item.id)
    return made


@pytest.mark.parametrize(("login", "statement"), CASES)
async def test_every_write_is_noted_once(shelf: Shelf, login: str, statement: str) -> None:
    for table in ("catalog_items", "catalog_options"):
        if statement == DELETES[table]:
            await shelf.run(ADMIN, EMPTIED[table])
    before = await shelf.noted()
    await shelf.run(login, statement)
    assert await shelf.noted() == before + 1


@pytest.mark.parametrize("login", [APP, OWNER, ADMIN])
async def test_a_tenant_comes_and_goes(shelf: Shelf, login: str, factory: Factory) -> None:
    fresh = Shelf(shelf.logins, {"tenant": new_id(), "word": factory.word()})
    await fresh.run(login, INSERTS["tenants"])
    assert await fresh.noted() == 1
    await fresh.run(OWNER, DELETES["tenants"])
    assert await fresh.noted() == 2


async def test_a_row_that_changes_hands_is_a_change_of_both(shelf: Shelf, factory: Factory) -> None:
    other = (await factory.shop()).tenant.id
    before = await shelf.noted(), await shelf.noted(other)
    await shelf.run(ADMIN, "UPDATE categories SET tenant_id = :other WHERE id = :category", other=other)
    assert (await shelf.noted(), await shelf.noted(other)) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("login", [APP, OWNER, ADMIN])
async def test_many_writes_of_a_transaction_are_one_change(shelf: Shelf, login: str) -> None:
    before = await shelf.noted()
    await shelf.run(login, *UPDATES.values(), INSERTS["catalog_variants"], *UPDATES.values())
    assert await shelf.noted() == before + 1


async def test_what_changes_nothing_is_not_noted(shelf: Shelf) -> None:
    before = await shelf.noted()
    await shelf.run(
        APP,
        "UPDATE catalog_items SET name_en = name_en",
        "UPDATE tenants SET slug = slug",
        "UPDATE categories SET position = position",
        "UPDATE catalog_item_tags SET tag = tag, item_status = 'archived'",
        "UPDATE catalog_variants SET price = price, stock = stock, updated_at = now()",
        "UPDATE catalog_variants SET price = price + 1 WHERE id = :tenant",
        "UPDATE media_assets SET alt_en = alt_en",
    )
    await shelf.run(OWNER, "UPDATE catalog_item_categories SET category_id = category_id")
    assert await shelf.noted() == before


@pytest.mark.parametrize("login", [APP, OWNER, ADMIN])
@pytest.mark.parametrize(("table", "of"), METADATA.items())
async def test_of_metadata_the_public_side_counts(shelf: Shelf, login: str, table: str, of: str) -> None:
    found: list[int] = []
    for private in (True, False):
        for statement in (
            NOTE.format(table=table, of=of, private=private),
            f"UPDATE {table} SET value = value WHERE owner_id = :{of}",
            f"UPDATE {table} SET value = 'other' WHERE owner_id = :{of}",
            f"DELETE FROM {table} WHERE owner_id = :{of}",
        ):
            before = await shelf.noted()
            await shelf.run(login, statement)
            found.append(await shelf.noted() - before)
    assert found == [0, 0, 0, 0, 1, 0, 1, 1]


async def test_what_is_rolled_back_is_not_noted(shelf: Shelf) -> None:
    before = await shelf.noted()
    async with shelf.logins[APP].connect() as connection:
        await shelf.scope(connection, APP)
        await connection.execute(text(UPDATES["catalog_items"]), shelf.ids)
        await connection.rollback()
        await shelf.scope(connection, APP)
        async with connection.begin_nested() as savepoint:
            await connection.execute(text(UPDATES["catalog_items"]), shelf.ids)
            await savepoint.rollback()
        await connection.commit()
        assert await shelf.noted() == before
        await shelf.scope(connection, APP)
        async with connection.begin_nested() as savepoint:
            await connection.execute(text(UPDATES["catalog_items"]), shelf.ids)
            await savepoint.rollback()
        await connection.execute(text(UPDATES["catalog_items"]), shelf.ids)
        await connection.commit()
    assert await shelf.noted() == before + 1


async def test_a_stock_counts_when_its_availability_changes(shelf: Shelf) -> None:
    """The trigger's buckets are the domain's."""
    sale = "UPDATE catalog_variants SET stock = CAST(:stock AS integer), updated_at = now() WHERE id = :variant"
    for old, new in itertools.permutations([None, 0, 1, FEW, FEW + 1, 1_000], 2):
        await shelf.run(APP, sale, stock=old)
        before = await shelf.noted()
        await shelf.run(APP, sale, stock=new)
        assert await shelf.noted() - before == (availability(old) is not availability(new)), (old, new)


async def test_every_other_column_of_a_variant_counts(shelf: Shelf) -> None:
    table = CatalogVariant.__table__
    changed = dict.fromkeys(CHOICES, ":value")  # a value of the item that it still belongs to
    changed |= {"id": ":new", "item_id": ":item", "compare_at_price": "1000", "archived_at": "now()"}
    changed |= dict.fromkeys(("sku", "name_en", "name_ar", "barcode", "external_reference"), "'other'")
    changed |= {"weight": "1", "is_named_by_options": "NOT is_named_by_options"}
    changed["image_id"] = ":asset"
    changed |= {name: f"{name} + 1" for name in ("price", "position")}
    changed["created_at"] = "created_at - interval '1 day'"
    assert {column.name for column in table.columns if column.computed is None} == set(changed) | {
        "tenant_id",
        "stock",
        "updated_at",
    }
    for column, value in changed.items():
        before = await shelf.noted()
        await shelf.run(
            ADMIN, f"UPDATE catalog_variants SET {column} = {value} WHERE id = :spare_variant", new=new_id()
        )
        if column in CHOICES:
            await shelf.run(ADMIN, f"UPDATE catalog_variants SET {column} = NULL WHERE id = :spare_variant")
        if column == "id":
            await shelf.run(ADMIN, "UPDATE catalog_variants SET id = :spare_variant WHERE item_id = :spare_item")
        assert await shelf.noted() > before, column


async def test_every_column_of_a_profile_counts(shelf: Shelf) -> None:
    await shelf.run(APP, INSERTS["store_profiles"])
    for column in StoreProfile.__table__.columns:
        if column.name != "tenant_id":
            before = await shelf.noted()
            value = "'[{}]'" if column.name == "social_links" else "'Something'"
            await shelf.run(APP, f"UPDATE store_profiles SET {column.name} = {value}")
            await shelf.run(APP, f"UPDATE store_profiles SET {column.name} = {value}")
            assert await shelf.noted() == before + 1, column.name


async def test_orders_write_of_variants_what_the_trigger_overlooks(shelf: Shelf, parts: Parts, shop: Shop) -> None:
    variant = uuid.UUID(str(shelf.ids["variant"]))
    before = await shelf.noted()
    for move, noted in ((stock.take, 0), (stock.take, 0), (stock.give_back, 0), (stock.take, 0), (stock.take, 1)):
        async with parts.database.write(Scope(shop.tenant.id)) as session:
            rows = await rows_within(session)
            await stock.lock(rows, [variant])
            if move is stock.take:
                await stock.take(rows, {variant: 2})
            else:
                await stock.give_back(session, {variant: 2})
        before += noted
        assert await shelf.noted() == before


async def test_orders_and_edits_of_a_tenant_never_wait_for_each_others_notes(shelf: Shelf) -> None:
    """Each has noted a change and holds its rows; whichever goes on must not wait for another's commit."""
    before, app = await shelf.noted(), shelf.logins[APP]
    sale = "UPDATE catalog_variants SET stock = stock - 6, updated_at = now() WHERE id = :id"
    async with asyncio.timeout(5), app.connect() as edit, app.connect() as first, app.connect() as second:
        for each in (edit, first, second):
            await shelf.scope(each, APP)
        await edit.execute(text("UPDATE catalog_items SET name_en = 'Edited'"))
        await first.execute(text(sale), {"id": shelf.ids["variant"]})
        await second.execute(text(sale), {"id": shelf.ids["spare_variant"]})
        await edit.execute(text(UPDATES["categories"]), shelf.ids)
        await second.commit()
        await edit.commit()
        await first.commit()
    assert await shelf.noted() == before + 3


async def test_a_change_is_found_once_even_while_an_old_transaction_runs(shelf: Shelf, parts: Parts) -> None:
    tenant = shelf.ids["tenant"]
    async with shelf.logins[ADMIN].connect() as old:
        await old.execute(text("SELECT pg_current_xact_id()"))
        since = (await look(parts, None))[0]
        await shelf.run(APP, UPDATES["catalog_items"])
        found: list[bool] = []
        for _ in range(3):
            since, tenants = await look(parts, since)
            found.append(tenant in tenants)
        assert found == [True, False, False]
        await old.execute(text(UPDATES["tenants"]), shelf.ids)
        since, tenants = await look(parts, since)
        assert tenant not in tenants
        await old.commit()
    assert [tenant in (await look(parts, since))[1] for _ in range(2)] == [True, True], "a look changes nothing"


async def look(parts: Parts, since: str | None) -> tuple[str, Any]:
    async with parts.database.read(Scope()) as session:
        found = await find_changes(session, since=since)
    return found.seen, found.tenants


async def test_a_change_is_forgotten_an_hour_after_it_was_there_to_see(shelf: Shelf, parts: Parts) -> None:
    """One whose transaction was open all the time stays, however old its row is: nobody can have seen it yet."""
    aged = """UPDATE storefront_changes SET created_at = now() - interval '2 hours'
              WHERE tenant_id = :tenant AND transaction = pg_current_xact_id()"""
    async with shelf.logins[ADMIN].connect() as late:
        number = (await late.execute(text("SELECT pg_current_xact_id()"))).scalar_one()
        await late.execute(text(UPDATES["categories"]), shelf.ids)
        await late.execute(text(aged), shelf.ids)
        await shelf.run(ADMIN, UPDATES["catalog_items"], aged)
        await late.commit()
    await forget(parts)
    assert await is_noted(shelf, number)
    await shelf.run(APP, UPDATES["tenants"])
    await forget(parts)
    assert await is_noted(shelf, number)
    async with asyncio.timeout(20):  # other tests' transactions may be older than ours
        while await is_noted(shelf, number):
            await shelf.run(ADMIN, UPDATES["catalog_variants"], aged)
            await forget(parts)


async def forget(parts: Parts) -> None:
    async with parts.database.write(Scope()) as session:
        await forget_old_changes(session)


async def is_noted(shelf: Shelf, number: int) -> bool:
    async with shelf.logins[ADMIN].connect() as connection:
        statement = text("SELECT count(*) FROM storefront_changes WHERE tenant_id = :tenant AND transaction = :number")
        return bool((await connection.execute(statement, {**shelf.ids, "number": number})).scalar_one())


async def test_an_upload_is_not_noted_before_it_is_ready(shelf: Shelf) -> None:
    before = await shelf.noted()
    await shelf.run(
        APP,
        """INSERT INTO media_assets (tenant_id, id, content_type, size, upload_ends_at)
           VALUES (:tenant, :new, 'image/png', 1, now())""",
        "UPDATE media_assets SET status = 'processing' WHERE id = :new",
    )
    assert await shelf.noted() == before
    await shelf.run(
        APP, "UPDATE media_assets SET status = 'ready', width = 1, height = 1, versions = '1' WHERE id = :new"
    )
    assert await shelf.noted() == before + 1
    await shelf.run(APP, "UPDATE media_assets SET status = 'deleted' WHERE id = :new")
    assert await shelf.noted() == before + 2
    await shelf.run(APP, "DELETE FROM media_assets WHERE id = :new")
    assert await shelf.noted() == before + 2
