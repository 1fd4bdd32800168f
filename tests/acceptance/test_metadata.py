"""Metadata: what a merchant's programs note beside items, variants and categories."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.api import Api, Reply
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop

SHOWN = 'metadata { key value } metadataValue(key: "colour")'
KINDS = ("CatalogItem", "CatalogVariant", "Category")
PUBLIC = " ".join(
    f'... on {kind} {{ metadata {{ key value }} colour: metadataValue(key: "colour") }}' for kind in KINDS
)
PRIVATE = " ".join(f"... on {kind} {{ privateMetadata {{ key value }} }}" for kind in KINDS)
NOBODY = (
    "item_7zzzzzzzzzzzzzzzzzzzzzzzzz",
    "variant_7zzzzzzzzzzzzzzzzzzzzzzzzz",
    "category_7zzzzzzzzzzzzzzzzzzzzzzzzz",
)


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


def entries(**given: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in given.items()]


async def bearers(client: CatalogClient) -> tuple[str, str, str]:
    """An item, its variant and its category."""
    shelf = await client.category("Shelf")
    item = await client.create(slug="ajwa", categoryIds=[shelf["id"]])
    return item["id"], item["variants"][0]["id"], shelf["id"]


async def node(client: CatalogClient, node_id: str, selection: str) -> Reply:
    return await client.ask(f'{{ node(id: "{node_id}") {{ {selection} }} }}')


async def test_keys_are_set_changed_and_deleted_on_everything_that_bears_them(client: CatalogClient) -> None:
    """Mission S3."""
    for each in await bearers(client):
        made = await client.change("metadataSet", id=each, entries=entries(size="L", colour="dark"))
        assert made["node"] == {"id": each}
        assert made["metadata"] == entries(colour="dark", size="L")
        changed = await client.change("metadataSet", id=each, entries=entries(colour="<b>light</b>\n", weight=""))
        assert changed["metadata"] == entries(colour="<b>light</b>\n", size="L", weight="")
        shown = (await node(client.as_someone(None), each, PUBLIC)).data["node"]
        assert shown == {"metadata": changed["metadata"], "colour": "<b>light</b>\n"}
        left = await client.change("metadataDelete", id=each, keys=["size", "colour", "never"])
        assert left["metadata"] == entries(weight="")
        assert (await node(client, each, PUBLIC)).data["node"] == {"metadata": entries(weight=""), "colour": None}


async def test_it_is_shown_wherever_the_thing_is(client: CatalogClient) -> None:
    """Mission S3."""
    for each in await bearers(client):
        await client.change("metadataSet", id=each, entries=entries(colour=each))
    fields = f"id {SHOWN} variants {{ id {SHOWN} }} categories {{ id {SHOWN} }}"
    of_item = (await client.store(f'item(slug: "ajwa") {{ {fields} }}'))["item"]
    listed = (await client.store(f"items {{ nodes {{ {fields} }} }}"))["items"]["nodes"]
    of_shelf = await client.store(f'category(slug: "shelf") {{ id {SHOWN} items {{ nodes {{ {fields} }} }} }}')
    shelf = of_shelf["category"]
    assert listed == shelf.pop("items")["nodes"] == [of_item]
    for thing in (of_item, shelf, of_item["variants"][0], of_item["categories"][0]):
        assert thing["metadata"] == entries(colour=thing["id"])
        assert thing["metadataValue"] == thing["id"]


async def test_the_private_side_is_for_staff(client: CatalogClient, factory: Factory, shop: Shop) -> None:
    """Mission S3."""
    guest = client.as_someone(None)
    customer = client.as_someone((await factory.customer(shop)).token)
    for each in await bearers(client):
        await client.change("metadataSet", id=each, entries=entries(colour="public"))
        await client.change("metadataSet", id=each, isPrivate=True, entries=entries(colour="private", cost="1.250"))
        assert (await node(client, each, PRIVATE)).data["node"] == {
            "privateMetadata": entries(colour="private", cost="1.250")
        }
        for other in (guest, customer):
            assert (await node(other, each, PUBLIC)).data["node"] == {
                "metadata": entries(colour="public"),
                "colour": "public",
            }
            assert (await node(other, each, PRIVATE)).data["node"] == {"privateMetadata": None}
        left = await client.change("metadataDelete", id=each, isPrivate=True, keys=["colour"])
        assert left["metadata"] == entries(cost="1.250")
        assert (await node(client, each, PUBLIC)).data["node"]["colour"] == "public"
    shown = await guest.store('item(slug: "ajwa") { slug privateMetadata { key } }')
    assert shown["item"] == {"slug": "ajwa", "privateMetadata": None}


async def test_the_metadata_of_a_draft_is_for_staff(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create(status="DRAFT")
    for each in (item["id"], item["variants"][0]["id"]):
        await client.change("metadataSet", id=each, entries=entries(colour="secret"))
        assert (await node(client.as_someone(None), each, PUBLIC)).data["node"] is None
        assert (await node(client, each, PUBLIC)).data["node"]["colour"] == "secret"


async def test_it_makes_nobodys_edit_stale(client: CatalogClient) -> None:
    """Mission S3. Programs write here while people edit."""
    item = await client.create()
    for each in (item["id"], item["variants"][0]["id"]):
        await client.change("metadataSet", id=each, entries=entries(colour="dark"))
    assert await client.item(item["id"]) == item
    await client.change("catalogItemUpdate", id=item["id"], version=1, price="5")


async def test_of_those_who_set_different_keys_at_once_all_win(client: CatalogClient) -> None:
    """Mission S3."""
    for each in await bearers(client):
        given = [{"id": each, "entries": entries(**{f"key{n}": str(n), "shared": str(n)})} for n in range(8)]
        replies = await asyncio.gather(*(client.send("metadataSet", one) for one in given))
        assert all(reply.faults("metadataSet") == [] for reply in replies)
        now = (await node(client, each, PUBLIC)).data["node"]["metadata"]
        values = {entry["key"]: entry["value"] for entry in now}
        assert values.pop("shared") in {str(n) for n in range(8)}
        assert values == {f"key{n}": str(n) for n in range(8)}


async def test_a_side_holds_fifty_keys_even_when_many_add_the_last(client: CatalogClient) -> None:
    """Mission S3."""
    for each in await bearers(client):
        first = entries(**{f"key.{n:02}": "x" for n in range(49)})
        await client.change("metadataSet", id=each, entries=first)
        await client.change("metadataSet", id=each, isPrivate=True, entries=[*first, *entries(last="x")])
        given = [{"id": each, "entries": entries(**{f"last{n}": "x"})} for n in range(5)]
        replies = await asyncio.gather(*(client.send("metadataSet", one) for one in given))
        assert sorted(reply.faults("metadataSet") for reply in replies) == [
            [],
            *([("LIMIT_REACHED", ["entries"])] for _ in range(4)),
        ]
        now = (await node(client, each, PUBLIC)).data["node"]["metadata"]
        assert len(now) == 50
        refused = {"id": each, "entries": entries(**{"key.00": "changed", "more": "x"})}
        assert await client.faults("metadataSet", refused) == [("LIMIT_REACHED", ["entries"])]
        assert (await node(client, each, PUBLIC)).data["node"]["metadata"] == now


def at(place: int, *field: str) -> list[str]:
    return ["entries", str(place), *field]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ([], [("REQUIRED", ["entries"])]),
        ([("", "x")], [("INVALID", at(0, "key"))]),
        ([("a b", "x")], [("INVALID", at(0, "key"))]),
        ([("مفتاح", "x")], [("INVALID", at(0, "key"))]),
        ([("fine", "x"), ("new\n", "x")], [("INVALID", at(1, "key"))]),
        ([("k" * 65, "x" * 2_001)], [("INVALID", at(0, "key")), ("TOO_LONG", at(0, "value"))]),
        ([("same", "1"), ("other", "2"), ("same", "3")], [("INVALID", at(2, "key"))]),
        ([("fine", "a\u0007b")], [("INVALID", at(0, "value"))]),
        ([(f"key{n}", "x") for n in range(51)], [("TOO_LONG", ["entries"])]),
    ],
)
async def test_bad_entries_change_nothing(
    client: CatalogClient, given: list[tuple[str, str]], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S3."""
    item = await client.create()
    await client.change("metadataSet", id=item["id"], entries=entries(old="1"))
    sent = {"id": item["id"], "entries": [{"key": key, "value": value} for key, value in given]}
    assert await client.faults("metadataSet", sent) == faults
    assert (await node(client, item["id"], PUBLIC)).data["node"]["metadata"] == entries(old="1")


async def test_as_much_as_is_allowed_is_kept_to_the_letter(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create()
    given = {"AZaz09_.:-" + "k" * 54: " \u200f\u202e<script>\r\n\t" + "\U0001f600" * 1_985}
    made = await client.change("metadataSet", id=item["id"], entries=entries(**given))
    assert made["metadata"] == entries(**given)
    assert (await node(client.as_someone(None), item["id"], PUBLIC)).data["node"]["metadata"] == entries(**given)


@pytest.mark.parametrize(
    ("keys", "faults"),
    [
        ([], [("REQUIRED", ["keys"])]),
        (["fine", "not fine"], [("INVALID", ["keys", "1"])]),
        ([f"key{n}" for n in range(51)], [("TOO_LONG", ["keys"])]),
    ],
)
async def test_bad_keys_delete_nothing(
    client: CatalogClient, keys: list[str], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S3."""
    item = await client.create()
    await client.change("metadataSet", id=item["id"], entries=entries(fine="1"))
    assert await client.faults("metadataDelete", {"id": item["id"], "keys": keys}) == faults
    assert (await node(client, item["id"], PUBLIC)).data["node"]["metadata"] == entries(fine="1")


async def test_what_bears_no_metadata_is_not_found(client: CatalogClient, factory: Factory, api: Api) -> None:
    """Mission S3, T3. Another tenant's things are as those that never were."""
    other = CatalogClient.of(api, await factory.shop())
    theirs = await bearers(other)
    for each in (*NOBODY, *theirs, "order_01h2xcejqtf2nbrexx3vqjhp41", "nonsense", ""):
        given: Mapping[str, dict[str, Any]] = {
            "metadataSet": {"entries": entries(a="1")},
            "metadataDelete": {"keys": ["a"]},
        }
        for mutation, more in given.items():
            assert await client.faults(mutation, {"id": each} | more) == [("NOT_FOUND", ["id"])], each
    for each in theirs:
        assert (await node(other, each, PUBLIC)).data["node"]["metadata"] == []


async def test_guests_write_nothing(client: CatalogClient, factory: Factory, shop: Shop) -> None:
    """Mission S3."""
    item = await client.create()
    for token, status in ((None, 401), ((await factory.customer(shop)).token, 403)):
        for mutation, more in (("metadataSet", {"entries": entries(a="1")}), ("metadataDelete", {"keys": ["a"]})):
            assert (await client.as_someone(token).send(mutation, {"id": item["id"]} | more)).status == status
    assert (await node(client, item["id"], PUBLIC)).data["node"]["metadata"] == []
