"""What a tag copies of its item is the truth, whoever writes, and in whatever order."""

import asyncio
from collections.abc import Mapping
from contextvars import Context
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.session import Scope
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by

TAG = "INSERT INTO catalog_item_tags (tenant_id, item_id, key, tag) VALUES (:tenant, :item, 'gift', 'Gift')"
STATUS = "UPDATE catalog_items SET status = 'draft' WHERE id = :item"
COPIES = """SELECT count(*), count(*) FILTER (WHERE (item_created_at, item_status) = (items.created_at, items.status))
            FROM catalog_item_tags JOIN catalog_items AS items ON items.id = item_id"""


@pytest.fixture
async def named(factory: Factory, shop: Shop) -> Mapping[str, Any]:
    """An active item without tags."""
    return {"tenant": shop.tenant.id, "item": (await factory.product(shop)).item.id}


async def copies(parts: Parts, shop: Shop) -> tuple[int, int]:
    """How many tags there are, and how many of them say the same as their item."""
    async with parts.database.read(Scope(shop.tenant.id)) as session:
        total, right = (await session.execute(text(COPIES))).one()
        return total, right


async def test_a_copy_cannot_be_made_to_differ(parts: Parts, shop: Shop, named: Mapping[str, Any]) -> None:
    for statement in (
        TAG,
        "UPDATE catalog_item_tags SET item_status = 'draft', item_created_at = now() + interval '1 day'",
        """INSERT INTO catalog_item_tags (tenant_id, item_id, key, tag, item_created_at, item_status)
           VALUES (:tenant, :item, 'sale', 'Sale', '2030-01-01', 'draft')""",
        "UPDATE catalog_items SET status = 'archived', created_at = created_at - interval '1 day' WHERE id = :item",
    ):
        async with parts.database.write(Scope(shop.tenant.id)) as session:
            await session.execute(text(statement), named)
        total, right = await copies(parts, shop)
        assert total == right > 0, statement


@pytest.mark.parametrize(("first", "second"), [(TAG, STATUS), (STATUS, TAG)], ids=["tagged first", "changed first"])
async def test_an_item_is_tagged_while_its_status_changes(
    parts: Parts, shop: Shop, named: Mapping[str, Any], first: str, second: str
) -> None:
    """By statements of anybody, which lock nothing beforehand as the product does: one waits for the other."""

    async def follow() -> None:
        async with parts.database.write(Scope(shop.tenant.id)) as session:
            await session.execute(text(second), named)

    async with parts.database.write(Scope(shop.tenant.id)) as session:
        await session.execute(text(first), named)
        following = asyncio.create_task(follow(), context=Context())
        await when_blocked_by(session)
    await following
    assert await copies(parts, shop) == (1, 1)
