"""Both sides must have done the same: equal answers to equal questions, and equal rows for equal orders."""

import asyncio
import json
import secrets
from typing import Any, cast

from bench.catalogue import Catalogue, Shop
from bench.checkouts import cart_of, fill, redis_at
from bench.rounds import WorthlessError
from bench.traffic import item_body, list_body, order_body
from bench.world import DATABASE, Server, World

PROBES = 40
TOLD = 4_000
OWN_EACH_TIME = frozenset(
    {"id", "key", "fingerprint", "entity_id", "number", "order_id", "subject_id", "payload", "created_at"}
    | {"updated_at", "placed_at", "due_at", "held_until", "actor_key"}
)
"""Columns that differ from one order to the next."""
WRITTEN = {
    "orders": "number",
    "order_lines": "position",
    "timeline_entries": "event",
    "outbox": "kind",
    "idempotency_records": "operation",
}


def check_reads(servers: list[Server], catalogue: Catalogue) -> None:
    """Every server gives the same `data` for the lists and for some items of each shop."""
    for shop in catalogue.shops:
        for content in (list_body(), *map(item_body, shop.items[:: len(shop.items) // PROBES])):
            data = [parsed(server.ask(shop.slug, content)) for server in servers]
            if any(each != data[0] for each in data):
                raise WorthlessError(f"The answers differ for {shop.slug}:\n{str(data)[:TOLD]}")


def check_orders(world: World, servers: list[Server], catalogue: Catalogue) -> None:
    """Every server answers the same order alike, and stores the same rows in the same tables."""
    shop = catalogue.shops[0]
    # Ordered twice, a variant that is limited must have lost stock for every one of them.
    for place in range(6):
        variants, quantities = shop.variants[place * 7 : place * 7 + 2], [1, 3]
        answers: list[Any] = []
        rows: list[Any] = []
        for server in servers:
            before = asyncio.run(stock_of(world, shop.id))
            answer = parsed(server.ask(shop.slug, order_body(variants, quantities, secrets.token_hex(16))))
            answers.append(stripped(answer["orderSubmit"]))
            rows.append((taken_since(world, shop, before), asyncio.run(last_order(world, shop.id))))
        expect_same(answers, rows)


def check_checkouts(world: World, servers: list[Server], catalogue: Catalogue) -> None:
    """Every server makes the same order of the same cart, which is empty then."""
    shop = catalogue.shops[0]
    for place in range(6):
        first, second = shop.variants[place * 7 : place * 7 + 2]
        answers: list[Any] = []
        rows: list[Any] = []
        for server in servers:
            before = asyncio.run(stock_of(world, shop.id))
            cart = cart_of(shop, (first, 1), (second, 3))
            fill(world.valkey.url, [cart])
            answers.append(stripped(parsed(server.ask(shop.slug, cart.request))["checkoutComplete"]))
            rows.append((taken_since(world, shop, before), asyncio.run(last_order(world, shop.id))))
            with redis_at(world.valkey.url) as redis:
                if redis.exists(cart.key):
                    raise WorthlessError("what was ordered is still in its cart")
        expect_same(answers, rows)


def taken_since(world: World, shop: Shop, before: dict[str, int]) -> dict[str, int]:
    left = asyncio.run(stock_of(world, shop.id))
    return {each: before[each] - left[each] for each in before if before[each] != left[each]}


def expect_same(answers: list[Any], rows: list[Any]) -> None:
    if any(each != answers[0] for each in answers) or any(each != rows[0] for each in rows):
        raise WorthlessError(f"The orders differ:\n{str(answers)[:TOLD]}\n{str(rows)[:TOLD]}")


async def stock_of(world: World, tenant_id: str) -> dict[str, int]:
    statement = f"SELECT id, stock FROM catalog_variants WHERE tenant_id = '{tenant_id}' AND stock IS NOT NULL"
    return {str(row["id"]): cast("int", row["stock"]) for row in await world.rows(DATABASE, statement)}


async def last_order(world: World, tenant_id: str) -> dict[str, list[dict[str, object]]]:
    """The rows that the tenant's newest order consists of, without what is its own each time."""
    newest = f"(SELECT id FROM orders WHERE tenant_id = '{tenant_id}' ORDER BY number DESC LIMIT 1)"
    belongs = {
        "orders": f"id = {newest}",
        "order_lines": f"order_id = {newest}",
        "timeline_entries": f"subject_id = {newest}",
        "outbox": f"payload->>'order_id' = {newest}::text",
        "idempotency_records": f"entity_id = {newest}",
    }
    found: dict[str, list[dict[str, object]]] = {}
    for table, sort in WRITTEN.items():
        statement = f"SELECT * FROM {table} WHERE tenant_id = '{tenant_id}' AND {belongs[table]} ORDER BY {sort}"
        found[table] = [
            {name: value for name, value in row.items() if name not in OWN_EACH_TIME}
            for row in await world.rows(DATABASE, statement)
        ]
        if not found[table]:
            raise WorthlessError(f"an order left nothing in {table}")
    return found


def parsed(answer: bytes) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(answer)
    if "errors" in whole:
        raise WorthlessError(str(whole)[:500])
    return whole["data"]


def stripped(value: Any) -> Any:
    """An answer without identifiers and numbers."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {name: stripped(member) for name, member in members if name not in {"id", "number"}}
    if isinstance(value, list):
        return [stripped(each) for each in cast("list[Any]", value)]
    return value
