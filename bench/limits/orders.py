"""Placing an order by hand: the rows and locks of `domain.order_placement` in two statements."""

import hashlib
import uuid
from typing import Any, NamedTuple

import uuid_utils.compat
from typeid.codecs.base32 import decode

from bench.limits.answers import order_answer
from bench.limits.statements import CLAIM_AND_HOLD_ITEMS, PLACE

new_id = uuid_utils.compat.uuid7


class Refused(Exception):
    """This order cannot be placed as it is. The benchmark never asks for such a one."""


class Line(NamedTuple):
    """A line as it is stored, in the order of the statement's arrays."""

    id: uuid.UUID
    item_id: uuid.UUID
    variant_id: uuid.UUID
    sku: str | None
    name_en: str | None
    name_ar: str | None
    price: int
    quantity: int
    held: int


async def place(connection: Any, tenant_id: uuid.UUID, currency: str, body: bytes, given: dict[str, Any]) -> bytes:
    """The answer, inside a transaction that the caller began and commits."""
    order_id, customer = new_id(), given["customer"]
    wanted = [(uuid.UUID(bytes=decode(line["variantId"][8:])), line["quantity"]) for line in given["lines"]]
    offers = await connection.fetch(
        CLAIM_AND_HOLD_ITEMS,
        tenant_id,
        given["idempotencyKey"],
        hashlib.sha256(body).digest(),
        order_id,
        [variant_id for variant_id, _ in wanted],
    )
    known = {offer[0]: offer for offer in offers}
    if not offers or not offers[0][9] or any(variant_id not in known for variant_id, _ in wanted):
        raise Refused
    lines = [line_of(known[variant_id], quantity) for variant_id, quantity in wanted]
    total = sum(line.price * line.quantity for line in lines)
    needed: dict[uuid.UUID, int] = {}
    for line in lines:
        if line.held:
            needed[line.variant_id] = needed.get(line.variant_id, 0) + line.quantity
    placed = await connection.fetchrow(
        PLACE,
        tenant_id,
        order_id,
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
        *(list(column) for column in zip(*lines, strict=True)),
    )
    if placed[1] != len(needed):
        raise Refused
    return order_answer(
        order_id.bytes,
        placed[0],
        total,
        currency,
        [(line.id, line.quantity, line.price * line.quantity) for line in lines],
    )


def line_of(offer: Any, quantity: int) -> Line:
    variant_id, item_id, sku, item_en, item_ar, en, ar, price, stock, _ = offer
    return Line(
        new_id(),
        item_id,
        variant_id,
        sku,
        named(item_en, en or ar),
        named(item_ar, ar or en),
        price,
        quantity,
        0 if stock is None else quantity,
    )


def named(item: str | None, variant: str | None) -> str | None:
    return f"{item} – {variant}" if item and variant else item
