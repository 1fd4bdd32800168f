"""Requests that nobody would write, made from the schema, out of values around the edge of what means something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    build_schema,
    get_named_type,
    is_leaf_type,
    parse,
    parse_type,
    print_ast,
    print_schema,
    value_from_ast_untyped,
    visit,
)
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter
from hypothesis_graphql import Mode, mutations, nodes, queries

AMOUNTS = ["4.750", "0", "0.001", "12", "-1", "4.7501", "999999999.999", "1000000000", "9" * 20, "1e3", "NaN", "", "٤"]
MOMENTS = ["2026-11-21T04:28:47+00:00", "2026-11-21", "0001-01-01T00:00:00+14:00", "later"]
NUMBERS = [0, 1, 1, 2, 2, 3, 5, 20, 100, 101, -1, 1_000_000_000, 2**31 - 1, -(2**31)]
IDS = [
    "",
    "1",
    "item_",
    "item_01h2xcejqtf2nbrexx3vqjhp41",
    "zzz_01h2xcejqtf2nbrexx3vqjhp41",
    "order_8zzzzzzzzzzzzzzzzzzzzzzzzz",
]
WORDS = [
    "",
    " ",
    "dates",
    "تمر عجوة",
    "noura@people.test",
    "no-reply@",
    "Asia/Kuwait",
    "Mars/Olympus",
    "#0A7B3C",
    "+965 9999 9999",
    "a long enough passphrase",
    "0123456789abcdef0123456789abcdef",
    "123456",
    "e30",
    "WzEsMl0",
    "%_\\'\";--",
    "two\nlines\ttabbed",
    "\u200f\u202e\ufeff",
    "🏃" * 200,
    "x" * 5_000,
]
"""Emails, codes, keys, cursors (`e30` and `WzEsMl0` are `{}` and `[1,2]`), patterns, invisible and very long text."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What exists: generated requests name it about as often as what does not."""

    ids: Sequence[str]
    words: Sequence[str]

    def scalars(self) -> dict[str, st.SearchStrategy[ValueNode]]:
        text = st.text(st.characters(codec="utf-8", min_codepoint=1), max_size=30)
        return {
            "Decimal": st.sampled_from(AMOUNTS).map(nodes.String) | st.sampled_from(NUMBERS).map(nodes.Int),
            "DateTime": st.sampled_from(MOMENTS).map(nodes.String),
            "Int": st.sampled_from(NUMBERS).map(nodes.Int),
            "ID": (st.sampled_from(self.ids) | st.sampled_from([*self.ids, *IDS]) | text).map(nodes.String),
            "String": (st.sampled_from(self.words) | st.sampled_from(WORDS) | text).map(nodes.String),
        }


@dataclass(frozen=True, slots=True)
class Request:
    """A generated document with its variables."""

    document: DocumentNode
    variables: Mapping[str, Any]

    @property
    def query(self) -> str:
        return print_ast(self.document)

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:
        """As Hypothesis shows it in a failure."""
        printer.text(f"{self.query}\nwith {self.variables}")

    def __repr__(self) -> str:
        return f"{self.query[:80]}…"


@st.composite
def requests(
    draw: st.DrawFn,
    schema: GraphQLSchema,
    operation: str,
    fields: Sequence[str],
    vocabulary: Vocabulary,
    *,
    valid: bool,
) -> Request:
    """A request of some root fields, with its arguments in the document or in variables.

    One that is not `valid` breaks the schema in one place.
    """
    documents = (queries if operation == "query" else mutations)(
        with_one_form(schema),
        fields=fields,
        custom_scalars=vocabulary.scalars(),
        allow_x00=False,
        mode=Mode.POSITIVE if valid else Mode.NEGATIVE,
    )
    return request(schema, draw(documents), lifted=draw(st.booleans()), generous=draw(st.booleans()))


@cache
def with_one_form(schema: GraphQLSchema) -> GraphQLSchema:
    """For a generator that knows nothing of `@oneOf`: such an input needs its first field, and has no other."""
    simpler = build_schema(print_schema(schema))
    for kind in simpler.type_map.values():
        if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of:
            name, field = next(iter(kind.fields.items()))
            vars(kind)["fields"] = {name: GraphQLInputField(GraphQLNonNull(field.type))}  # a cached property
    return simpler


def request(schema: GraphQLSchema, text: str, *, lifted: bool, generous: bool) -> Request:
    """Asks for every type's name and every user error's message besides, and for all plain fields if `generous`.

    Arguments become variables if `lifted`.
    """
    types = TypeInfo(schema)
    changed = Changes(types, lifted=lifted, generous=generous)
    document: DocumentNode = visit(parse(text), TypeInfoVisitor(types, changed))
    if changed.definitions:
        document = visit(document, Declaring(tuple(changed.definitions)))
    return Request(document, changed.variables)


def selected(text: str) -> Any:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation.selection_set.selections


TYPE_NAME = selected("{ __typename }")
USER_ERROR = selected("{ __typename code message field }")


def plain_fields(kind: GraphQLObjectType | GraphQLInterfaceType) -> list[FieldNode]:
    """Every field that takes no arguments and selects nothing."""
    return [
        FieldNode(name=NameNode(value=name), arguments=(), directives=())
        for name, field in kind.fields.items()
        if is_leaf_type(get_named_type(field.type)) and not field.args
    ]


class Changes(Visitor):
    """What is asked for besides, and the arguments that move into variables."""

    def __init__(self, types: TypeInfo, *, lifted: bool, generous: bool) -> None:
        super().__init__()
        self.types, self.lifted, self.generous = types, lifted, generous
        self.definitions: list[VariableDefinitionNode] = []
        self.variables: dict[str, Any] = {}

    def leave_selection_set(
        self, node: SelectionSetNode, _key: object, parent: object, *_: object
    ) -> SelectionSetNode | None:
        kind = self.types.get_parent_type()
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return None
        besides = USER_ERROR if kind.name == "UserError" else TYPE_NAME
        # Beside a fragment the fields of another type may be asked for, which plain names could collide with.
        plain = plain_fields(kind) if self.generous and isinstance(parent, FieldNode) else ()
        return SelectionSetNode(selections=(*besides, *plain, *node.selections))

    def leave_argument(self, node: ArgumentNode, *_: object) -> ArgumentNode | None:
        argument = self.types.get_argument()
        if not self.lifted or argument is None:
            return None
        name = f"v{len(self.definitions)}"
        variable = VariableNode(name=NameNode(value=name))
        written = parse_type(str(cast("object", argument.type)))
        self.definitions.append(VariableDefinitionNode(variable=variable, type=written, directives=()))
        self.variables[name] = value_from_ast_untyped(node.value)
        return ArgumentNode(name=node.name, value=variable)


class Declaring(Visitor):
    """Declares the variables."""

    def __init__(self, definitions: tuple[VariableDefinitionNode, ...]) -> None:
        super().__init__()
        self.definitions = definitions

    def leave_operation_definition(self, node: OperationDefinitionNode, *_: object) -> OperationDefinitionNode:
        return OperationDefinitionNode(
            operation=node.operation,
            name=node.name,
            variable_definitions=self.definitions,
            directives=node.directives,
            selection_set=node.selection_set,
        )
