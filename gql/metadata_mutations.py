"""What staff and their programs do with metadata."""

from collections.abc import Mapping

import strawberry

from db.models import CatalogItem, CatalogVariant, Category
from domain import metadata
from domain.actors import Permission
from domain.metadata import Owner, Side, nothing_to_note
from gql.access import staff
from gql.context import Info
from gql.cost import usually
from gql.ids import split_id
from gql.metadata import UNTRUSTED, MetadataEntry, entry_of
from gql.node import Node
from gql.nodes import find
from gql.roots import Payload, mutation

MANAGE = staff(Permission.CATALOG_MANAGE)
OWNERS: Mapping[str, Owner] = {"item": CatalogItem, "variant": CatalogVariant, "category": Category}
WHOSE = "The item, variant or category."
SIDE = "True for the private side, which staff alone see; false for the public one."
KEY = "1 to 64 Latin letters, digits and any of `_ . : -`; a prefix such as `erp.` keeps programs apart."


@strawberry.input(description="A key and what it shall hold.")
class MetadataEntryInput:
    key: str = strawberry.field(description=KEY)
    value: str = strawberry.field(description="A text of up to 2,000 characters, kept as it is sent; may be empty.")


@strawberry.input(description="Keys to set on one side of a thing.")
class MetadataSetInput:
    id: strawberry.ID = strawberry.field(description=WHOSE)
    is_private: bool = strawberry.field(default=False, description=SIDE)
    entries: list[MetadataEntryInput] = strawberry.field(
        description="1 to 50 keys, none twice. Keys that are not named stay as they are; a side holds at most 50."
    )


@strawberry.input(description="Keys to delete on one side of a thing.")
class MetadataDeleteInput:
    id: strawberry.ID = strawberry.field(description=WHOSE)
    is_private: bool = strawberry.field(default=False, description=SIDE)
    keys: list[str] = strawberry.field(description="1 to 50 keys; one that is not there is no fault.")


@strawberry.type(description="The thing with its new metadata.")
class MetadataPayload(Payload):
    node: Node | None = strawberry.field(
        default=None, description="The item, variant or category; null when `userErrors` says why."
    )
    metadata: list[MetadataEntry] | None = strawberry.field(
        default=None,
        description=f"Every entry of the side that was written to; null when `userErrors` says why. {UNTRUSTED}",
        directives=[usually(5)],
    )


@strawberry.type
class MetadataMutation:
    @mutation(
        MetadataPayload,
        access=MANAGE,
        description="Set keys of an item's, variant's or category's metadata. Atomic by key: of two who set different "
        "ones at once both win. It raises no `version`: nobody's edit becomes stale by it.",
    )
    async def metadata_set(self, info: Info, input: MetadataSetInput) -> MetadataPayload | None:
        side, given = side_of(input), [(each.key, each.value) for each in input.entries]
        async with info.context.write() as session:
            rows = await metadata.set_entries(session, actor=info.context.actor, side=side, entries=given)
        return MetadataPayload(node=await find(info, input.id), metadata=[entry_of(row) for row in rows])

    @mutation(MetadataPayload, access=MANAGE, description="Delete keys of an item's, variant's or category's metadata.")
    async def metadata_delete(self, info: Info, input: MetadataDeleteInput) -> MetadataPayload | None:
        side = side_of(input)
        async with info.context.write() as session:
            rows = await metadata.delete_entries(session, actor=info.context.actor, side=side, keys=input.keys)
        return MetadataPayload(node=await find(info, input.id), metadata=[entry_of(row) for row in rows])


def side_of(sent: MetadataSetInput | MetadataDeleteInput) -> Side:
    """Fault: NOT_FOUND for the identifier of anything else."""
    parsed = split_id(sent.id)
    owner = OWNERS.get(parsed[0]) if parsed else None
    if parsed is None or owner is None:
        raise nothing_to_note()
    return Side(owner, parsed[1], sent.is_private)
