"""The same bytes that Sadu answers, built from rows without any framework."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from typeid.codecs.base32 import encode

Row = Sequence[Any]


def availability(stock: int | None) -> str:
    if stock is None or stock > 5:
        return "IN_STOCK"
    return "FEW_LEFT" if stock > 0 else "SOLD_OUT"


def amount(thousandths: int) -> str:
    return f"{thousandths // 1000}.{thousandths % 1000:03}"


def list_answer(rows: Sequence[Row], first: int, currency: str) -> bytes:
    """Pages of items: their rows, then those of their variants, then those of their categories.

    One item more than `first` tells that others follow.
    """
    nodes: dict[Any, dict[str, Any]] = {}
    last = None
    for kind, item_id, row_id, text, en, ar, price, stock, created_at in rows:
        if kind == 0:
            nodes[item_id] = {
                "id": "item_" + encode(item_id.bytes),
                "slug": text,
                "name": {"en": en, "ar": ar},
                "price": None,
                "isAvailable": False,
                "categories": [],
                "variants": [],
            }
            if len(nodes) <= first:
                last = created_at, item_id
        elif kind == 1:
            variant(nodes[item_id], row_id, text, price, stock)
        else:
            nodes[item_id]["categories"].append({"id": "category_" + encode(row_id.bytes), "name": {"en": en}})
    shown = list(nodes.values())[:first]
    for node in shown:
        node["price"] = {"amount": amount(node["price"]), "currency": currency}
    page = {"hasNextPage": len(nodes) > first, "endCursor": cursor(*last) if last else None}
    return orjson.dumps({"data": {"store": {"items": {"nodes": shown, "pageInfo": page}}}})


def variant(node: dict[str, Any], variant_id: Any, sku: str | None, price: int, stock: int | None) -> None:
    """Hang a variant on its item, whose price is the lowest in thousandths until all are known."""
    if node["price"] is None or price < node["price"]:
        node["price"] = price
    if stock is None or stock > 0:
        node["isAvailable"] = True
    node["variants"].append(
        {
            "id": "variant_" + encode(variant_id.bytes),
            "sku": sku,
            "price": {"amount": amount(price)},
            "availability": availability(stock),
        }
    )


def cursor(created_at: datetime, item_id: UUID) -> str:
    return base64.urlsafe_b64encode(f'["{created_at.isoformat()}","{item_id}"]'.encode()).decode().rstrip("=")


def text_pair(en: str | None, ar: str | None) -> dict[str, str | None] | None:
    return None if en is None and ar is None else {"en": en, "ar": ar}


def item_answer(row: Row | None, currency: str) -> bytes:
    """The page of one item."""
    if row is None:
        return orjson.dumps({"data": {"store": {"item": None}}})
    item_id, slug, name_en, name_ar, description_en, description_ar = row[:6]
    item = {
        "id": "item_" + encode(item_id.bytes),
        "slug": slug,
        "name": {"en": name_en, "ar": name_ar},
        "description": text_pair(description_en, description_ar),
        "variants": [variant_node(variant, currency) for variant in zip(*row[6:13], strict=True)],
        "categories": [
            {"id": "category_" + encode(category_id.bytes), "name": {"en": en, "ar": ar}}
            for category_id, en, ar in zip(*(column or () for column in row[13:16]), strict=True)
        ],
    }
    return orjson.dumps({"data": {"store": {"item": item}}})


def variant_node(variant: Row, currency: str) -> dict[str, Any]:
    variant_id, sku, en, ar, price, before, stock = variant
    return {
        "id": "variant_" + encode(variant_id.bytes),
        "sku": sku,
        "name": text_pair(en, ar),
        "price": {"amount": amount(price), "currency": currency},
        "compareAtPrice": {"amount": before, "currency": currency} if before else None,
        "availability": availability(stock),
    }


def order_answer(
    order_id: bytes, number: int, total: int, currency: str, lines: Sequence[Row], *, root: str = "orderSubmit"
) -> bytes:
    """The order that was placed; lines are their identifier, quantity and total in thousandths."""
    order = {
        "id": "order_" + encode(order_id),
        "number": number,
        "total": {"amount": amount(total), "currency": currency},
        "lines": [
            {"id": "line_" + encode(line_id.bytes), "quantity": quantity, "total": {"amount": amount(cost)}}
            for line_id, quantity, cost in lines
        ],
    }
    return orjson.dumps({"data": {root: {"order": order, "userErrors": []}}})
