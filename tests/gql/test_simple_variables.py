"""Variables that are coerced in a hurry are what graphql-core makes of them, and what it refuses is left to it."""

import random
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    build_schema,
    parse,
)
from graphql.execution.values import VariableValues, get_variable_values

from gql.schema import admin_schema
from gql.simple_variables import simple_variables

CORE = admin_schema._schema  # pyright: ignore[reportPrivateUsage] - as in the product
INPUTS = [name for name, kind in CORE.type_map.items() if isinstance(kind, GraphQLInputObjectType)]
ODD: tuple[Any, ...] = (
    None,
    "",
    "text",
    "5",
    7,
    -1,
    2**31,
    1.5,
    True,
    [],
    {},
    [None],
    {"unknown": 1},
    "2026-01-01T00:00:00Z",
    "1.250",
)


def operation(definitions: str) -> OperationDefinitionNode:
    node = parse(f"mutation({definitions}) {{ __typename }}").definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return node


def is_required(kind: object) -> bool:
    return isinstance(kind, GraphQLNonNull)


def is_list(kind: object) -> bool:
    return isinstance(kind, GraphQLList)


def some_value(kind: Any, chance: random.Random, depth: int = 0) -> Any:
    """A value as JSON has it; now and then one that does not fit."""
    if chance.random() < 0.04 / (depth + 1):
        return chance.choice(ODD)
    if is_required(kind):
        return present(kind.of_type, chance, depth)
    return None if chance.random() < 0.2 else present(kind, chance, depth)


def present(kind: Any, chance: random.Random, depth: int) -> Any:
    if is_list(kind):
        return [some_value(kind.of_type, chance, depth) for _ in range(chance.randrange(3))]
    if isinstance(kind, GraphQLInputObjectType):
        fields: dict[str, Any] = kind.fields
        if kind.is_one_of:
            fields = dict(chance.sample(sorted(fields.items()), 1))
        given = {
            name: some_value(each.type, chance, depth + 1)
            for name, each in fields.items()
            if is_required(each.type) or chance.random() < 0.7 - 0.1 * depth
        }
        return {**given, "unknown": 1} if chance.random() < 0.02 else given
    if isinstance(kind, GraphQLEnumType):
        return chance.choice([*kind.values, "nothing_of_it"])
    samples: dict[str, tuple[object, ...]] = {
        "Int": (0, 7, -(2**31)),
        "Boolean": (True, False),
        "Decimal": ("1.250", "0"),
        "DateTime": ("2026-01-01T00:00:00Z",),
        "Date": ("2026-01-01",),
    }
    return chance.choice(samples.get(kind.name, ("text", "")))


def noted(values: VariableValues) -> dict[str, tuple[str, Any]]:
    sources: dict[str, Any] = dict(values.sources)
    return {name: (str(each.signature.type), each.value) for name, each in sources.items()}


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_is_coerced_as_graphql_core_does(name: str) -> None:
    node = operation(f"$input: {name}!, $other: {name}, $list: [{name}!]")
    simple = simple_variables(CORE, node)
    assert simple is not None
    chance = random.Random(name)  # noqa: S311 - the same values each time
    agreed = 0
    for _ in range(60):
        kind: Any = CORE.type_map[name]
        given = {"input": some_value(GraphQLNonNull(kind), chance)}
        if chance.random() < 0.5:
            given["other"] = some_value(kind, chance)
        if chance.random() < 0.5:
            given["list"] = [some_value(kind, chance) for _ in range(2)]
        made, expected = simple.values(given), get_variable_values(CORE, node.variable_definitions or (), given)
        if made is None:
            continue
        assert isinstance(expected, VariableValues), given
        assert made.coerced == expected.coerced
        assert noted(made) == noted(expected)
        agreed += 1
    assert agreed > 0


OWN = build_schema("""
    input Loop { next: Loop, name: String }
    input WithList { names: [String!] = ["a"] }
    input Plain { name: String = "nobody", count: Int! }
    enum Colour { RED GREEN }
    type Query { all(loop: Loop, list: WithList, plain: Plain, colour: Colour): Int }
""")


def test_what_goes_on_in_itself_is_left_to_graphql_core() -> None:
    assert simple_variables(OWN, operation("$a: Loop")) is None
    assert simple_variables(OWN, operation("$a: WithList, $b: [Plain]")) is not None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": {"count": 1}}, {"a": {"name": "nobody", "count": 1}}),
        ({"a": {"count": 1, "name": None}}, {"a": {"name": None, "count": 1}}),
        ({"a": {"count": None}}, None),
        ({"a": {}}, None),
        ({"a": {"count": True}}, None),
        ({"a": {"count": 1, "more": 1}}, None),
        ({"a": []}, None),
        ({}, None),
    ],
)
def test_a_field_that_is_left_out_null_or_unknown(given: dict[str, Any], expected: dict[str, Any] | None) -> None:
    simple = simple_variables(OWN, operation("$a: Plain!"))
    assert simple is not None
    assert simple.coerce(given) == expected
