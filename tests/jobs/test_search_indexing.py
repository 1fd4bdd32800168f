"""Mission S6: an index outside ends with what was committed, whatever happens. Real Postgres, real outbox."""

import asyncio
import threading
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from db.models import CatalogItem, CatalogItemCategory, CatalogVariant, Category, OutboxMessage, Tenant, new_id
from db.security.roles import OWNER, connected
from db.session import Scope
from domain.search_indexes import IndexedItem, IndexUnavailable
from domain.search_indexing import ReindexOvertaken, is_indexed, leave, reindex, write_pending
from integrations.elasticsearch_cluster import Cluster
from integrations.elasticsearch_indexes import ElasticsearchIndexes
from jobs.worker import WorkerParts, drain
from tests.support.databases import Databases
from tests.support.elasticsearch.server import API_KEY, FakeElasticsearch, fake_elasticsearch
from tests.support.outbox import Ground, eventually


@dataclass(frozen=True, slots=True)
class Indexed:
    """A tenant, what is indexed of it, and the worker that sees to it."""

    ground: Ground
    fake: FakeElasticsearch
    cluster: Cluster
    worker: WorkerParts
    tenant: Tenant

    @property
    def indexes(self) -> ElasticsearchIndexes:
        return ElasticsearchIndexes(self.cluster)

    @property
    def alias(self) -> str:
        return self.cluster.alias(self.tenant.id)

    async def put(self, name: str, *, status: str = "active") -> uuid.UUID:
        scope, item_id = Scope(tenant_id=self.tenant.id), new_id()
        key = {"tenant_id": self.tenant.id}
        async with self.ground.database.write(scope) as session:
            session.add(
                CatalogItem(**key, id=item_id, kind="product", slug=f"i-{item_id}", name_en=name, status=status)
            )
            await session.flush()
            session.add(CatalogVariant(**key, id=new_id(), item_id=item_id, price=1))
        return item_id

    async def rename(self, item_id: uuid.UUID, name: str) -> None:
        async with self.ground.database.write(Scope(tenant_id=self.tenant.id)) as session:
            await session.execute(update(CatalogItem).where(CatalogItem.id == item_id).values(name_en=name))

    async def reindex(self) -> str:
        return await reindex(self.ground.database, self.indexes, self.tenant.id)

    async def work(self) -> int:
        await self.ground.make_due(self.tenant)
        return await drain(self.worker)

    async def jobs(self) -> list[tuple[str, str | None]]:
        """Status and last error of each job of the tenant."""
        wanted = select(OutboxMessage.status, OutboxMessage.last_error).order_by(OutboxMessage.created_at)
        async with self.ground.database.read(Scope(tenant_id=self.tenant.id)) as session:
            return [(status, error) for status, error in await session.execute(wanted)]

    def names(self, index: str | None = None) -> list[str]:
        """The names of all items that are there, in the index that answers or in another."""
        written = self.fake.indexes.named(index or self.alias).written.values()
        return sorted(document["name_en"] for _, document in written if document["status"] != "gone")


@pytest.fixture
async def shop(ground: Ground, worker: WorkerParts) -> AsyncGenerator[Indexed]:
    with fake_elasticsearch() as fake:
        cluster = Cluster.at(fake.url, API_KEY, "test")
        equipped = replace(worker, search_indexes=ElasticsearchIndexes(cluster))
        try:
            yield Indexed(ground, fake, cluster, equipped, await ground.tenant())
        finally:
            await cluster.close()


async def test_every_change_of_an_indexed_tenant_leaves_one_job_in_its_transaction(shop: Indexed) -> None:
    """Items, variants, categories' places: all of a transaction together, and nothing where nobody would read it."""
    before = await shop.put("before")
    assert await shop.jobs() == []
    await shop.reindex()
    item = await shop.put("dates")
    assert await shop.jobs() == [("pending", None)]
    assert (await shop.work(), await shop.jobs()) == (1, [("done", None)])
    assert shop.names() == ["before", "dates"]
    key, category = {"tenant_id": shop.tenant.id}, new_id()
    async with shop.ground.database.write(Scope(tenant_id=shop.tenant.id)) as session:
        session.add(Category(**key, id=category, slug="food", name_en="Food"))
        await session.flush()
        session.add(CatalogItemCategory(**key, item_id=item, category_id=category))
        await session.execute(update(CatalogVariant).where(CatalogVariant.item_id == before).values(price=2))
    assert [status for status, _ in await shop.jobs()] == ["done", "pending"]
    await shop.work()
    documents = {name: document for name, (_, document) in shop.fake.indexes.named(shop.alias).written.items()}
    assert documents[str(item)]["categories"] == [str(category)]
    assert documents[str(before)]["price"] == 2000
    with pytest.raises(RuntimeError):
        async with shop.ground.database.write(Scope(tenant_id=shop.tenant.id)) as session:
            await session.execute(delete(CatalogItemCategory).where(CatalogItemCategory.item_id == item))
            raise RuntimeError
    assert [status for status, _ in await shop.jobs()] == ["done", "done"]


async def test_a_sale_that_nobody_would_find_out_about_leaves_nothing(shop: Indexed) -> None:
    item = await shop.put("dates")
    await shop.reindex()
    async with shop.ground.database.write(Scope(tenant_id=shop.tenant.id)) as session:
        await session.execute(update(CatalogVariant).where(CatalogVariant.item_id == item).values(stock=100))
        await session.execute(update(CatalogVariant).where(CatalogVariant.item_id == item).values(stock=99))
    assert await shop.jobs() == []


async def test_a_write_that_is_late_changes_nothing(shop: Indexed) -> None:
    item = await shop.put("old")
    await shop.reindex()
    await shop.rename(item, "older")
    release = threading.Event()
    shop.fake.fail("/_bulk", held=release)
    late = asyncio.create_task(write_pending(shop.ground.database, shop.indexes, shop.tenant.id))
    await eventually(lambda: not shop.fake.failures)
    await shop.rename(item, "new")
    await write_pending(shop.ground.database, shop.indexes, shop.tenant.id)
    assert shop.names() == ["new"]
    release.set()
    await late
    assert shop.names() == ["new"]


async def test_what_is_gone_does_not_come_back(
    shop: Indexed, databases: Databases, outbox_url: str, process_name: str
) -> None:
    """A late write of what it was, and a new index that never knew it."""
    item = await shop.put("doomed")
    await shop.reindex()
    await shop.rename(item, "late")
    release = threading.Event()
    shop.fake.fail("/_bulk", held=release)
    late = asyncio.create_task(write_pending(shop.ground.database, shop.indexes, shop.tenant.id))
    await eventually(lambda: not shop.fake.failures)
    async with connected(databases.url(f"{process_name}_outbox", OWNER)) as owner:
        await owner.execute(text("SELECT set_config('app.current_tenant', :id, false)"), {"id": str(shop.tenant.id)})
        for table, column in (("catalog_variants", "item_id"), ("catalog_items", "id")):
            await owner.execute(text(f"DELETE FROM {table} WHERE {column} = :item"), {"item": item})
    assert len(await shop.jobs()) == 3
    await write_pending(shop.ground.database, shop.indexes, shop.tenant.id)
    await shop.reindex()
    release.set()
    await late
    assert shop.names() == []
    assert len(shop.fake.indexes.named(shop.alias).written) == 1, "it leaves its grave behind"


@pytest.mark.parametrize(
    "how", [{"status": 429}, {"status": 500}, {"drops": True}, {"drops": True, "after_doing": True}]
)
async def test_edits_go_on_while_the_cluster_is_away_and_none_is_lost(shop: Indexed, how: dict[str, Any]) -> None:
    """The last of them has done it and told nobody: the worker might as well have been killed there."""
    item = await shop.put("before")
    await shop.reindex()
    shop.fake.fail("/_bulk", is_lasting=True, **how)
    await shop.rename(item, "once")
    await shop.work()
    await shop.put("another")
    await shop.work()
    assert await shop.jobs() == [("pending", "IndexUnavailable")] * 2
    shop.fake.failures.clear()
    await shop.work()
    assert await shop.jobs() == [("done", None)] * 2
    assert shop.names() == ["another", "once"]


async def test_one_refused_item_keeps_the_others_waiting_and_is_told(shop: Indexed) -> None:
    """A bulk answers 200 all the same."""
    await shop.reindex()
    gone = {"status": "gone", "unheard_of": 1}
    with pytest.raises(IndexUnavailable):
        await shop.indexes.write(shop.tenant.id, [IndexedItem(new_id(), 1, gone)])


async def test_a_worker_without_a_cluster_says_so(shop: Indexed) -> None:
    await shop.reindex()
    await shop.put("dates")
    assert await drain(replace(shop.worker, search_indexes=None)) == 1
    assert await shop.jobs() == [("pending", "NoSearchIndexes")]


@pytest.mark.parametrize("moment", ["/_bulk", "/_refresh", "/_aliases"])
@pytest.mark.parametrize("is_first", [True, False])
async def test_what_is_edited_while_an_index_is_built_is_in_it(shop: Indexed, moment: str, is_first: bool) -> None:
    """At each step: when the items were read and not yet written, when they were, and when it takes its place."""
    item, other = await shop.put("one"), await shop.put("two")
    if not is_first:
        await shop.reindex()
    release = threading.Event()
    shop.fake.fail(moment, held=release)
    building = asyncio.create_task(shop.reindex())
    await eventually(lambda: not shop.fake.failures)
    await shop.rename(item, "edited")
    await shop.put("made meanwhile")
    await shop.work()
    assert await shop.jobs() == [("done", None)] * 2
    release.set()
    index = await building
    assert shop.names() == ["edited", "made meanwhile", "two"]
    await shop.rename(other, "edited later")
    await shop.work()
    assert shop.names(index) == ["edited", "edited later", "made meanwhile"]


async def test_a_transaction_that_began_before_the_tenant_was_announced_is_waited_for(shop: Indexed) -> None:
    """Its triggers could not know: what it commits would otherwise be noted nowhere, and read too early."""
    item = await shop.put("one")
    written, release = asyncio.Event(), asyncio.Event()

    async def edit() -> None:
        async with shop.ground.database.write(Scope(tenant_id=shop.tenant.id)) as session:
            await session.execute(update(CatalogItem).where(CatalogItem.id == item).values(name_en="late"))
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            written.set()
            await release.wait()

    editing = asyncio.create_task(edit())
    await written.wait()
    building = asyncio.create_task(shop.reindex())
    await eventually(lambda: bool(shop.fake.asked))
    done, _ = await asyncio.wait({building}, timeout=0.5)
    assert not done, "it was not waited for"
    release.set()
    await asyncio.gather(editing, building)
    await shop.work()
    assert shop.names() == ["late"]


async def test_a_reindexing_that_died_leaves_the_old_index_and_the_next_one_ends_right(shop: Indexed) -> None:
    await shop.put("one")
    old = await shop.reindex()
    shop.fake.fail("/_aliases", drops=True)
    with pytest.raises(IndexUnavailable):
        await shop.reindex()
    await shop.put("two")
    await shop.work()
    assert shop.names(old) == ["one", "two"]
    assert len(shop.fake.indexes.by_name) == 2
    shop.fake.fail("/_aliases", drops=True, after_doing=True)
    with pytest.raises(IndexUnavailable):
        await shop.reindex()
    await shop.put("three")
    await shop.work()
    assert shop.names() == ["one", "three", "two"]
    new = await shop.reindex()
    assert (list(shop.fake.indexes.by_name), shop.names(new)) == ([new], ["one", "three", "two"])


async def test_of_two_that_build_the_later_one_counts(shop: Indexed) -> None:
    """The first has everything written when the second begins: it gives up, or the second would lose its index."""
    await shop.put("one")
    first_may, second_may = threading.Event(), threading.Event()
    shop.fake.fail("/_bulk", held=first_may)
    first = asyncio.create_task(shop.reindex())
    await eventually(lambda: not shop.fake.failures)
    shop.fake.fail("/_bulk", held=second_may)
    second = asyncio.create_task(shop.reindex())
    await eventually(lambda: not shop.fake.failures)
    first_may.set()
    with pytest.raises(ReindexOvertaken):
        await first
    second_may.set()
    assert list(shop.fake.indexes.by_name) == [await second]
    assert shop.names() == ["one"]


async def test_a_tenant_that_leaves_is_forgotten_and_may_come_back(shop: Indexed) -> None:
    item = await shop.put("one")
    await shop.reindex()
    await shop.rename(item, "pending")
    await leave(shop.ground.database, shop.indexes, shop.tenant.id)
    assert not await is_indexed(shop.ground.database, shop.tenant.id)
    await shop.work()
    assert (shop.fake.indexes.by_name, await shop.jobs()) == ({}, [("done", None)])
    await shop.rename(item, "unnoticed")
    assert len(await shop.jobs()) == 1
    await shop.reindex()
    assert shop.names() == ["unnoticed"]


async def test_indexes_of_others_are_out_of_reach(shop: Indexed) -> None:
    """Names come from the tenant alone; and writing to what is no more makes nothing."""
    theirs = await shop.ground.tenant()
    index = await shop.reindex()
    for attempt in (
        shop.indexes.write(theirs.id, [], index=index),
        shop.indexes.put_in_place(theirs.id, index),
    ):
        with pytest.raises(ValueError, match="another tenant"):
            await attempt
    await shop.indexes.remove(theirs.id)
    await shop.indexes.remove(theirs.id, index=index)
    assert list(shop.fake.indexes.by_name) == [index]
    with pytest.raises(IndexUnavailable):
        await shop.indexes.write(theirs.id, [IndexedItem(new_id(), 1, None)])
    assert list(shop.fake.indexes.by_name) == [index]
    paths: Sequence[str] = [path for _, path in shop.fake.asked]
    assert not any(str(shop.tenant.id) in path for path in paths[paths.index("/_aliases") + 1 :])
