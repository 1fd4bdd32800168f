"""Guests' carts in Redis: each is a hash under its tenant, and each change one script, so none is lost to another."""

import asyncio
import secrets
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import orjson
import structlog

from domain.carts import (
    MOST_LINES,
    MOST_OF_ONE,
    Cart,
    CartChange,
    CartLine,
    CartUnavailable,
    Ordered,
    Portion,
    no_such_line,
    too_many_lines,
    too_many_of_one,
)
from domain.destinations import Destination
from integrations.guest_cart_scripts import CHANGE, EMPTY, LOAD
from integrations.redis_clients import quick_redis

LIFETIME_MS = timedelta(days=30) // timedelta(milliseconds=1)
"""From the last use of a cart."""
MOST_CONNECTIONS = 32
LONGEST_WAIT_SECONDS = 0.5
SECONDS_BETWEEN_WARNINGS = 60.0

log = structlog.get_logger("sadu.guest_carts")


class RedisGuestCarts:
    """Implements `domain.carts.GuestCarts`. Connects when first used, and anew whenever Redis comes back."""

    def __init__(self, redis_url: str) -> None:
        self._warned_at = float("-inf")
        self._redis = quick_redis(redis_url, connections=MOST_CONNECTIONS, answer_seconds=LONGEST_WAIT_SECONDS)
        self._load, self._change, self._empty = (
            self._redis.register_script(script) for script in (LOAD, CHANGE, EMPTY)
        )

    async def load(self, tenant_id: uuid.UUID, cart_id: uuid.UUID) -> Cart | None:
        found = await self._ask(self._load, key_of(tenant_id, cart_id), LIFETIME_MS)
        return cart_of(cart_id, found) if found else None

    async def create(self, tenant_id: uuid.UUID, change: CartChange) -> Cart:
        # Not a UUID of any version: all of its 128 bits are random.
        cart = await self._changed(tenant_id, uuid.UUID(bytes=secrets.token_bytes(16)), change, creates=True)
        if cart is None:
            raise RuntimeError("a new cart was not made")
        return cart

    async def change(self, tenant_id: uuid.UUID, cart_id: uuid.UUID, change: CartChange) -> Cart | None:
        return await self._changed(tenant_id, cart_id, change, creates=False)

    async def delete(self, tenant_id: uuid.UUID, cart_id: uuid.UUID) -> bool:
        async with self._bounded():
            return bool(await self._redis.delete(key_of(tenant_id, cart_id)))

    async def empty_ordered(self, tenant_id: uuid.UUID, cart_id: uuid.UUID, ordered: Ordered) -> None:
        details = {"note": ordered.note, "discount_code": ordered.discount_code}
        taken = {
            "order": ordered.order_id.hex,
            "details": {name: value for name, value in details.items() if value is not None},
            "quantities": {each.hex: quantity for each, quantity in ordered.quantities.items()},
        }
        await self._ask(self._empty, key_of(tenant_id, cart_id), LIFETIME_MS, orjson.dumps(taken))

    async def empty_merged(
        self, tenant_id: uuid.UUID, cart_id: uuid.UUID, *, edition: int, quantities: Mapping[uuid.UUID, int]
    ) -> None:
        taken = {
            "edition": edition,
            "details": {},
            "quantities": {each.hex: quantity for each, quantity in quantities.items()},
        }
        await self._ask(self._empty, key_of(tenant_id, cart_id), LIFETIME_MS, orjson.dumps(taken))

    async def close(self) -> None:
        """Give the connections back; for the end of the process."""
        await self._redis.aclose(close_connection_pool=True)

    async def _changed(
        self, tenant_id: uuid.UUID, cart_id: uuid.UUID, change: CartChange, *, creates: bool
    ) -> Cart | None:
        given = (LIFETIME_MS, MOST_LINES, MOST_OF_ONE, int(creates), orjson.dumps(operations(change)))
        outcome, *rest = await self._ask(self._change, key_of(tenant_id, cart_id), *given)
        match outcome:
            case b"done":
                return cart_of(cart_id, rest[0])
            case b"missing":
                return None
            case b"full":
                raise too_many_lines()
            case b"too_many":
                raise too_many_of_one(int(rest[0]))
            case _:
                raise no_such_line(int(rest[0]))

    async def _ask(self, script: Any, key: str, *given: int | bytes) -> Any:
        async with self._bounded():
            return await script([key], given)

    @asynccontextmanager
    async def _bounded(self) -> AsyncGenerator[None]:
        """Waits at most half a second for Redis."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                yield
        except Exception as error:
            self._warn(error)
            raise CartUnavailable from None

    def _warn(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            log.warning("guest_carts_lost", error=type(error).__name__)


def key_of(tenant_id: uuid.UUID, cart_id: uuid.UUID) -> str:
    return f"sadu:cart:{tenant_id.hex}:{cart_id.hex}"


def operations(change: CartChange) -> Mapping[str, Any]:
    """The change as the script reads it."""
    return {
        "added": [operation(each) for each in change.added],
        "kept": [operation(each) for each in change.kept],
        "removed": [each.hex for each in change.removed],
        "details": {name: stored_detail(value) for name, value in change.details.items()},
    }


def operation(portion: Portion) -> Sequence[object]:
    price = "" if portion.price is None else str(portion.price)
    return portion.variant_id.hex, portion.quantity, price, portion.place, portion.was_shown


def stored_detail(value: object) -> str | None:
    if isinstance(value, Destination):
        return orjson.dumps(value).decode()
    return value.hex if isinstance(value, uuid.UUID) else cast("str | None", value)


def cart_of(cart_id: uuid.UUID, found: Sequence[bytes]) -> Cart:
    """The cart whose hash has these fields, each followed by its value."""
    fields = dict(zip((name.decode() for name in found[::2]), (value.decode() for value in found[1::2]), strict=True))
    lines = sorted(line_of(name, value) for name, value in fields.items() if name.startswith("line:"))
    destination, rate = fields.get("destination"), fields.get("shipping_rate_id")
    last_order = fields.get("orders", "")[:32]
    return Cart(
        id=cart_id,
        lines=[CartLine(variant_id, quantity, price) for _, variant_id, quantity, price in lines],
        note=fields.get("note"),
        discount_code=fields.get("discount_code"),
        destination=Destination(**orjson.loads(destination)) if destination else None,
        shipping_rate_id=uuid.UUID(rate) if rate else None,
        edition=int(fields["edition"]),
        last_order=uuid.UUID(last_order) if last_order else None,
    )


def line_of(name: str, value: str) -> tuple[int, uuid.UUID, int, Decimal]:
    """Its place first, by which lines are sorted."""
    place, quantity, price = value.split()
    return int(place), uuid.UUID(name.removeprefix("line:")), int(quantity), Decimal(price)
