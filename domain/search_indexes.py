"""What the domain asks of a search index outside. `integrations` implements it; `bootstrap` chooses the cluster.

A tenant has an alias, by which its items are searched and written, and behind it one index. Another index takes its
place by moving the alias. No method takes a name from outside: aliases are derived from the tenant.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class IndexedItem:
    """An item as it was at a version; without a document it is gone."""

    item_id: uuid.UUID
    version: int
    document: Mapping[str, Any] | None


class IndexUnavailable(Exception):
    """The index could not be asked or did not take everything. Nothing is known of what it took: tell it again."""


class SearchIndexes(Protocol):
    """Indexes of many tenants. Whatever goes wrong on the way is `IndexUnavailable`."""

    async def write(self, tenant_id: uuid.UUID, items: Sequence[IndexedItem], *, index: str | None = None) -> None:
        """Take over what is newer than what the index has of each item, also that it is gone.

        Into the index that answers, or into one of that name which is still being filled.
        """
        ...

    async def make(self, tenant_id: uuid.UUID) -> str:
        """A new and empty index for the tenant, which nobody searches yet; its name."""
        ...

    async def put_in_place(self, tenant_id: uuid.UUID, index: str) -> None:
        """From now on this index answers, in one step; all others of the tenant are no more."""
        ...

    async def remove(self, tenant_id: uuid.UUID, *, index: str | None = None) -> None:
        """Take all indexes of the tenant away, or the one of that name."""
        ...
