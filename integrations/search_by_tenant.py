"""Each tenant's own search engine: an index outside for those that have one, Postgres for all others."""

import uuid
from collections.abc import Collection

from db.session import Database
from domain.ports import SearchEngine
from domain.search_indexing import is_indexed
from domain.searches import Dimension, Facets, Matches, Place, Search


class SearchByTenant:
    """What `domain.ports.SearchEngine` says of these methods.

    A tenant's cursors end where its engine changes. An engine that is away has no stand-in: the searches of those whom
    Postgres could not serve any more would fall upon the database in which everybody's orders are.
    """

    name = "by tenant"

    def __init__(self, database: Database, *, inside: SearchEngine, outside: SearchEngine) -> None:
        self._database, self._inside, self._outside = database, inside, outside

    async def find(self, tenant_id: uuid.UUID, wanted: Search, *, first: int, after: Place | None) -> Matches:
        return await (await self._engine(tenant_id)).find(tenant_id, wanted, first=first, after=after)

    async def count(self, tenant_id: uuid.UUID, wanted: Search, *, reading: str) -> int:
        return await (await self._engine(tenant_id)).count(tenant_id, wanted, reading=reading)

    async def facets(
        self, tenant_id: uuid.UUID, wanted: Search, *, reading: str, dimensions: Collection[Dimension]
    ) -> Facets:
        engine = await self._engine(tenant_id)
        return await engine.facets(tenant_id, wanted, reading=reading, dimensions=dimensions)

    async def _engine(self, tenant_id: uuid.UUID) -> SearchEngine:
        return self._outside if await is_indexed(self._database, tenant_id) else self._inside
