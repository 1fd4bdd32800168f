"""Fields of every type whose values a test chooses, however unfit: attributes, and resolvers of every sort."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Generic, NewType, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError, Undefined
from strawberry.schema.config import StrawberryConfig

from gql.access import OPEN
from gql.context import Info
from gql.defaults import without_null_defaults
from gql.scalars import SCALARS

T = TypeVar("T")
Even = NewType("Even", int)


def even(value: Any) -> str | None:
    """Serializes even numbers, has nothing to say of zero, and refuses others."""
    if value % 2:
        raise ValueError("odd")
    return f"<{value}>" if value else None


@strawberry.enum
class Colour(Enum):
    RED = "red"
    GREEN = strawberry.enum_value("green", name="VERT")
    ROUGE = "red"  # noqa: PIE796 - another name of the same


@strawberry.enum
class Word(str, Enum):  # noqa: UP042 - a `StrEnum` is told as its value
    YES = "yes"
    NO = "no"


@strawberry.enum
class Grade(IntEnum):
    ONE = 1
    TWO = 2


class Other(str, Enum):  # noqa: UP042
    YES = "yes"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Child(Named):
    age: int | None = 3


@strawberry.type
class Stranger(Named):
    age: int | None = 4


@strawberry.type
class Loner:
    name: str = "loner"


@strawberry.type
class Failure(Exception):
    name: str = "failure"


@strawberry.type
class Promise:
    name: str = "promise"

    def __await__(self) -> Iterator[Any]:
        return iter(())


@strawberry.type
class Box(Generic[T]):
    content: T


@strawberry.type
class NurseryBox(Box[Child]):
    label: str = "for children"


class Grandchild(Child):
    """No type of the schema."""


class Text(str):
    """No plain text."""

    __slots__ = ()


class Numbers(list[int]):
    """No plain list."""


KINDS: dict[str, Any] = {
    "text": str,
    "textOrNull": str | None,
    "id": strawberry.ID,
    "number": int,
    "numberOrNull": int | None,
    "real": float | None,
    "flag": bool | None,
    "decimal": Decimal | None,
    "exact": Decimal,
    "stamp": datetime,
    "moment": datetime | None,
    "day": date | None,
    "hour": time | None,
    "uuid": UUID | None,
    "even": Even | None,
    "colour": Colour | None,
    "word": Word | None,
    "grade": Grade,
    "texts": list[str],
    "textsOrNull": list[str | None] | None,
    "grid": list[list[int | None]] | None,
    "colours": list[Colour | None] | None,
    "child": Child,
    "childOrNull": Child | None,
    "children": list[Child],
    "childrenOrNull": list[Child | None] | None,
    "childGrid": list[list[Child] | None] | None,
    "loner": Loner | None,
    "loners": list[Loner] | None,
    "failure": Failure | None,
    "promise": Promise | None,
    "named": Named | None,
    "nameds": list[Named | None] | None,
    "either": Annotated[Child | Loner | None, strawberry.union("Either")],
    "box": Box[Child] | None,
    "textBox": Box[str] | None,
    "nurseryBox": NurseryBox | None,
}
"""Types of fields, by name."""


STARTED: list[Coroutine[Any, Any, Any]] = []


def waiting(value: Any) -> Coroutine[Any, Any, Any]:
    async def wait() -> Any:
        await asyncio.sleep(0)
        return value

    STARTED.append(wait())
    return STARTED[-1]


def forgotten() -> int:
    """How many of those that wait were never awaited, nor closed. They are closed now."""
    found = [each for each in STARTED if inspect.getcoroutinestate(each) == inspect.CORO_CREATED]
    for each in found:
        each.close()
    STARTED.clear()
    return len(found)


def failing() -> Any:
    raise ValueError("made to fail")


def refusing() -> Any:
    raise GraphQLError("made to refuse")


def cast_to_child() -> Any:
    return strawberry.cast(Child, Stranger(name="cast"))


VALUES: dict[str, Callable[[], Any]] = {
    "null": lambda: None,
    "undefined": lambda: Undefined,
    "text": lambda: "text",
    "empty": lambda: "",
    "own text": lambda: Text("own"),
    "zero": lambda: 0,
    "one": lambda: 1,
    "two": lambda: 2,
    "large": lambda: 2**31,
    "small": lambda: -(2**31),
    "true": lambda: True,
    "half": lambda: 1.5,
    "whole": lambda: 2.0,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "decimal": lambda: Decimal("4.750"),
    "not a decimal": lambda: Decimal("NaN"),
    "moment": lambda: datetime(2026, 11, 21),  # noqa: DTZ001 - as unfit as it gets
    "day": lambda: date(2026, 11, 21),
    "hour": lambda: time(4, 28),
    "uuid": lambda: UUID(int=7),
    "bytes": lambda: b"bytes",
    "object": object,
    "dict": lambda: {"name": "dict", "age": 1},
    "colour": lambda: Colour.GREEN,
    "another name of a colour": lambda: Colour.ROUGE,
    "value of a colour": lambda: "green",
    "word": lambda: Word.NO,
    "value of a word": lambda: "no",
    "other word": lambda: Other.YES,
    "grade": lambda: Grade.TWO,
    "exception": lambda: ValueError("as a value"),
    "raises": failing,
    "refuses": refusing,
    "class": lambda: Child,
    "child": lambda: Child(name="child"),
    "old child": lambda: Child(name="old", age=2**40),
    "child without a name": lambda: Child(name=None),  # pyright: ignore[reportArgumentType] - as unfit as it gets
    "grandchild": lambda: Grandchild(name="grandchild"),
    "stranger": lambda: Stranger(name="stranger"),
    "cast": cast_to_child,
    "loner": Loner,
    "failure": Failure,
    "promise": Promise,
    "box": lambda: Box(content=Child(name="boxed")),
    "box of text": lambda: Box(content="boxed"),
    "box of nothing": lambda: Box(content=None),
    "box for children": lambda: NurseryBox(content=Child(name="boxed")),
    "nothing": list[Any],
    "texts": lambda: ["a", "b"],
    "texts and null": lambda: ["a", None, "b"],
    "texts and others": lambda: ["a", 1, True, Text("t"), ValueError("item"), "b"],
    "tuple": lambda: ("a", "b"),
    "generator": lambda: (each for each in ("a", "b")),
    "set": lambda: {"a"},
    "own list": lambda: Numbers([1, 2]),
    "grid": lambda: [[1, None], [], [3]],
    "ragged grid": lambda: [[1], (2, 3), None, 4],
    "large grid": lambda: [[1, 2**31]],
    "undefined within": lambda: ["a", Undefined],
    "colours": lambda: [Colour.RED, None, "green", "blue"],
    "children": lambda: [Child(name="a"), Child(name="b", age=None)],
    "children of all sorts": lambda: [Child(name="a"), Grandchild(name="b"), Stranger(name="c"), None],
    "children and null": lambda: [Child(name="a"), None],
    "children of age": lambda: [Child(name="a"), Child(name="b", age=2**40)],
    "tuple of children": lambda: (Child(name="a"),),
    "children and an exception": lambda: [ValueError("item"), Child(name="a")],
    "child grid": lambda: [[Child(name="a")], None, []],
    "child grid with null": lambda: [[None], [Child(name="b")]],
    "loners": lambda: [Loner(), Loner(name="b")],
    "waits": lambda: waiting("waited"),
    "waits for a child": lambda: waiting(Child(name="waited")),
    "waits for children": lambda: waiting([Child(name="a")]),
    "waits in vain": lambda: waiting(ValueError("waited")),
    "some wait": lambda: ["a", waiting("b"), waiting("c")],
    "some children wait": lambda: [Child(name="a"), waiting(Child(name="b")), waiting(Stranger(name="c"))],
    "a future": lambda: asyncio.ensure_future(waiting("future")),
}
"""What a field may come to."""


@dataclass
class Supply:
    """The value that the fields give, and the attribute that has it beforehand."""

    make: Callable[[], Any] = VALUES["null"]
    kept: str | None = None


SUPPLY = Supply()


def plain(self: Any) -> Any:
    return SUPPLY.make()


def informed(self: Any, info: Info) -> Any:
    return SUPPLY.make()


async def awaited(self: Any, info: Info) -> Any:
    return SUPPLY.make()


async def uninformed(self: Any) -> Any:
    return SUPPLY.make()


WAYS = {"Plain": plain, "Informed": informed, "Awaited": awaited, "Uninformed": uninformed}
"""Sorts of resolvers, by the end of their fields' names."""


def specimen_type() -> type:
    fields: dict[str, Any] = {}
    for name, kind in KINDS.items():
        for way, resolve in WAYS.items():
            fields[name + way] = strawberry.field(resolve, name=name + way, graphql_type=kind)
        fields[f"{name}_kept"] = strawberry.field(name=f"{name}Kept", graphql_type=kind, default=None)
    annotations = {f"{name}_kept": kind for name, kind in KINDS.items()}
    return strawberry.type(type("Specimen", (), {**fields, "__annotations__": annotations}))


Specimen = specimen_type()


@strawberry.type
class Query:
    @strawberry.field(graphql_type=Specimen | None, metadata={"access": OPEN})
    def specimen(self) -> Any:
        return Specimen(**{SUPPLY.kept: SUPPLY.make()} if SUPPLY.kept else {})


def specimen_schema() -> strawberry.Schema:
    """Configured as the product's schemas are."""
    scalars = {**SCALARS, Even: strawberry.scalar(name="Even", serialize=even)}
    config = StrawberryConfig(scalar_map=scalars, disable_field_suggestions=True)
    return without_null_defaults(strawberry.Schema(query=Query, types=[Stranger], config=config))
