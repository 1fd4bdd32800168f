"""Relay connections with keyset cursors."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Generic, Self, TypeVar

import strawberry

from domain.pages import Page

T = TypeVar("T")
R = TypeVar("R")

First = Annotated[int, strawberry.argument(description="How many, 0 to 100.")]
After = Annotated[
    str | None, strawberry.argument(description="Begin behind this cursor: `endCursor` of a page before.")
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="More follow.")
    has_previous_page: bool = strawberry.field(description="The page was asked for with a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first node.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last node: `after` of the next page.")


@strawberry.type(description="A node with its cursor.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="Opaque; good for `after` in the same list with the same filter.")
    node: T = strawberry.field(description="The thing itself.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The nodes with their cursors.")
    nodes: list[T] = strawberry.field(description="The nodes alone.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="How many there are in all under this filter. Counted only when asked for.")
    async def total_count(self) -> int:
        return await self.count()

    @classmethod
    def of(cls, page: Page[R], convert: Callable[[R], T], count: Callable[[], Awaitable[int]]) -> Self:
        """A page of rows as a connection of nodes."""
        nodes = [convert(row) for row in page.rows]
        return cls(
            edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=page.has_previous,
                start_cursor=page.cursors[0] if page.cursors else None,
                end_cursor=page.cursors[-1] if page.cursors else None,
            ),
            count=count,
        )
