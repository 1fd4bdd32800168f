"""Input objects are what Strawberry alone makes of the same values."""

import random
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryMaybe, StrawberryOptional

from gql.compiled_inputs import InputBuilder
from gql.schema import admin_schema

CORE = admin_schema._schema  # pyright: ignore[reportPrivateUsage] - as in the product
CONVERTER = admin_schema.schema_converter
INPUTS = [kind for kind in CORE.type_map.values() if isinstance(kind, GraphQLInputObjectType)]
DEFINITIONS = [kind.extensions["strawberry-definition"] for kind in INPUTS]


def some_value(kind: Any, chance: random.Random, depth: int = 0) -> Any:
    """A value as graphql-core coerces it: null, absent and lists now and then, where the type lets them be."""
    if is_required(kind):
        return present(kind.of_type, chance, depth)
    return None if chance.random() < 0.2 else present(kind, chance, depth)


def is_required(kind: object) -> bool:
    return isinstance(kind, GraphQLNonNull)


def is_list(kind: object) -> bool:
    return isinstance(kind, GraphQLList)


def present(kind: Any, chance: random.Random, depth: int) -> Any:
    if is_list(kind):
        return [some_value(kind.of_type, chance, depth) for _ in range(chance.randrange(3))]
    if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of:
        name = chance.choice(list(kind.fields))
        return {name: present(kind.fields[name].type, chance, depth + 1)}
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: some_value(each.type, chance, depth + 1)
            for name, each in fields_of(kind).items()
            if is_required(each.type) or chance.random() < 0.7 - 0.1 * depth
        }
    if isinstance(kind, GraphQLEnumType):
        return chance.choice([value.value for value in kind.values.values()])
    return chance.choice(["text", 7, True])


def fields_of(kind: GraphQLInputObjectType) -> dict[str, Any]:
    return kind.fields


def made_of(kind: GraphQLInputObjectType, value: dict[str, Any]) -> Any:
    origin = kind.extensions["strawberry-definition"].origin
    return convert_argument(value, origin, CONVERTER.scalar_registry, CONVERTER.config)


def test_every_input_type_has_its_function() -> None:
    assert len(INPUTS) > 50
    assert all(isinstance(each.from_input, InputBuilder) for each in DEFINITIONS)


def test_inputs_are_what_strawberry_makes_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)  # noqa: S311 - the same values each time
    values = [(kind, present(kind, chance, 0)) for kind in INPUTS for _ in range(40)]
    ours = [made_of(kind, value) for kind, value in values]
    for each in DEFINITIONS:
        monkeypatch.setattr(each, "from_input", None)
    assert [repr(each) for each in ours] == [repr(made_of(kind, value)) for kind, value in values]


def test_a_maybe_that_holds_no_null_is_one_of_several() -> None:
    """Null in it is refused before inputs are made: as one of which exactly one is sent."""
    strict = [
        (kind.name, name)
        for kind, definition in zip(INPUTS, DEFINITIONS, strict=True)
        for name, each in zip(kind.fields, definition.fields, strict=True)
        if isinstance(each.type, StrawberryMaybe)
        and not isinstance(each.type.of_type, StrawberryOptional)
        and not kind.is_one_of
    ]
    assert strict == []


def test_a_list_is_nobody_elses() -> None:
    """graphql-core gives the same default to everybody."""
    kind = next(each for each in INPUTS if each.name == "CategoryReorderInput")
    ids = ["category_a", "category_b"]
    made = made_of(kind, {"ids": ids})
    made.ids.append("category_c")
    assert ids == ["category_a", "category_b"]
