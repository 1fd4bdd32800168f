"""How much one document may ask for. Refused before validation, which itself takes long for a hostile document.

Every fragment is looked at once, so a document in which fragments double each other costs no more than its text.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Token,
    TokenKind,
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
MOST_NESTED = 60
"""Brackets of any kind in each other: a value that nests deeply is told again in an error, indented."""
MOST_DIGITS = 50
"""Of one number. Python refuses to read very long ones, and says so in words of its own."""

OPENING = (TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L)
CLOSING = (TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R)


@dataclass(frozen=True, slots=True)
class Extent:
    """Fields with fragments written out: all of them, those at the top level, and the depth they reach."""

    fields: int
    width: int
    depth: int


class Shape:
    """The limits that the text alone tells."""

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
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
        nested, digits = extremes(self._document)
        if nested > MOST_NESTED:
            return f"A document nests at most {MOST_NESTED} brackets."
        if digits > MOST_DIGITS:
            return f"A number has at most {MOST_DIGITS} digits."
        extents = [self._extent(operation.selection_set) for operation in self._operations]
        for name in self._fragments:
            self._fragment(name)
        return self._told(extents)

    @property
    def introspects(self) -> bool:
        """Whether it asks for `__schema` or `__type` anywhere; known once `excess` has looked."""
        return self._written["introspection"] > 0

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
        self._written["introspection"] += node.name.value in ("__schema", "__type")
        self._written["aliases"] += node.alias is not None
        return Extent(below.fields + 1, 1, below.depth + 1)

    def _fragment(self, name: str) -> Extent:
        """A fragment's extent; nothing for one that is missing or contains itself, which validation will tell."""
        if name not in self._known:
            self._known[name] = Extent(0, 0, 0)
            if name in self._fragments:
                self._known[name] = self._extent(self._fragments[name].selection_set)
        return self._known[name]


def extremes(document: DocumentNode) -> tuple[int, int]:
    """How deeply brackets nest anywhere in a document, and the length of its longest number."""
    depth = deepest = longest = 0
    token: Token | None = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif token.kind in CLOSING:
            depth -= 1
        elif token.kind in (TokenKind.INT, TokenKind.FLOAT):
            longest = max(longest, len(token.value or ""))
        token = token.next
    return deepest, longest
