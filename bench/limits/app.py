"""The limits as servers: `hand-written` asks the database, `bare` answers what it has answered before from memory.

Bare ASGI on the settings of `sadu serve`; no framework, no logging, nothing checked that a hand would not check.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
import orjson
import uvicorn
from redis.asyncio import Redis

from bench.limits.answers import item_answer, list_answer
from bench.limits.checkouts import cart_of, check_out
from bench.limits.orders import place
from bench.limits.statements import ITEM, LIST

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

create_pool = cast("Callable[..., Awaitable[Any]]", asyncpg.create_pool)  # pyright: ignore[reportUnknownMemberType]
BEGIN = (
    "BEGIN{mode}; SELECT set_config('app.current_tenant', '{tenant}', true), "
    "set_config('app.current_person', '', true), set_config('statement_timeout', '5000', true)"
)


class Tenant:
    """What a hand would keep of a tenant: it is found by its slug without asking."""

    def __init__(self, shop: Mapping[str, Any]) -> None:
        self.id, self.currency = UUID(shop["id"]), str(shop["currency"])
        self.begin_read = BEGIN.format(mode=" READ ONLY", tenant=self.id)
        self.begin_write = BEGIN.format(mode="", tenant=self.id)


async def keep(_connection: Any) -> None:
    """Nothing to reset: every setting ends with its transaction."""


class HandWritten:
    """An ASGI application over one pool of the application's own login."""

    def __init__(self, url: str, redis_url: str, pool_size: int, tenants: Mapping[bytes, Tenant]) -> None:
        self._url, self._pool_size, self._tenants = url, pool_size, tenants
        self._pool: Any = None
        self._redis: Any = cast("Any", Redis).from_url(redis_url)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        body = await whole_body(receive)
        await answer(send, await self.execute(tenant_of(scope), body))

    async def live(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            if kind == "lifespan.startup":
                size = self._pool_size
                self._pool = await create_pool(self._url, min_size=size, max_size=size, reset=keep)
            else:
                await self._pool.close()
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    async def execute(self, slug: bytes, body: bytes) -> bytes:
        if not body:  # somebody asks whether we are there
            return b"{}"
        tenant, request = self._tenants[slug], orjson.loads(body)
        variables = request["variables"]
        if request["operationName"] == "Checkout":
            return await self.checkout(tenant, body, variables["input"])
        async with self._pool.acquire() as connection:
            if request["operationName"] == "Order":
                return await self.order(connection, tenant, body, variables["input"])
            await connection.execute(tenant.begin_read)
            if request["operationName"] == "List":
                found = list_answer(
                    await connection.fetch(LIST, variables["first"]), variables["first"], tenant.currency
                )
            else:
                found = item_answer(await connection.fetchrow(ITEM, variables["slug"]), tenant.currency)
            await connection.execute("COMMIT")
            return found

    async def order(self, connection: Any, tenant: Tenant, body: bytes, given: dict[str, Any]) -> bytes:
        await connection.execute(tenant.begin_write)
        try:
            placed = await place(connection, tenant.id, tenant.currency, body, given)
        except BaseException:
            await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")
        return placed

    async def checkout(self, tenant: Tenant, body: bytes, given: dict[str, Any]) -> bytes:
        cart, wanted = await cart_of(self._redis, tenant.id, given)
        async with self._pool.acquire() as connection:
            await connection.execute(tenant.begin_write)
            try:
                placed = await check_out(connection, tenant.id, tenant.currency, body, given, wanted=wanted)
            except BaseException:
                await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")
        await self._redis.delete(cart)
        return placed


class Bare(HandWritten):
    """Reads the whole request and answers bytes that it has: the floor under every cache."""

    def __init__(self, url: str, redis_url: str, pool_size: int, tenants: Mapping[bytes, Tenant]) -> None:
        super().__init__(url, redis_url, pool_size, tenants)
        self._known: dict[tuple[bytes, bytes], bytes] = {}

    async def execute(self, slug: bytes, body: bytes) -> bytes:
        found = self._known.get((slug, body))
        if found is None:
            found = self._known[slug, body] = await super().execute(slug, body)
        return found


async def whole_body(receive: Receive) -> bytes:
    received = await receive()
    body: bytes = received["body"]
    while received["more_body"]:
        received = await receive()
        body += received["body"]
    return body


def tenant_of(scope: dict[str, Any]) -> bytes:
    for name, value in scope["headers"]:
        if name == b"sadu-tenant":
            return value
    return b""


async def answer(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve what the settings on standard input describe."""
    settings = json.loads(sys.stdin.readline())
    shops = json.loads(Path(settings["catalogue"]).read_text(encoding="utf-8"))["shops"]
    tenants = {shop["slug"].encode(): Tenant(shop) for shop in shops}
    kind = Bare if settings["bare"] else HandWritten
    uvicorn.run(
        kind(settings["database_url"], settings["redis_url"], settings["pool_size"], tenants),
        host="127.0.0.1",
        port=settings["port"],
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
