"""Lists of a category against the same list made in Python, and what is copied for them against its origin."""

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bootstrap import Parts
from db.migrations import configuration, upgrade_to_head
from db.models import CatalogItem, CatalogItemCategory, Category, new_id
from db.queries.catalog import ShelfKey
from db.queries.selections import selection
from db.rows import read_rows
from db.security.roles import APP, OWNER, connected, prepare_database
from db.session import AsyncSession, Scope
from domain import catalog, catalog_items, categories
from domain.catalog import ItemFilter
from domain.catalog_items import ItemChanges, ItemStep
from domain.categories import CategoryChanges
from domain.pages import PageRequest
from tests.support.databases import LOGINS, Databases
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by

ID_ALONE = selection({"CatalogItem": ["id"]}, ["id"])
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MOST_ITEMS = 50
STATUSES, KINDS = ("draft", "active", "archived"), ("product", "service")


@dataclass(slots=True)
class Item:
    """An item as the test knows it."""

    id: uuid.UUID
    created_at: datetime
    status: str
    kind: str
    category_ids: set[uuid.UUID] = field(default_factory=set[uuid.UUID])

    @property
    def position(self) -> tuple[datetime, uuid.UUID]:
        return self.created_at, self.id


@dataclass(slots=True)
class World:
    """The same catalogue as the database has, in memory."""

    shop: Shop
    parents: dict[uuid.UUID, uuid.UUID | None]
    items: list[Item]

    def below(self, category_id: uuid.UUID) -> set[uuid.UUID]:
        under = [each for each, parent in self.parents.items() if parent == category_id]
        return {category_id}.union(*(self.below(each) for each in under))

    def listed(self, category_id: uuid.UUID, wanted: ItemFilter) -> list[uuid.UUID]:
        """What a list of the category has to be, newest first."""
        below = self.below(category_id)
        found = [
            each
            for each in self.items
            if each.category_ids & below and wanted.status in (None, each.status) and wanted.kind in (None, each.kind)
        ]
        return [each.id for each in sorted(found, key=lambda each: each.position, reverse=True)]


async def random_world(parts: Parts, shop: Shop, chance: random.Random) -> World:
    """Trees of any shape; moments so few that many are equal; items on no shelf, on one, and on several at once."""
    ids = [new_id() for _ in range(chance.randint(1, 14))]
    chance.shuffle(ids)
    parents = {each: chance.choice([None, *ids[:place]]) for place, each in enumerate(ids)}
    moments = [BEGINNING + timedelta(microseconds=each) for each in range(chance.choice([1, 4, 60]))]
    items = [
        Item(new_id(), chance.choice(moments), chance.choice(STATUSES), chance.choice(KINDS), some(chance, ids))
        for _ in range(chance.randint(0, MOST_ITEMS))
    ]
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await write(session, shop, parents, items)
    return World(shop, parents, items)


def some(chance: random.Random, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    return set(chance.sample(ids, min(len(ids), chance.choice([0, 1, 1, 2, 5]))))


async def write(
    session: AsyncSession, shop: Shop, parents: Mapping[uuid.UUID, uuid.UUID | None], items: Sequence[Item]
) -> None:
    tenant = {"tenant_id": shop.tenant.id}
    for each, parent in parents.items():
        row = tenant | {"id": each, "parent_id": parent, "slug": slug(each), "name_en": "Shelf"}
        await session.execute(insert(Category), [row])
    rows = [
        tenant
        | {"id": each.id, "created_at": each.created_at, "status": each.status, "kind": each.kind}
        | {"slug": slug(each.id), "name_en": "Item"}
        for each in items
    ]
    links = [tenant | {"item_id": each.id, "category_id": shelf} for each in items for shelf in each.category_ids]
    for table, values in ((CatalogItem, rows), (CatalogItemCategory, links)):
        if values:
            await session.execute(insert(table), values)


def slug(row_id: uuid.UUID) -> str:
    return f"x{row_id.hex}"


async def paged(parts: Parts, world: World, category_id: uuid.UUID, wanted: ItemFilter, first: int) -> list[uuid.UUID]:
    """The list as somebody sees it who turns its pages one by one."""
    actor, after, found = world.shop.actor, None, list[uuid.UUID]()
    narrowed = ItemFilter(wanted.status, wanted.kind, slug(category_id))
    while True:
        page = PageRequest(first, after)
        async with read_rows(parts.database, Scope(world.shop.tenant.id)) as rows:
            along = await catalog.list_items(rows, actor=actor, wanted=narrowed, page=page, selection=ID_ALONE)
        found += [row.id for row in along.value.rows]
        assert len(found) <= MOST_ITEMS, "the pages turn in a circle"
        if not along.value.has_next:
            return found
        assert len(along.value.rows) == first
        after = along.value.cursor(along.value.rows[-1])


async def shelves_paged(parts: Parts, world: World, first: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The shelves of all categories, turned at once: each batch asks for pages of several, at different places."""
    found = {each: list[uuid.UUID]() for each in first}
    keys = [ShelfKey(each, size) for each, size in first.items()]
    while keys:
        async with parts.database.read(Scope(world.shop.tenant.id)) as session:
            pages = await categories.items_on_shelves(session, keys)
        assert pages.keys() == set(keys)
        keys = list[ShelfKey]()
        for key, page in pages.items():
            found[key.category_id] += [row.id for row in page.rows]
            assert len(found[key.category_id]) <= MOST_ITEMS, "the pages turn in a circle"
            if page.has_next:
                assert len(page.rows) == key.first
                keys.append(key._replace(behind=page.position(page.rows[-1])))
    return found


async def check_lists(parts: Parts, world: World, chance: random.Random) -> None:
    """Every list of every category, page by page, and how many it says there are."""
    on_sale = ItemFilter(status="active")
    shelves = await shelves_paged(parts, world, {each: chance.randint(1, 7) for each in world.parents})
    assert shelves == {each: world.listed(each, on_sale) for each in world.parents}
    async with parts.database.read(Scope(world.shop.tenant.id)) as session:
        counts = await categories.items_counted(session, list(world.parents))
    assert counts == {each: len(listed) for each, listed in shelves.items()}
    for category_id in world.parents:
        for wanted in filters():
            expected = world.listed(category_id, wanted)
            assert await paged(parts, world, category_id, wanted, chance.randint(1, 9)) == expected, wanted
            narrowed = ItemFilter(wanted.status, wanted.kind, slug(category_id))
            async with parts.database.read(Scope(world.shop.tenant.id)) as session:
                assert await catalog.count_items(session, actor=world.shop.actor, wanted=narrowed) == len(expected)


def filters() -> Iterator[ItemFilter]:
    for status in (None, *STATUSES):
        yield ItemFilter(status)
    yield ItemFilter(None, "service")
    yield ItemFilter("active", "service")


@pytest.mark.parametrize("seed", range(6))
async def test_pages_are_the_list_that_python_makes(parts: Parts, factory: Factory, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same each time
    await check_lists(parts, await random_world(parts, await factory.shop(), chance), chance)


@pytest.mark.parametrize("seed", range(3))
async def test_lists_follow_what_staff_do(parts: Parts, factory: Factory, seed: int) -> None:
    """Items are moved to other categories, brought on sale and away; categories move in their tree."""
    chance, shop = random.Random(seed), await factory.shop()  # noqa: S311
    ids = [new_id() for _ in range(6)]
    world = World(shop, {each: ids[place - 1] if place % 3 else None for place, each in enumerate(ids)}, [])
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await write(session, shop, world.parents, [])
    for _ in range(12):
        shelves, status = some(chance, ids), chance.choice(["draft", "active"])
        made = (await factory.product(shop, status=status, category_ids=list(shelves))).item
        world.items.append(Item(made.id, made.created_at, status, "product", shelves))
    for _ in range(3):
        for item in chance.sample(world.items, 8):
            await act(parts, world, item, chance)
        await check_lists(parts, world, chance)


async def act(parts: Parts, world: World, item: Item, chance: random.Random) -> None:
    actor, ids = world.shop.actor, list(world.parents)
    async with parts.database.write(actor.scope) as session:
        if chance.random() < 0.5:
            item.category_ids = some(chance, ids)
            stored = await session.get_one(CatalogItem, (actor.tenant, item.id))
            changes = ItemChanges(category_ids=list(item.category_ids))
            await catalog_items.update(session, actor=actor, item_id=item.id, version=stored.version, changes=changes)
        elif chance.random() < 0.7:
            step = chance.choice([each for each in ItemStep if item.status in each.origins])
            await catalog_items.take_step(session, actor=actor, item_id=item.id, step=step)
            item.status = step.status
        else:
            moved = chance.choice(ids)
            parent = chance.choice([None, *(each for each in ids if each not in world.below(moved))])
            await categories.update(session, actor=actor, category_id=moved, changes=CategoryChanges(parent_id=parent))
            world.parents[moved] = parent


async def copies(parts: Parts, shop: Shop) -> tuple[int, int]:
    """How many places there are, and how many of them say the same as their item."""
    statement = text(
        """SELECT count(*), count(*) FILTER (WHERE (item_created_at, item_status) = (items.created_at, items.status))
           FROM catalog_item_categories JOIN catalog_items AS items ON items.id = item_id"""
    )
    async with parts.database.read(Scope(shop.tenant.id)) as session:
        total, right = (await session.execute(statement)).one()
        return total, right


STATUS = "UPDATE catalog_items SET status = :status WHERE id = :item"
LINK = "INSERT INTO catalog_item_categories (tenant_id, item_id, category_id) VALUES (:tenant, :item, :category)"


@pytest.fixture
async def placed(parts: Parts, factory: Factory, shop: Shop) -> Mapping[str, Any]:
    """An active item in one of two categories."""
    first, second = new_id(), new_id()
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await write(session, shop, {first: None, second: None}, [])
    product = await factory.product(shop, category_ids=[first])
    return {"tenant": shop.tenant.id, "item": product.item.id, "first": first, "category": second}


async def test_a_copy_cannot_be_made_to_differ(parts: Parts, shop: Shop, placed: Mapping[str, Any]) -> None:
    for statement in (
        "UPDATE catalog_item_categories SET item_status = 'draft', item_created_at = now() + interval '1 day'",
        """INSERT INTO catalog_item_categories (tenant_id, item_id, category_id, item_created_at, item_status)
           VALUES (:tenant, :item, :category, '2030-01-01', 'draft')""",
        "UPDATE catalog_items SET status = 'archived', created_at = created_at - interval '1 day' WHERE id = :item",
    ):
        async with parts.database.write(Scope(shop.tenant.id)) as session:
            await session.execute(text(statement), placed)
        total, right = await copies(parts, shop)
        assert total == right > 0, statement


async def test_an_item_that_is_not_there_is_refused_by_the_foreign_key(
    parts: Parts, placed: Mapping[str, Any], shop: Shop
) -> None:
    async with parts.database.write(Scope(shop.tenant.id)) as session:
        with pytest.raises(DBAPIError, match="fk_catalog_item_categories_tenant_id_item_id"):
            await session.execute(text(LINK), {**placed, "item": new_id()})
        await session.rollback()


@pytest.mark.parametrize(("first", "second"), [(LINK, STATUS), (STATUS, LINK)], ids=["placed first", "changed first"])
async def test_an_item_is_placed_while_its_status_changes(
    parts: Parts, shop: Shop, placed: Mapping[str, Any], first: str, second: str
) -> None:
    """By statements of anybody, which lock nothing beforehand as the product does: one waits for the other."""
    values = {**placed, "status": "draft"}

    async def follow() -> None:
        async with parts.database.write(Scope(shop.tenant.id)) as session:
            await session.execute(text(second), values)

    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(text(first), values)
        following = asyncio.create_task(follow(), context=Context())
        await when_blocked_by(session)
    await following
    assert await copies(parts, shop) == (2, 2)


async def test_readers_find_an_item_once_while_it_changes_shelves(
    parts: Parts, shop: Shop, placed: Mapping[str, Any]
) -> None:
    top, actor = new_id(), shop.actor
    async with parts.database.write(actor.scope) as session:
        await write(session, shop, {top: None}, [])
        await session.execute(text("UPDATE categories SET parent_id = :top WHERE id <> :top"), {"top": top})
    world = World(shop, {top: None}, [])

    async def change() -> None:
        for number in range(30):
            async with parts.database.write(actor.scope) as session:
                item = await session.get_one(CatalogItem, (actor.tenant, placed["item"]))
                changes = ItemChanges(category_ids=[placed["category" if number % 2 == 0 else "first"]])
                await catalog_items.update(session, actor=actor, item_id=item.id, version=item.version, changes=changes)

    changing, looks = asyncio.create_task(change(), context=Context()), 0
    while not changing.done() or looks == 0:
        looks += 1
        assert await paged(parts, world, top, ItemFilter("active"), 5) == [placed["item"]]
        assert await shelves_paged(parts, world, {top: 5}) == {top: [placed["item"]]}
    await changing
    assert looks > 5


@pytest.fixture
async def older(databases: Databases, process_name: str) -> AsyncGenerator[str]:
    """The name of a database as the release before left it."""
    name = f"{process_name}_older"
    await prepare_database(databases.admin_url, database=name, logins=LOGINS)
    await asyncio.to_thread(command.upgrade, configuration(databases.url(name, OWNER)), "0007")
    yield name
    await databases.drop(name)


OLD_ROWS = (
    "INSERT INTO tenants (id, slug, name_en) VALUES (:tenant, :slug, 'Old')",
    "INSERT INTO categories (tenant_id, id, slug, name_en) VALUES (:tenant, :category, 'shelf', 'Shelf')",
    """INSERT INTO catalog_items (tenant_id, id, kind, status, slug, name_en, created_at)
       VALUES (:tenant, :item, 'product', 'archived', 'item', 'Item', '2020-02-02'),
              (:tenant, :another, 'product', 'active', 'another', 'Another', '2021-01-01')""",
    LINK,
)
COPIED = "SELECT item_created_at::date::text, item_status FROM catalog_item_categories ORDER BY item_created_at"


async def test_places_of_every_tenant_are_copied_once(databases: Databases, older: str) -> None:
    """And nobody's cached answers are made old by that. A process of the release before goes on as it did."""
    shops = [{key: new_id() for key in ("tenant", "category", "item", "another")} for _ in range(3)]
    async with connected(databases.url(older)) as admin:
        for shop in shops:
            for statement in OLD_ROWS:
                await admin.execute(text(statement), {**shop, "slug": slug(shop["tenant"])})
        noted = await number_of_notes(admin)
        await asyncio.to_thread(upgrade_to_head, databases.url(older, OWNER))
        assert [tuple(row) for row in await admin.execute(text(COPIED))] == [("2020-02-02", "archived")] * 3
        assert await number_of_notes(admin) == noted
    async with connected(databases.url(older, APP)) as app:
        shop = shops[0]
        await app.execute(
            text("SELECT set_config('app.current_tenant', :tenant, false)"), {"tenant": str(shop["tenant"])}
        )
        await app.execute(text(LINK), {**shop, "item": shop["another"]})
        await app.execute(text(STATUS), {"status": "draft", "item": shop["another"]})
        found = [tuple(row) for row in await app.execute(text(COPIED))]
        assert found == [("2020-02-02", "archived"), ("2021-01-01", "draft")]
        await app.execute(text("UPDATE catalog_item_categories SET item_status = item_status"))
    async with connected(databases.url(older)) as admin:
        assert await number_of_notes(admin) == noted + 2


async def number_of_notes(connection: AsyncConnection) -> int:
    return (await connection.execute(text("SELECT count(*) FROM storefront_changes"))).scalar_one()
