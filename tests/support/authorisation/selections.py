"""Documents made from the schema, in which every field occurs that a root field leads to; and what became of each."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

from gql.pipeline import Api

Arguments = Mapping[str, str]
"""What a field is asked with, as it is written in a document, by `Type.field`."""

SEEN, NULL = "a value", "null"


def core(schema: strawberry.Schema) -> GraphQLSchema:
    return Api(schema).core


def fields_of(kind: Any) -> dict[str, GraphQLField]:
    return cast("GraphQLObjectType | GraphQLInterfaceType", kind).fields


def field_type(schema: GraphQLSchema, row: str) -> str:
    """The type of a field as the schema writes it."""
    parent, name = row.split(".")
    return str(cast("Any", fields_of(schema.get_type(parent))[name]).type)


def argument_types(field: GraphQLField) -> dict[str, Any]:
    return {name: each.type for name, each in cast("dict[str, Any]", field.args).items()}


def kind_of(field: GraphQLField) -> Any:
    """The type of a field without lists and non-nulls."""
    return cast("Any", get_named_type(cast("Any", field.type)))


def possible_types(schema: GraphQLSchema, kind: Any) -> list[str]:
    """The object types that may stand behind an abstract type; none for any other."""
    return sorted(each.name for each in schema.get_possible_types(kind)) if is_abstract_type(kind) else []


def rows_of(schema: GraphQLSchema) -> Iterator[str]:
    """Every row that the matrix must have: each field of each object type, and what abstract root fields lead to."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            yield from (f"{kind.name}.{name}" for name in fields_of(kind))
    for root in roots_of(schema, "query"):
        yield from (f"{root.row} on {name}" for name in possible_types(schema, root.kind))


@dataclass
class Asked:
    """A field in a document with what is asked below it; `on` narrows an abstract one to one of its types."""

    parent: str
    name: str
    definition: GraphQLField
    on: str | None = None
    below: list["Asked"] = field(default_factory=list["Asked"])

    @property
    def row(self) -> str:
        return f"{self.parent}.{self.name}"

    @property
    def narrowed_row(self) -> str:
        """The row that decides over what is below."""
        return f"{self.row} on {self.on}" if self.on else self.row

    @property
    def kind(self) -> Any:
        return kind_of(self.definition)

    def text(self, arguments: Arguments) -> str:
        """As it is written in a document."""
        given = f"({said})" if (said := said_of(self, arguments)) else ""
        if is_leaf_type(self.kind):
            return f"{self.name}{given}"
        below = " ".join(each.text(arguments) for each in self.below)
        if self.on:
            below = f"... on {self.on} {{ {below} }}"
        elif is_abstract_type(self.kind):
            below = " ".join(fields_of(self.kind))
        return f"{self.name}{given} {{ __typename {below} }}"


def said_of(asked: Asked, arguments: Arguments) -> str:
    """The arguments of a field: the sample that the stage has for it, or a short page."""
    taken = cast("dict[str, Any]", asked.definition.args)
    said = arguments.get(asked.narrowed_row, "first: 1" if "first" in taken else "")
    missing = [name for name, each in taken.items() if is_required_argument(each) and f"{name}:" not in said]
    assert not missing, f"the stage has no sample of {asked.narrowed_row}({missing})"
    return said


def roots_of(schema: GraphQLSchema, operation: str) -> list[Asked]:
    root = schema.query_type if operation == "query" else schema.mutation_type
    return [Asked(root.name, name, definition) for name, definition in fields_of(root).items()] if root else []


def routes_of(schema: GraphQLSchema, passes: Callable[[str], bool]) -> list[Asked]:
    """Each root field of the query, written out; one of an abstract type once for each of its types."""
    return [
        written_out(schema, Asked(root.parent, root.name, root.definition, on), passes)
        for root in roots_of(schema, "query")
        for on in possible_types(schema, root.kind) or [None]
    ]


def written_out(schema: GraphQLSchema, root: Asked, passes: Callable[[str], bool]) -> Asked:
    """Ask for every field of every type below: each type once, where it is nearest, through fields that may be passed.

    Abstract types below the root are not followed.
    """
    start: Any = schema.get_type(root.on) if root.on else root.kind
    root.below = everything_of(start)
    known, waiting = {start.name}, deque(root.below)
    while waiting:
        asked = waiting.popleft()
        if isinstance(asked.kind, GraphQLObjectType) and asked.kind.name not in known and passes(asked.row):
            known.add(asked.kind.name)
            asked.below = everything_of(asked.kind)
            waiting.extend(asked.below)
    return root


def everything_of(kind: Any) -> list[Asked]:
    return [Asked(kind.name, name, definition) for name, definition in fields_of(kind).items()]


def path_to(schema: GraphQLSchema, row: str) -> Asked:
    """The root field, and below it nothing but the shortest way to a field that is not below an abstract one."""
    for root in roots_of(schema, "query"):
        waiting = deque([[root]]) if is_abstract_type(root.kind) else deque([[written_out(schema, root, everyone)]])
        while waiting:
            path = waiting.popleft()
            if path[-1].row == row:
                for above, below in pairwise(path):
                    above.below = [below]
                path[-1].below = []
                return root
            waiting.extend([*path, each] for each in path[-1].below)
    raise LookupError(row)


def everyone(_row: str) -> bool:
    return True


class Answer:
    """What became of each field that a document asked for: a value, null, or the code of an error in its place."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._data: Any = body.get("data") or {}
        self._errors = {tuple(each.get("path", ())): each["extensions"]["code"] for each in body.get("errors", [])}
        self._told: set[tuple[str | int, ...]] = set()

    def outcomes(self, root: Asked) -> list[tuple[str, str]]:
        """Row and outcome of every occurrence; errors at places that were never asked for come last."""
        found = list(self._field(root, self._data, ()))
        return found + [(f"{path}", code) for path, code in self._errors.items() if path not in self._told]

    def _field(self, asked: Asked, parent: Any, above: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
        path = (*above, asked.name)
        value = parent.get(asked.name)
        if path in self._errors:
            self._told.add(path)
            yield asked.row, self._errors[path]
            return
        yield asked.row, NULL if value is None else SEEN
        for each, place in elements(value, path):
            if asked.on:
                yield asked.narrowed_row, SEEN if each and each["__typename"] == asked.on else NULL
            for below in asked.below if isinstance(each, dict) else ():
                yield from self._field(below, each, place)


def elements(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Any, tuple[str | int, ...]]]:
    """A value, or the values of a list, each with its place."""
    if not isinstance(value, list):
        yield value, path
    else:
        for number, each in enumerate(cast("list[Any]", value)):
            yield from elements(each, (*path, number))
