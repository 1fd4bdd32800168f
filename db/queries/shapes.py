"""Rows read by what is asked of them: only the columns wanted, related rows in the same statement.

A `Shape` says of a table which columns each field of the API needs. Rows come back as named tuples with the attributes
of the entity: an attribute that nobody asked for is not there.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import ColumnElement, Select, func, select

from db.models.base import Base
from db.queries.selections import Selection

Columns = tuple[str, ...]
Row = Any
"""A named tuple that stands for an entity; whoever reads it casts it to that."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One table as a type of the API shows it.

    `fields` holds the columns behind each field, none for a field that reads other tables. A field that is missing
    here is not an error: then every column is read.
    """

    kind: str
    """Name of the type."""
    table: type[Base]
    fields: Mapping[str, Columns]
    always: Columns
    """Columns read for the code around: keys, and what cursors are made of."""
    related: "Mapping[str, Related]" = field(default_factory=dict[str, "Related"])

    def columns(self, fields: frozenset[str]) -> Columns:
        every = tuple(attribute.key for attribute in self.table.__mapper__.column_attrs)
        if not fields <= self.fields.keys():
            return every
        wanted = {*self.always, *(column for name in fields for column in self.fields[name])}
        return tuple(column for column in every if column in wanted)


@dataclass(frozen=True, eq=False)
class Related:
    """Rows that belong to each row of a shape, such as an item's variants."""

    shape: Shape
    statement: Callable[[], Select[Any]]
    """Selects the related rows of one row around it, in their order; its columns are replaced."""
    fields: Mapping[str, Columns]
    """The fields of the row around that need them, and with which columns besides those selected below."""
    through: Sequence[tuple[str, ...]] = ()
    """Paths of fields, from the row around to fields of other rows below it that are made of them as well."""

    def is_wanted(self, selection: Selection) -> bool:
        return not selection.here.isdisjoint(self.fields) or any(selection.reaches(path) for path in self.through)


@dataclass(frozen=True, eq=False)
class Reader:
    """What a statement has to select for a selection, and how its rows are read."""

    expressions: Sequence[ColumnElement[Any]]
    row: Callable[[Sequence[Any]], Row]
    width: int
    related: Mapping[str, tuple[int, Callable[[Sequence[Any]], Row]]]
    """Place among the columns, and maker of rows, of each related kind."""

    def read(self, records: Sequence[Record]) -> "Found":
        rows = [self.row(record[: self.width]) for record in records]
        return Found(
            rows,
            {
                name: {
                    row.id: [make(each) for each in record[place]] for row, record in zip(rows, records, strict=True)
                }
                for name, (place, make) in self.related.items()
            },
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Rows, and by name of the relation what belongs to each, by its id."""

    rows: list[Row]
    related: Mapping[str, Mapping[Any, list[Row]]]


@lru_cache(maxsize=1_000)
def reader(shape: Shape, selection: Selection) -> Reader:
    """How rows of a shape are read for a selection."""
    columns = shape.columns(selection.fields_of(shape.kind))
    expressions: list[ColumnElement[Any]] = [getattr(shape.table, name) for name in columns]
    related: dict[str, tuple[int, Callable[[Sequence[Any]], Row]]] = {}
    for name, relation in shape.related.items():
        if not relation.is_wanted(selection):
            continue
        below = columns_below(shape, relation, selection)
        related[name] = len(expressions), row_maker(relation.shape, below)
        expressions.append(records(relation, below).label(f"related_{name}"))
    return Reader(expressions, row_maker(shape, columns), len(columns), related)


def columns_below(shape: Shape, relation: Related, selection: Selection) -> Columns:
    """Columns of related rows: those of their own fields, and those that the rows around need."""
    wanted = set(relation.shape.columns(selection.fields_of(relation.shape.kind)))
    for name in selection.fields_of(shape.kind) & relation.fields.keys():
        wanted.update(relation.fields[name])
    every = (attribute.key for attribute in relation.shape.table.__mapper__.column_attrs)
    return tuple(column for column in every if column in wanted)


def records(relation: Related, columns: Columns) -> ColumnElement[Any]:
    """An array with one record for each related row."""
    table = relation.shape.table
    one = func.row(*(getattr(table, name) for name in columns))
    return func.array(relation.statement().with_only_columns(one, maintain_column_froms=True).scalar_subquery())


def row_maker(shape: Shape, columns: Columns) -> Callable[[Sequence[Any]], Row]:
    return namedtuple(f"{shape.table.__name__}Row", columns)._make  # pyright: ignore[reportUntypedNamedTuple] - of columns known only at run time


def select_rows(shape: Shape, selection: Selection) -> Select[Any]:
    """A statement that selects what a selection asks of a shape; to be narrowed, ordered and compiled."""
    return select(*reader(shape, selection).expressions)
