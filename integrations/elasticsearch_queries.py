"""Searches as Elasticsearch is asked them: what fits, in which order, and counts. No I/O.

Words are looked for in lists of terms that Postgres has made, so what fits fits in both engines. Ranks are small whole
numbers by where a word stands, not by how rare it is: those would differ between the copies of an index, and a list
could not be leafed through. Where they are equal, what is available comes first.
"""

import json
import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.catalog import Availability
from domain.errors import FaultCode, UserFault
from domain.searches import PRICE_BOUNDS, Dimension, Match, Place, Search, SearchFilter, SearchSort

Query = Mapping[str, Any]

RANKS = {Availability.SOLD_OUT: 0, Availability.FEW_LEFT: 1, Availability.IN_STOCK: 2}
WEIGHTS = {"names": 10, "codes": 8, "variants": 3, "words": 1}
"""What it counts that a word stands there; the best place of each word counts."""
MOST_VALUES = 50
"""Tags and categories that are told, the most frequent."""
LONGEST_INTEGER = 2**63

SORTS: Mapping[SearchSort, tuple[str, str]] = {
    SearchSort.NEWEST: ("created", "desc"),
    SearchSort.PRICE_ASC: ("price", "asc"),
    SearchSort.PRICE_DESC: ("price", "desc"),
    SearchSort.NAME_AR: ("name_ar", "asc"),
    SearchSort.NAME_EN: ("name_en", "asc"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One word that is asked for, or several of which one will do. `begun` is one not typed to its end."""

    spellings: Sequence[str]
    begun: bool = False

    def within(self, field: str) -> Query:
        """A word as it is written, or by its stem behind "~"."""
        exact: Query = {"terms": {field: list(self.spellings)}}
        if not self.begun:
            return exact
        return any_of([exact, *({"prefix": {field: {"value": each}}} for each in self.spellings)])

    @property
    def rank(self) -> Query:
        places = [
            {"constant_score": {"filter": self.within(field), "boost": weight}} for field, weight in WEIGHTS.items()
        ]
        return {"dis_max": {"queries": places}}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search with what Postgres has said about it: its words, and which categories are meant."""

    wanted: Search
    terms: Sequence[Term]
    partly: bool
    shelves: Sequence[uuid.UUID] | None
    """The category of the filter with those below it; None without such a filter."""

    @property
    def is_ranked(self) -> bool:
        return self.wanted.sort is SearchSort.RELEVANCE and bool(self.terms)

    def query(self) -> Query:
        fits = [*self.fundamentals(), *self.filters().values()]
        if not self.is_ranked:
            return {"bool": {"filter": fits}}
        return {"bool": {"filter": fits, "should": [term.rank for term in self.terms]}}

    def fundamentals(self) -> list[Query]:
        """What counts are never without: the status, which leaves out what is gone, and the words."""
        words = [term.within("words") for term in self.terms]
        statuses: Query = {"terms": {"status": list(self.wanted.statuses)}}
        return [statuses, any_of(words)] if words and self.partly else [statuses, *words]

    def filters(self) -> Mapping[Dimension, Query]:
        """What results are narrowed to, by dimension."""
        narrowed, found = self.wanted.narrowed, dict[Dimension, Query]()
        if self.shelves is not None:
            found[Dimension.CATEGORY] = {"terms": {"categories": [str(each) for each in self.shelves]}}
        if narrowed.tags is not None:
            found[Dimension.TAG] = {"terms": {"tags": list(narrowed.tags)}}
        if narrowed.kinds is not None:
            found[Dimension.KIND] = {"terms": {"kind": list(narrowed.kinds)}}
        if narrowed.availabilities is not None:
            ranks = [RANKS[each] for each in narrowed.availabilities]
            found[Dimension.AVAILABILITY] = {"terms": {"availability": ranks}}
        if prices := price_range(narrowed):
            found[Dimension.PRICE] = {"range": {"price": prices}}
        return found

    def sort(self) -> list[Mapping[str, str]]:
        """Down to the item's identifier: no two have the same place."""
        if self.is_ranked:
            return [{"_score": "desc"}, {"availability": "desc"}, {"created": "desc"}, {"item": "desc"}]
        field, way = SORTS.get(self.wanted.sort, SORTS[SearchSort.NEWEST])
        return [{field: way}, {"item": way}]

    def counts(self, dimensions: Collection[Dimension], below: Mapping[uuid.UUID, Collection[uuid.UUID]]) -> Query:
        """Aggregations, each under the filters of the other dimensions."""
        narrowed = self.filters()
        asked: dict[str, Query] = {}
        for each in dimensions:
            others = [query for dimension, query in narrowed.items() if dimension is not each]
            asked[each.value] = {"filter": {"bool": {"filter": others}}, "aggs": {"values": values_of(each, below)}}
        return asked


def any_of(queries: Sequence[Query]) -> Query:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def price_range(narrowed: SearchFilter) -> Mapping[str, int]:
    """In thousandths, as they are indexed."""
    ends = {"gte": narrowed.price_from, "lte": narrowed.price_to}
    return {end: int(price * 1000) for end, price in ends.items() if price is not None}


def values_of(dimension: Dimension, below: Mapping[uuid.UUID, Collection[uuid.UUID]]) -> Query:
    """How a dimension is counted. An item counts once in a category, in however many below it stands."""
    match dimension:
        case Dimension.CATEGORY:
            trees = {
                str(category): {"terms": {"categories": sorted(map(str, tree))}} for category, tree in below.items()
            }
            return {"filters": {"filters": trees}}
        case Dimension.PRICE:
            ends = [None, *PRICE_BOUNDS, None]
            ranges = [{"key": str(place), "from": ends[place], "to": ends[place + 1]} for place in range(len(ends) - 1)]
            told = [{name: end for name, end in each.items() if end is not None} for each in ranges]
            return {"range": {"field": "price", "keyed": True, "ranges": told}}
        case Dimension.TAG:
            return {"terms": {"field": "tags", "size": MOST_VALUES}}
        case Dimension.KIND | Dimension.AVAILABILITY:
            return {"terms": {"field": dimension.value, "size": MOST_VALUES}}


def match_of(hit: Mapping[str, Any]) -> Match:
    """Where it stands is what it was sorted by; the last of it is the item itself."""
    *position, item_id = hit["sort"]
    return Match(uuid.UUID(item_id), json.dumps(position, ensure_ascii=False))


def search_after(asked: Asked, after: Place) -> list[str | int | float]:
    """The place as Elasticsearch wants it. Raises a fault for one that was not made by this list."""
    try:
        position: object = json.loads(after.behind.position)
    except (ValueError, RecursionError):
        position = None
    fields = [name for each in asked.sort() for name in each][:-1]
    if not isinstance(position, list) or len(position) != len(fields) or not all(map(is_value, fields, position)):  # pyright: ignore[reportUnknownArgumentType] - what JSON holds is looked at here
        raise no_place()
    return [*position, str(after.behind.item_id)]


def no_place() -> UserFault:
    return UserFault(FaultCode.INVALID, "This cursor was not made by this list.", ("after",))


def is_value(field: str, value: object) -> bool:
    """A value of the field's type: Elasticsearch refuses others as mistakes of ours."""
    if field.startswith("name"):
        return isinstance(value, str) and not any("\ud800" <= each <= "\udfff" for each in value)
    if field == "_score":
        return isinstance(value, float | int) and not isinstance(value, bool) and abs(value) < math.inf
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LONGEST_INTEGER
