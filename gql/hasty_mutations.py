"""Calling the resolver of a mutation at once, where its one argument is a variable.

As Strawberry calls it, without finding out each time what is the same each time. What is thrown and what is given back
goes to graphql-core, as ever: so nothing is ever done twice.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import FieldNode, GraphQLField, GraphQLInputObjectType, GraphQLSchema, Undefined, VariableNode
from strawberry.types.field import StrawberryField

from domain.errors import UserFault, UserFaults
from gql.compiled_inputs import InputBuilder
from gql.roots import ReportsUserErrors
from gql.schema_fields import declaration, function_of, kind_of, nullable, resolver_of


@dataclass(frozen=True, slots=True)
class HastyMutation:
    """A root mutation that is declared as all of them are: `async def name(self, info, input)`."""

    field: StrawberryField
    function: Callable[..., Coroutine[Any, Any, Any]]
    inputs: InputBuilder
    reports: ReportsUserErrors

    def value_of(self, node: FieldNode, variables: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the call is given; None where graphql-core and Strawberry have to find it out."""
        given = node.arguments or ()
        argument = given[0] if len(given) == 1 else None
        if argument is None or not isinstance(argument.value, VariableNode):
            return None
        value = variables.get(argument.value.name.value, Undefined)
        return value if value.__class__ is dict else None

    async def call(self, source: object, raw_info: Any, value: Mapping[str, Any]) -> Any:
        info = strawberry.Info[Any, Any](_raw_info=raw_info, _field=self.field)
        try:
            return await self.function(source, info, input=self.inputs.build(value))
        except (UserFault, UserFaults) as fault:
            return self.reports.told(fault)


def hasty_mutations(schema: GraphQLSchema) -> Mapping[str, HastyMutation]:
    """By their names."""
    fields: Mapping[str, GraphQLField] = schema.mutation_type.fields if schema.mutation_type else {}
    found = {name: hasty_mutation(field) for name, field in fields.items()}
    return {name: each for name, each in found.items() if each is not None}


def hasty_mutation(field: GraphQLField) -> HastyMutation | None:
    declared = declaration(field)
    resolver, extensions = resolver_of(declared), declared.extensions
    if resolver is None or list(resolver.signature.parameters) != ["self", "info", "input"] or not resolver.is_async:
        return None
    kind = nullable(kind_of(field.args["input"]))
    if len(extensions) != 1 or not isinstance(extensions[0], ReportsUserErrors):
        return None
    if not isinstance(kind, GraphQLInputObjectType):
        return None
    builder = kind.extensions["strawberry-definition"].from_input
    return HastyMutation(declared, function_of(resolver), builder, extensions[0])
