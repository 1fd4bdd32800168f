"""Tags: a merchant's own words for items, and the lists that shoppers find behind them."""

import asyncio
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop

IN_USE = "tags { name itemCount }"


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def test_items_are_found_by_their_tags(client: CatalogClient) -> None:
    """Mission S3."""
    await client.create(slug="ajwa", tags=["Halal", "تمور"])
    await client.create(slug="cake", tags=["halal"])
    await client.create(slug="course", kind="SERVICE", tags=["HALAL"])
    await client.create(slug="plain")
    await client.create(slug="secret", status="DRAFT", tags=["Halal"])

    assert await client.shown('(tag: "halal")') == ["course", "cake", "ajwa"]
    assert await client.shown('(tag: "  HaLaL ")') == ["course", "cake", "ajwa"]
    assert await client.shown('(tag: "تمور")') == ["ajwa"]
    assert await client.shown('(tag: "halal", kind: PRODUCT)') == ["cake", "ajwa"]
    staff = await client.back_office('items(tag: "halal", status: DRAFT) { totalCount nodes { slug tags } }')
    assert staff["items"] == {"totalCount": 1, "nodes": [{"slug": "secret", "tags": ["Halal"]}]}
    for nothing in ("hala", "", "x" * 65, "\\u0007", "%"):
        found = await client.store(f'items(tag: "{nothing}") {{ totalCount nodes {{ slug }} }}')
        assert found["items"] == {"totalCount": 0, "nodes": []}, nothing


async def test_a_tag_and_a_category_narrow_each_other(client: CatalogClient) -> None:
    """Mission S3, S4."""
    food = await client.category("Food")
    dates = await client.category("Dates", parent=food["id"])
    cakes = await client.category("Cakes", parent=food["id"])
    await client.create(slug="ajwa", tags=["gift"], categoryIds=[dates["id"], cakes["id"], food["id"]])
    await client.create(slug="loose", categoryIds=[dates["id"]])
    await client.create(slug="elsewhere", tags=["gift"])
    for narrowed, slugs in {
        '(tag: "gift", category: "food")': ["ajwa"],
        '(tag: "gift", category: "cakes")': ["ajwa"],
        '(tag: "gift", category: "no-such")': [],
        '(tag: "gift", category: "NOT A SLUG")': [],
        '(tag: "none", category: "food")': [],
    }.items():
        found = await client.store(f"items{narrowed} {{ totalCount nodes {{ slug }} }}")
        assert found["items"] == {"totalCount": len(slugs), "nodes": [{"slug": each} for each in slugs]}, narrowed


async def test_shoppers_walk_through_the_pages_of_a_tag(client: CatalogClient) -> None:
    """Mission S3."""
    for number in range(5):
        await client.create(slug=f"item-{number}", tags=["sale", f"own {number}"])
    seen: list[str] = []
    after = ""
    for _ in range(3):
        selection = "totalCount nodes { slug tags } pageInfo { hasNextPage endCursor }"
        page = (await client.store(f'items(tag: "sale", first: 2{after}) {{ {selection} }}'))["items"]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasNextPage"] is (len(seen) < 4)
        seen += [node["slug"] for node in page["nodes"]]
        assert all(len(node["tags"]) == 2 for node in page["nodes"])
        after = f', after: "{page["pageInfo"]["endCursor"]}"'
    assert seen == [f"item-{number}" for number in (4, 3, 2, 1, 0)]


async def test_tags_are_cleaned_and_replaced(client: CatalogClient) -> None:
    """Mission S3."""
    given = ["  Big \t  Box ", "Cafe\u0301", "caf\u00c9", "STRASSE", "straße", "سوق  الجمعة", "big box"]
    made = await client.create(tags=given)
    assert made["tags"] == ["Big Box", "Caf\u00e9", "STRASSE", "سوق الجمعة"]
    changed = await client.change("catalogItemUpdate", id=made["id"], version=1, tags=["BIG box", "new"])
    assert (changed["item"]["tags"], changed["item"]["version"]) == (["BIG box", "new"], 2)
    kept = await client.change("catalogItemUpdate", id=made["id"], version=2, slug="other")
    assert kept["item"]["tags"] == ["BIG box", "new"]
    assert await client.shown('(tag: "café")') == []
    assert await client.shown('(tag: "big box")') == ["other"]
    none = await client.change("catalogItemUpdate", id=made["id"], version=3, tags=[])
    assert none["item"]["tags"] == []
    assert await client.shown('(tag: "big box")') == []


@pytest.mark.parametrize(
    ("tags", "faults"),
    [
        ([""], [("REQUIRED", ["tags", "0"])]),
        (["fine", " \n "], [("REQUIRED", ["tags", "1"])]),
        (["x" * 65], [("TOO_LONG", ["tags", "0"])]),
        (["a\u202eb"], [("INVALID", ["tags", "0"])]),
        (["a\u0008b", "fine", "\u0007"], [("INVALID", ["tags", "0"]), ("INVALID", ["tags", "2"])]),
        ([f"tag {number}" for number in range(51)], [("TOO_LONG", ["tags"])]),
    ],
)
async def test_bad_tags_change_nothing(
    client: CatalogClient, tags: list[str], faults: list[tuple[str, list[str]]]
) -> None:
    """Mission S3."""
    item = await client.create(tags=["old"])
    fresh: dict[str, Any] = {"kind": "PRODUCT", "name": {"en": "New"}, "price": "1", "tags": tags}
    assert await client.faults("catalogItemCreate", fresh) == faults
    edit = {"id": item["id"], "version": 1, "slug": "-", "tags": tags}
    assert await client.faults("catalogItemUpdate", edit) == [("INVALID", ["slug"]), *faults]
    assert await client.item(item["id"]) == item
    assert (await client.back_office("items { totalCount }"))["items"] == {"totalCount": 1}


async def test_an_item_has_up_to_fifty_tags(client: CatalogClient) -> None:
    """Mission S3."""
    tags = [f"tag {number:02} {'x' * 57}" for number in range(50)]
    made = await client.create(tags=[*tags, *(each.upper() for each in tags)])
    assert made["tags"] == tags


async def test_shoppers_learn_of_the_tags_of_active_items_alone(client: CatalogClient) -> None:
    """Mission S3. Neither number nor spelling of a tag tells of drafts and archived items."""
    for tags in (["gift", "sale"], ["gift"], ["Box"]):
        await client.create(tags=tags)
    draft = await client.create(status="DRAFT", tags=["GIFT", "secret plan"])
    away = await client.create(tags=["Gift", "old"])
    await client.change("catalogItemArchive", id=away["id"])

    shown = [("gift", 2), ("Box", 1), ("sale", 1)]
    assert await in_use(client) == shown
    staff = (await client.back_office(IN_USE))["tags"]
    assert [(each["name"].casefold(), each["itemCount"]) for each in staff] == [
        ("gift", 4),
        *((name, 1) for name in ("box", "old", "sale", "secret plan")),
    ]
    assert (await client.store("tags(first: 1) { name }"))["tags"] == [{"name": "gift"}]
    await client.change("catalogItemActivate", id=draft["id"])
    assert ("secret plan", 1) in await in_use(client)
    await client.change("catalogItemDeactivate", id=draft["id"])
    assert await in_use(client) == shown
    assert await client.shown('(tag: "secret plan")') == []


async def in_use(client: CatalogClient) -> list[tuple[str, int]]:
    """What the storefront shows a guest."""
    return [(each["name"], each["itemCount"]) for each in (await client.store(IN_USE))["tags"]]


@pytest.mark.parametrize("first", [-1, 101])
@pytest.mark.parametrize("door", ["store", "tenant"])
async def test_no_more_than_a_hundred_tags_are_told_at_once(client: CatalogClient, door: str, first: int) -> None:
    """Mission S3."""
    reply = await client.ask(f"{{ {door} {{ tags(first: {first}) {{ name }} }} }}")
    assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"])


async def test_the_tags_of_a_tenant_are_its_own(client: CatalogClient, factory: Factory, api: Api) -> None:
    """Mission S3, T3."""
    await client.create(tags=["gift"])
    other = CatalogClient.of(api, await factory.shop())
    assert await other.shown('(tag: "gift")') == []
    assert await in_use(other) == []
    assert (await other.back_office(IN_USE))["tags"] == []


async def test_of_simultaneous_edits_of_tags_one_wins_whole(client: CatalogClient) -> None:
    """Mission S3."""
    item = await client.create(tags=["old"])
    edits = [{"id": item["id"], "version": 1, "tags": [f"a{number}", f"b{number}"]} for number in range(6)]
    replies = await asyncio.gather(*(client.send("catalogItemUpdate", edit) for edit in edits))
    assert sorted(len(reply.faults("catalogItemUpdate")) for reply in replies) == [0, 1, 1, 1, 1, 1]
    first, second = (await client.item(item["id"]))["tags"]
    assert (first[0], second[0], first[1:]) == ("a", "b", second[1:])
