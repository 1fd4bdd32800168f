"""Completing values by a function made for their selection: what graphql-core would do field by field, done at once.

A selection is compiled when its fields are plain: attributes, and resolvers that need nothing but their object, their
arguments and what the request already has in memory. The function answers just what graphql-core answers, or raises:
then graphql-core does it again, with its errors, paths and nulls. So nothing here knows how an error is told.

The fields of a selection come from graphql-core itself, with fragments, directives and repeated keys resolved for the
variables at hand; a compiled function is good for one combination of the variables that decide these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from gql.compiled_arguments import Arguments, Known, Wanted, has_variable, simple_arguments
from gql.compiled_leaves import PLAIN, Surprise, abandon, coercion, names_of, serializer
from gql.related import Related, related_by
from gql.schema_fields import function_of, kind_of, nullable, resolver_of

MOST_FIELDS = 400
"""A larger selection is left to graphql-core: compiling must not hold up everybody else."""

Complete = Callable[[Any, Any, Sequence[Mapping[Any, Any]]], Any]
"""A value, the `info` for resolvers and what else is given with the request: the completed value."""


class NotPlain(Exception):
    """A selection holds something that is not compiled."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function for one place in a document, and what it wants to be given anew for each request, in this order."""

    complete: Complete
    given: tuple[Wanted, ...]


class Compiler:
    """Writes the source of one function for each object type in the selection, and makes them functions."""

    def __init__(self, executor: "Executor[Any]", converter: Any) -> None:
        self.executor, self.converter = executor, converter
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"Surprise": Surprise, "Undefined": Undefined, "abandon": abandon}
        self.given: list[Wanted] = []
        self.fields = 0

    def compiled(self, kind: object, details: FieldDetailsList) -> Compiled:
        """The function that completes a value of the type `kind` selected by `details`. Raises `NotPlain`."""
        body = self.completion(kind, "value", details, "    ")
        self.lines += ["def complete(value, info, given):", *body, "    return value"]
        return Compiled(self.made("complete"), tuple(self.given))

    def made(self, name: str) -> Any:
        """The function of that name, after all that was written is made functions."""
        exec("\n".join(self.lines), self.names)  # noqa: S102 - the source is ours; what clients named is only ever quoted by repr()
        return self.names[name]

    def constant(self, value: object) -> str:
        """The name under which the functions know a value."""
        name = f"constant_{len(self.names)}"
        self.names[name] = value
        return name

    def completion(self, kind: object, variable: str, details: FieldDetailsList, indent: str) -> list[str]:
        """Lines that replace the result in `variable` by its completed value."""
        inner = nullable(kind)
        if inner is not kind:
            return [f"{indent}if {variable} is None: raise Surprise", *self.present(inner, variable, details, indent)]
        return [f"{indent}if {variable} is not None:", *self.present(kind, variable, details, indent + "    ")]

    def present(self, kind: object, variable: str, details: FieldDetailsList, indent: str) -> list[str]:
        """As `completion`, of a value that is not None."""
        if isinstance(kind, GraphQLList):
            return self.list_of(cast("Any", kind).of_type, variable, details, indent)
        if isinstance(kind, GraphQLObjectType):
            return [f"{indent}{variable} = {self.object_function(kind, details)}({variable}, info, given)"]
        if isinstance(kind, GraphQLEnumType | GraphQLScalarType):
            return self.leaf(kind, variable, indent)
        raise NotPlain  # an interface or a union

    def list_of(self, kind: object, variable: str, details: FieldDetailsList, indent: str) -> list[str]:
        head = [f"{indent}if {variable}.__class__ is not list: raise Surprise"]
        if details[0].node.selection_set is not None:
            head.append(f"{indent}info.count(len({variable}))")
        inner = nullable(kind)
        if isinstance(inner, GraphQLInterfaceType) and inner.name == "UserError":
            # Nobody knows of what types its elements are; but of these there hardly ever are any.
            return [*head, f"{indent}if {variable}: raise Surprise", f"{indent}{variable} = []"]
        if inner is not kind and isinstance(inner, GraphQLObjectType):
            function = self.object_function(inner, details)
            return [*head, f"{indent}{variable} = [{function}(each, info, given) for each in {variable}]"]
        each = f"{variable}_each"
        return [
            *head,
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
            # By identity: an enum's own hash is written in Python, and its members live as long as their names.
            return [f"{indent}{variable} = {self.constant(names_of(kind))}[id({variable})]"]
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
        self.lines += [f"def {name}(source, info, given):", *body, f"    return {{{', '.join(entries)}}}"]
        return name

    def class_check(self, definition: StrawberryObjectDefinition) -> list[str]:
        """Only an object of the type's own class: null, an error and something to wait for are not of it either."""
        if definition.is_type_of is not None:  # pyright: ignore[reportUnknownMemberType] - generic in its context
            raise NotPlain
        origin = (definition.concrete_of or definition).origin
        if issubclass(origin, Exception) or hasattr(origin, "__await__"):
            raise NotPlain
        return [f"    if source.__class__ is not {self.constant(origin)}: raise Surprise"]

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
        resolved = self.resolution(variable, definition, field, node)
        kind = kind_of(definition)
        if resolver_of(field) is None:
            return [*resolved, *self.completion(kind, variable, details, "    ")]
        return [*resolved, *self.completion_of_made(kind, variable, details)]

    def completion_of_made(self, kind: object, variable: str, details: FieldDetailsList) -> list[str]:
        """As `completion`, of what a resolver has just made."""
        return [
            "    try:",
            *self.completion(kind, variable, details, "        "),
            "    except BaseException:",
            f"        abandon({variable})",
            "        raise",
        ]

    def resolution(self, variable: str, definition: GraphQLField, field: StrawberryField, node: FieldNode) -> list[str]:
        """Lines that put what the field resolves to into `variable`."""
        resolver = resolver_of(field)
        if resolver is None:
            return [f"    {variable} = source.{field.python_name}"]
        related = related_by(function_of(resolver))
        if related is not None:
            return self.related(variable, related)
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

    def related(self, variable: str, related: Related) -> list[str]:
        given = "source, found, info" if related.takes_info else "source, found"
        return [
            f"    found = {self.wanted(Known(related))}.get(source.{related.key}, Undefined)",
            "    if found is Undefined: raise Surprise",
            f"    {variable} = {self.constant(related.make)}({given})",
        ]

    def call(
        self,
        resolver: "StrawberryResolver[Any]",
        definition: GraphQLField,
        field: StrawberryField,
        node: FieldNode,
        *,
        info: str = "info",
    ) -> str:
        names = list(resolver.signature.parameters)
        if resolver.self_parameter is None or resolver.parent_parameter or resolver.root_parameter:
            raise NotPlain
        given = ["source"]
        if resolver.info_parameter is not None:
            by_place = names[1] == resolver.info_parameter.name
            given.append(info if by_place else f"{resolver.info_parameter.name}={info}")
        if node.arguments:
            given.append(self.keywords(definition, field, node))
        return f"{self.constant(function_of(resolver))}({', '.join(given)})"

    def keywords(self, definition: GraphQLField, field: StrawberryField, node: FieldNode) -> str:
        varying = [argument for argument in node.arguments or () if has_variable(argument.value)]
        arguments = Arguments(definition, field, node)
        if not varying:
            return f"**{self.constant(arguments.read(self.executor, self.converter))}"
        return f"**{self.wanted(simple_arguments(arguments, varying, self.executor, self.converter) or arguments)}"

    def wanted(self, each: Wanted) -> str:
        """The expression of something that every request gives."""
        if each not in self.given:
            self.given.append(each)
        return f"given[{self.given.index(each)}]"
