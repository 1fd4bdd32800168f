"""Variables of built-in scalars, coerced in a hurry. What is not plainly right is left to graphql-core to say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    type_from_ast,  # pyright: ignore[reportUnknownVariableType] - graphql-core leaves what its wrapping types hold unknown
    value_from_ast,  # pyright: ignore[reportUnknownVariableType]
)

MOST, LEAST = 2**31 - 1, -(2**31)


def is_int(value: object) -> bool:
    return value.__class__ is int and LEAST <= cast("int", value) <= MOST


def is_text(value: object) -> bool:
    return value.__class__ is str


def is_boolean(value: object) -> bool:
    return value.__class__ is bool


CHECKS: Mapping[str, Callable[[object], bool]] = {
    "Int": is_int,
    "String": is_text,
    "ID": is_text,
    "Boolean": is_boolean,
}


@dataclass(frozen=True, slots=True)
class SimpleVariable:
    name: str
    check: Callable[[object], bool]
    nullable: bool
    default: object
    """`Undefined` where it has none."""


@dataclass(frozen=True, slots=True)
class SimpleVariables:
    """The variables of an operation, all of them of built-in scalars."""

    variables: tuple[SimpleVariable, ...]

    def coerce(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """As graphql-core coerces them; None for what it would have to change or to refuse."""
        coerced: dict[str, Any] = {}
        for each in self.variables:
            value = given.get(each.name, Undefined)
            if value is Undefined:
                if each.default is not Undefined:
                    coerced[each.name] = each.default
                elif not each.nullable:
                    return None
            elif each.check(value) or (value is None and each.nullable):
                coerced[each.name] = value
            else:
                return None
        return coerced


def simple_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> SimpleVariables | None:
    """None where a variable is of any other type."""
    found: list[SimpleVariable] = []
    for definition in operation.variable_definitions or ():
        kind = type_from_ast(schema, definition.type)
        nullable = not isinstance(kind, GraphQLNonNull)
        check = CHECKS.get(str(kind).removesuffix("!"))
        if check is None or kind is None:
            return None
        default = value_from_ast(definition.default_value, cast("Any", kind)) if definition.default_value else Undefined
        found.append(SimpleVariable(definition.variable.name.value, check, nullable, default))
    return SimpleVariables(tuple(found))
