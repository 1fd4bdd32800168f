"""Identifiers as clients see them: typed, opaque, readable (`order_01h2xc…`, a TypeID over the row's UUIDv7)."""

import re
import uuid
from functools import lru_cache

import strawberry
from typeid.codecs.base32 import decode, encode

from domain.errors import UserFault, not_found

PREFIXES = {
    "address": "address",
    "audit": "audit entry",
    "cart": "cart",
    "category": "category",
    "customer": "customer",
    "discount": "discount",
    "entry": "timeline entry",
    "export": "export",
    "guestcart": "cart",
    "import": "import",
    "invitation": "invitation",
    "item": "item",
    "key": "API key",
    "line": "order line",
    "media": "image",
    "membership": "member",
    "option": "option",
    "order": "order",
    "payment": "payment",
    "person": "person",
    "rate": "shipping rate",
    "refund": "refund",
    "tenant": "tenant",
    "transaction": "transaction",
    "value": "value of an option",
    "variant": "variant",
    "visit": "visit",
    "zone": "shipping zone",
}
"""Every kind of identifier, with the name that a message gives the thing."""

TYPE_ID = re.compile(r"(?P<prefix>[a-z]{1,20})_(?P<suffix>[0-7][0-9abcdefghjkmnpqrstvwxyz]{25})")
"""A TypeID: the first of 26 Crockford digits is at most 7, for 128 bits."""


@lru_cache(maxsize=100_000)
def global_id(prefix: str, row_id: uuid.UUID) -> strawberry.ID:
    """The same rows are shown again and again, and writing an identifier takes longer than anything else about them."""
    return strawberry.ID(f"{prefix}_{encode(row_id.bytes)}")


def split_id(value: str) -> tuple[str, uuid.UUID] | None:
    """Prefix and UUID of an identifier; None for anything that is none."""
    match = TYPE_ID.fullmatch(value)
    return (match["prefix"], uuid.UUID(bytes=bytes(decode(match["suffix"])))) if match else None


def known_id(prefix: str, value: str) -> uuid.UUID | None:
    """The UUID of an identifier of one kind; None for anything else."""
    parsed = split_id(value)
    return parsed[1] if parsed and parsed[0] == prefix else None


def row_id(prefix: str, value: str, *field: str) -> uuid.UUID:
    """The UUID of an identifier of one kind. Anything else gets the answer that a missing thing gets."""
    known = known_id(prefix, value)
    if known is None:
        raise missing(prefix, *field)
    return known


def missing(prefix: str, *field: str) -> UserFault:
    return not_found(PREFIXES[prefix], *field)
