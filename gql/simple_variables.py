"""Variables coerced in a hurry. What is not plainly right is left to graphql-core to say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    type_from_ast,  # pyright: ignore[reportUnknownVariableType] - graphql-core leaves what its wrapping types hold unknown
    value_from_ast,  # pyright: ignore[reportUnknownVariableType]
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value

from gql.schema_fields import nullable

MOST, LEAST = 2**31 - 1, -(2**31)

Coerce = Callable[[Any], Any]
"""From a value that is not null to the coerced one; `Undefined` where it is not plainly right."""


class NotSimple(Exception):
    """A type whose values only graphql-core coerces."""


def integer(value: object) -> object:
    return value if value.__class__ is int and LEAST <= cast("int", value) <= MOST else Undefined


def string(value: object) -> object:
    return value if value.__class__ is str else Undefined


def boolean(value: object) -> object:
    return value if value.__class__ is bool else Undefined


BUILT_IN: Mapping[str, Coerce] = {"Int": integer, "String": string, "ID": string, "Boolean": boolean}


@dataclass(frozen=True, slots=True)
class Entry:
    """A variable, or a field of an input object."""

    name: str
    coerce: Coerce
    nullable: bool
    default: object
    """`Undefined` where it has none."""

    def put(self, given: Mapping[str, Any], coerced: dict[str, Any]) -> bool:
        """Add what it is given, or its default; false where that is not plainly right."""
        value = given.get(self.name, Undefined)
        if value is Undefined:
            if self.default is not Undefined:
                coerced[self.name] = self.default
                return True
            return self.nullable
        if value is None:
            coerced[self.name] = None
            return self.nullable
        coerced[self.name] = made = self.coerce(value)
        return made is not Undefined


@dataclass(frozen=True, slots=True)
class SimpleVariables:
    """The variables of an operation, all of types that can be coerced in a hurry."""

    variables: tuple[Entry, ...]
    signatures: Mapping[str, GraphQLVariableSignature]

    def coerce(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """As graphql-core coerces them; None for what it would have to change or to refuse."""
        coerced: dict[str, Any] = {}
        for each in self.variables:
            if not each.put(given, coerced):
                return None
        return coerced

    def values(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The same with what graphql-core notes beside each."""
        coerced = self.coerce(given)
        if coerced is None:
            return None
        sources = {
            name: VariableValueSource(each, given[name]) if name in given else VariableValueSource(each)
            for name, each in self.signatures.items()
        }
        return VariableValues(sources, coerced)


def simple_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> SimpleVariables | None:
    """None where a variable is of any other type."""
    found: list[Entry] = []
    signatures: dict[str, GraphQLVariableSignature] = {}
    for definition in operation.variable_definitions or ():
        kind: object = type_from_ast(schema, definition.type)
        signature = get_variable_signature(schema, definition)
        if kind is None or isinstance(signature, GraphQLError):
            return None
        default = value_from_ast(definition.default_value, cast("Any", kind)) if definition.default_value else Undefined
        try:
            found.append(entry(signature.name, kind, default, ()))
        except NotSimple:
            return None
        signatures[signature.name] = signature
    return SimpleVariables(tuple(found), signatures)


def entry(name: str, kind: object, default: object, around: Sequence[object]) -> Entry:
    # Every request is given the same default, as by graphql-core: what is made of it for a resolver is a copy.
    return Entry(name, coercion(nullable(kind), around), not isinstance(kind, GraphQLNonNull), default)


def coercion(kind: object, around: Sequence[object]) -> Coerce:
    """Of values that are not null. `around` are the types that it stands in: one may go on in itself for ever."""
    if isinstance(kind, GraphQLList):
        return list_coercion(cast("Any", kind).of_type, around)
    if isinstance(kind, GraphQLInputObjectType):
        return object_coercion(kind, around)
    leaf = cast("GraphQLLeafType", kind)
    return BUILT_IN.get(leaf.name) or leaf_coercion(leaf)


def leaf_coercion(kind: GraphQLLeafType) -> Coerce:
    coerce: Coerce = cast("Any", kind).coerce_input_value

    def coerced(value: object) -> object:
        try:
            return coerce(value)
        except Exception:  # graphql-core comes upon it again, and tells it
            return Undefined

    return coerced


def list_coercion(kind: object, around: Sequence[object]) -> Coerce:
    coerce, may_be_null = coercion(nullable(kind), around), not isinstance(kind, GraphQLNonNull)

    def coerced(value: object) -> object:
        if value.__class__ is not list:
            return Undefined
        null = None if may_be_null else Undefined
        made = [null if each is None else coerce(each) for each in cast("list[Any]", value)]
        return Undefined if any(each is Undefined for each in made) else made

    return coerced


def object_coercion(kind: GraphQLInputObjectType, around: Sequence[object]) -> Coerce:
    if kind in around:
        raise NotSimple
    fields: dict[str, Any] = kind.fields
    entries = [entry(name, each.type, coerce_default_value(each), (*around, kind)) for name, each in fields.items()]
    is_one_of: bool = kind.is_one_of

    def coerced(value: object) -> object:
        if value.__class__ is not dict:
            return Undefined
        given, made = cast("dict[str, Any]", value), dict[str, Any]()
        if is_one_of and (len(given) != 1 or None in given.values()):
            return Undefined
        for each in entries:
            if not each.put(given, made):
                return Undefined
        return Undefined if given.keys() - made.keys() else made

    return coerced
