"""Many items or variants by one call, with an answer for each row."""

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypeVar

import strawberry

from domain import catalog, catalog_item_bulk, catalog_variant_bulk
from domain.catalog_bulk import Outcome, RowsRefused
from domain.catalog_item_bulk import ItemEdit
from domain.catalog_variant_bulk import VariantEdit
from domain.errors import UserFault, UserFaults
from gql.catalog import CatalogItem, CatalogVariant, item_of
from gql.catalog_inputs import (
    CatalogItemCreateInput,
    CatalogItemUpdateInput,
    CatalogVariantUpdateInput,
    item_changes,
    new_item,
    variant_changes,
)
from gql.catalog_mutations import MANAGE
from gql.context import Info
from gql.cost import usually
from gql.errors import UserError, user_error
from gql.ids import row_id
from gql.roots import Payload, mutation

Sent = TypeVar("Sent")
Read = TypeVar("Read")

ROWS = usually(10)


@strawberry.enum(description="What becomes of the other rows when one is refused.")
class BulkOnError(Enum):
    REJECT_ALL = strawberry.enum_value(
        "reject_all", description="None is done: all rows or nothing. What is wrong is told of every row."
    )
    SKIP_ROW = strawberry.enum_value("skip_row", description="The others are done, and the refused one is left out.")


REFUSED = (
    "Why the row was refused, with paths that begin at the row, such as `[price]`; empty for a row that is fine, also "
    "where others kept it from being done."
)
ON_ERROR = "What becomes of the other rows when one is refused."


@strawberry.input(description="New items.")
class CatalogItemBulkCreateInput:
    items: list[CatalogItemCreateInput] = strawberry.field(description="1 to 100 items, each as for one alone.")
    on_error: BulkOnError = strawberry.field(default=BulkOnError.REJECT_ALL, description=ON_ERROR)


@strawberry.input(description="Edits of items.")
class CatalogItemBulkUpdateInput:
    items: list[CatalogItemUpdateInput] = strawberry.field(
        description="1 to 100 different items, each as for one alone."
    )
    on_error: BulkOnError = strawberry.field(default=BulkOnError.REJECT_ALL, description=ON_ERROR)


@strawberry.input(description="Edits of variants, of one item or of several.")
class CatalogVariantBulkUpdateInput:
    variants: list[CatalogVariantUpdateInput] = strawberry.field(
        description="1 to 100 variants, each as for one alone. What one lets go of, such as its SKU, another may take."
    )
    on_error: BulkOnError = strawberry.field(default=BulkOnError.REJECT_ALL, description=ON_ERROR)


@strawberry.type(description="What became of a row.")
class CatalogItemBulkResult:
    index: int = strawberry.field(description="Place of the row in the input, from 0.")
    item: CatalogItem | None = strawberry.field(description="The item; null where nothing was done.")
    user_errors: list[UserError] = strawberry.field(
        description=REFUSED,
        directives=[usually(1)],
    )


@strawberry.type(description="What became of a row.")
class CatalogVariantBulkResult:
    index: int = strawberry.field(description="Place of the row in the input, from 0.")
    variant: CatalogVariant | None = strawberry.field(description="The variant; null where nothing was done.")
    item: CatalogItem | None = strawberry.field(description="Its item, with its new version.")
    user_errors: list[UserError] = strawberry.field(
        description=REFUSED,
        directives=[usually(1)],
    )


@strawberry.type(description="What became of the rows. `userErrors` tells what is wrong with all of them together.")
class CatalogItemBulkPayload(Payload):
    results: list[CatalogItemBulkResult] = strawberry.field(
        default_factory=list, description="One for each row, in their order.", directives=[ROWS]
    )


@strawberry.type(description="What became of the rows. `userErrors` tells what is wrong with all of them together.")
class CatalogVariantBulkPayload(Payload):
    results: list[CatalogVariantBulkResult] = strawberry.field(
        default_factory=list, description="One for each row, in their order.", directives=[ROWS]
    )


@strawberry.type
class CatalogBulkMutation:
    @mutation(CatalogItemBulkPayload, access=MANAGE, description="Make up to 100 items with their variants.")
    async def catalog_item_bulk_create(
        self, info: Info, input: CatalogItemBulkCreateInput
    ) -> CatalogItemBulkPayload | None:
        rows, skips = read(input.items, new_item), input.on_error is BulkOnError.SKIP_ROW
        try:
            async with info.context.write() as session:
                made = await catalog_item_bulk.create_many(session, actor=info.context.actor, rows=rows, skips=skips)
        except RowsRefused as refused:
            made = refused.outcomes
        return item_payload(made)

    @mutation(
        CatalogItemBulkPayload,
        access=MANAGE,
        description="Change up to 100 items. A stale row is refused as an edit of one item is.",
    )
    async def catalog_item_bulk_update(
        self, info: Info, input: CatalogItemBulkUpdateInput
    ) -> CatalogItemBulkPayload | None:
        rows, skips = read(input.items, item_edit), input.on_error is BulkOnError.SKIP_ROW
        try:
            async with info.context.write() as session:
                made = await catalog_item_bulk.update_many(session, actor=info.context.actor, rows=rows, skips=skips)
        except RowsRefused as refused:
            made = refused.outcomes
        return item_payload(made)

    @mutation(
        CatalogVariantBulkPayload,
        access=MANAGE,
        description="Change prices, stock, SKUs and more of up to 100 variants. Each item's version rises by one, "
        "however many of its variants are changed.",
    )
    async def catalog_variant_bulk_update(
        self, info: Info, input: CatalogVariantBulkUpdateInput
    ) -> CatalogVariantBulkPayload | None:
        rows, skips = read(input.variants, variant_edit), input.on_error is BulkOnError.SKIP_ROW
        try:
            async with info.context.write() as session:
                made = await catalog_variant_bulk.update_many(session, actor=info.context.actor, rows=rows, skips=skips)
        except RowsRefused as refused:
            made = refused.outcomes
        results = await asyncio.gather(*(variant_result(info, index, each) for index, each in enumerate(made)))
        return CatalogVariantBulkPayload(results=results)


def read(rows: Sequence[Sent], reader: Callable[[Sent], Read]) -> list[Read | UserFaults]:
    """The rows as the domain takes them; one that cannot be read is what is wrong with it."""
    found: list[Read | UserFaults] = []
    for row in rows:
        try:
            found.append(reader(row))
        except UserFault as fault:
            found.append(UserFaults([fault]))
        except UserFaults as faults:
            found.append(faults)
    return found


def item_edit(sent: CatalogItemUpdateInput) -> ItemEdit:
    return ItemEdit(row_id("item", sent.id, "id"), sent.version, item_changes(sent))


def variant_edit(sent: CatalogVariantUpdateInput) -> VariantEdit:
    return VariantEdit(row_id("variant", sent.id, "id"), variant_changes(sent), sent.item_version)


def item_payload(made: Sequence[Outcome[Any]]) -> CatalogItemBulkPayload:
    results = [
        CatalogItemBulkResult(
            index=index, item=item_of(each.made) if each.made else None, user_errors=[*map(user_error, each.faults)]
        )
        for index, each in enumerate(made)
    ]
    return CatalogItemBulkPayload(results=results)


async def variant_result(info: Info, index: int, outcome: Outcome[Any]) -> CatalogVariantBulkResult:
    errors = [user_error(fault) for fault in outcome.faults]
    if outcome.made is None:
        return CatalogVariantBulkResult(index=index, variant=None, item=None, user_errors=errors)
    item = await info.context.loaders.of(catalog.items_by_id).load(outcome.made.item_id)
    return CatalogVariantBulkResult(
        index=index,
        variant=CatalogVariant(stored=outcome.made),
        item=item_of(item) if item else None,
        user_errors=errors,
    )
