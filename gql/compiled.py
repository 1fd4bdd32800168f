"""Completing values by a function made for their selection: what graphql-core would do field by field, done at once.

A selection is compiled when its fields are plain: attributes, and resolvers that need nothing but their object, their
arguments and what the request already has in memory. The function answers just what graphql-core answers, or raises:
then graphql-core does it again, with its errors, paths and nulls. So nothing here knows how an error is told.

The fields of a selection come from graphql-core itself, with fragments, directives and repeated keys resolved for the
variables at hand; a compiled function is good for one combination of the variables that decide these.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, cast
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor
from graphql.execution.values import get_argument_values
from strawberry.execution import optimized_is_awaitable
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.scalar import ScalarDefinition

MOST_FIELDS = 400
"""A larger selection is left to graphql-core: compiling must not hold up everybody else."""

Complete = Callable[[Any, Any, Sequence[Mapping[str, Any]]], Any]
"""A value, the `info` for resolvers and the arguments of the fields that have some: the completed value."""


class NotPlain(Exception):
    """A selection holds something that is not compiled."""


class Surprise(Exception):
    """A value is not what a compiled function can complete: graphql-core knows what to say of it."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one field in a document, to be read anew for each request if they hold variables."""

    definition: GraphQLField
    field: StrawberryField
    node: FieldNode
    varies: bool

    def read(self, executor: "Executor[Any]", converter: Any) -> Mapping[str, Any]:
        """As keyword arguments of the resolver. Raises whatever graphql-core raises at an unfit value."""
        given = get_argument_values(self.definition, self.node, executor.variable_values, None, hide_suggestions=True)
        return convert_arguments(
            given, self.field.arguments, scalar_registry=converter.scalar_registry, config=converter.config
        )


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function for one place in a document, and the arguments that it wants, in their order."""

    complete: Complete
    arguments: tuple[Arguments, ...]


def compile_selection(executor: "Executor[Any]", converter: Any, kind: object, details: FieldDetailsList) -> Compiled:
    """The function that completes a value of the type `kind` selected by `details`. Raises `NotPlain`."""
    return Compiler(executor, converter).compiled(kind, details)


class Compiler:
    """Writes the source of one function for each object type in the selection, and makes them functions."""

    def __init__(self, executor: "Executor[Any]", converter: Any) -> None:
        self.executor, self.converter = executor, converter
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"Surprise": Surprise, "Undefined": Undefined}
        self.arguments: list[Arguments] = []
        self.fields = 0

    def compiled(self, kind: object, details: FieldDetailsList) -> Compiled:
        body = self.completion(kind, "value", details, "    ")
        self.lines += ["def complete(value, info, arguments):", *body, "    return value"]
        exec("\n".join(self.lines), self.names)  # noqa: S102 - the source below is ours; what clients named is only ever quoted by repr()
        return Compiled(self.names["complete"], tuple(self.arguments))

    def constant(self, value: object) -> str:
        """The name under which the functions know a value."""
        name = f"constant_{len(self.names)}"
        self.names[name] = value
        return name

    def completion(self, kind: object, variable: str, details: FieldDetailsList, indent: str) -> list[str]:
        """Lines that replace the result in `variable` by its completed value."""
        if isinstance(kind, GraphQLNonNull):
            inner: object = cast("Any", kind).of_type
            return [f"{indent}if {variable} is None: raise Surprise", *self.present(inner, variable, details, indent)]
        return [f"{indent}if {variable} is not None:", *self.present(kind, variable, details, indent + "    ")]

    def present(self, kind: object, variable: str, details: FieldDetailsList, indent: str) -> list[str]:
        """As `completion`, of a value that is not None."""
        if isinstance(kind, GraphQLList):
            return self.list_of(cast("Any", kind).of_type, variable, details, indent)
        if isinstance(kind, GraphQLObjectType):
            return [f"{indent}{variable} = {self.object_function(kind, details)}({variable}, info, arguments)"]
        if isinstance(kind, GraphQLEnumType | GraphQLScalarType):
            return self.leaf(kind, variable, indent)
        raise NotPlain  # an interface or a union

    def list_of(self, kind: object, variable: str, details: FieldDetailsList, indent: str) -> list[str]:
        head = f"{indent}if {variable}.__class__ is not list: raise Surprise"
        inner: object = kind.of_type if isinstance(kind, GraphQLNonNull) else None
        if isinstance(inner, GraphQLObjectType):
            function = self.object_function(inner, details)
            return [head, f"{indent}{variable} = [{function}(each, info, arguments) for each in {variable}]"]
        each = f"{variable}_each"
        return [
            head,
            f"{indent}{variable}_all = []",
            f"{indent}for {each} in {variable}:",
            *self.completion(kind, each, details, indent + "    "),
            f"{indent}    {variable}_all.append({each})",
            f"{indent}{variable} = {variable}_all",
        ]

    def leaf(self, kind: GraphQLEnumType | GraphQLScalarType, variable: str, indent: str) -> list[str]:
        """A scalar or an enum: what needs no coercion is let through, what graphql-core would refuse is a surprise."""
        own = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}.get(cast("Any", kind))
        coerced = f"{self.constant(coercion(kind))}({variable})"
        if own is not None:
            return [f"{indent}if {variable}.__class__ is not {own.__name__}: {variable} = {coerced}"]
        if kind is GraphQLInt:
            small = f"{variable}.__class__ is int and -2147483648 <= {variable} <= 2147483647"
            return [f"{indent}if not ({small}): {variable} = {coerced}"]
        if isinstance(kind, GraphQLEnumType):
            return [f"{indent}{variable} = {self.constant(names_of(kind))}[{variable}]"]
        plain = self.constant(PLAIN)
        serialize = self.constant(serializer(kind))
        return [
            f"{indent}{variable} = {serialize}({variable}) if {variable}.__class__ in {plain} else {coerced}",
            f"{indent}if {variable} is None: raise Surprise",
        ]

    def object_function(self, kind: GraphQLObjectType, details: FieldDetailsList) -> str:
        """The name of the function that completes an object of one type, by the fields selected of it."""
        found = self.executor.collect_subfields(kind, details)
        definition: StrawberryObjectDefinition | None = kind.extensions.get("strawberry-definition")
        if found.new_defer_usages or definition is None:
            raise NotPlain
        body = self.class_check(definition)
        entries: list[str] = []
        for place, (key, each) in enumerate(found.grouped_field_set.items()):
            variable = f"field_{place}"
            body += self.field(kind, variable, each)
            entries.append(f"{key!r}: {variable}")
        name = self.constant(None)
        self.lines += [f"def {name}(source, info, arguments):", *body, f"    return {{{', '.join(entries)}}}"]
        return name

    def class_check(self, definition: StrawberryObjectDefinition) -> list[str]:
        """Only an object of the type's own class: null, an error and something to wait for are not of it either."""
        if definition.is_type_of is not None:
            raise NotPlain
        generic = definition.concrete_of or definition
        return [f"    if source.__class__ is not {self.constant(generic.origin)}: raise Surprise"]

    def field(self, parent: GraphQLObjectType, variable: str, details: FieldDetailsList) -> list[str]:
        self.fields += 1
        node = details[0].node
        if self.fields > MOST_FIELDS or any(each.fragment_variable_values for each in details):
            raise NotPlain
        if node.name.value == "__typename":
            return [f"    {variable} = {parent.name!r}"]
        definition: GraphQLField = parent.fields[node.name.value]
        field: StrawberryField | None = definition.extensions.get("strawberry-definition")
        if field is None or field.extensions:
            raise NotPlain
        return [
            *self.resolution(variable, definition, field, node),
            *self.completion(definition.type, variable, details, "    "),
        ]

    def resolution(self, variable: str, definition: GraphQLField, field: StrawberryField, node: FieldNode) -> list[str]:
        """Lines that put what the field resolves to into `variable`."""
        resolver = field.base_resolver
        if resolver is None:
            return [f"    {variable} = source.{field.python_name}"]
        call = self.call(resolver, definition, field, node)
        if not resolver.is_async:
            return [f"    {variable} = {call}"]
        if resolver.info_parameter is None:
            raise NotPlain  # it may wait for something that `info` does not stand for
        return [
            f"    waiting = {call}",
            "    try: waiting.send(None)",
            f"    except StopIteration as finished: {variable} = finished.value",
            "    else:",
            "        waiting.close()",
            "        raise Surprise",
        ]

    def call(
        self, resolver: "StrawberryResolver[Any]", definition: GraphQLField, field: StrawberryField, node: FieldNode
    ) -> str:
        names = list(resolver.signature.parameters)
        if resolver.self_parameter is None or resolver.parent_parameter or resolver.root_parameter:
            raise NotPlain
        given = ["source"]
        if resolver.info_parameter is not None:
            given.append("info" if names[1] == resolver.info_parameter.name else f"{resolver.info_parameter.name}=info")
        if node.arguments:
            given.append(self.keywords(definition, field, node))
        return f"{self.constant(resolver.wrapped_func)}({', '.join(given)})"

    def keywords(self, definition: GraphQLField, field: StrawberryField, node: FieldNode) -> str:
        varies = any(has_variable(argument.value) for argument in node.arguments)
        arguments = Arguments(definition, field, node, varies)
        if not varies:
            return f"**{self.constant(arguments.read(self.executor, self.converter))}"
        self.arguments.append(arguments)
        return f"**arguments[{len(self.arguments) - 1}]"


PLAIN = frozenset({str, int, float, bool, Decimal, datetime, date, time, UUID})
"""Classes whose values are neither errors nor anything to wait for."""


def serializer(kind: Any) -> Callable[[Any], Any]:
    """What the scalar was declared with; graphql-core only wraps it."""
    definition: object = kind.extensions.get("strawberry-definition")
    declared = definition.serialize if isinstance(definition, ScalarDefinition) else None
    return declared or kind.coerce_output_value


def coercion(kind: Any) -> Callable[[Any], Any]:
    """What turns a result into a leaf's value, as strict as graphql-core's own completion."""
    coerce: Callable[[Any], Any] = kind.coerce_output_value

    def coerced(result: Any) -> Any:
        if result is Undefined or isinstance(result, Exception) or optimized_is_awaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise Surprise
        value = coerce(result)
        if value is None or value is Undefined:
            raise Surprise
        return value

    return coerced


def names_of(kind: GraphQLEnumType) -> dict[Enum, str]:
    """The names of an enum's members; anything else that graphql-core knows to name is left to it."""
    definition: StrawberryEnumDefinition = kind.extensions["strawberry-definition"]
    return {member: kind.coerce_output_value(member) for member in definition.wrapped_cls}


def has_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(has_variable(each) for each in node.values)
    if isinstance(node, ObjectValueNode):
        return any(has_variable(each.value) for each in node.fields)
    return isinstance(node, VariableNode)
