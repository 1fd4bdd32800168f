"""The catalogue behind the doors: what `store` shows everyone, and what `tenant` shows staff."""

from typing import Annotated

import strawberry

from domain import catalog, categories
from domain.catalog import ItemFilter
from domain.pages import PageRequest
from gql.catalog import CatalogItem, CatalogItemKind, CatalogItemStatus, Category, item_of, item_or_none
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
Slug = Annotated[str, strawberry.argument(description="Name in addresses.")]
Id = Annotated[strawberry.ID, strawberry.argument(description="Identifier.")]


@strawberry.type(description="The catalogue as shoppers see it: active items alone.")
class StoreCatalogFields:
    @strawberry.field(description="Items on sale or to give to, newest first.", directives=[PUBLIC])
    async def items(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        kind: KindFilter = None,
        category: CategoryFilter = None,
    ) -> Connection[CatalogItem]:
        wanted = ItemFilter(kind=written(kind), category=category)
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
    ) -> Connection[CatalogItem] | None:
        wanted = ItemFilter(status=written(status), kind=written(kind), category=category)
        actor, request = info.context.actor, PageRequest(first, after)
        selection = selected(info, "nodes", "edges.node")
        async with info.context.read_rows() as rows:
            found = await catalog.list_items(rows, actor=actor, wanted=wanted, page=request, selection=selection)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await catalog.count_items(session, actor=actor, wanted=wanted)

        return Connection[CatalogItem].of(info.context.take(found), item_of, count)

    @strawberry.field(
        description="One item of any status; null if the tenant has none with this identifier. Needs `catalog:read`: "
        "without it null and an error."
    )
    async def item(self, info: Info, id: Id) -> CatalogItem | None:
        item_id = known_id("item", id)
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
        description="One category; null if the tenant has none with this identifier. Needs `catalog:read`: without it "
        "null and an error."
    )
    async def category(self, info: Info, id: Id) -> Category | None:
        category_id = known_id("category", id)
        if category_id is None:
            return None
        async with info.context.read() as session:
            row = await categories.find_category(session, actor=info.context.actor, category_id=category_id)
        return Category(stored=row) if row else None
