"""Whole queries by one function: those in which a single field has something to wait for, as most pages of a store do.

The fields above and beside that field are completed as `gql.compiled` does; it alone is awaited, with an `info` that
can read. Whatever comes as a surprise, graphql-core executes the query from its beginning: a query changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, OperationType
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, collect_fields
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from gql.compiled import Compiler, NotPlain
from gql.compiled_arguments import Wanted
from gql.context import Context
from gql.present import PresentInfo
from gql.related import related_by
from gql.schema_fields import function_of, kind_of, nullable, resolver_of

Run = Callable[[None, PresentInfo, Sequence[Mapping[Any, Any]]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Request:
    """What compiled code is given with each request, by the names that graphql-core's executor has for it."""

    context_value: Context
    variable_values: VariableValues


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """The function of a query, and what it wants to be given anew for each request."""

    run: Run
    given: tuple[Wanted, ...]

    async def execute(self, request: Request, converter: Any) -> dict[str, Any]:
        """The data of the answer. Raises for whatever only graphql-core can answer."""
        given = [each.read(request, converter) for each in self.given]
        return await self.run(None, PresentInfo(request.context_value), given)


class OperationCompiler(Compiler):
    """Follows objects from the root down to the field that waits; from there on everything is plain."""

    def __init__(self, executor: "Executor[Any]", converter: Any) -> None:
        super().__init__(executor, converter)
        self.waiting = 0

    def compiled_operation(self) -> CompiledOperation:
        """Raises `NotPlain`."""
        executor = self.executor
        root = executor.schema.query_type
        if executor.operation.operation is not OperationType.QUERY or root is None:
            raise NotPlain
        found = collect_fields(
            executor.schema, executor.fragments, executor.variable_values, root, executor.operation, True
        )
        name = self.open_object(root, found, [])
        if self.waiting != 1:
            raise NotPlain
        return CompiledOperation(self.made(name), tuple(self.given))

    def open_object(self, kind: GraphQLObjectType, found: CollectedFields, check: list[str]) -> str:
        """The name of the coroutine function that completes an object on the way to the field that waits."""
        if found.new_defer_usages:
            raise NotPlain
        body = list(check)
        entries: list[str] = []
        for place, (key, details) in enumerate(found.grouped_field_set.items()):
            body += self.open_field(kind, f"field_{place}", details)
            entries.append(f"{key!r}: field_{place}")
        name = self.constant(None)
        self.lines += [f"async def {name}(source, info, given):", *body, f"    return {{{', '.join(entries)}}}"]
        return name

    def open_field(self, parent: GraphQLObjectType, variable: str, details: FieldDetailsList) -> list[str]:
        node = details[0].node
        definition: GraphQLField | None = parent.fields.get(node.name.value)
        field: StrawberryField | None = definition.extensions.get("strawberry-definition") if definition else None
        if definition is None or field is None or node.selection_set is None:
            return self.field(parent, variable, details)
        resolver = resolver_of(field)
        if resolver is not None and resolver.is_async and related_by(function_of(resolver)) is None:
            return self.wait(variable, definition, field, details)
        kind = kind_of(definition)
        inner = nullable(kind)
        if not isinstance(inner, GraphQLObjectType) or field.extensions:
            return self.field(parent, variable, details)
        check = self.class_check(inner.extensions["strawberry-definition"])
        opened = self.open_object(inner, self.executor.collect_subfields(inner, details), check)
        absent = "pass" if inner is kind else "raise Surprise"
        return [
            *self.resolution(variable, definition, field, node),
            f"    if {variable} is None: {absent}",
            f"    else: {variable} = await {opened}({variable}, info, given)",
        ]

    def wait(
        self, variable: str, definition: GraphQLField, field: StrawberryField, details: FieldDetailsList
    ) -> list[str]:
        """Await the resolver with an `info` that can read, and knows its place in the document for a look ahead."""
        resolver = resolver_of(field)
        if resolver is None or field.extensions:
            raise NotPlain
        self.waiting += 1
        nodes: list[FieldNode] = [each.node for each in details]
        place = self.constant(SimpleNamespace(return_type=kind_of(definition), field_nodes=nodes))
        call = self.call(resolver, definition, field, nodes[0], info=f"info.reading({place})")
        return [f"    {variable} = await {call}", *self.completion_of_made(kind_of(definition), variable, details)]
