"""How many results there are of each value: what a storefront offers to narrow a search to."""

import asyncio
import uuid
from decimal import Decimal

import strawberry

from domain import categories, search
from domain.money import FILS
from domain.search import Found
from domain.searches import PRICE_BOUNDS, Dimension, Facets
from gql.catalog import CatalogAvailability, CatalogItemKind, Category
from gql.context import Info
from gql.cost import usually
from gql.lookahead import selected
from gql.publicity import PUBLIC
from gql.scalars import Money, money

COUNT = "How many of the results, of at most the newest 10,000."


@strawberry.type(description="Results in a category and in those below it.")
class CategoryFacet:
    category: Category = strawberry.field(description="The category.", directives=[PUBLIC])
    count: int = strawberry.field(description=COUNT, directives=[PUBLIC])


@strawberry.type(description="Results with a tag.")
class TagFacet:
    tag: str = strawberry.field(description="The tag, without regard to case.", directives=[PUBLIC])
    count: int = strawberry.field(description=COUNT, directives=[PUBLIC])


@strawberry.type(description="Results of a kind.")
class KindFacet:
    kind: CatalogItemKind = strawberry.field(description="The kind.", directives=[PUBLIC])
    count: int = strawberry.field(description=COUNT, directives=[PUBLIC])


@strawberry.type(description="Results whose best variant is so available.")
class AvailabilityFacet:
    availability: CatalogAvailability = strawberry.field(description="The availability.", directives=[PUBLIC])
    count: int = strawberry.field(description=COUNT, directives=[PUBLIC])


@strawberry.type(description="Results whose cheapest variant costs so much; both ends are good for a filter.")
class PriceFacet:
    gte: Money = strawberry.field(description="At least this much.", directives=[PUBLIC])
    lte: Money | None = strawberry.field(description="At most this much; null for no end.", directives=[PUBLIC])
    count: int = strawberry.field(description=COUNT, directives=[PUBLIC])


@strawberry.type(
    description="Counts of the results by what they can be narrowed to, those above none alone. Each list counts under "
    "every filter but its own, so that a choice does not hide its alternatives."
)
class SearchFacets:
    categories: list[CategoryFacet] = strawberry.field(
        description="Categories with those above them, the fullest first; at most 50.", directives=[PUBLIC, usually(10)]
    )
    tags: list[TagFacet] = strawberry.field(
        description="Tags, the most frequent first; at most 50.", directives=[PUBLIC, usually(10)]
    )
    kinds: list[KindFacet] = strawberry.field(
        description="Kinds, the most frequent first.", directives=[PUBLIC, usually(3)]
    )
    availabilities: list[AvailabilityFacet] = strawberry.field(
        description="Availabilities, the most frequent first.", directives=[PUBLIC, usually(3)]
    )
    prices: list[PriceFacet] = strawberry.field(
        description="Ranges of prices, the lowest first.", directives=[PUBLIC, usually(5)]
    )


DIMENSIONS = {
    "categories": Dimension.CATEGORY,
    "tags": Dimension.TAG,
    "kinds": Dimension.KIND,
    "availabilities": Dimension.AVAILABILITY,
    "prices": Dimension.PRICE,
}


async def count_facets(info: Info, found: Found) -> SearchFacets:
    """The counts that are asked for, by one question to the engine."""
    asked = [DIMENSIONS[name] for name in sorted(DIMENSIONS.keys() & selected(info).here)]
    context = info.context
    counted = await search.facets(context.services.search, found=found, dimensions=asked)
    kinds, availabilities = counted.of(Dimension.KIND), counted.of(Dimension.AVAILABILITY)
    return SearchFacets(
        categories=await category_facets(info, counted),
        tags=[TagFacet(tag=value, count=count) for value, count in counted.of(Dimension.TAG)],
        kinds=[KindFacet(kind=CatalogItemKind(value), count=count) for value, count in kinds],
        availabilities=[
            AvailabilityFacet(availability=CatalogAvailability(value), count=count) for value, count in availabilities
        ],
        prices=price_facets(info, counted),
    )


async def category_facets(info: Info, counted: Facets) -> list[CategoryFacet]:
    """One batch reads all categories. One that is deleted meanwhile is left out."""
    counts = {uuid.UUID(value): count for value, count in counted.of(Dimension.CATEGORY)}
    if not counts:
        return []
    loader = info.context.loaders.of(categories.categories_by_id)
    rows = await asyncio.gather(*(loader.load(category_id) for category_id in counts))
    return [CategoryFacet(category=Category(stored=row), count=counts[row.id]) for row in rows if row]


def price_facets(info: Info, counted: Facets) -> list[PriceFacet]:
    currency, ends = info.context.tenant.currency, (0, *PRICE_BOUNDS)

    def bound(minor: int) -> Money:
        return money((Decimal(minor) / 1000).quantize(FILS), currency)

    return [
        PriceFacet(
            gte=bound(ends[place]),
            lte=bound(ends[place + 1] - 1) if place + 1 < len(ends) else None,
            count=count,
        )
        for place, count in sorted((int(value), count) for value, count in counted.of(Dimension.PRICE))
    ]
