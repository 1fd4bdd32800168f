"""What holds when several people of one shop work at the same moment."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.support.api import Api, Reply
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


def outcomes(replies: Sequence[Reply], mutation: str) -> Counter[tuple[tuple[str, str], ...]]:
    """How often each set of faults was told; nothing for a success."""
    return Counter(tuple((code, ".".join(field or ())) for code, field in reply.faults(mutation)) for reply in replies)


async def test_of_simultaneous_edits_one_wins(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create()
    edits = [{"id": item["id"], "version": 1, "price": f"{price}", "slug": f"slug-{price}"} for price in range(1, 9)]
    replies = await asyncio.gather(*(client.send("catalogItemUpdate", edit) for edit in edits))
    assert outcomes(replies, "catalogItemUpdate") == {(): 1, (("STALE", "version"),): 7}
    winner = next(reply for reply in replies if not reply.faults("catalogItemUpdate"))
    now = await client.item(item["id"])
    assert now == winner.data["catalogItemUpdate"]["item"]
    assert now["version"] == 2
    assert now["slug"] == f"slug-{now['price']['amount'][0]}"


async def test_a_slug_and_a_sku_are_given_once(client: CatalogClient) -> None:
    """Mission S3."""
    plain = {"kind": "PRODUCT", "name": {"en": "Same"}, "price": "1"}
    replies = await asyncio.gather(*(client.send("catalogItemCreate", plain | {"slug": "one"}) for _ in range(6)))
    assert outcomes(replies, "catalogItemCreate") == {(): 1, (("TAKEN", "slug"),): 5}

    replies = await asyncio.gather(*(client.send("catalogItemCreate", plain | {"sku": "ONE"}) for _ in range(6)))
    assert outcomes(replies, "catalogItemCreate") == {(): 1, (("TAKEN", "sku"),): 5}
    assert (await client.back_office("items { totalCount }"))["items"]["totalCount"] == 2


async def test_proposed_slugs_never_collide(client: CatalogClient) -> None:
    """Mission S3, S4."""
    plain = {"kind": "PRODUCT", "name": {"en": "Same name"}, "price": "1"}
    replies = await asyncio.gather(*(client.send("catalogItemCreate", plain) for _ in range(8)))
    slugs = {reply.payload("catalogItemCreate")["item"]["slug"] for reply in replies}
    assert len(slugs) == 8
    assert "same-name" in slugs
    replies = await asyncio.gather(*(client.send("categoryCreate", {"name": {"en": "Same"}}) for _ in range(8)))
    assert len({reply.payload("categoryCreate")["category"]["slug"] for reply in replies}) == 8


async def test_skus_in_opposite_orders_never_deadlock(client: CatalogClient) -> None:
    """Mission S3."""

    def several(order: range) -> dict[str, object]:
        named = [{"name": {"en": f"Size {number}"}, "price": "1", "sku": f"SKU-{number:02}"} for number in order]
        return {"kind": "PRODUCT", "name": {"en": "Sizes"}, "variants": named}

    orders = [range(20), range(19, -1, -1)] * 3
    replies = await asyncio.gather(*(client.send("catalogItemCreate", several(order)) for order in orders))
    refused = [reply.faults("catalogItemCreate") for reply in replies if reply.faults("catalogItemCreate")]
    assert len(refused) == 5
    assert {code for faults in refused for code, _ in faults} == {"TAKEN"}


async def test_one_variant_stays_however_many_are_archived_at_once(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create(variants=[{"name": {"en": size}, "price": "1"} for size in "ABCD"])
    replies = await asyncio.gather(
        *(client.send("catalogVariantArchive", {"id": variant["id"]}) for variant in item["variants"])
    )
    assert outcomes(replies, "catalogVariantArchive") == {(): 3, (("INVALID", "id"),): 1}
    now = await client.item(item["id"])
    assert (len(now["variants"]), now["version"]) == (1, 4)


async def test_the_limit_of_variants_holds(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create(variants=[{"name": {"en": f"{number}"}, "price": "1"} for number in range(97)])
    more = {"itemId": item["id"], "name": {"en": "More"}, "price": "1"}
    replies = await asyncio.gather(*(client.send("catalogVariantCreate", more) for _ in range(6)))
    assert outcomes(replies, "catalogVariantCreate") == {(): 3, (("LIMIT_REACHED", "itemId"),): 3}
    assert len((await client.item(item["id"]))["variants"]) == 100


async def test_each_variant_edit_counts(client: CatalogClient, factory: Factory) -> None:
    """Mission S3. Two people edit two variants of one item: neither edit is lost."""
    item = await client.create(variants=[{"name": {"en": size}, "price": "1", "stock": 1} for size in "AB"])
    colleague = client.as_someone((await factory.staff(client.shop, "member")).token)
    one, other = (variant["id"] for variant in item["variants"])
    await asyncio.gather(
        client.change("catalogVariantUpdate", id=one, price="2"),
        client.change("catalogVariantUpdate", id=one, compareAtPrice="9"),
        colleague.change("catalogVariantUpdate", id=other, price="3"),
        colleague.change("catalogVariantUpdate", id=other, stock=4),
    )
    now = await client.item(item["id"])
    assert now["version"] == 5
    first, second = now["variants"]
    assert (first["price"]["amount"], first["compareAtPrice"]["amount"], first["stock"]) == ("2.000", "9.000", 1)
    assert (second["price"]["amount"], second["compareAtPrice"], second["stock"]) == ("3.000", None, 4)


async def test_a_compare_at_price_stays_above_the_price(client: CatalogClient) -> None:
    """Mission S3. Each edit is fine alone; together they would show a rise as a reduction."""
    item = await client.create(price="5")
    (variant,) = item["variants"]
    replies = await asyncio.gather(
        client.send("catalogVariantUpdate", {"id": variant["id"], "price": "8"}),
        client.send("catalogVariantUpdate", {"id": variant["id"], "compareAtPrice": "7"}),
    )
    assert outcomes(replies, "catalogVariantUpdate") == {(): 1, (("INVALID", "compareAtPrice"),): 1}
