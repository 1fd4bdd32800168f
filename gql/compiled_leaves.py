"""What compiled code does with scalars and enums, and with values that are not what their field is of."""

import inspect
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from graphql import GraphQLEnumType, Undefined
from strawberry.execution import optimized_is_awaitable
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.scalar import ScalarDefinition

PLAIN = frozenset({str, int, float, bool, Decimal, datetime, date, time, UUID})
"""Classes whose values are neither errors nor anything to wait for."""


class Surprise(Exception):
    """A value is not what a compiled function can complete: graphql-core knows what to say of it."""


def serializer(kind: Any) -> Callable[[Any], Any]:
    """What the scalar was declared with; graphql-core only wraps it."""
    definition: object = kind.extensions.get("strawberry-definition")
    declared = definition.serialize if isinstance(definition, ScalarDefinition) else None
    return declared or kind.coerce_output_value


def coercion(kind: Any) -> Callable[[Any], Any]:
    """What turns a result into a leaf's value, as strict as graphql-core's own completion."""
    coerce: Callable[[Any], Any] = kind.coerce_output_value

    def coerced(result: Any) -> Any:
        if result is Undefined or isinstance(result, Exception) or optimized_is_awaitable(result):
            raise Surprise
        value = coerce(result)
        if value is None or value is Undefined:
            raise Surprise
        return value

    return coerced


def abandon(result: object) -> None:
    """Leave what a resolver made for nobody: it will be asked again, and what waits unawaited is warned of."""
    if inspect.iscoroutine(result):
        result.close()
    elif isinstance(result, list):
        for each in cast("list[object]", result):
            abandon(each)


def names_of(kind: GraphQLEnumType) -> dict[int, str]:
    """The names of an enum's members by their identity; whatever else graphql-core knows to name is left to it."""
    definition: StrawberryEnumDefinition = kind.extensions["strawberry-definition"]
    return {id(member): kind.coerce_output_value(member) for member in definition.wrapped_cls}
