"""Which attempts a mutation makes, found before it is executed: a refusal is a real HTTP status, and does nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from domain.attempts import Attempt, AttemptKind
from gql.documents import Document, is_mutation, name_of
from gql.schema_fields import declaration, input_fields


@dataclass(frozen=True, slots=True)
class Attempts:
    """Declared at a mutation whose attempts are limited.

    `account` is the schema's name of the input's field that tells whose account it is about: an email address, or
    whatever else is tried. Without one it is about the account of whoever is signed in.
    """

    kind: AttemptKind
    account: str | None = None


class LimitedMutations:
    """The root mutations of a schema that were declared with `Attempts`."""

    def __init__(self, schema: GraphQLSchema) -> None:
        """Raises `ValueError` where the input has no such field."""
        self._schema, self._root = schema, schema.mutation_type
        self.declared: Mapping[str, Attempts] = dict(declared_in(schema))

    def attempts(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        person_id: UUID | None,
    ) -> Sequence[Attempt]:
        """One for each field that will be executed; what graphql-core is going to refuse attempts nothing."""
        if not is_mutation(operation) or self.declared.keys().isdisjoint(document.root_names[name_of(operation)]):
            return ()
        values = get_variable_values(
            self._schema, operation.variable_definitions or (), dict(variables), max_errors=1, hide_suggestions=True
        )
        if not isinstance(values, VariableValues):
            return ()
        holder = str(person_id) if person_id else None
        return tuple(self._attempts(document, operation, values, holder))

    def _attempts(
        self, document: Document, operation: OperationDefinitionNode, values: VariableValues, holder: str | None
    ) -> Iterator[Attempt]:
        if self._root is None:
            return
        fragments = {name: FragmentDetails(node) for name, node in document.fragments.items()}
        found = collect_fields(self._schema, fragments, values, self._root, operation, True)
        for details in found.grouped_field_set.values():
            node = details[0].node
            limit = self.declared.get(node.name.value)
            if limit is None:
                continue
            try:
                given = get_argument_values(self._root.fields[node.name.value], node, values, None, True)
            except GraphQLError:
                continue
            yield Attempt(limit.kind, given["input"].get(limit.account) if limit.account else holder)


def declared_in(schema: GraphQLSchema) -> Iterator[tuple[str, Attempts]]:
    for name, field in schema.mutation_type.fields.items() if schema.mutation_type else ():
        limit: Attempts | None = declaration(field).metadata.get("attempts")
        if limit is None:
            continue
        if limit.account is not None and limit.account not in input_fields(field):
            raise ValueError(f"the input of {name} has no field {limit.account}")
        yield name, limit
