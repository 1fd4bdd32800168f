"""Inserting rows of several tables by one statement: what a flush does in one statement for each table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnClause,
    ColumnElement,
    Insert,
    Text,
    Uuid,
    func,
    insert,
    inspect,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.sql.elements import ClauseElement

from db.models import Counter
from db.models.base import Base
from db.rows import Rows, Statement, compile_statement, parameter

COUNTED: ColumnClause[Any] = literal_column("(SELECT value FROM counted)")
"""Stands for the number that `insert_rows` counts."""
COUNTED_AT: ColumnClause[Any] = literal_column("(SELECT moment FROM counted)")
"""Stands for the moment of that: behind the wait for others who count, so numbers and moments have one order."""
ONE: ColumnClause[Any] = literal_column("1")

Row = tuple[type[Base], tuple[tuple[str, str | None], ...]]
"""An entity with its columns; a column that an expression fills has its SQL beside it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What is written by the same statement before a number is counted: locks of rows are taken in that order."""

    written: Callable[[], CTE]
    """Makes the CTE, always the same one; it has a column `id`."""
    values: Mapping[str, Any]


async def insert_rows(
    rows: Rows,
    entities: Sequence[Base],
    *,
    returning: Sequence[str] = (),
    counter: Counter | None = None,
    behind: Behind | None = None,
) -> tuple[Any, ...]:
    """Insert entities that are in no session, in one statement; `returning` names columns of the last one.

    What an entity does not say is left to the column's default in the database, and is not read back. With a
    `counter`, its sequence is counted by one, from the value that it has, and `COUNTED` and `COUNTED_AT` in an entity
    are that number and its moment. What the number is counted `behind` is told last, by its ids, None where there is
    none.
    """
    shape: list[Row] = []
    values: dict[str, Any] = {}
    for place, entity in enumerate(entities):
        given = {name: value for name, value in vars(entity).items() if not name.startswith("_")}
        shape.append((type(entity), tuple((name, expression(value)) for name, value in given.items())))
        for name, value in given.items():
            if not isinstance(value, ClauseElement):
                values[f"{name}_{place}"] = orjson.dumps(value).decode() if isinstance(value, dict) else value
        rows.written.add(type(entity))
    if counter is not None:
        values |= {"counter_tenant_id": counter.tenant_id, "counter_name": counter.name, "counter_first": counter.value}
    if behind is not None:
        values |= behind.values
    written = behind.written if behind else None
    made = statement(tuple(shape), tuple(returning), counts=counter is not None, written=written)
    (found,) = await rows.fetch(made, values)
    return tuple(found)


def expression(value: object) -> str | None:
    return str(value) if isinstance(value, ClauseElement) else None


@lru_cache(maxsize=1_000)
def statement(
    shape: tuple[Row, ...], returning: tuple[str, ...], *, counts: bool, written: Callable[[], CTE] | None
) -> Statement:
    """Each insert but the last is a CTE: Postgres checks foreign keys when all of them are done."""
    *others, last = (one_insert(place, row) for place, row in enumerate(shape))
    ctes = [each.returning(ONE).cte(f"row_{place}") for place, each in enumerate(others)]
    before = written() if written else None
    if counts:
        ctes.insert(0, counted(before))
    told: list[ColumnElement[Any]] = [getattr(shape[-1][0], name) for name in returning] or [ONE]
    if before is not None:
        told.append(select(func.array_agg(before.c.id)).scalar_subquery())
    return compile_statement(last.add_cte(*ctes).returning(*told))


def counted(before: CTE | None) -> CTE:
    """The next number of a sequence. Its row is locked until the transaction ends, behind all that is done `before`."""
    first = {
        "tenant_id": parameter("counter_tenant_id", Uuid()),
        "name": parameter("counter_name", Text()),
        "value": parameter("counter_first", BigInteger()),
    }
    following = {"value": Counter.value + literal(1, literal_execute=True)}
    upsert = postgresql_insert(Counter)
    if before is None:
        upsert = upsert.values(first)
    else:
        done = select(func.count().label("count")).select_from(before).subquery("done")
        upsert = upsert.from_select(list(first), select(*first.values()).select_from(done))
    counting = upsert.on_conflict_do_update(index_elements=["tenant_id", "name"], set_=following)
    return counting.returning(Counter.value, func.clock_timestamp().label("moment")).cte("counted")


def one_insert(place: int, row: Row) -> Insert:
    entity, columns = row
    values: dict[str, ColumnElement[Any]] = {}
    for name, sql in columns:
        kind = inspect(entity).columns[name].type
        values[name] = parameter(f"{name}_{place}", kind) if sql is None else literal_column(sql)
    return insert(entity).values(values)
