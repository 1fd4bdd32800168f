"""Null is nobody's default: what a client may leave out, the SDL shows without `= null`.

Resolvers and inputs say `= None`, as Python does. Printed, that default would tell generators of clients that absent
and null are two things here, or one that has to be sent.
"""

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)


def without_null_defaults(schema: strawberry.Schema) -> strawberry.Schema:
    """The schema itself. An absent argument or input field then gets its default from Python."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - Strawberry prints every default it knows
    for kind in core.type_map.values():
        optional: list[GraphQLArgument | GraphQLInputField] = []
        if isinstance(kind, GraphQLInputObjectType):
            optional.extend(kind.fields.values())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            optional.extend(argument for field in kind.fields.values() for argument in field.args.values())
        for each in optional:
            if each.default_value is None:
                each.default_value = Undefined
    return schema
