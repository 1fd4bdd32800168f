"""`@oneOf` as graphql-core knows it, so that literals and variables are checked alike."""

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema


def with_one_of(schema: strawberry.Schema) -> strawberry.Schema:
    """The schema itself. Strawberry checks such inputs by a rule of its own `execute`, which is not our way."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - all types at once are not in Strawberry's public interface
    for kind in core.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            kind.is_one_of = kind.extensions["strawberry-definition"].is_one_of
    return schema
