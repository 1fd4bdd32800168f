"""The query DSL, as far as it is known here: which documents fit, and how well. Anything else is refused."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
Body = Mapping[str, Any]


class Refused(Exception):
    """What Elasticsearch answers with an error of its own."""

    def __init__(self, kind: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.kind, self.status = kind, status


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the mapping."""

    name: str
    kind: str
    has_doc_values: bool

    def check(self, value: object) -> None:
        if self.kind == "keyword":
            if not isinstance(value, str):
                raise Refused("illegal_argument_exception", f"[{self.name}] is a keyword, and this is none")
            if len(value.encode()) > 32_766:
                raise Refused("illegal_argument_exception", f"immense term in [{self.name}]")
            return
        bound = 2**7 if self.kind == "byte" else 2**63
        if not isinstance(value, int) or isinstance(value, bool) or not -bound <= value < bound:
            raise Refused("illegal_argument_exception", f"[{self.name}] is a {self.kind}, and this is none")


Fields = Mapping[str, Field]


def only(body: Body, *known: str) -> None:
    if unknown := sorted(set(body) - set(known)):
        raise Refused("parsing_exception", f"unknown field [{unknown[0]}]")


def single(body: Body) -> tuple[str, Any]:
    if len(body) != 1:
        raise Refused("parsing_exception", "expected one field name")
    [pair] = body.items()
    return pair


def field_of(fields: Fields, name: str) -> Field:
    """Elasticsearch finds nothing in a field that it does not know; here that is a mistake."""
    if name not in fields:
        raise Refused("unknown_field_in_this_fake", f"no field [{name}] in the mapping")
    return fields[name]


def score(query: Body, document: Document, fields: Fields) -> float | None:
    """None where the document does not fit."""
    kind, body = single(query)
    if kind not in KINDS:
        raise Refused("parsing_exception", f"unknown query [{kind}]")
    found = KINDS[kind](body, document, fields)
    return None if found is None else float32(found)


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def values_of(document: Document, field: Field) -> list[Any]:
    return listed(document.get(field.name))


def listed(value: Any) -> list[Any]:
    """A field has no value, one or several: there are no lists as such."""
    if isinstance(value, list):
        return list(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return [] if value is None else [value]


def terms(body: Body, document: Document, fields: Fields) -> float | None:
    name, wanted = single(body)
    field = field_of(fields, name)
    if not isinstance(wanted, list) or len(wanted) > 65_536:  # pyright: ignore[reportUnknownArgumentType]
        raise Refused("parsing_exception", "[terms] wants at most 65536 values")
    for each in wanted:  # pyright: ignore[reportUnknownVariableType]
        field.check(each)  # pyright: ignore[reportUnknownArgumentType]
    return 1.0 if any(each in wanted for each in values_of(document, field)) else None


def prefix(body: Body, document: Document, fields: Fields) -> float | None:
    name, given = single(body)
    only(given, "value")
    field = field_of(fields, name)
    field.check(given["value"])
    if field.kind != "keyword":
        raise Refused("query_shard_exception", f"can only use prefix queries on keyword fields, not on [{name}]")
    return 1.0 if any(each.startswith(given["value"]) for each in values_of(document, field)) else None


def within(body: Body, document: Document, fields: Fields) -> float | None:
    name, bounds = single(body)
    only(bounds, "gte", "lte")
    field = field_of(fields, name)
    for each in bounds.values():
        field.check(each)
    lowest, highest = bounds.get("gte", -(2**63)), bounds.get("lte", 2**63)
    return 1.0 if any(lowest <= each <= highest for each in values_of(document, field)) else None


def constant(body: Body, document: Document, fields: Fields) -> float | None:
    only(body, "filter", "boost")
    return None if score(body["filter"], document, fields) is None else float(body.get("boost", 1))


def best_of(body: Body, document: Document, fields: Fields) -> float | None:
    only(body, "queries")
    scores = [score(each, document, fields) for each in body["queries"]]
    return max((each for each in scores if each is not None), default=None)


def boolean(body: Body, document: Document, fields: Fields) -> float | None:
    """Without anything it fits everything. `should` counts alone where there is no `filter`."""
    only(body, "filter", "should", "minimum_should_match")
    filters, shoulds = body.get("filter", []), body.get("should", [])
    if len(filters) + len(shoulds) > 1_024:
        raise Refused("query_shard_exception", "too many clauses")
    fits = [score(each, document, fields) for each in filters]
    scores = [each for each in (score(each, document, fields) for each in shoulds) if each is not None]
    wanted = body.get("minimum_should_match", 1 if shoulds and not filters else 0)
    if None in fits or len(scores) < wanted:
        return None
    return sum(scores) if scores else (0.0 if filters else 1.0)


KINDS: Mapping[str, Callable[[Any, Document, Fields], float | None]] = {
    "bool": boolean,
    "constant_score": constant,
    "dis_max": best_of,
    "prefix": prefix,
    "range": within,
    "terms": terms,
}
