"""Fields made of rows that belong to the object's row: a loader reads them, unless they were read along with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import strawberry

from gql.context import Info
from gql.loaders import Batch


@dataclass(frozen=True, slots=True)
class Related:
    """How such a field is resolved: what `batch` has for the object's `key` goes through `make`."""

    batch: Batch[Any, Any]
    key: str
    """Path of attributes from the object to the key."""
    make: Callable[..., Any]
    takes_info: bool


def related(
    batch: Batch[Any, Any], *, description: str, key: str = "stored.id", directives: Sequence[object] = ()
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field by a function of the object and the rows found for it.

    `batch` has a list for every key, be it an empty one. A third parameter, if the function has one, is the `info`.
    """

    def declare(make: Callable[..., Any]) -> Any:
        takes_info = make.__code__.co_argcount > 2
        key_of = attrgetter(key)

        async def resolve(self: Any, info: Info) -> Any:
            found = await info.context.loaders.of(batch).load(key_of(self))
            return make(self, found or [], info) if takes_info else make(self, found or [])

        # Strawberry reads the names that annotations mention where the function was written.
        resolve.__name__, resolve.__module__ = make.__name__, make.__module__
        resolve.__annotations__ = {"info": Info, "return": make.__annotations__["return"]}
        setattr(resolve, RELATED, Related(batch, key, make, takes_info))
        return strawberry.field(resolve, description=description, directives=directives)

    return declare


RELATED = "__related__"


def related_by(resolver: object) -> Related | None:
    """How the resolver was declared, if it was by `related`."""
    return getattr(resolver, RELATED, None)
