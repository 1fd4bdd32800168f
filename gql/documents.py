"""Parsed and validated documents, kept by their text: clients send the same few again and again."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    parse,
    validate,
    visit,
)

from gql.cost_plans import CostPlan
from gql.limits import Shape
from gql.plans import Plan
from gql.publicity import is_public
from gql.selections import Selections
from gql.simple_variables import simple_variables

MOST_TOKENS = 4_000
MOST_ERRORS = 5
CHARACTERS_PER_FIELD = 8
"""What a compiled field counts for: measured, it takes the memory of three or four characters of a document."""


@dataclass(frozen=True)
class RootField:
    """A root field of an operation, with the names of everything selected right below it."""

    name: str
    selected: frozenset[str]


@dataclass(frozen=True)
class Document:
    """A document of one schema. With a `parse_error`, an `excess` or `errors` it is told so and never executed."""

    schema: GraphQLSchema
    ast: DocumentNode | None
    excess: str | None = None
    parse_error: GraphQLError | None = None
    errors: tuple[GraphQLError, ...] = ()
    introspects: bool = False
    """It asks for `__schema` or `__type` somewhere."""

    @property
    def parsed(self) -> DocumentNode:
        """The syntax tree of a document that parsed."""
        if self.ast is None:
            raise ValueError("this document did not parse")
        return self.ast

    @cached_property
    def operations(self) -> Mapping[str | None, OperationDefinitionNode]:
        """Operations by name."""
        definitions = self.ast.definitions if self.ast else ()
        return {name_of(node): node for node in definitions if isinstance(node, OperationDefinitionNode)}

    @cached_property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]:
        definitions = self.ast.definitions if self.ast else ()
        return {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}

    @cached_property
    def roots(self) -> Mapping[str | None, tuple[RootField, ...]]:
        """Root fields of each operation; a skipped or excluded one counts as well."""
        return {name: tuple(self._roots(operation)) for name, operation in self.operations.items()}

    @cached_property
    def root_names(self) -> Mapping[str | None, Sequence[str]]:
        """Names of the schema's root fields in each operation: safe to log, unlike anything the client named."""
        return {name: sorted({root.name for root in roots}) for name, roots in self.roots.items()}

    @cached_property
    def cost_plans(self) -> Mapping[str | None, CostPlan]:
        return {name: CostPlan(self.schema, self.fragments, each) for name, each in self.operations.items()}

    @cached_property
    def public(self) -> Mapping[str | None, bool]:
        """Of each operation, whether it is a query that answers everyone alike."""
        return {name: is_public(self.schema, self.fragments, each) for name, each in self.operations.items()}

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation to execute: the named one, or the only one."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name) if name is not None else None

    @cached_property
    def _plans(self) -> dict[str | None, Plan]:
        return {}

    def plan(self, operation: OperationDefinitionNode) -> Plan:
        """What has been compiled of an operation."""
        name = operation.name.value if operation.name else None
        if name not in self._plans:
            self._plans[name] = Plan(tuple(sorted(switches(self.parsed))), simple_variables(self.schema, operation))
        return self._plans[name]

    @property
    def compiled_fields(self) -> int:
        return sum([plan.fields for plan in self._plans.values()])

    @cached_property
    def selections(self) -> Selections:
        """What its fields ask for."""
        return Selections(self.schema, self.operations.values(), self.fragments)

    def roots_of(self, operation: OperationDefinitionNode) -> tuple[RootField, ...]:
        return self.roots[name_of(operation)]

    def _roots(self, operation: OperationDefinitionNode) -> Iterator[RootField]:
        for field in self._fields(operation.selection_set, set()):
            below = self._fields(field.selection_set, set()) if field.selection_set else ()
            yield RootField(field.name.value, frozenset(node.name.value for node in below))

    def _fields(self, selections: SelectionSetNode, seen: set[str]) -> Iterator[FieldNode]:
        """Fields at one level, fragments followed; each fragment once, so that nesting cannot multiply."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                if node.name.value not in seen:
                    seen.add(node.name.value)
                    yield from self._fields(self.fragments[node.name.value].selection_set, seen)
            else:
                yield from self._fields(getattr(node, "selection_set"), seen)  # noqa: B009 - an inline fragment


def switches(document: DocumentNode) -> set[str]:
    """Names of the variables that decide, by `@include` or `@skip`, what is selected."""
    found: set[str] = set()

    class Directives(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            found.update(each.value.name.value for each in node.arguments or () if isinstance(each.value, VariableNode))

    visit(document, Directives())
    return found


def name_of(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


def is_mutation(operation: OperationDefinitionNode) -> bool:
    return operation.operation is OperationType.MUTATION


class Documents:
    """The documents of one schema, the least recently used forgotten first.

    Bounded by their text as well as by their number: a syntax tree takes about 350 bytes for each character, and what
    is compiled of it is weighed with it. So 500,000 characters are some 180 MB at worst.
    """

    def __init__(self, schema: GraphQLSchema, *, most: int = 1_000, most_characters: int = 500_000) -> None:
        self.schema = schema
        self._most, self._most_characters = most, most_characters
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._characters = 0

    def __contains__(self, source: str) -> bool:
        return source in self._kept

    def get(self, source: str) -> Document:
        document = self._kept.get(source)
        if document is None:
            document = self._kept[source] = self._read(source)
        self._kept.move_to_end(source)
        weight = len(source) + CHARACTERS_PER_FIELD * document.compiled_fields
        if self._weights.get(source) != weight:
            self._weigh(source, weight)
        return document

    def _weigh(self, source: str, weight: int) -> None:
        self._characters += weight - self._weights.get(source, 0)
        self._weights[source] = weight
        while len(self._kept) > self._most or self._characters > self._most_characters:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= self._weights.pop(forgotten)

    def _read(self, source: str) -> Document:
        try:
            ast = parse(source, max_tokens=MOST_TOKENS)
            shape = Shape(ast)
            if excess := shape.excess():
                return Document(self.schema, ast, excess=excess)
            errors = validate(self.schema, ast, max_errors=MOST_ERRORS, hide_suggestions=True)
        except GraphQLError as error:
            return Document(self.schema, None, parse_error=error)
        except RecursionError:
            return Document(self.schema, None, parse_error=GraphQLError("The document is nested too deeply."))
        for error in errors:
            error.message = error.message.partition(" Did you mean ")[0]  # one rule does not heed `hide_suggestions`
        return Document(self.schema, ast, errors=tuple(errors), introspects=shape.introspects)
