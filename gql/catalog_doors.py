"""The catalogue behind the doors: what `store` shows everyone, and what `tenant` shows staff."""

from typing import Annotated

import strawberry

from domain import catalog, categories
from domain.catalog import ItemFilter
from domain.pages import PageRequest
from gql.catalog import CatalogItem, CatalogItemKind, CatalogItemStatus, Category, item_of
from gql.connections import After, Connection, First
from gql.context import Info
from gql.ids import known_id
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
    @strawberry.field(description="Items on sale or to give to, newest first.")
    async def items(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        kind: KindFilter = None,
        category: CategoryFilter = None,
    ) -> Connection[CatalogItem]:
        wanted = ItemFilter(kind=written(kind), category=category)
        async with info.context.read() as session:
            page = await catalog.browse_items(session, wanted=wanted, page=PageRequest(first, after))

        async def count() -> int:
            async with info.context.read() as session:
                return await catalog.count_browsed_items(session, wanted=wanted)

        return Connection[CatalogItem].of(page, item_of, count)

    @strawberry.field(description="One item; null if there is none, or it is a draft or archived.")
    async def item(self, info: Info, slug: Slug) -> CatalogItem | None:
        async with info.context.read() as session:
            row = await catalog.find_active_item(session, slug=slug)
        return item_of(row) if row else None

    @strawberry.field(description="The categories at the top of the tree, in their order.")
    async def categories(self, info: Info) -> list[Category]:
        async with info.context.read() as session:
            rows = await categories.roots(session)
        return [Category(stored=row) for row in rows]

    @strawberry.field(description="One category; null if there is none.")
    async def category(self, info: Info, slug: Slug) -> Category | None:
        async with info.context.read() as session:
            row = await categories.find_by_slug(session, slug=slug)
        return Category(stored=row) if row else None


@strawberry.type(description="The catalogue as staff see it: drafts and archived items as well.")
class StaffCatalogFields:
    @strawberry.field(description="Items of any status, newest first.")
    async def items(
        self,
        info: Info,
        *,
        first: First = 20,
        after: After = None,
        status: StatusFilter = None,
        kind: KindFilter = None,
        category: CategoryFilter = None,
    ) -> Connection[CatalogItem]:
        wanted = ItemFilter(status=written(status), kind=written(kind), category=category)
        actor, request = info.context.actor, PageRequest(first, after)
        async with info.context.read() as session:
            page = await catalog.list_items(session, actor=actor, wanted=wanted, page=request)

        async def count() -> int:
            async with info.context.read() as session:
                return await catalog.count_items(session, actor=actor, wanted=wanted)

        return Connection[CatalogItem].of(page, item_of, count)

    @strawberry.field(description="One item of any status; null if the tenant has none with this identifier.")
    async def item(self, info: Info, id: Id) -> CatalogItem | None:
        item_id = known_id("item", id)
        if item_id is None:
            return None
        async with info.context.read() as session:
            row = await catalog.find_item(session, actor=info.context.actor, item_id=item_id)
        return item_of(row) if row else None

    @strawberry.field(description="The categories at the top of the tree, in their order.")
    async def categories(self, info: Info) -> list[Category]:
        async with info.context.read() as session:
            rows = await categories.list_roots(session, actor=info.context.actor)
        return [Category(stored=row) for row in rows]

    @strawberry.field(description="One category; null if the tenant has none with this identifier.")
    async def category(self, info: Info, id: Id) -> Category | None:
        category_id = known_id("category", id)
        if category_id is None:
            return None
        async with info.context.read() as session:
            row = await categories.find_category(session, actor=info.context.actor, category_id=category_id)
        return Category(stored=row) if row else None
