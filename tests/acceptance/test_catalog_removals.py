"""Items that are deleted for good or archived instead, and items made like others."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from bootstrap import Parts
from db.models import CatalogItem, OrderLine
from db.rows import rows_within
from domain import catalog_removals
from domain.errors import FaultCode, UserFault
from domain.order_submission import Customer, NewOrder, NewOrderLine, submit
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Product, Shop
from tests.support.locks import when_blocked_by, writing
from tests.support.orders import SUBMIT, new_key

SIZES = {"name": {"en": "Size"}, "values": [{"en": "S", "ar": "ص"}, {"en": "L", "ar": "ك"}]}


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def node(client: CatalogClient, node_id: str) -> Any:
    return (await client.ask(f'{{ node(id: "{node_id}") {{ id }} }}')).data["node"]


async def test_an_item_that_was_never_ordered_is_deleted_with_all_that_is_its_own(client: CatalogClient) -> None:
    """Mission S3."""
    shelf = await client.category("Shelf")
    made = await client.create(slug="gone", options=[SIZES], categoryIds=[shelf["id"]])
    assert await client.shown() == ["gone"]
    assert await client.faults("catalogItemDelete", {"id": made["id"], "version": 2}) == [("STALE", ["version"])]
    deleted = await client.change("catalogItemDelete", id=made["id"], version=1)
    assert deleted["deletedId"] == made["id"]
    assert [await node(client, each) for each in (made["id"], made["variants"][0]["id"])] == [None, None]
    assert (await client.shown(), await client.shown('(category: "shelf")')) == ([], [])
    assert await client.faults("catalogItemDelete", {"id": made["id"]}) == [("NOT_FOUND", ["id"])]
    await client.change("categoryDelete", id=shelf["id"])
    await client.create(slug="gone")


async def test_an_item_that_an_order_tells_of_is_archived_instead(client: CatalogClient) -> None:
    """Mission S3: also where the ordered variant is archived and the order cancelled."""
    made = await client.create(options=[SIZES])
    order = {
        "idempotencyKey": new_key(),
        "customer": {"name": "Sara", "email": "sara@people.test"},
        "lines": [{"variantId": made["variants"][0]["id"], "quantity": 1}],
    }
    (await client.api.execute(SUBMIT, {"input": order}, tenant=client.shop.slug)).payload("orderSubmit")
    await client.change("catalogVariantArchive", id=made["variants"][0]["id"])
    reply = await client.send("catalogItemDelete", {"id": made["id"]})
    (error,) = reply.data["catalogItemDelete"]["userErrors"]
    assert (error["code"], error["field"]) == ("IN_USE", ["id"])
    assert "archive" in error["message"]
    assert (await client.item(made["id"]))["variants"] == made["variants"][1:]
    await client.change("catalogItemArchive", id=made["id"])


async def order(parts: Parts, shop: Shop, product: Product, session: Any) -> None:
    given = NewOrder(Customer("Sara", "sara@people.test"), [NewOrderLine(product.variant.id, 1)])
    await submit(await rows_within(session), actor=shop.guest, given=given, idempotency_key=new_key())


async def test_an_order_on_its_way_keeps_its_item(parts: Parts, shop: Shop, factory: Factory) -> None:
    """Mission S3: the deletion waits for the order, and finds it."""
    product = await factory.product(shop)

    def delete(session: Any) -> Any:
        return catalog_removals.delete_item(session, actor=shop.actor, item_id=product.item.id, version=None)

    async with parts.database.write(shop.guest.scope) as session:
        await order(parts, shop, product, session)
        deleting = writing(parts.database, shop, delete)
        await when_blocked_by(session)
    with pytest.raises(UserFault) as raised:
        await deleting
    assert raised.value.code is FaultCode.IN_USE


async def test_a_deletion_waits_for_an_edit_and_is_stale_then(parts: Parts, shop: Shop, factory: Factory) -> None:
    """Mission S3: nobody deletes what somebody else has just changed, without having seen it."""
    product = await factory.product(shop)

    def delete(session: Any) -> Any:
        return catalog_removals.delete_item(session, actor=shop.actor, item_id=product.item.id, version=1)

    async with parts.database.write(shop.actor.scope) as session:
        await session.execute(update(CatalogItem).where(CatalogItem.id == product.item.id).values(version=2))
        deleting = writing(parts.database, shop, delete)
        await when_blocked_by(session)
    with pytest.raises(UserFault) as raised:
        await deleting
    assert raised.value.code is FaultCode.STALE


async def test_an_order_behind_a_deletion_finds_nothing(parts: Parts, shop: Shop, factory: Factory) -> None:
    """Mission S3."""
    product = await factory.product(shop, stock=3)
    async with parts.database.write(shop.actor.scope) as session:
        await catalog_removals.delete_item(session, actor=shop.actor, item_id=product.item.id, version=None)
        ordering = writing(parts.database, shop, lambda other: order(parts, shop, product, other))
        await when_blocked_by(session)
    with pytest.raises(Exception, match="No such variant"):
        await ordering


async def test_what_nobody_asks_for_the_foreign_keys_refuse(parts: Parts, shop: Shop, factory: Factory) -> None:
    """Mission S3: the line refers to the variant, and says that it is another item's."""
    product, other = await factory.product(shop), await factory.product(shop)
    async with parts.database.write(shop.guest.scope) as session:
        await order(parts, shop, product, session)
        await session.execute(update(OrderLine).values(item_id=other.item.id))
    with pytest.raises(UserFault) as raised:
        async with parts.database.write(shop.actor.scope) as session:
            await catalog_removals.delete_item(session, actor=shop.actor, item_id=product.item.id, version=None)
    assert raised.value.code is FaultCode.IN_USE


async def test_deleting_and_ordering_at_once_leaves_one_of_them(client: CatalogClient) -> None:
    """Mission S3: over HTTP, whoever comes first."""
    for _ in range(3):
        made = await client.create()
        given = {
            "idempotencyKey": new_key(),
            "customer": {"name": "Sara", "email": "sara@people.test"},
            "lines": [{"variantId": made["variants"][0]["id"], "quantity": 1}],
        }
        ordered, deleted = await asyncio.gather(
            client.api.execute(SUBMIT, {"input": given}, tenant=client.shop.slug),
            client.send("catalogItemDelete", {"id": made["id"]}),
        )
        outcome = (ordered.faults("orderSubmit"), deleted.faults("catalogItemDelete"))
        assert outcome in (
            ([], [("IN_USE", ["id"])]),
            ([("NOT_FOUND", ["lines", "0", "variantId"])], []),
        )


async def test_a_copy_is_a_draft_of_all_but_what_names_one_thing(client: CatalogClient) -> None:
    """Mission S3."""
    shelf = await client.category("Shelf")
    prices = {"price": "4.750", "compareAtPrice": "6", "weight": 250}
    made = await client.create(
        description={"en": "Soft", "ar": "طري"},
        categoryIds=[shelf["id"]],
        options=[SIZES],
        variants=[
            prices | {"optionValues": ["L"], "sku": "L-1", "barcode": "X", "stock": 5},
            prices | {"optionValues": ["S"], "name": {"en": "Tiny"}},
        ],
    )
    copy = (await client.change("catalogItemDuplicate", id=made["id"]))["item"]
    assert (copy["status"], copy["version"]) == ("DRAFT", 1)
    assert copy["slug"] != made["slug"]
    assert {key: copy[key] for key in ("kind", "name", "description", "categories", "price")} == {
        key: made[key] for key in ("kind", "name", "description", "categories", "price")
    }
    assert [option["name"] for option in copy["options"]] == [option["name"] for option in made["options"]]
    first, second = copy["variants"]
    assert (first["sku"], first["barcode"], first["stock"], first["availability"]) == (None, None, 0, "SOLD_OUT")
    assert second["stock"] is None
    for one, other in zip(copy["variants"], made["variants"], strict=True):
        same = ("name", "price", "compareAtPrice", "weight", "selectedOptions")
        assert [one[field] for field in same] == [other[field] for field in same]
        assert one["id"] != other["id"]
    assert await client.item(made["id"]) == made

    given = {"id": made["id"], "name": {"ar": "نسخة"}, "slug": "a-copy"}
    named = (await client.change("catalogItemDuplicate", **given))["item"]
    assert (named["name"], named["slug"]) == ({"en": None, "ar": "نسخة"}, "a-copy")
    assert await client.faults("catalogItemDuplicate", given) == [("TAKEN", ["slug"])]
    bad = given | {"slug": "-", "name": {}}
    assert await client.faults("catalogItemDuplicate", bad) == [("REQUIRED", ["name"]), ("INVALID", ["slug"])]
    assert await client.faults("catalogItemDuplicate", {"id": "nonsense"}) == [("NOT_FOUND", ["id"])]


async def test_a_step_from_another_version_is_refused(client: CatalogClient) -> None:
    """Mission S3: nobody shows what somebody else has just changed, without having seen it."""
    made = await client.create(status="DRAFT")
    await client.change("catalogItemUpdate", id=made["id"], version=1, price="9")
    step = {"id": made["id"], "version": 1}
    assert await client.faults("catalogItemActivate", step) == [("STALE", ["version"])]
    assert (await client.change("catalogItemActivate", id=made["id"], version=2))["item"]["version"] == 3
