"""Locks of the catalogue, step by step: who waits for whom, and that nobody waits in a circle."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from bootstrap import Parts
from db.models import CatalogItem, CatalogVariant
from db.session import AsyncSession
from domain import catalog, catalog_item_bulk, catalog_items, catalog_variant_bulk, catalog_variants
from domain.catalog_item_bulk import ItemEdit
from domain.catalog_items import ItemChanges, NewItem
from domain.catalog_variant_bulk import VariantEdit
from domain.catalog_variants import VariantFields
from domain.errors import FaultCode, UserFault
from domain.texts import LocalizedText
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by, writing


async def test_skus_are_written_in_one_order(parts: Parts, shop: Shop, factory: Factory) -> None:
    """We write A and then Z while the other request wants Z and A: it must wait at A without holding Z."""
    product = await factory.product(shop)
    named = [VariantFields(Decimal(1), sku=sku, name=LocalizedText(sku, None)) for sku in ("Z", "A")]
    wanted = NewItem("product", LocalizedText("Several", None), variants=named)
    async with parts.database.write(shop.actor.scope) as session:
        session.add(sku_of(product.item, "A"))
        await session.flush()
        other = writing(parts.database, shop, lambda s: catalog_items.create(s, actor=shop.actor, given=wanted))
        await when_blocked_by(session)
        session.add(sku_of(product.item, "Z"))
        await session.flush()
    with pytest.raises(UserFault) as raised:
        await other
    assert (raised.value.code, raised.value.field) == (FaultCode.TAKEN, ("variants",))


def sku_of(item: CatalogItem, sku: str) -> CatalogVariant:
    return CatalogVariant(tenant_id=item.tenant_id, item_id=item.id, sku=sku, price=Decimal(1))


async def test_an_edit_and_an_order_never_wait_in_a_circle(parts: Parts, shop: Shop, factory: Factory) -> None:
    """An order holds the item's key before it takes stock; an edit of slug and stock must stop at the item."""
    product = await factory.product(shop, stock=10)
    changes = ItemChanges(slug=f"new-{factory.word()}", only_variant=VariantFields(stock=3, sku=factory.word()))
    async with parts.database.write(shop.actor.scope) as order:
        item = select(CatalogItem.id).where(CatalogItem.id == product.item.id)
        await order.execute(item.with_for_update(read=True, key_share=True))
        edit = writing(
            parts.database,
            shop,
            lambda s: catalog_items.update(s, actor=shop.actor, item_id=product.item.id, version=1, changes=changes),
        )
        await when_blocked_by(order)
        await order.execute(take_one(product.variant))
    assert (await edit).version == 2
    assert await stock_now(parts, shop, product.variant) == 3


@pytest.mark.parametrize("through_the_item", [True, False])
async def test_a_stock_is_what_staff_said_whatever_an_order_takes_meanwhile(
    parts: Parts, shop: Shop, factory: Factory, *, through_the_item: bool
) -> None:
    """The stock sent equals the stock before the order: it must be written all the same."""
    product, fields, actor = await factory.product(shop, stock=10), VariantFields(stock=10), shop.actor

    async def edit(session: AsyncSession) -> object:
        if through_the_item:
            changes = ItemChanges(only_variant=fields)
            return await catalog_items.update(session, actor=actor, item_id=product.item.id, version=1, changes=changes)
        return await catalog_variants.update(
            session, actor=actor, variant_id=product.variant.id, item_version=None, fields=fields
        )

    async with parts.database.write(shop.actor.scope) as order:
        await order.execute(take_one(product.variant))
        editing = writing(parts.database, shop, edit)
        await when_blocked_by(order)
    await editing
    assert await stock_now(parts, shop, product.variant) == 10


async def test_an_edit_that_touches_no_key_lets_orders_refer_to_the_item(
    parts: Parts, shop: Shop, factory: Factory
) -> None:
    product = await factory.product(shop)
    changes = ItemChanges(name=LocalizedText("New name", None))
    async with parts.database.write(shop.actor.scope) as session:
        await catalog_items.update(session, actor=shop.actor, item_id=product.item.id, version=1, changes=changes)
        item = select(CatalogItem.id).where(CatalogItem.id == product.item.id)
        referring = writing(
            parts.database, shop, lambda s: s.execute(item.with_for_update(read=True, key_share=True, nowait=True))
        )
        await referring


@pytest.mark.parametrize("kind", ["items", "variants"])
async def test_bulk_edits_wait_at_the_first_item_without_holding_another(
    parts: Parts, shop: Shop, factory: Factory, kind: str
) -> None:
    """Whatever the order of the rows: else two of the same items in opposite orders would wait in a circle."""
    low, high = sorted([await factory.product(shop), await factory.product(shop)], key=lambda each: each.item.id)

    async def edit(session: AsyncSession) -> Any:
        given = VariantFields(Decimal(2))
        if kind == "variants":
            rows = [VariantEdit(each.variant.id, given) for each in (high, low)]
            return await catalog_variant_bulk.update_many(session, actor=shop.actor, rows=rows, skips=False)
        edits = [ItemEdit(each.item.id, 1, ItemChanges(only_variant=given)) for each in (high, low)]
        return await catalog_item_bulk.update_many(session, actor=shop.actor, rows=edits, skips=False)

    async with parts.database.write(shop.actor.scope) as session:
        await session.execute(held(low.item.id))
        editing = writing(parts.database, shop, edit)
        await when_blocked_by(session)
        await session.execute(held(high.item.id))
    assert [outcome.faults for outcome in await editing] == [(), ()]


@pytest.mark.parametrize("kind", ["items", "variants"])
async def test_an_order_may_refer_to_what_is_edited_in_bulk(
    parts: Parts, shop: Shop, factory: Factory, kind: str
) -> None:
    """An order that holds the stock refers to the item in the end: a bulk edit that waits for it must let it."""
    product = await factory.product(shop, stock=10)

    async def edit(session: AsyncSession) -> Any:
        given = VariantFields(stock=3)
        if kind == "variants":
            rows = [VariantEdit(product.variant.id, given)]
            return await catalog_variant_bulk.update_many(session, actor=shop.actor, rows=rows, skips=False)
        edits = [ItemEdit(product.item.id, 1, ItemChanges(only_variant=given))]
        return await catalog_item_bulk.update_many(session, actor=shop.actor, rows=edits, skips=False)

    async with parts.database.write(shop.actor.scope) as order:
        await order.execute(take_one(product.variant))
        editing = writing(parts.database, shop, edit)
        await when_blocked_by(order)
        item = select(CatalogItem.id).where(CatalogItem.id == product.item.id)
        await order.execute(item.with_for_update(read=True, key_share=True, nowait=True))
    await editing
    assert await stock_now(parts, shop, product.variant) == 3


def held(item_id: Any) -> Any:
    """The lock of an edit, or an error where somebody has it."""
    item = select(CatalogItem.id).where(CatalogItem.id == item_id)
    return item.with_for_update(key_share=True, nowait=True)


def take_one(variant: CatalogVariant) -> Any:
    return (
        update(CatalogVariant)
        .where(CatalogVariant.id == variant.id, CatalogVariant.stock >= 1)
        .values(stock=CatalogVariant.stock - 1)
        .execution_options(synchronize_session=False)
    )


async def stock_now(parts: Parts, shop: Shop, variant: CatalogVariant) -> int | None:
    async with parts.database.read(shop.actor.scope) as session:
        return (await catalog.variants_by_id(session, [variant.id]))[variant.id].stock
