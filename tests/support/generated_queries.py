"""Queries with everything that decides which fields are asked for: fragments, aliases, merged keys and switches."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

ENOUGH = 40
"""Fields, after which a query goes no deeper."""
SWITCHES = {"a": "Boolean!", "b": "Boolean! = true", "c": "Boolean = false", "d": "Boolean!"}
WORDS = ("__import__", "class", "None", "info", "source", "value", "field_0", "given", "lambda")
"""Aliases that mean something in Python."""


def named(definition: GraphQLField) -> GraphQLNamedType:
    return cast("GraphQLNamedType", get_named_type(cast("Any", definition).type))


@dataclass(frozen=True, slots=True)
class Query:
    """A document, and the variables of several requests of it."""

    text: str
    variables: Sequence[Mapping[str, Any]]


@dataclass
class Writer:
    """Writes one query. What a response key stands for is decided once per document, so that keys can be merged."""

    schema: GraphQLSchema
    chance: random.Random
    arguments: Mapping[str, Sequence[str]]
    """Literals for arguments by name, such as `id`; other arguments are made from their types."""
    size: int = 0
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Condition and text by name."""
    switches: set[str] = field(default_factory=set[str])
    given: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Variables besides the switches: type and literal by name."""
    decided: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])

    def query(self, roots: Sequence[str], values: Any) -> Query:
        kind = self.schema.query_type
        assert kind is not None
        chosen = [self.field(kind, self.chance.choice(roots), 6) for _ in range(self.chance.randint(1, 3))]
        fragments = "".join(f"\nfragment {name} on {on} {body}" for name, (on, body) in self.fragments.items())
        definitions = [f"${name}: {SWITCHES[name]}" for name in sorted(self.switches)]
        definitions += [f"${name}: {written}" for name, (written, _) in self.given.items()]
        head = f"query({', '.join(definitions)}) " if definitions else ""
        text = f"{head}{{ {' '.join(chosen)} }}{fragments}"
        constant = {name: values(literal) for name, (_, literal) in self.given.items()}
        return Query(text, [{**constant, **self.switched()} for _ in range(2 if self.switches else 1)])

    def switched(self) -> dict[str, Any]:
        return {
            name: self.chance.random() < 0.5 for name in self.switches if name in "ad" or self.chance.random() < 0.5
        }

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        """A selection of an object or interface, never empty."""
        depth = depth if self.size < ENOUGH else 0
        parts = [self.part(kind, depth) for _ in range(self.chance.choice((1, 2, 2, 3, 3, 4, 6)))]
        return f"{{ {' '.join(part for part in parts if part) or '__typename'} }}"

    def part(self, kind: GraphQLNamedType, depth: int) -> str:
        sort = self.chance.random()
        if sort < 0.12:
            condition = self.chance.choice((*self.conditions(kind), None))
            on = f"on {condition.name} " if condition else ""
            return f"... {on}{self.switch()}{self.selection(condition or kind, depth)}"
        if sort < 0.28 and depth > 0:
            return f"...{self.fragment(self.chance.choice(self.conditions(kind)), depth)} {self.switch()}"
        fields: Mapping[str, GraphQLField] = getattr(kind, "fields", {})
        names = [name for name in fields if depth > 0 or not is_composite_type(named(fields[name]))]
        return self.field(kind, self.chance.choice(names), depth) if names and sort < 0.95 else self.type_name()

    def type_name(self) -> str:
        alias = self.chance.choice(WORDS) if self.chance.random() < 0.3 else None
        return f"{alias}: __typename" if alias and not alias.startswith("__t") else "__typename"

    def conditions(self, kind: GraphQLNamedType) -> list[GraphQLNamedType]:
        if isinstance(kind, GraphQLInterfaceType):
            return [kind, *self.schema.get_possible_types(kind)]
        return [kind, *getattr(kind, "interfaces", ())]

    def fragment(self, kind: GraphQLNamedType, depth: int) -> str:
        """The name of one that exists, or of a new one: which can only name others that were finished before."""
        known = [name for name, (on, _) in self.fragments.items() if on == kind.name]
        if known and self.chance.random() < 0.6:
            return self.chance.choice(known)
        body = self.selection(kind, depth - 1)
        name = f"f{len(self.fragments)}"
        self.fragments[name] = kind.name, body
        return name

    def field(self, kind: GraphQLNamedType, name: str, depth: int) -> str:
        definition: GraphQLField = getattr(kind, "fields")[name]  # noqa: B009 - an object or an interface
        self.size += 1
        below = named(definition)
        alias = self.chance.choice(("", "", "", "a", "b"))
        key = f"{alias}_{kind.name}_{name}: {name}" if alias else name
        place = (kind.name, name, alias)
        if place not in self.decided:
            self.decided[place] = self.written(definition)
        selection = self.selection(below, depth - 1) if is_composite_type(below) else ""
        return f"{key}{self.decided[place]} {self.switch()}{selection}"

    def switch(self) -> str:
        """None mostly, sometimes one directive, at times both."""
        chosen = [name for name in ("include", "skip") if self.chance.random() < 0.06]
        return "".join(f"@{name}(if: {self.condition()}) " for name in chosen)

    def condition(self) -> str:
        if self.chance.random() < 0.25:
            return self.chance.choice(("true", "false"))
        name = self.chance.choice(list(SWITCHES))
        self.switches.add(name)
        return f"${name}"

    def written(self, definition: GraphQLField) -> str:
        arguments = [
            f"{name}: {self.argument(name, cast('Any', argument).type)}"
            for name, argument in definition.args.items()
            if is_required_argument(argument) or self.chance.random() < 0.4
        ]
        return f"({', '.join(arguments)})" if arguments else ""

    def argument(self, name: str, kind: Any) -> str:
        literal = self.literal(name, kind)
        if self.chance.random() < 0.6:
            return literal
        variable = f"v{len(self.given)}"
        self.given[variable] = str(kind), literal
        return f"${variable}"

    def literal(self, name: str, kind: Any) -> str:
        if not isinstance(kind, GraphQLNonNull) and self.chance.random() < 0.15:
            return "null"
        bare: Any = cast("Any", kind).of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(bare, GraphQLList):
            item: Any = cast("Any", bare).of_type
            return f"[{', '.join(self.literal(name, item) for _ in range(self.chance.randint(0, 4)))}]"
        if isinstance(bare, GraphQLEnumType):
            return self.chance.choice(list(bare.values))
        if isinstance(bare, GraphQLInputObjectType):
            return f"{{{', '.join(self.entries(bare))}}}"
        return self.chance.choice(self.arguments[name])

    def entries(self, kind: GraphQLInputObjectType) -> Iterator[str]:
        """What an input object may hold: some of its fields."""
        for name, each in cast("dict[str, Any]", kind.fields).items():
            if is_required_input_field(each) or self.chance.random() < 0.4:
                yield f"{name}: {self.literal(name, each.type)}"
