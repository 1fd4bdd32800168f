"""What compiled code is given anew with each request: arguments with variables in them, and rows that are in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLString,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.field import StrawberryField

from gql.compiled_leaves import Surprise
from gql.related import Related
from gql.schema_fields import kind_of, nullable

SIMPLE = frozenset({GraphQLInt, GraphQLString, GraphQLID, GraphQLBoolean})
"""Scalars whose coerced variables are what resolvers are given."""


class Given(Protocol):
    """What a request gives to compiled code: graphql-core's executor has it, too."""

    @property
    def context_value(self) -> Any: ...
    @property
    def variable_values(self) -> VariableValues: ...


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one field in a document, to be read anew for each request where they hold variables."""

    definition: GraphQLField
    field: StrawberryField
    node: FieldNode

    def read(self, request: Given, converter: Any) -> Mapping[Any, Any]:
        """As keyword arguments of the resolver. Raises whatever graphql-core raises at an unfit value."""
        given = get_argument_values(self.definition, self.node, request.variable_values, None, hide_suggestions=True)
        return convert_arguments(
            given, self.field.arguments, scalar_registry=converter.scalar_registry, config=converter.config
        )


@dataclass(frozen=True, slots=True)
class FromVariable:
    """An argument of a built-in scalar that a variable gives. `default` is `Undefined` where there is none."""

    name: str
    variable: str
    not_null: bool
    default: object


@dataclass(frozen=True, slots=True, eq=False)
class SimpleArguments:
    """As `Arguments`, where all that varies are variables of built-in scalars: validation has seen that they fit."""

    fixed: Mapping[str, Any]
    variables: tuple[FromVariable, ...]

    def read(self, request: Given, _converter: Any) -> Mapping[Any, Any]:
        values, given = request.variable_values.coerced, dict(self.fixed)
        for each in self.variables:
            value = values.get(each.variable, each.default)
            if value is not Undefined:
                given[each.name] = value
            if each.not_null and (value is None or value is Undefined):
                raise Surprise
        return given


@dataclass(frozen=True, slots=True)
class Known:
    """What the request has in memory of related rows, by their key."""

    related: Related

    def read(self, request: Given, _converter: Any) -> Mapping[Any, Any]:
        return request.context_value.loaders.known(self.related.batch)


Wanted = Arguments | SimpleArguments | Known


def simple_arguments(
    arguments: Arguments, varying: Sequence[ArgumentNode], request: Given, converter: Any
) -> SimpleArguments | None:
    """None where an argument is of another type, or a variable stands inside of one."""
    name_of: Callable[[StrawberryArgument], str] = converter.config.name_converter.from_argument
    names = {name_of(each): each.python_name for each in arguments.field.arguments}
    maybes = {each.python_name for each in arguments.field.arguments if each.is_maybe}
    found: list[FromVariable] = []
    for each in varying:
        definition = arguments.definition.args[each.name.value]
        kind = kind_of(definition)
        scalar = nullable(kind)
        if scalar not in SIMPLE or not isinstance(each.value, VariableNode) or names[each.name.value] in maybes:
            return None
        found.append(
            FromVariable(names[each.name.value], each.value.name.value, scalar is not kind, definition.default_value)
        )
    fixed = dict(arguments.read(request, converter))
    for each in found:
        fixed.pop(each.name, None)
    return SimpleArguments(fixed, tuple(found))


def has_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(has_variable(each) for each in node.values)
    if isinstance(node, ObjectValueNode):
        return any(has_variable(each.value) for each in node.fields)
    return isinstance(node, VariableNode)
