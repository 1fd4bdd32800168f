"""What is compiled of an operation, and how well it serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from graphql.execution.executor import Executor

from domain.errors import AccessDenied, UserFault, UserFaults
from gql.compiled import Compiled, Compiler
from gql.operations import CompiledOperation, OperationCompiler
from gql.simple_variables import SimpleVariables

T = TypeVar("T")

MOST_VARIANTS = 16
"""So many combinations of the variables behind `@include` and `@skip` are compiled for one operation."""
MOST_COMPILED = 2_000
"""Fields in all that is compiled for one operation: where outer selections miss, inner ones are compiled once more."""
TRIES = 4
"""What was a surprise so often, and more often than not, is left to graphql-core."""
AGAIN = 100
"""And tried again every so many times: it may have been one client's doing."""


@dataclass(slots=True)
class Tried(Generic[T]):
    """What was compiled, and how that went."""

    compiled: T | None
    hits: int = 0
    misses: int = 0
    passed_over: int = 0

    def next_try(self) -> T | None:
        """What is to be tried now; None where graphql-core is asked at once."""
        if self.misses < TRIES or self.misses <= self.hits:
            return self.compiled
        self.passed_over += 1
        return self.compiled if self.passed_over % AGAIN == 0 else None

    def missed(self, error: BaseException) -> None:
        """Refusals are the client's doing, and say nothing of what was compiled."""
        if not isinstance(error, UserFault | UserFaults | AccessDenied):
            self.misses += 1


Place = Tried[Compiled]
"""Where values of one type are completed."""
Operation = Tried[CompiledOperation]
Places = dict[tuple[int, ...], Place]


@dataclass(slots=True)
class Plan:
    """What is compiled of one operation, by the values of the variables that decide which fields are selected.

    Nothing is compiled for an operation that came only once: most of those never come again.
    """

    switches: tuple[str, ...]
    """Names of the variables in `@include` and `@skip`."""
    variables: SimpleVariables | None
    """How its variables are read in a hurry; None where that takes graphql-core."""
    seen: int = 0
    fields: int = 0
    """Compiled so far."""
    variants: dict[tuple[object, ...], Places] = field(default_factory=dict)
    operations: dict[tuple[object, ...], Operation] = field(default_factory=dict)

    def operation(self, variables: Mapping[str, Any]) -> Operation | None:
        """What was compiled of the whole operation for these variables."""
        return self.operations.get(self.variant(variables))

    def learn(self, executor: "Executor[Any]", converter: Any) -> None:
        """Compile the operation that is about to be executed, if it came before and was never tried."""
        key = self.variant(executor.variable_values.coerced)
        if self.seen < 2 or self.variables is None or key in self.operations or len(self.operations) >= MOST_VARIANTS:
            return
        compiler = OperationCompiler(executor, converter)
        self.operations[key] = Operation(self.attempt(compiler, compiler.compiled_operation))

    def attempt(self, compiler: Compiler, compiling: Callable[[], T]) -> T | None:
        """What the compiler made; None where that cannot be, or enough was compiled before."""
        if self.fields >= MOST_COMPILED:
            return None
        try:
            return compiling()
        except Exception:  # not plain; or a switch or an argument is at fault, which graphql-core tells
            return None
        finally:
            self.fields += compiler.fields

    def variant(self, variables: Mapping[str, Any]) -> tuple[object, ...]:
        return tuple([variables.get(name) for name in self.switches])

    def places(self, variables: Mapping[str, Any]) -> Places | None:
        """The places of a request with these variables; None where nothing is to be compiled."""
        self.seen += 1
        if self.seen == 1:
            return None
        key = self.variant(variables)
        if key not in self.variants and len(self.variants) < MOST_VARIANTS:
            self.variants[key] = {}
        return self.variants.get(key)
