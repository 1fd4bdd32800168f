"""Tenants' indexes in Elasticsearch: made, filled by versions, and put in place by moving an alias."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from domain.search_indexes import IndexedItem, IndexUnavailable
from integrations.elasticsearch_cluster import WRITE_SECONDS, Cluster, own_alias, reaching

GONE: Mapping[str, Any] = {"status": "gone"}
"""What an item leaves behind. A deletion's version is forgotten after a minute, and a late write would bring it back;
searches ask for a status, and nobody for this one."""

KEYWORD: Mapping[str, Any] = {"type": "keyword"}
WORDS: Mapping[str, Any] = {"type": "keyword", "doc_values": False}
MAPPING: Mapping[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "item": KEYWORD,
        "status": KEYWORD,
        "kind": KEYWORD,
        "price": {"type": "long"},
        "availability": {"type": "byte"},
        "created": {"type": "long"},
        "name_ar": KEYWORD,
        "name_en": KEYWORD,
        "categories": KEYWORD,
        "tags": KEYWORD,
        "names": WORDS,
        "codes": WORDS,
        "variants": WORDS,
        "words": WORDS,
    },
}
"""Words come parted, normalised and stemmed by the functions by which Postgres finds them, and are compared as they
are: both engines find the same, and the cluster needs no plugin. `created` is in microseconds, which a date has not."""

CONFLICT = 409


class ElasticsearchIndexes:
    """What `domain.search_indexes.SearchIndexes` says of these methods."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._client = cluster.client.options(request_timeout=WRITE_SECONDS)

    async def write(self, tenant_id: uuid.UUID, items: Sequence[IndexedItem], *, index: str | None = None) -> None:
        target = self._cluster.alias(tenant_id) if index is None else own_alias(self._own(tenant_id, index))
        operations: list[Mapping[str, Any]] = []
        for each in items:
            version = {"_id": str(each.item_id), "version": each.version, "version_type": "external"}
            operations += [{"index": version}, GONE if each.document is None else each.document]
        with reaching("write", IndexUnavailable):
            answered = await self._client.bulk(index=target, operations=operations, require_alias=True)
        # A conflict says that the index has this version or a later one.
        statuses = {each["index"]["status"] for each in answered["items"]}
        if refused := sorted(status for status in statuses if status >= 300 and status != CONFLICT):
            raise IndexUnavailable(f"items were refused: {refused}")

    async def make(self, tenant_id: uuid.UUID) -> str:
        index = f"{self._cluster.alias(tenant_id)}-{uuid.uuid4().hex[:12]}"
        with reaching("make", IndexUnavailable):
            await self._client.indices.create(index=index, mappings=MAPPING, aliases={own_alias(index): {}})
        return index

    async def put_in_place(self, tenant_id: uuid.UUID, index: str) -> None:
        alias, index = self._cluster.alias(tenant_id), self._own(tenant_id, index)
        with reaching("put in place", IndexUnavailable):
            # What was written may be searched before it is: else the first searches find nothing.
            await self._client.indices.refresh(index=index)
            others = sorted(set(await self._indexes(tenant_id)) - {index})
            # In one step, all or nothing: the old ones go with the alias, and there is no moment without one.
            removed: list[Mapping[str, Any]] = [{"remove_index": {"index": other}} for other in others]
            await self._client.indices.update_aliases(actions=[*removed, {"add": {"index": index, "alias": alias}}])

    async def remove(self, tenant_id: uuid.UUID, *, index: str | None = None) -> None:
        with reaching("remove", IndexUnavailable):
            mine = await self._indexes(tenant_id)
            for each in mine if index is None else set(mine) & {index}:
                await self._client.indices.delete(index=each)

    async def _indexes(self, tenant_id: uuid.UUID) -> Sequence[str]:
        """All of a tenant, also such as were never put in place. Identifiers are of one length: none begins another."""
        return list(await self._client.indices.get(index=f"{self._cluster.alias(tenant_id)}-*", features="aliases"))

    def _own(self, tenant_id: uuid.UUID, index: str) -> str:
        if not index.startswith(f"{self._cluster.alias(tenant_id)}-"):
            raise ValueError("an index of another tenant")
        return index
