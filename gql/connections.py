"""Relay connections with keyset cursors."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Generic, Self, TypeVar

import strawberry

from domain.pages import Page
from gql.context import Info
from gql.cost import COUNT
from gql.publicity import PUBLIC

T = TypeVar("T")
R = TypeVar("R")

First = Annotated[int, strawberry.argument(description="How many, 0 to 100.")]
After = Annotated[
    str | None, strawberry.argument(description="Begin behind this cursor: `endCursor` of a page before.")
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    page: strawberry.Private[Page[Any]]

    @strawberry.field(description="More follow.", directives=[PUBLIC])
    def has_next_page(self) -> bool:
        return self.page.has_next

    @strawberry.field(description="The page was asked for with a cursor.", directives=[PUBLIC])
    def has_previous_page(self) -> bool:
        return self.page.has_previous

    @strawberry.field(description="Cursor of the first node.", directives=[PUBLIC])
    def start_cursor(self) -> str | None:
        return self.page.cursor(self.page.rows[0]) if self.page.rows else None

    @strawberry.field(description="Cursor of the last node: `after` of the next page.", directives=[PUBLIC])
    def end_cursor(self) -> str | None:
        return self.page.cursor(self.page.rows[-1]) if self.page.rows else None


@strawberry.type(description="A node with its cursor.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="Opaque; good for `after` in the same list with the same filter.", directives=[PUBLIC]
    )
    node: T = strawberry.field(description="The thing itself.", directives=[PUBLIC])


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    page: strawberry.Private[Page[Any]]
    convert: strawberry.Private[Callable[[Any], Any]]
    count: strawberry.Private[Callable[[Any], Awaitable[int]]]

    @strawberry.field(description="The nodes with their cursors.", directives=[PUBLIC])
    def edges(self) -> list[Edge[T]]:
        return [Edge(cursor=self.page.cursor(row), node=self.convert(row)) for row in self.page.rows]

    @strawberry.field(description="The nodes alone.", directives=[PUBLIC])
    def nodes(self) -> list[T]:
        return [self.convert(row) for row in self.page.rows]

    @strawberry.field(description="Where this page stands.", directives=[PUBLIC])
    def page_info(self) -> PageInfo:
        return PageInfo(page=self.page)

    @strawberry.field(
        description="How many there are in all under this filter. Counted only when asked for.",
        directives=[PUBLIC, COUNT],
    )
    async def total_count(self, info: Info) -> int:
        return await self.count(info)

    @classmethod
    def of(cls, page: Page[R], convert: Callable[[R], T], count: Callable[[Info], Awaitable[int]]) -> Self:
        """A page of rows as a connection of nodes."""
        return cls(page=page, convert=convert, count=count)
