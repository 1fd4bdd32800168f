"""The fields of a built schema, and what each was declared with in Python."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

D = TypeVar("D")


def fields_of(schema: GraphQLSchema) -> dict[tuple[str, str], GraphQLField]:
    """Every field that can be selected, by its type and name; none of those that GraphQL adds."""
    return {
        (kind.name, name): field
        for kind in schema.type_map.values()
        if not kind.name.startswith("__")
        for name, field in fields_on(kind).items()
    }


def fields_on(kind: object) -> Mapping[str, GraphQLField]:
    """The fields of an object or interface; none of anything else."""
    return kind.fields if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else {}


def input_fields(field: GraphQLField) -> Mapping[str, object]:
    """The fields of a mutation's `input`; none where it takes none."""
    given = nullable(kind_of(field.args["input"])) if "input" in field.args else None
    return given.fields if isinstance(given, GraphQLInputObjectType) else {}


def declaration(field: GraphQLField) -> StrawberryField:
    """Where the field was declared."""
    extensions: dict[str, Any] = field.extensions
    return extensions["strawberry-definition"]


def declared(field: GraphQLField, directive: type[D]) -> D | None:
    """The field's directive of that class, if it bears one."""
    extensions: dict[str, Any] = field.extensions
    found: StrawberryField | None = extensions.get("strawberry-definition")
    return next((each for each in found.directives if isinstance(each, directive)), None) if found else None


def type_of(field: GraphQLField) -> GraphQLNamedType:
    """The field's type without its lists and exclamation marks."""
    return cast("GraphQLNamedType", get_named_type(cast("Any", field).type))


def kind_of(field: GraphQLField | GraphQLArgument) -> object:
    """Its type with all lists and exclamation marks."""
    return cast("Any", field).type


def nullable(kind: object) -> object:
    """The type without its exclamation mark."""
    return cast("Any", kind).of_type if isinstance(kind, GraphQLNonNull) else kind


def resolver_of(field: StrawberryField) -> StrawberryResolver[Any] | None:
    """None where the field is an attribute."""
    return cast("Any", field).base_resolver


def function_of(resolver: StrawberryResolver[Any]) -> Callable[..., Any]:
    """The function that the resolver was declared as."""
    return cast("Any", resolver).wrapped_func


def is_list(field: GraphQLField) -> bool:
    return isinstance(nullable(kind_of(field)), GraphQLList)
