"""What is compiled of an operation, and how well it serves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gql.compiled import Compiled

MOST_VARIANTS = 16
"""So many combinations of the variables behind `@include` and `@skip` are compiled for one operation."""
TRIES = 4
"""A place whose values were a surprise so often, and more often than not, is left to graphql-core."""


@dataclass(slots=True)
class Place:
    """Where values of one type are completed: what was compiled for it, and how that went."""

    compiled: Compiled | None
    hits: int = 0
    misses: int = 0

    @property
    def is_worth_trying(self) -> bool:
        return self.compiled is not None and (self.misses < TRIES or self.misses <= self.hits)


Places = dict[tuple[int, ...], Place]


@dataclass(slots=True)
class Plan:
    """What is compiled of one operation, by the values of the variables that decide which fields are selected.

    Nothing is compiled for an operation that came only once: most of those never come again.
    """

    switches: tuple[str, ...]
    """Names of the variables in `@include` and `@skip`."""
    seen: int = 0
    variants: dict[tuple[object, ...], Places] = field(default_factory=dict)

    def places(self, variables: Mapping[str, Any]) -> Places | None:
        """The places of a request with these variables; None where nothing is to be compiled."""
        self.seen += 1
        if self.seen == 1:
            return None
        key = tuple(variables.get(name) for name in self.switches)
        if key not in self.variants and len(self.variants) < MOST_VARIANTS:
            self.variants[key] = {}
        return self.variants.get(key)
