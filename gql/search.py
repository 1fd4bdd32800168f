"""Search in the API: one connection for storefront and back office, with what it was narrowed to, and counts."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry

from domain import search
from domain.catalog import Availability
from domain.pages import PageRequest
from domain.search import Found
from domain.searches import Search, SearchFilter, SearchSort
from gql.catalog import CatalogAvailability, CatalogItem, CatalogItemKind, CatalogItemStatus, item_of
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import Cost
from gql.lookahead import selected
from gql.publicity import PUBLIC
from gql.scalars import requested_locale
from gql.search_facets import SearchFacets, count_facets

SEARCH = Cost(weight=5)
FACETS = Cost(weight=30)
"""Counting facets looks at every match, once for each of them."""


@strawberry.enum(description="In which order results come. Each item has one place in it: no two are equal.")
class CatalogSearchSort(Enum):
    RELEVANCE = strawberry.enum_value(
        "relevance",
        description="The best match first, then what is available; without words the newest first. Of more than 5,000 "
        "matches the newest 5,000 are listed.",
    )
    NEWEST = strawberry.enum_value("newest", description="The newest first.")
    PRICE_ASC = strawberry.enum_value("price_asc", description="The cheapest first.")
    PRICE_DESC = strawberry.enum_value("price_desc", description="The dearest first.")
    NAME = strawberry.enum_value(
        "name",
        description="By name in the language that is asked for, or in the other where there is none; alphabetically, "
        "without regard to case, accents, vowel marks and forms of letters.",
    )


@strawberry.input(description="Prices of an item's cheapest variant, in the tenant's currency; ends included.")
class PriceRange:
    gte: Decimal | None = strawberry.field(default=None, description="At least this much.")
    lte: Decimal | None = strawberry.field(default=None, description="At most this much.")


@strawberry.input(
    description="What results are narrowed to. Of several choices one must fit; an empty list, like null, "
    "narrows nothing."
)
class CatalogSearchFilter:
    category: str | None = strawberry.field(
        default=None, description="Slug of a category: only items in it or in one below it. No such category, no items."
    )
    price: PriceRange | None = strawberry.field(default=None, description="Only items that cost so much.")
    availability: list[CatalogAvailability] | None = strawberry.field(
        default=None, description="Only items whose best variant is so available; at most 20, any if empty."
    )
    kind: list[CatalogItemKind] | None = strawberry.field(
        default=None, description="Only these kinds; at most 20, any if empty."
    )

    tags: list[str] | None = strawberry.field(
        default=None,
        description="Only items with one of these tags, at most 20, any if empty; upper and lower case are the same.",
    )

    def value(self) -> SearchFilter:
        price = self.price or PriceRange()
        return SearchFilter(
            category=self.category,
            price_from=price.gte,
            price_to=price.lte,
            availabilities=None
            if self.availability is None
            else [Availability(each.value) for each in self.availability],
            kinds=None if self.kind is None else [str(each.value) for each in self.kind],
            tags=self.tags,
        )


@strawberry.type(description="One page of what a search has found, the counts of all of it, and how it was understood.")
class CatalogSearchConnection(Connection[CatalogItem]):
    found: strawberry.Private[Found]

    @strawberry.field(
        description="How many match, of each category, tag, kind, availability and price.", directives=[PUBLIC, FACETS]
    )
    async def facets(self, info: Info) -> SearchFacets:
        return await count_facets(info, self.found)

    @strawberry.field(
        description="Nothing has the words as they were written: these are results for words that are spelled much "
        "alike, or for some of the words.",
        directives=[PUBLIC],
    )
    def is_fuzzy(self) -> bool:
        return bool(self.found.matches.reading)

    @strawberry.field(
        description="The words that were searched for instead, told on the first page; null where none was corrected. "
        "Words that needed no correction stand as they were typed, words that nothing has are left out.",
        directives=[PUBLIC],
    )
    def corrected_query(self) -> str | None:
        return self.found.matches.corrected


Query = Annotated[
    str,
    strawberry.argument(
        description="Words in Arabic, English or both, at most 200 characters; the last may be typed half. Empty lists "
        "everything. Signs of any kind part words and mean nothing."
    ),
]
Filter = Annotated[CatalogSearchFilter | None, strawberry.argument(description="What to narrow the results to.")]
Sort = Annotated[CatalogSearchSort, strawberry.argument(description="In which order.")]
Statuses = Annotated[
    list[CatalogItemStatus] | None,
    strawberry.argument(description="Only items of these statuses; null or empty for any."),
]


@strawberry.type(description="The search of shoppers: active items alone.")
class StoreSearchFields:
    @strawberry.field(
        description="Items on sale or to give to, by words of their names, descriptions, tags, SKUs and barcodes. "
        "`totalCount` counts to 10,000.",
        directives=[PUBLIC, SEARCH],
    )
    async def search(
        self,
        info: Info,
        *,
        query: Query = "",
        filter: Filter = None,
        sort: Sort = CatalogSearchSort.RELEVANCE,
        first: First = 20,
        after: After = None,
    ) -> CatalogSearchConnection:
        context, wanted = info.context, asked(info, query, filter, sort)
        page = PageRequest(first, after)
        found = await search.browse(context.services.search, tenant_id=context.tenant.id, wanted=wanted, page=page)
        return await connection(info, found)


@strawberry.type(description="The search of staff: drafts and archived items as well.")
class StaffSearchFields:
    @strawberry.field(
        description="As on the storefront, among items of any status. Needs `catalog:read`: without it null and an "
        "error.",
        directives=[SEARCH],
    )
    async def search(
        self,
        info: Info,
        *,
        query: Query = "",
        filter: Filter = None,
        status: Statuses = None,
        sort: Sort = CatalogSearchSort.RELEVANCE,
        first: First = 20,
        after: After = None,
    ) -> CatalogSearchConnection | None:
        context, page = info.context, PageRequest(first, after)
        wanted = asked(info, query, filter, sort, [str(each.value) for each in status or ()])
        found = await search.search(context.services.search, actor=context.actor, wanted=wanted, page=page)
        return await connection(info, found)


def asked(
    info: Info,
    query: str,
    narrowed: CatalogSearchFilter | None,
    sort: CatalogSearchSort,
    statuses: Sequence[str] = (),
) -> Search:
    by_name = f"name_{requested_locale(info, None)}" if sort is CatalogSearchSort.NAME else None
    filters = narrowed.value() if narrowed else SearchFilter()
    return Search(query, statuses, filters, SearchSort(by_name or sort.value))


async def connection(info: Info, found: Found) -> CatalogSearchConnection:
    """The items of a page of matches, as any list reads them."""
    engine, selection = info.context.services.search, selected(info, "nodes", "edges.node")
    async with info.context.read_rows() as rows:
        items = await search.items_found(rows, engine=engine, found=found, selection=selection)

    async def count(info: Info) -> int:
        # By the `info` that is given, which may be one that cannot wait: the engine must not be left half asked.
        return await search.count(info.context.services.search, found=found)

    return CatalogSearchConnection(page=info.context.take(items), convert=item_of, count=count, found=found)
