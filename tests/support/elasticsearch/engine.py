"""The engine beside its fake, for the contract: whoever asks it is told what was committed until then."""

import uuid
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager

from sqlalchemy import update

from bootstrap import Parts
from db.models import OutboxMessage
from db.session import Database, Scope
from domain.ports import SearchEngine
from domain.search_indexing import is_indexed, reindex, write_pending
from domain.searches import Dimension, Facets, Matches, Place, Search
from integrations.elasticsearch_cluster import Cluster
from integrations.elasticsearch_indexes import ElasticsearchIndexes
from integrations.elasticsearch_search import ElasticsearchSearch
from tests.support.elasticsearch.server import API_KEY, fake_elasticsearch


class Followed:
    """The engine, with the worker's part and the refresh of each second done before each question."""

    name = "elasticsearch"

    def __init__(self, database: Database, cluster: Cluster) -> None:
        self._database, self._cluster = database, cluster
        self._engine, self._indexes = ElasticsearchSearch(database, cluster), ElasticsearchIndexes(cluster)

    async def find(self, tenant_id: uuid.UUID, wanted: Search, *, first: int, after: Place | None) -> Matches:
        if after is None:  # a page that goes on is asked at once
            await self._follow(tenant_id)
        return await self._engine.find(tenant_id, wanted, first=first, after=after)

    async def count(self, tenant_id: uuid.UUID, wanted: Search, *, reading: str) -> int:
        await self._follow(tenant_id)
        return await self._engine.count(tenant_id, wanted, reading=reading)

    async def facets(
        self, tenant_id: uuid.UUID, wanted: Search, *, reading: str, dimensions: Collection[Dimension]
    ) -> Facets:
        await self._follow(tenant_id)
        return await self._engine.facets(tenant_id, wanted, reading=reading, dimensions=dimensions)

    async def _follow(self, tenant_id: uuid.UUID) -> None:
        if not await is_indexed(self._database, tenant_id):
            await reindex(self._database, self._indexes, tenant_id)
        await write_pending(self._database, self._indexes, tenant_id)
        async with self._database.write(Scope(tenant_id)) as session:  # the jobs: no other test's worker is to do them
            await session.execute(update(OutboxMessage).where(OutboxMessage.lane == "job").values(status="done"))
        await self._cluster.client.indices.refresh(index=self._cluster.alias(tenant_id))


@asynccontextmanager
async def indexed_engine(parts: Parts) -> AsyncGenerator[SearchEngine]:
    with fake_elasticsearch() as fake:
        cluster = Cluster.at(fake.url, API_KEY, "test")
        try:
            yield Followed(parts.database, cluster)
        finally:
            await cluster.close()
