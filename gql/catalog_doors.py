"""The catalogue behind the doors: what `store` shows everyone, and what `tenant` shows staff."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import strawberry

from db.models import CatalogItem as CatalogItemRow
from db.models import CatalogVariant as CatalogVariantRow
from db.models import Category as CategoryRow
from domain import catalog, categories, external_references
from domain.catalog import ItemFilter
from domain.errors import FaultCode, UserFault
from domain.external_references import Referenced
from domain.pages import PageRequest
from gql.catalog import (
    CatalogItem,
    CatalogItemKind,
    CatalogItemStatus,
    CatalogVariant,
    Category,
    item_of,
    item_or_none,
)
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import usually
from gql.ids import known_id
from gql.lookahead import selected
from gql.publicity import PUBLIC
from gql.scalars import written

KindFilter = Annotated[CatalogItemKind | None, strawberry.argument(description="Only items of this kind.")]
StatusFilter = Annotated[CatalogItemStatus | None, strawberry.argument(description="Only items of this status.")]
CategoryFilter = Annotated[
    str | None,
    strawberry.argument(
        description="Slug of a category: only items in it or in one below it. No such category, no items."
    ),
]
TagFilter = Annotated[
    str | None,
    strawberry.argument(description="Only items with this tag; upper and lower case are the same. None has it, none."),
]
Slug = Annotated[str, strawberry.argument(description="Name in addresses.")]
Id = Annotated[strawberry.ID | None, strawberry.argument(description="Identifier.")]
ExternalReference = Annotated[str | None, strawberry.argument(description="What another system calls it.")]


@strawberry.type(description="The catalogue as shoppers see it: active items alone.")
class StoreCatalogFields:
    @strawberry.field(description="Items on sale or to give to, newest first.", directives=[PUBLIC])
    async def items(
        self,
        info: Info,
        *,
        first: First = 20,
        after: After = None,
        kind: KindFilter = None,
        category: CategoryFilter = None,
        tag: TagFilter = None,
    ) -> Connection[CatalogItem]:
        wanted = ItemFilter(kind=written(kind), category=category, tag=tag)
        request, selection = PageRequest(first, after), selected(info, "nodes", "edges.node")
        async with info.context.read_rows() as rows:
            found = await catalog.browse_items(rows, wanted=wanted, page=request, selection=selection)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await catalog.count_browsed_items(session, wanted=wanted)

        return Connection[CatalogItem].of(info.context.take(found), item_of, count)

    @strawberry.field(description="One item; null if there is none, or it is a draft or archived.", directives=[PUBLIC])
    async def item(self, info: Info, slug: Slug) -> CatalogItem | None:
        async with info.context.read_rows() as rows:
            found = await catalog.find_active_item(rows, slug=slug, selection=selected(info))
        return item_or_none(info.context.take(found))

    @strawberry.field(
        description="The categories at the top of the tree, in their order.", directives=[PUBLIC, usually(10)]
    )
    async def categories(self, info: Info) -> list[Category]:
        async with info.context.read() as session:
            rows = await categories.roots(session)
        return [Category(stored=row) for row in rows]

    @strawberry.field(description="One category; null if there is none.", directives=[PUBLIC])
    async def category(self, info: Info, slug: Slug) -> Category | None:
        async with info.context.read() as session:
            row = await categories.find_by_slug(session, slug=slug)
        return Category(stored=row) if row else None


@strawberry.type(description="The catalogue as staff see it: drafts and archived items as well.")
class StaffCatalogFields:
    @strawberry.field(
        description="Items of any status, newest first. Needs `catalog:read`: without it null and an error."
    )
    async def items(
        self,
        info: Info,
        *,
        first: First = 20,
        after: After = None,
        status: StatusFilter = None,
        kind: KindFilter = None,
        category: CategoryFilter = None,
        tag: TagFilter = None,
    ) -> Connection[CatalogItem] | None:
        wanted = ItemFilter(status=written(status), kind=written(kind), category=category, tag=tag)
        actor, request = info.context.actor, PageRequest(first, after)
        selection = selected(info, "nodes", "edges.node")
        async with info.context.read_rows() as rows:
            found = await catalog.list_items(rows, actor=actor, wanted=wanted, page=request, selection=selection)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await catalog.count_items(session, actor=actor, wanted=wanted)

        return Connection[CatalogItem].of(info.context.take(found), item_of, count)

    @strawberry.field(
        description="One item of any status, named in one of both ways; null if the tenant has no such one. Needs "
        "`catalog:read`: without it null and an error."
    )
    async def item(self, info: Info, id: Id = None, external_reference: ExternalReference = None) -> CatalogItem | None:
        item_id = await named(info, "item", id, external_reference)
        if item_id is None:
            return None
        actor = info.context.actor
        async with info.context.read_rows() as rows:
            found = await catalog.find_item(rows, actor=actor, item_id=item_id, selection=selected(info))
        return item_or_none(info.context.take(found))

    @strawberry.field(
        description="The categories at the top of the tree, in their order. Needs `catalog:read`: without it null and "
        "an error.",
        directives=[usually(10)],
    )
    async def categories(self, info: Info) -> list[Category] | None:
        async with info.context.read() as session:
            rows = await categories.list_roots(session, actor=info.context.actor)
        return [Category(stored=row) for row in rows]

    @strawberry.field(
        description="One variant of an item of any status, archived ones included, named in one of both ways; null if "
        "the tenant has no such one. Needs `catalog:read`: without it null and an error."
    )
    async def variant(
        self, info: Info, id: Id = None, external_reference: ExternalReference = None
    ) -> CatalogVariant | None:
        variant_id = await named(info, "variant", id, external_reference)
        if variant_id is None:
            return None
        async with info.context.read() as session:
            row = await catalog.find_variant(session, actor=info.context.actor, variant_id=variant_id)
        return CatalogVariant(stored=row) if row else None

    @strawberry.field(
        description="One category, named in one of both ways; null if the tenant has no such one. Needs "
        "`catalog:read`: without it null and an error."
    )
    async def category(
        self, info: Info, id: Id = None, external_reference: ExternalReference = None
    ) -> Category | None:
        category_id = await named(info, "category", id, external_reference)
        if category_id is None:
            return None
        async with info.context.read() as session:
            row = await categories.find_category(session, actor=info.context.actor, category_id=category_id)
        return Category(stored=row) if row else None


KINDS: Mapping[str, type[Referenced]] = {"item": CatalogItemRow, "variant": CatalogVariantRow, "category": CategoryRow}


async def named(info: Info, prefix: str, node_id: str | None, reference: str | None) -> UUID | None:
    """Whom one of both arguments names; None for nobody. Fault: INVALID for both of them, or neither."""
    if (node_id is None) == (reference is None):
        raise UserFault(FaultCode.INVALID, "Give either `id` or `externalReference`.", ("id",))
    if reference is None:
        return known_id(prefix, node_id or "")
    async with info.context.read() as session:
        return await external_references.find_id(
            session, actor=info.context.actor, kind=KINDS[prefix], reference=reference
        )
