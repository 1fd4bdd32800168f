"""How much one document may ask for. Refused before validation, which itself takes long for a hostile document.

Every fragment is looked at once, so a document in which fragments double each other costs no more than its text.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

MOST_DEPTH = 16
MOST_FIELDS = 2_000
MOST_WRITTEN_FIELDS = 600
MOST_ALIASES = 60
MOST_DIRECTIVES = 60
MOST_FRAGMENTS = 50
MOST_ROOT_FIELDS = 20
MOST_OF_ONE_KEY = 10
"""Fields with one response key in one selection: validation compares each with each."""

MOST_OBJECTS = 8_000
USUAL_LIST = 5
"""Assumed length of a list that takes no `first`."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Fields with fragments written out: all of them, those at the top level, and the depth they reach."""

    fields: int
    width: int
    depth: int


class Shape:
    """The limits that the text alone tells."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self._known: dict[str, Extent] = {}
        self._written: Counter[str] = Counter()

    def excess(self) -> str | None:
        """What there is too much of, as a sentence; None if the document is within its limits."""
        if len(self._fragments) > MOST_FRAGMENTS:
            return f"A document has at most {MOST_FRAGMENTS} fragments."
        extents = [self._extent(operation.selection_set) for operation in self._operations]
        for name in self._fragments:
            self._fragment(name)
        return self._told(extents)

    def _told(self, extents: list[Extent]) -> str | None:
        found = {
            f"A document nests at most {MOST_DEPTH} levels.": max((e.depth for e in extents), default=0) > MOST_DEPTH,
            f"A document asks for at most {MOST_FIELDS} fields.": sum(e.fields for e in extents) > MOST_FIELDS,
            f"A document has at most {MOST_WRITTEN_FIELDS} fields.": self._written["fields"] > MOST_WRITTEN_FIELDS,
            f"A document has at most {MOST_ALIASES} aliases.": self._written["aliases"] > MOST_ALIASES,
            f"A document has at most {MOST_DIRECTIVES} directives.": self._written["directives"] > MOST_DIRECTIVES,
            f"A field is asked for at most {MOST_OF_ONE_KEY} times in one place.": self._written["crowds"] > 0,
            f"An operation has at most {MOST_ROOT_FIELDS} root fields.": max((e.width for e in extents), default=0)
            > MOST_ROOT_FIELDS,
        }
        return next((message for message, exceeded in found.items() if exceeded), None)

    def _extent(self, selections: SelectionSetNode) -> Extent:
        fields = width = depth = 0
        keys: Counter[str] = Counter()
        for node in selections.selections:
            self._written["directives"] += len(node.directives or ())
            below = self._below(node)
            fields, width, depth = fields + below.fields, width + below.width, max(depth, below.depth)
            if isinstance(node, FieldNode):
                keys[(node.alias or node.name).value] += 1
        self._written["crowds"] += any(count > MOST_OF_ONE_KEY for count in keys.values())
        return Extent(fields, width, depth)

    def _below(self, node: Any) -> Extent:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        inside: SelectionSetNode | None = node.selection_set
        below = self._extent(inside) if inside else Extent(0, 0, 0)
        if not isinstance(node, FieldNode):
            return below
        self._written["fields"] += 1
        self._written["aliases"] += node.alias is not None
        return Extent(below.fields + 1, 1, below.depth + 1)

    def _fragment(self, name: str) -> Extent:
        """A fragment's extent; nothing for one that is missing or contains itself, which validation will tell."""
        if name not in self._known:
            self._known[name] = Extent(0, 0, 0)
            if name in self._fragments:
                self._known[name] = self._extent(self._fragments[name].selection_set)
        return self._known[name]


class Cost:
    """How many objects a valid operation may answer with, by page sizes in arguments and variables."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema, self._fragments, self._operation = schema, fragments, operation
        defaults = {
            definition.variable.name.value: int(definition.default_value.value)
            for definition in operation.variable_definitions or ()
            if isinstance(definition.default_value, IntValueNode)
        }
        self._variables = {**defaults, **variables}
        self._known: dict[tuple[str, int | None], int] = {}

    def objects(self) -> int:
        root = self._schema.get_root_type(self._operation.operation)
        return self._selections(self._operation.selection_set, root, None)

    def _selections(self, selections: SelectionSetNode, parent: object, page: int | None) -> int:
        """`page` is the size of the connection around: it multiplies its `nodes` and `edges`, not its `pageInfo`."""
        return sum(self._selection(node, parent, page) for node in selections.selections)

    def _selection(self, node: Any, parent: object, page: int | None) -> int:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value, page)
        if not isinstance(node, FieldNode):
            on: object = self._schema.get_type(node.type_condition.name.value) if node.type_condition else parent
            return self._selections(node.selection_set, on, page)
        fields: dict[str, GraphQLField] = (
            parent.fields if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else {}
        )
        field = fields.get(node.name.value)
        return self._field(node, field, page) if field is not None and node.selection_set else 0

    def _fragment(self, name: str, page: int | None) -> int:
        if (name, page) not in self._known:
            fragment = self._fragments[name]
            on = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name, page] = self._selections(fragment.selection_set, on, page)
        return self._known[name, page]

    def _field(self, node: FieldNode, field: GraphQLField, page: int | None) -> int:
        kind: object = cast("Any", field).type
        named = cast("object", get_named_type(cast("Any", kind)))
        arguments: Mapping[str, GraphQLArgument] = field.args
        if is_leaf_type(named) or node.selection_set is None:
            return 0
        if "first" in arguments:
            return 1 + self._selections(node.selection_set, named, self._size(node, arguments, "first"))
        inside = 1 + self._selections(node.selection_set, named, None)
        if not is_list(kind):
            return inside
        if page is not None and node.name.value in ("nodes", "edges"):
            return page * inside
        return (self._size(node, arguments, "ids") if "ids" in arguments else USUAL_LIST) * inside

    def _size(self, node: FieldNode, arguments: Mapping[str, GraphQLArgument], name: str) -> int:
        """The number, or the length of the list, that an argument says: in the document, a variable or its default."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}.get(name)
        size: object
        if isinstance(given, VariableNode):
            size = self._variables.get(given.name.value)
        elif isinstance(given, IntValueNode):
            size = int(given.value)
        elif isinstance(given, ListValueNode):
            size = len(given.values)
        else:
            size = arguments[name].default_value
        if isinstance(size, list):
            size = len(cast("list[object]", size))
        return max(0, size) if isinstance(size, int) else USUAL_LIST


def is_list(kind: object) -> bool:
    return isinstance(cast("Any", kind).of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
