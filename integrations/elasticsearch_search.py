"""The search engine of tenants that have outgrown Postgres. Postgres still says what a text means; it finds no items.

As in Postgres, a text is first taken as it is written, then for what may have been meant, then for any of its words.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from asyncpg import DataError

from db.queries.search import SPELLING
from db.queries.search_terms import CATEGORIES, SHELVES, TERMS
from db.rows import Rows, read_rows
from db.session import Database, Scope
from domain.ports import SearchUnavailable
from domain.searches import MOST_COUNTED, Dimension, Facets, Matches, Place, Search
from integrations.elasticsearch_cluster import Cluster, reaching
from integrations.elasticsearch_queries import MOST_VALUES, RANKS, Asked, Term, match_of, no_place, search_after
from integrations.postgres_search import Reading, Spelling, corrected

MOST_TERMS = 16
"""As many words as Postgres takes of a text. A cursor with more was not made here."""
NO_TREES: Mapping[uuid.UUID, Collection[uuid.UUID]] = {}
NAMED_RANKS = {str(rank): availability.value for availability, rank in RANKS.items()}


class ElasticsearchSearch:
    """What `domain.ports.SearchEngine` says of these methods."""

    name = "elasticsearch"

    def __init__(self, database: Database, cluster: Cluster) -> None:
        self._database, self._cluster = database, cluster

    async def find(self, tenant_id: uuid.UUID, wanted: Search, *, first: int, after: Place | None) -> Matches:
        reading = Reading.of(after.reading) if after else Reading()
        asked = await self._asked(tenant_id, wanted, reading)
        found = await self._matches(tenant_id, asked, reading, first, after)
        if found.found or after is not None or not asked.terms:
            return found
        return await self._guess(tenant_id, wanted, first)

    async def count(self, tenant_id: uuid.UUID, wanted: Search, *, reading: str) -> int:
        asked = await self._asked(tenant_id, wanted, Reading.of(reading))
        answered = await self._search(tenant_id, query=asked.query(), size=0, track_total_hits=MOST_COUNTED)
        return min(answered["hits"]["total"]["value"], MOST_COUNTED)

    async def facets(
        self, tenant_id: uuid.UUID, wanted: Search, *, reading: str, dimensions: Collection[Dimension]
    ) -> Facets:
        asked = await self._asked(tenant_id, wanted, Reading.of(reading))
        below = await self._trees(tenant_id) if Dimension.CATEGORY in dimensions else NO_TREES
        counted = [each for each in dimensions if each is not Dimension.CATEGORY or below]
        if not counted:
            return Facets({})
        query = {"bool": {"filter": asked.fundamentals()}}
        answered = await self._search(
            tenant_id, query=query, size=0, track_total_hits=False, aggs=asked.counts(counted, below)
        )
        return Facets({each: counts_of(each, answered["aggregations"][each.value]["values"]) for each in counted})

    async def _guess(self, tenant_id: uuid.UUID, wanted: Search, first: int) -> Matches:
        """Nothing was found of what is written: of what may have been meant."""
        async with read_rows(self._database, Scope(tenant_id)) as rows:
            asked = {"asked": wanted.text, "statuses": list(wanted.statuses)}
            spelling = Spelling(await rows.fetch(SPELLING, asked))
        if spelling.complete:  # what is searched for is there, but not where it is looked for
            return Matches(())
        choices = [each for each in spelling.choices() if each]
        meant = tuple(" ".join(each) for each in choices)
        for partly in (False, True):
            reading = Reading(meant, partly)
            asked_so = await self._asked(tenant_id, wanted, reading)
            found = await self._matches(tenant_id, asked_so, reading, first, None) if meant else Matches(())
            if found.found:
                async with read_rows(self._database, Scope(tenant_id)) as rows:
                    told = await corrected(rows, wanted.text, spelling, found.found)
                return Matches(found.found, found.reading, told)
        return Matches(())

    async def _matches(
        self, tenant_id: uuid.UUID, asked: Asked, reading: Reading, first: int, after: Place | None
    ) -> Matches:
        behind = {"search_after": search_after(asked, after)} if after else {}
        answered = await self._search(
            tenant_id, query=asked.query(), sort=asked.sort(), size=first, track_total_hits=False, **behind
        )
        return Matches([match_of(hit) for hit in answered["hits"]["hits"]], reading.written())

    async def _search(self, tenant_id: uuid.UUID, **body: Any) -> Mapping[str, Any]:
        """Through the tenant's own alias, and no other. Half an answer is none."""
        with reaching("search", SearchUnavailable):
            answered = await self._cluster.client.search(
                index=self._cluster.alias(tenant_id), source=False, allow_partial_search_results=False, **body
            )
            return answered.body

    async def _asked(self, tenant_id: uuid.UUID, wanted: Search, reading: Reading) -> Asked:
        """A search with what Postgres says about it, within the tenant."""
        async with read_rows(self._database, Scope(tenant_id)) as rows:
            terms = [Term(spellings) for _, spellings in await self._terms(rows, wanted, reading)]
            category = wanted.narrowed.category
            shelves = None if category is None else [each for (each,) in await rows.fetch(SHELVES, {"shelf": category})]
        if terms and reading.meant is None:
            terms[-1] = begun(terms[-1])
        return Asked(wanted, terms, reading.partly, shelves)

    async def _terms(self, rows: Rows, wanted: Search, reading: Reading) -> Collection[tuple[int, list[str]]]:
        meant = None if reading.meant is None else list(reading.meant)
        if meant and len(meant) > MOST_TERMS:
            raise no_place()
        try:
            found = await rows.fetch(TERMS, {"asked": wanted.text, "meant": meant})
        except (DataError, ValueError) as error:
            raise no_place() from error
        return [(place, spellings) for place, spellings in found]

    async def _trees(self, tenant_id: uuid.UUID) -> Mapping[uuid.UUID, Collection[uuid.UUID]]:
        """Each category with itself and all below it."""
        async with read_rows(self._database, Scope(tenant_id)) as rows:
            records = await rows.fetch(CATEGORIES, {})
        parents: dict[uuid.UUID, uuid.UUID | None] = {category: above for category, above in records}  # noqa: C416 - records are no pairs to a type checker
        trees: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        for category in parents:
            above: uuid.UUID | None = category
            while above is not None and category not in trees[above]:
                trees[above].add(category)
                above = parents.get(above)
        return trees


def begun(term: Term) -> Term:
    """One letter begins half of all words: that is not looked for."""
    return Term(term.spellings, begun=len(term.spellings[0]) > 1)


def counts_of(dimension: Dimension, counted: Mapping[str, Any]) -> Mapping[str, int]:
    """By value, those above none alone."""
    buckets: Any = counted["buckets"]
    named: list[tuple[Any, Mapping[str, int]]]
    named = list(buckets.items()) if isinstance(buckets, dict) else [(each["key"], each) for each in buckets]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - JSON
    found = {str(key): bucket["doc_count"] for key, bucket in named}
    if dimension is Dimension.AVAILABILITY:
        found = {NAMED_RANKS[rank]: number for rank, number in found.items()}
    fullest = sorted(found, key=lambda value: (-found[value], value))[:MOST_VALUES]
    return {value: min(found[value], MOST_COUNTED) for value in fullest if found[value]}
