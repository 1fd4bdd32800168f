"""`_search`: sorted hits behind a place, and aggregations, of what was refreshed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from tests.support.elasticsearch.queries import Body, Document, Field, Fields, Refused, field_of, only, score, single
from tests.support.elasticsearch.queries import values_of as values_in

Row = tuple[list[Any], Document, float]
Scored = tuple[Document, float]


def search(body: Body, documents: Sequence[Document], fields: Fields) -> dict[str, Any]:
    """The answer's part that tells what was found."""
    only(body, "query", "size", "sort", "search_after", "track_total_hits", "aggs", "_source")
    # Also where nothing is there to be compared with: the request is looked at whole.
    score(body["query"], {}, fields)
    found: list[Scored] = []
    for document in documents:
        points = score(body["query"], document, fields)
        if points is not None:
            found.append((document, points))
    told: dict[str, Any] = {"max_score": None, "hits": hits_of(body, found, fields), **total_of(body, len(found))}
    answer: dict[str, Any] = {"hits": told}
    if "aggs" in body:
        answer["aggregations"] = aggregate(body["aggs"], [document for document, _ in found], fields)
    return answer


def total_of(body: Body, number: int) -> dict[str, Any]:
    tracked = body.get("track_total_hits", 10_000)
    if tracked is False:
        return {}
    most = number if tracked is True else min(number, tracked)
    return {"total": {"value": most, "relation": "eq" if most == number else "gte"}}


def hits_of(body: Body, found: Sequence[Scored], fields: Fields) -> list[dict[str, Any]]:
    size = body.get("size", 10)
    if not 0 <= size <= 10_000:
        raise Refused("illegal_argument_exception", "result window is too large")
    order = [sorting(each, fields) for each in body.get("sort", [{"_score": "desc"}])]
    rows = [([key(document, points, name) for name, _ in order], document, points) for document, points in found]

    def which_first(one: Row, other: Row) -> int:
        return compared(one[0], other[0], order)

    rows.sort(key=cmp_to_key(which_first))
    if "search_after" in body:
        behind = checked_place(body["search_after"], order, fields)
        rows = [row for row in rows if compared(row[0], behind, order) > 0]
    return [
        {"_id": document["_id"], "_score": points if order[0][0] == "_score" else None, "sort": keys}
        for keys, document, points in rows[:size]
    ]


def sorting(given: Any, fields: Fields) -> tuple[str, str]:
    name, way = single(given)
    if way not in ("asc", "desc"):
        raise Refused("parsing_exception", f"unknown order [{way}]")
    if name != "_score":
        with_doc_values(field_of(fields, name))
    return name, way


def with_doc_values(field: Field) -> Field:
    if not field.has_doc_values:
        raise Refused("illegal_argument_exception", f"[{field.name}] has no doc values to sort or count by")
    return field


def key(document: Document, points: float, name: str) -> Any:
    if name == "_score":
        return points
    value = document.get(name)
    if isinstance(value, list):
        raise Refused("several_values_in_this_fake", f"[{name}] holds a list: its order is not known here")
    return value


def compared(one: Sequence[Any], other: Sequence[Any], order: Sequence[tuple[str, str]]) -> int:
    """What has no value stands last, whichever way."""
    for mine, theirs, (_, way) in zip(one, other, order, strict=True):
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            return 1 if mine is None else -1
        return (1 if mine > theirs else -1) * (1 if way == "asc" else -1)
    return 0


def checked_place(behind: Sequence[Any], order: Sequence[tuple[str, str]], fields: Fields) -> Sequence[Any]:
    if len(behind) != len(order):
        raise Refused("illegal_argument_exception", "search_after has another number of values than sort")
    for value, (name, _) in zip(behind, order, strict=True):
        if name == "_score":
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise Refused("illegal_argument_exception", "failed to parse search_after value for [_score]")
        else:
            fields[name].check(value)
    return behind


def aggregate(asked: Mapping[str, Any], documents: Sequence[Document], fields: Fields) -> dict[str, Any]:
    return {name: aggregation(body, documents, fields) for name, body in asked.items()}


def aggregation(body: Body, documents: Sequence[Document], fields: Fields) -> dict[str, Any]:
    only(body, "filter", "filters", "terms", "range", "aggs")
    kind, given = single({name: value for name, value in body.items() if name != "aggs"})
    if kind == "filter":
        kept = fitting(given, documents, fields)
        return {"doc_count": len(kept), **aggregate(body.get("aggs", {}), kept, fields)}
    if "aggs" in body:
        raise Refused("unknown_in_this_fake", f"aggregations within [{kind}]")
    if kind == "filters":
        only(given, "filters")
        counts = {key: len(fitting(query, documents, fields)) for key, query in given["filters"].items()}
        return {"buckets": {key: {"doc_count": count} for key, count in counts.items()}}
    return terms_buckets(given, documents, fields) if kind == "terms" else range_buckets(given, documents, fields)


def fitting(query: Body, documents: Sequence[Document], fields: Fields) -> list[Document]:
    score(query, {}, fields)
    return [each for each in documents if score(query, each, fields) is not None]


def terms_buckets(given: Body, documents: Sequence[Document], fields: Fields) -> dict[str, Any]:
    only(given, "field", "size")
    field = with_doc_values(field_of(fields, given["field"]))
    counts = Counter(value for each in documents for value in set(values_in(each, field)))
    fullest = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[: given.get("size", 10)]
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": counts.total() - sum(count for _, count in fullest),
        "buckets": [{"key": value, "doc_count": count} for value, count in fullest],
    }


def range_buckets(given: Body, documents: Sequence[Document], fields: Fields) -> dict[str, Any]:
    """`from` is within, `to` is not."""
    only(given, "field", "keyed", "ranges")
    field = with_doc_values(field_of(fields, given["field"]))
    if given.get("keyed") is not True:
        raise Refused("unknown_in_this_fake", "ranges without keys")
    buckets: dict[str, Any] = {}
    for each in given["ranges"]:
        only(each, "key", "from", "to")
        lowest, highest = each.get("from", -(2**63)), each.get("to", 2**63)
        fits = [
            document for document in documents if any(lowest <= value < highest for value in values_in(document, field))
        ]
        buckets[each["key"]] = {**each, "doc_count": len(fits)}
    return {"buckets": buckets}
