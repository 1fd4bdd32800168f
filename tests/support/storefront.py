"""A storefront as its developer sees it: guests who ask the same again and again, and what that costs the database."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import orjson

from bootstrap import Parts, build_parts
from settings import Settings
from tests.support.api import Api, running_api
from tests.support.breakable import happens
from tests.support.factories import Factory, Shop
from tests.support.statements import counted_statements

SHOWN = """
{ store {
  slug name { en ar value } contactPhone locale currency
  items(first: 20) { nodes {
    slug name { en ar value } status price { amount currency } isAvailable categories { slug }
    variants { sku price { amount } compareAtPrice { amount } availability }
  } }
  categories { slug name { en } children { slug } items(first: 5) { nodes { slug } } }
} }
"""
"""Everything that a storefront's first page could show."""

WRITER = """
import asyncio, asyncpg, os, signal, sys
async def main():
    connection = await asyncpg.connect(sys.argv[1])
    await connection.execute("SELECT set_config('app.current_tenant', $1, false)", sys.argv[2])
    await connection.execute("UPDATE tenants SET name_en = 'Written by one who died'")
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Storefront:
    """The front end of one shop, asking one of the API's processes."""

    api: Api
    parts: Parts
    shop: Shop

    def at(self, api: Api, parts: Parts) -> "Storefront":
        """The same shop, at another process."""
        return replace(self, api=api, parts=parts)

    async def ask(
        self, query: str = SHOWN, *, headers: Mapping[str, str] | None = None, **parameters: Any
    ) -> httpx.Response:
        """As a guest. `parameters` are others of the request, such as `variables`."""
        sent = {"content-type": "application/json", "sadu-tenant": self.shop.slug, **(headers or {})}
        body = orjson.dumps({"query": query, **parameters})
        return await self.api.http.post("/graphql", content=body, headers=sent)

    async def shown(self, query: str = SHOWN, **request: Any) -> Any:
        """The data of an answer without errors, whether it was kept or not."""
        return data_of(await self.ask(query, **request))

    async def truth(self, query: str = SHOWN, **request: Any) -> Any:
        """The same, never from memory: nobody has asked with this comment before."""
        return data_of(await self.ask(f"{query} # {Factory.word()}", **request))

    def counted(self) -> AbstractContextManager[list[str]]:
        """The statements that this process says meanwhile."""
        return counted_statements(self.parts.database)

    async def made_anew(self, query: str = SHOWN, **request: Any) -> bool:
        """Whether the database was asked for this answer."""
        with self.counted() as statements:
            await self.ask(query, **request)
        return bool(statements)

    async def warm(self, query: str = SHOWN, **request: Any) -> None:
        """Returns once the answer is kept: a process that has just started does not know yet what has changed."""

        async def is_kept() -> bool:
            return not await self.made_anew(query, **request)

        await happens(is_kept, within=5)

    async def seconds_shown(self, old: object, query: str = SHOWN) -> float:
        """For how long from now guests who ask are still shown the old; fails when that does not end."""
        began, last = monotonic(), 0.0
        async with asyncio.timeout(5):
            while True:
                asked = monotonic() - began
                if await self.shown(query) != old:
                    return last
                last = asked
                await asyncio.sleep(0.01)

    async def becomes(self, condition: Callable[[httpx.Response], bool], query: str = SHOWN) -> float:
        """After how many seconds a guest's answer is so; fails when it never is."""
        began = monotonic()

        async def is_so() -> bool:
            return condition(await self.ask(query))

        await happens(is_so, within=5)
        return monotonic() - began


def data_of(answer: httpx.Response) -> Any:
    body = answer.json()
    assert answer.status_code == 200, (answer.status_code, body)
    assert "errors" not in body, body["errors"]
    return body["data"]


def is_from_memory(answer: httpx.Response) -> bool:
    """What was kept costs nobody anything, and says so."""
    return answer.status_code == 200 and "extensions" not in answer.json()


@asynccontextmanager
async def other_process(settings: Settings, **changes: Any) -> AsyncGenerator[tuple[Api, Parts]]:
    """Another process of the API over the same database, with parts of its own."""
    parts = build_parts(settings.model_copy(update=changes))
    async with running_api(parts) as api:
        yield api, parts


async def write_and_die(database_url: str, tenant_id: UUID) -> int:
    """Rename the tenant in a process that is killed right after its commit; its exit status."""
    url = database_url.replace("postgresql+asyncpg:", "postgresql:")
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url, str(tenant_id))
    return await asyncio.wait_for(writer.wait(), 20)
