"""Visitors of a store, for tests."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.api import Api, Reply
from tests.support.factories import Shop

RECORD = """mutation($input: VisitRecordInput!) {
  visitRecord(input: $input) { visitId expiresAt userErrors { code field message } } }"""
TOUCH = "{ source medium campaign term content referrer landingPage at }"
VISIT = f"{{ id sightings startedAt lastSeenAt firstTouch {TOUCH} lastTouch {TOUCH} }}"
LIST = f"""query($first: Int!, $after: String, $source: String, $medium: String, $campaign: String,
                 $since: DateTime, $until: DateTime) {{
  tenant {{ visits(first: $first, after: $after, source: $source, medium: $medium, campaign: $campaign,
                   since: $since, until: $until) {{
    totalCount nodes {VISIT} pageInfo {{ hasNextPage endCursor }} }} }} }}"""

FULL_VISIT: dict[str, Any] = {
    "utm": {"source": "instagram", "medium": "cpc", "campaign": "Ramadan", "term": "dates", "content": "story"},
    "referrer": "https://l.instagram.com/",
    "landingPage": "/items/ajwa",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser that comes to a shop, and its staff who look."""

    api: Api
    shop: Shop

    async def record(self, *, token: str | None = None, **given: Any) -> Reply:
        return await self.api.execute(RECORD, {"input": given}, token=token, tenant=self.shop.slug)

    async def arrive(self, **given: Any) -> str:
        """The identifier of the visit."""
        return str((await self.record(**given)).payload("visitRecord")["visitId"])

    async def arrive_all(self, many: int, **given: Any) -> Sequence[str]:
        """So many browsers at the same time."""
        return await asyncio.gather(*(self.arrive(**given) for _ in range(many)))

    async def listed(self, **arguments: Any) -> dict[str, Any]:
        """A page of visits as the owner sees it."""
        variables = {"first": 100, **arguments}
        reply = await self.api.execute(LIST, variables, token=self.shop.token, tenant=self.shop.slug)
        page: dict[str, Any] = reply.data["tenant"]["visits"]
        return page

    async def only(self) -> dict[str, Any]:
        """The one visit that the shop has."""
        (visit,) = (await self.listed())["nodes"]
        return visit
