"""What the fields of a document ask for, as the plain trees that read builders take.

Directives are not looked at: what `@skip` leaves out is read as well, so that each field has one selection whatever
the variables are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    is_abstract_type,
    is_composite_type,
)

from db.queries.selections import Selection, merged
from gql.schema_fields import declaration, fields_on, type_of

Chosen = Iterator[tuple[GraphQLNamedType, FieldNode]]


class Selections:
    """The selections of one valid document, made when first asked for and kept with it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operations: Collection[OperationDefinitionNode],
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema, self._operations, self._fragments = schema, operations, fragments
        self._kept: dict[tuple[object, ...], Selection] = {}

    def of(self, kind: GraphQLNamedType, nodes: Sequence[FieldNode], *paths: str) -> Selection:
        """What is asked of the objects of a field of the type `kind`, or of those at the end of each of the `paths`."""
        key = (kind.name, *map(id, nodes), *paths)
        if key not in self._kept:
            whole = self._selection(kind, nodes)
            self._kept[key] = merged(at(whole, path.split(".")) for path in paths) if paths else whole
        return self._kept[key]

    def _selection(self, kind: GraphQLNamedType, nodes: Sequence[FieldNode]) -> Selection:
        children: defaultdict[str, list[FieldNode]] = defaultdict(list)
        kinds: dict[str, GraphQLNamedType] = {}
        for node in nodes:
            for parent, child in self._chosen(kind, node.selection_set, set()):
                name = python_name(parent, child)
                if name is not None:
                    children[name].append(child)
                    kinds[name] = type_of(fields_on(parent)[child.name.value])
        below = {
            name: self._selection(kinds[name], found)
            for name, found in children.items()
            if is_composite_type(kinds[name])
        }
        return Selection(frozenset(children), self._anywhere, tuple(sorted(below.items(), key=itemgetter(0))))

    def _chosen(self, kind: GraphQLNamedType, selections: SelectionSetNode | None, seen: set[str]) -> Chosen:
        """Fields at one level with the type each is of; fragments followed, each once."""
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                yield kind, node
            elif not isinstance(node, FragmentSpreadNode):
                inline: Any = node
                yield from self._chosen(self._condition(inline, kind), inline.selection_set, seen)
            elif node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                yield from self._chosen(self._condition(fragment, kind), fragment.selection_set, seen)

    def _condition(self, fragment: Any, kind: GraphQLNamedType) -> GraphQLNamedType:
        condition = fragment.type_condition
        return cast("GraphQLNamedType", self._schema.get_type(condition.name.value)) if condition else kind

    @cached_property
    def _anywhere(self) -> frozenset[tuple[str, frozenset[str]]]:
        """Names of the fields that the document selects of each object type, wherever."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        visited: set[tuple[int, str]] = set()

        def visit(kind: GraphQLNamedType, selections: SelectionSetNode | None) -> None:
            if selections is None or (id(selections), kind.name) in visited:
                return
            visited.add((id(selections), kind.name))
            for parent, node in self._chosen(kind, selections, set()):
                name = python_name(parent, node)
                if name is not None:
                    for each in self._objects(parent):
                        found[each].add(name)
                    visit(type_of(fields_on(parent)[node.name.value]), node.selection_set)

        for operation in self._operations:
            root = self._schema.get_root_type(operation.operation)
            if root is not None:
                visit(root, operation.selection_set)
        return frozenset((name, frozenset(fields)) for name, fields in found.items())

    def _objects(self, kind: GraphQLNamedType) -> list[str]:
        if is_abstract_type(kind):
            return [each.name for each in self._schema.get_possible_types(kind)]
        return [kind.name]


def python_name(parent: GraphQLNamedType, node: FieldNode) -> str | None:
    """What the field is called in Python; None for one that GraphQL itself adds, such as `__typename`."""
    field = fields_on(parent).get(node.name.value)
    return declaration(field).python_name if field is not None else None


def at(selection: Selection, path: Sequence[str]) -> Selection:
    for name in path:
        selection = selection.of(name)
    return selection
