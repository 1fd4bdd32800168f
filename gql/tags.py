"""Tags in the API: which there are, and how many items have them."""

from typing import Annotated

import strawberry

from domain import tags
from domain.pages import PageRequest
from gql.context import Info
from gql.cost import ListSize
from gql.publicity import PUBLIC

MostTags = Annotated[int, strawberry.argument(description="How many, 0 to 100.")]
BY_FIRST = ListSize(slicing_arguments=["first"])


@strawberry.type(description="A tag that items have, and how many.")
class CatalogTag:
    name: str = strawberry.field(
        description="As one of the items spells it; upper and lower case are the same tag.", directives=[PUBLIC]
    )
    item_count: int = strawberry.field(
        description="How many items have it: on the storefront active ones, in the back office all.",
        directives=[PUBLIC],
    )

    @classmethod
    def of(cls, found: tags.TagInUse) -> "CatalogTag":
        return cls(name=found.tag, item_count=found.item_count)


@strawberry.type(description="Tags as shoppers see them: those of active items alone.")
class StoreTagFields:
    @strawberry.field(
        description="The tags of active items, the most used first, then by name.", directives=[PUBLIC, BY_FIRST]
    )
    async def tags(self, info: Info, first: MostTags = 50) -> list[CatalogTag]:
        page = PageRequest(first)
        async with info.context.read_rows() as rows:
            found = await tags.browse_tags(rows, page=page)
        return [CatalogTag.of(each) for each in found]


@strawberry.type(description="Tags as staff see them: those of drafts and archived items as well.")
class StaffTagFields:
    @strawberry.field(
        description="The tags of items of any status, the most used first, then by name. Needs `catalog:read`: without "
        "it null and an error.",
        directives=[BY_FIRST],
    )
    async def tags(self, info: Info, first: MostTags = 50) -> list[CatalogTag] | None:
        page = PageRequest(first)
        async with info.context.read_rows() as rows:
            found = await tags.list_tags(rows, actor=info.context.actor, page=page)
        return [CatalogTag.of(each) for each in found]
