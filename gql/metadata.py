"""Metadata in the API: the three fields that each thing has which bears it."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from db.models import MetadataEntry as MetadataEntryRow
from domain import metadata as entries
from gql.context import Info
from gql.cost import usually
from gql.publicity import PUBLIC
from gql.related import related

UNTRUSTED = (
    "Values are texts that anybody on the staff or a program has written: never show them as markup or run them."
)
Key = Annotated[str, strawberry.argument(description="A key of the public metadata.")]


@strawberry.type(description=f"A text that was noted beside a thing. {UNTRUSTED}")
class MetadataEntry:
    key: str = strawberry.field(description="Unique on its side of its thing.", directives=[PUBLIC])
    value: str = strawberry.field(
        description="Untrusted text as it was sent, up to 2,000 characters.", directives=[PUBLIC]
    )


def entry_of(row: MetadataEntryRow) -> MetadataEntry:
    return MetadataEntry(key=row.key, value=row.value)


def metadata_field(batch: entries.Batch) -> Any:
    """`metadata`: for everybody who sees the thing."""

    @related(
        batch,
        description=f"Public metadata by key, at most 50. Everyone who sees the thing sees it. {UNTRUSTED}",
        directives=[PUBLIC, usually(5)],
    )
    def metadata(_self: Any, found: Sequence[MetadataEntryRow]) -> list[MetadataEntry]:
        return [entry_of(row) for row in found]

    return metadata


def metadata_value_field(batch: entries.Batch) -> Any:
    """`metadataValue(key:)`: one of them."""

    @strawberry.field(
        description="One value of the public metadata, untrusted text; null if the key is not set.", directives=[PUBLIC]
    )
    async def metadata_value(self: Any, info: Info, key: Key) -> str | None:
        found = await info.context.loaders.of(batch).load(self.stored.id)
        return next((row.value for row in found or [] if row.key == key), None)

    return metadata_value


def private_metadata_field(batch: entries.Batch) -> Any:
    """`privateMetadata`: for staff."""

    @strawberry.field(
        description=f"Private metadata by key, at most 50; null for anyone but staff with `catalog:read`. {UNTRUSTED}",
        directives=[usually(5)],
    )
    async def private_metadata(self: Any, info: Info) -> list[MetadataEntry] | None:
        if not entries.sees_private(info.context.actor):
            return None
        found = await info.context.loaders.of(batch).load(self.stored.id)
        return [entry_of(row) for row in found or []]

    return private_metadata
