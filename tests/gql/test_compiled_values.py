"""Whatever a field comes to, fit for its type or not, a compiled function answers what graphql-core answers."""

import re
from collections import Counter
from collections.abc import Generator
from typing import Any, cast

import pytest
from graphql import GraphQLNamedType, get_named_type, is_composite_type

from tests.support.both_paths import BothPaths, hits, misses
from tests.support.specimens import KINDS, SUPPLY, VALUES, WAYS, forgotten, specimen_schema

BOTH = BothPaths(specimen_schema())
SELECTIONS = {
    "StrBox": "{ content }",
    "ChildBox": "{ __typename content { name } }",
    "NurseryBox": "{ content { name age } label }",
    "Named": "{ __typename name ... on Child { age } }",
    "Either": "{ ... on Child { name age } ... on Loner { label: name } }",
}


@pytest.fixture(autouse=True)
def supply() -> Generator[None]:
    yield
    forgotten()
    SUPPLY.make, SUPPLY.kept = VALUES["null"], None


def query_of(field: str) -> str:
    specimen: Any = BOTH.plain.core.type_map["Specimen"]
    kind = cast("GraphQLNamedType", get_named_type(specimen.fields[field].type))
    below = SELECTIONS.get(kind.name, "{ name }" if is_composite_type(kind) else "")
    return f"{{ specimen {{ before: __typename {field} {below} }} }}"


ADDRESS = re.compile(rb"0x[0-9a-f]+|Task-[0-9]+")


async def same(field: str) -> bytes:
    """The answer in both ways. Where graphql-core alone awaits everything, nothing is left unawaited."""
    ready = BOTH.fresh(query_of(field))
    expected = ADDRESS.sub(b"", await BOTH.answer(BOTH.plain, ready))
    is_forgetful = forgotten() > 0
    for _ in range(3):
        answer = ADDRESS.sub(b"", await BOTH.answer(BOTH.compiling, ready))
        assert answer == expected, field
        assert forgotten() == 0 or is_forgetful, field
    return expected


@pytest.mark.parametrize("name", KINDS)
async def test_every_value_in_every_type_is_answered_alike(name: str) -> None:
    outcomes: Counter[bool] = Counter()
    for way in WAYS:
        for SUPPLY.make in VALUES.values():
            outcomes[b'"errors":[]' in await same(name + way)] += 1
    assert outcomes[True] > 0 < outcomes[False]


@pytest.mark.parametrize("name", KINDS)
async def test_every_attribute_in_every_type_is_answered_alike(name: str) -> None:
    SUPPLY.kept = f"{name}_kept"
    for SUPPLY.make in VALUES.values():
        await same(f"{name}Kept")


COMPILED = {
    "text": "text", "textOrNull": "null", "id": "own text", "number": "small", "real": "half", "flag": "true",
    "decimal": "decimal", "moment": "moment", "day": "day", "hour": "hour", "uuid": "uuid", "even": "two",
    "colour": "another name of a colour", "word": "word", "grade": "grade", "texts": "texts",
    "textsOrNull": "texts and null", "grid": "grid", "colours": "nothing", "child": "child", "children": "children",
    "childrenOrNull": "children and null", "childGrid": "child grid", "loner": "loner", "loners": "loners",
    "box": "box", "textBox": "box of text", "nurseryBox": "box for children",
}  # fmt: skip
"""For most types a value that needs no help of graphql-core."""


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("way", ["Plain", "Informed", "Awaited", "Kept"])
async def test_a_fit_value_is_compiled(name: str, way: str) -> None:
    SUPPLY.make, SUPPLY.kept = VALUES[COMPILED[name]], f"{name}_kept" if way == "Kept" else None
    ready = BothPaths.ready(fresh := BothPaths(BOTH.plain.schema), query_of(name + way))
    for _ in range(3):
        await fresh.answer(fresh.compiling, ready)
    assert (hits(ready), misses(ready)) == (2, 0)
