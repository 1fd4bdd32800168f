"""Searches as a storefront and a back office send them."""

from dataclasses import dataclass
from typing import Any

from tests.support.api import Reply
from tests.support.catalog import CatalogClient

ARGUMENTS = "query: $query, filter: $filter, sort: $sort, first: $first, after: $after"
VARIABLES = "$query: String!, $filter: CatalogSearchFilter, $sort: CatalogSearchSort!, $first: Int!, $after: String"
RESULTS = "nodes { slug } edges { cursor } pageInfo { hasNextPage endCursor } totalCount isFuzzy correctedQuery"
FACETS = """facets {
    categories { category { slug } count } tags { tag count } kinds { kind count }
    availabilities { availability count } prices { gte { amount } lte { amount } count }
}"""


@dataclass(frozen=True, slots=True)
class Results:
    """One page of what was found."""

    found: dict[str, Any]

    @property
    def slugs(self) -> list[str]:
        return [node["slug"] for node in self.found["nodes"]]

    @property
    def total(self) -> int:
        return self.found["totalCount"]

    @property
    def fuzzy(self) -> bool:
        return self.found["isFuzzy"]

    @property
    def corrected(self) -> str | None:
        return self.found["correctedQuery"]

    @property
    def end(self) -> str:
        return self.found["pageInfo"]["endCursor"]

    @property
    def has_next(self) -> bool:
        return self.found["pageInfo"]["hasNextPage"]

    def facet(self, name: str, value: str) -> dict[str, int]:
        """How many there are of each value."""
        return {each[value]: each["count"] for each in self.found["facets"][name]}


@dataclass(frozen=True, slots=True)
class SearchClient:
    """A shop's search in a guest's hands, or in those of its staff."""

    catalog: CatalogClient
    door: str = "store"

    async def send(
        self, query: str = "", *, selection: str = RESULTS, language: str | None = None, **given: Any
    ) -> Reply:
        document = f"query({VARIABLES}) {{ {self.door} {{ search({ARGUMENTS}) {{ {selection} }} }} }}"
        variables = {"query": query, "sort": "RELEVANCE", "first": 20} | given
        token = None if self.door == "store" else self.catalog.token
        headers = {"Accept-Language": language} if language else {}
        return await self.catalog.api.execute(
            document, variables, token=token, tenant=self.catalog.shop.slug, headers=headers
        )

    async def find(self, query: str = "", **given: Any) -> Results:
        return Results((await self.send(query, **given)).data[self.door]["search"])

    async def refused(self, query: str = "", **given: Any) -> str:
        """The code of the one error that a search is answered with."""
        (code,) = (await self.send(query, **given)).codes
        return code
