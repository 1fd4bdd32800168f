"""Input objects made by a function for their type: what Strawberry finds out of each value anew is found out once.

The functions make just what Strawberry makes. A fifth of the time that a small mutation took went into asking, for each
field of each value, what the field is called and what it is of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import strawberry
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLSchema
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryMaybe
from strawberry.types.field import StrawberryField

from gql.schema_fields import nullable

Convert = Callable[[Any], Any]
"""From a coerced value to what a resolver is given."""


@dataclass(slots=True)
class InputBuilder:
    """Makes the values of one input type. Its fields are filled in after all types have a builder."""

    origin: type
    """What may be left out has a default there: a test makes each type in every way."""
    fields: "Sequence[tuple[str, str, Convert | None]]" = field(default_factory=tuple)
    """Name in the schema, name in Python, and what becomes of the value; None where it stays as it is."""

    def __call__(self, _type: type, value: Mapping[str, Any], _context: InputContext) -> Any:
        """As Strawberry asks for it."""
        return self.build(value)

    def build(self, value: Mapping[str, Any]) -> Any:
        given: dict[str, Any] = {}
        for name, python_name, convert in self.fields:
            if name in value:
                given[python_name] = value[name] if convert is None else convert(value[name])
        return self.origin(**given)

    def build_present(self, value: Mapping[str, Any] | None) -> Any:
        return None if value is None else self.build(value)


def with_compiled_inputs(schema: strawberry.Schema) -> strawberry.Schema:
    """The schema itself."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - all types at once are not in Strawberry's public interface
    kinds = [kind for kind in core.type_map.values() if isinstance(kind, GraphQLInputObjectType)]
    builders = {kind: InputBuilder(kind.extensions["strawberry-definition"].origin) for kind in kinds}
    for kind, builder in builders.items():
        builder.fields = tuple([field_of(name, each, builders) for name, each in kind.fields.items()])
        kind.extensions["strawberry-definition"].from_input = builder
    return schema


def field_of(
    name: str, definition: Any, builders: Mapping[GraphQLInputObjectType, InputBuilder]
) -> tuple[str, str, Convert | None]:
    declared: StrawberryField = definition.extensions["strawberry-definition"]
    convert = conversion(definition.type, builders)
    # Null in a `Maybe` that must not hold it is refused before: only inputs of which one field is sent have those.
    return name, declared.python_name, wrapped(convert) if isinstance(declared.type, StrawberryMaybe) else convert


def conversion(kind: object, builders: Mapping[GraphQLInputObjectType, InputBuilder]) -> Convert | None:
    """What becomes of a value of the type; None for scalars and enums, which stay as they were coerced."""
    inner = nullable(kind)
    if isinstance(inner, GraphQLInputObjectType):
        return builders[inner].build_present
    return listed(conversion(cast("Any", inner).of_type, builders)) if isinstance(inner, GraphQLList) else None


def listed(convert: Convert | None) -> Convert:
    """A list of its own: a default is given to every request."""

    def converted(value: Sequence[Any] | None) -> list[Any] | None:
        if value is None:
            return None
        return list(value) if convert is None else [convert(each) for each in value]

    return converted


def wrapped(convert: Convert | None) -> Convert:
    """In a `Some`: it was sent, be it null."""

    def converted(value: Any) -> strawberry.Some[Any]:
        return strawberry.Some(value if convert is None else convert(value))

    return converted
