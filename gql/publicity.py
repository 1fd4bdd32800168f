"""Which fields show the same to everyone, so that their answers may be shared."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)
from strawberry.schema_directive import Location

from gql.schema_fields import declared, fields_on, type_of


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="public",
    description="The same for every guest of a tenant: answers made of such fields alone are kept for up to a second, "
    "and by CDNs for as long as is configured.",
)
class Public:
    pass


PUBLIC = Public()
"""Written on each field by itself: a new field is not public before somebody has said so."""


def is_public(
    schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], operation: OperationDefinitionNode
) -> bool:
    """Whether a valid operation is a query of public fields alone.

    The answer may still differ between tenants, and a request with a token is another matter: staff see drafts.
    """
    root = schema.get_root_type(operation.operation)
    reader = Reader(schema, fragments)
    return operation.operation is OperationType.QUERY and reader.all_public(operation.selection_set, root)


class Reader:
    """Looks at every selection once, at each fragment too."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema, self._fragments = schema, fragments
        self._seen: dict[str, bool] = {}

    def all_public(self, selections: SelectionSetNode, parent: object) -> bool:
        return all(self._public(node, parent) for node in selections.selections)

    def _public(self, node: Any, parent: object) -> bool:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        if isinstance(node, FieldNode):
            return node.name.value == "__typename" or self._field(node, parent)
        on: object = self._schema.get_type(node.type_condition.name.value) if node.type_condition else parent
        return self.all_public(node.selection_set, on)

    def _fragment(self, name: str) -> bool:
        if name not in self._seen:
            fragment = self._fragments[name]
            on = self._schema.get_type(fragment.type_condition.name.value)
            self._seen[name] = self.all_public(fragment.selection_set, on)
        return self._seen[name]

    def _field(self, node: FieldNode, parent: object) -> bool:
        field = fields_on(parent).get(node.name.value)
        if field is None or declared(field, Public) is None:
            return False
        return node.selection_set is None or self.all_public(node.selection_set, type_of(field))
