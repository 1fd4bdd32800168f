"""Checking out by hand: a guest's cart read from Redis, two statements, and the cart gone behind the commit."""

import hashlib
import uuid
from decimal import Decimal
from typing import Any

import orjson
from typeid.codecs.base32 import decode

from bench.limits.answers import order_answer
from bench.limits.checkout_statements import CLAIM_AND_QUOTE, PLACE
from bench.limits.orders import Refused, line_of, new_id


def cart_id_of(given: dict[str, Any]) -> uuid.UUID:
    return uuid.UUID(bytes=bytes(decode(given["cartId"].removeprefix("guestcart_"))))


async def cart_of(redis: Any, tenant_id: uuid.UUID, given: dict[str, Any]) -> tuple[str, list[tuple[uuid.UUID, int]]]:
    """The key of a cart, and what is in it."""
    key = f"sadu:cart:{tenant_id.hex}:{cart_id_of(given).hex}"
    found = await redis.hgetall(key)
    lines: list[tuple[int, uuid.UUID, int]] = []
    for name, value in found.items():
        if name.startswith(b"line:"):
            place, quantity, _ = value.split()
            lines.append((int(place), uuid.UUID(name[5:].decode()), int(quantity)))
    return key, [(variant_id, quantity) for _, variant_id, quantity in sorted(lines)]


async def check_out(
    connection: Any,
    tenant_id: uuid.UUID,
    currency: str,
    body: bytes,
    given: dict[str, Any],
    *,
    wanted: list[tuple[uuid.UUID, int]],
) -> bytes:
    """The answer, inside a transaction that the caller began and commits."""
    order_id, customer, cart_id = new_id(), given["customer"], cart_id_of(given)
    address = {"form": "kuwait", "country": "KW", **given["shippingAddress"]["kuwait"]}
    address["governorate"] = address["governorate"].lower()
    area = f"KW/{address['governorate']}/{address['area'].lower()}"
    offers = await connection.fetch(
        CLAIM_AND_QUOTE,
        tenant_id,
        given["idempotencyKey"],
        hashlib.sha256(body).digest(),
        order_id,
        [variant_id for variant_id, _ in wanted],
        f"cart:{cart_id}",
        cart_id.hex,
        uuid.UUID(bytes=bytes(decode(given["shippingRateId"].removeprefix("rate_")))),
        [area, f"KW/{address['governorate']}", "KW", "*"],
    )
    known = {offer[0]: offer for offer in offers}
    if not offers or not offers[0][9] or any(variant_id not in known for variant_id, _ in wanted):
        raise Refused
    lines = [line_of(known[variant_id][:10], quantity) for variant_id, quantity in wanted]
    shipping, method, until = offers[0][10:13]
    total = sum(line.price * line.quantity for line in lines) + int(shipping * 1000)
    if total != int(Decimal(given["expectedTotal"]) * 1000):
        raise Refused
    needed = {line.variant_id: line.quantity for line in lines if line.held}
    placed = await connection.fetchrow(
        PLACE,
        tenant_id,
        order_id,
        new_id(),
        new_id(),
        new_id(),
        new_id(),
        list(needed),
        list(needed.values()),
        customer["name"].strip(),
        customer["email"].strip().casefold(),
        customer["phone"],
        "ar",
        currency,
        total,
        shipping,
        method,
        orjson.dumps(address).decode(),
        until,
        *(list(column) for column in zip(*lines, strict=True)),
    )
    if placed[1] != len(needed):
        raise Refused
    told = [(line.id, line.quantity, line.price * line.quantity) for line in lines]
    return order_answer(order_id.bytes, placed[0], total, currency, told, root="checkoutComplete")
