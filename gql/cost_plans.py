"""The cost of one operation, read from its document once and then counted for each request and each answer.

A plan has a level for each selection that leads to a list, and what needs no counting is one number of its level.
Levels are shared wherever a fragment is spread, so a document in which fragments double each other has a plan no larger
than its text.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from gql.cost import INTROSPECTION, list_size, sized_by, slicing_argument, weight
from gql.schema_fields import fields_on, type_of

MOST_COST = 8_000
"""Of one request. A page of 100 items with all that a shop shows of them is about 3,000; this is under a second's work
for Postgres and us together, and less than the bucket that a client has by default."""

LARGEST = 2**31 - 1
"""No `Int` is larger: what says more is refused later, and need not be counted further."""


@dataclass(frozen=True, slots=True)
class FromVariable:
    """A size that a variable of the request tells."""

    name: str
    otherwise: int


Size = int | FromVariable


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One selection: what it costs for certain, and the lists below it."""

    points: int
    branches: "tuple[Branch, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A list, or an object that has lists below it (`size` None), by its key in the answer."""

    key: str
    size: Size | None
    level: Level
    place: int
    """Of its level among those of the plan."""


@dataclass(frozen=True, slots=True)
class Page:
    """The size that a connection's field tells, for the fields right below that have it."""

    size: Size
    fields: tuple[str, ...]


class CostPlan:
    """The cost of an operation that is valid in the schema."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
    ) -> None:
        compiler = Compiler(schema, fragments, operation)
        self._root = compiler.level(operation.selection_set, schema.get_root_type(operation.operation), 0, None)
        self._levels = (*compiler.levels, self._root)
        sizes = [branch.size for level in self._levels for branch in level.branches]
        self._always = None if any(isinstance(size, FromVariable) for size in sizes) else self._sum({})

    def requested(self, variables: Mapping[str, Any]) -> int:
        """The most that the answer can cost, by the page sizes asked for. What `@skip` leaves out counts too."""
        return self._sum(variables) if self._always is None else self._always

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """What the answer cost, by the true lengths of its lists: more than was requested where one is unusually long.

        Below an object that is null nothing counts, unless what is selected there has no lists: that is one number,
        which nobody looks at the answer for. A request without data did at least what its roots say.
        """
        return counted(self._root, data or {})

    def _sum(self, variables: Mapping[str, Any]) -> int:
        totals: list[int] = []
        for level in self._levels:  # the lower ones stand first
            total = level.points
            for branch in level.branches:
                total += times(branch.size, variables) * totals[branch.place]
            totals.append(total)
        return totals[-1]


def times(size: Size | None, variables: Mapping[str, Any]) -> int:
    if isinstance(size, FromVariable):
        given = variables.get(size.name)
        return size.otherwise if given is None else length(given)
    return 1 if size is None else size


def length(given: object) -> int:
    """How many elements a slicing argument asks for: a number says so itself, one thing stands for a list of it."""
    if isinstance(given, list):
        return len(cast("list[object]", given))
    if isinstance(given, int | float) and not isinstance(given, bool):
        return int(min(max(given, 0), LARGEST)) if math.isfinite(given) else LARGEST
    return 1


def counted(level: Level, data: Mapping[str, Any]) -> int:
    points = level.points
    for branch in level.branches:
        found: Any = data.get(branch.key)
        if found is None:
            continue
        below = branch.level
        if branch.size is None:
            points += counted(below, found)
        elif below.branches:
            points += sum(counted(below, each) for each in found if each is not None)
        else:
            points += len(found) * below.points
    return points


class Compiler:
    """Reads an operation. A field is read once for each page that it stands on."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
    ) -> None:
        self.levels: list[Level] = []
        """Those that a branch leads to, the lower ones first."""
        self._schema, self._fragments = schema, fragments
        self._defaults = {
            definition.variable.name.value: written_length(definition.default_value)
            for definition in operation.variable_definitions or ()
            if definition.default_value is not None
        }
        self._known: dict[tuple[int, Page | None], tuple[int, Branch | None]] = {}

    def level(self, selections: SelectionSetNode, parent: object, points: int, page: Page | None) -> Level:
        branches: list[Branch] = []
        for node, on in self._fields(selections, parent, set()):
            known = (id(node), page)
            if known not in self._known:
                self._known[known] = self._field(node, fields_on(on).get(node.name.value), page)
            more, branch = self._known[known]
            points += more
            if branch:
                branches.append(branch)
        return Level(points, tuple(branches))

    def _fields(
        self, selections: SelectionSetNode, parent: object, seen: set[str]
    ) -> Iterator[tuple[FieldNode, object]]:
        """Each field with the type that it is selected on; as in execution, a fragment counts once in a selection."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node, parent
            elif isinstance(node, FragmentSpreadNode):
                if node.name.value not in seen:
                    seen.add(node.name.value)
                    fragment = self._fragments[node.name.value]
                    yield from self._fields(fragment.selection_set, self._on(fragment, parent), seen)
            else:
                yield from self._fields(cast("Any", node).selection_set, self._on(node, parent), seen)

    def _on(self, fragment: Any, parent: object) -> object:
        return self._schema.get_type(fragment.type_condition.name.value) if fragment.type_condition else parent

    def _field(self, node: FieldNode, field: GraphQLField | None, page: Page | None) -> tuple[int, Branch | None]:
        """What the field costs for certain, and its branch if it is or holds a list."""
        if field is None:
            return INTROSPECTION.get(node.name.value, 0), None
        own, declared = weight(field), list_size(field)
        size = self._size(node, field)
        below = Page(size, sized_by(declared)) if size is not None and sized_by(declared) else None
        if page is not None and node.name.value in page.fields:
            size = page.size
        if below is not None:
            size = None
        points = 0 if size is None else own
        level = Level(points, ())
        if node.selection_set:
            level = self.level(node.selection_set, type_of(field), points, below)
        if size is None:
            return (own, self._branch(node, None, level)) if level.branches else (own + level.points, None)
        return 0, self._branch(node, size, level) if level.points or level.branches else None

    def _branch(self, node: FieldNode, size: Size | None, level: Level) -> Branch:
        self.levels.append(level)
        return Branch((node.alias or node.name).value, size, level, len(self.levels) - 1)

    def _size(self, node: FieldNode, field: GraphQLField) -> Size | None:
        """The size that the field's own `@listSize` tells; None without one."""
        declared = list_size(field)
        if declared is None:
            return None
        name = slicing_argument(declared)
        if name is None:
            return declared.assumed_size or 0
        default: object = field.args[name].default_value
        otherwise = default if isinstance(default, int) else declared.assumed_size or 1
        given = next((each.value for each in node.arguments or () if each.name.value == name), None)
        if isinstance(given, VariableNode):
            return FromVariable(given.name.value, self._defaults.get(given.name.value, otherwise))
        return otherwise if given is None else written_length(given)


def written_length(given: object) -> int:
    """As `length`, of a value written in the document."""
    if isinstance(given, ListValueNode):
        return len(given.values)
    return length(int(given.value)) if isinstance(given, IntValueNode) else 1
