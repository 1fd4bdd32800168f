"""Mission S5, S1: where pictures are shown: items, variants, categories, the store itself."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.models import new_id
from gql.ids import global_id, split_id
from tests.support.api import Api, Reply
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop
from tests.support.mail import Post
from tests.support.pictures import DELETE, UPDATE, Darkroom, made, picture
from tests.support.statements import counted_statements

IMAGES = "images { id } image { id }"
SET = """
mutation($input: CatalogItemUpdateInput!) { catalogItemUpdate(input: $input) {
    item { version images { id } } userErrors { code field } } }
"""
LOGO = """
mutation($input: TenantUpdateInput!) { tenantUpdate(input: $input) {
    tenant { logo { id url } } userErrors { code field } } }
"""


@pytest.fixture
def darkroom(api: Api, shop: Shop, post: Post) -> Darkroom:
    return Darkroom.of(api, shop, post)


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    return CatalogClient.of(api, shop)


async def place(client: CatalogClient, item: dict[str, Any], images: list[str], version: int = 1) -> Reply:
    given = {"id": item["id"], "version": version, "imageIds": images}
    return await client.api.execute(SET, {"input": given}, token=client.token, tenant=client.shop.slug)


def ids(found: list[dict[str, str]]) -> list[str]:
    return [each["id"] for each in found]


def row_of(media_id: str) -> UUID:
    parsed = split_id(media_id)
    assert parsed
    return parsed[1]


async def test_an_items_pictures_have_an_order(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    """Mission S5."""
    first, second, third = await made(parts, shop, 3)
    item = await client.create(imageIds=[second, first])
    shown = (await client.store(f'item(slug: "{item["slug"]}") {{ {IMAGES} }}'))["item"]
    assert (ids(shown["images"]), shown["image"]["id"]) == ([second, first], second)
    reordered = (await place(client, item, [third, first, second])).payload("catalogItemUpdate")["item"]
    assert (ids(reordered["images"]), reordered["version"]) == ([third, first, second], 2)
    listed = (await client.store(f"items {{ nodes {{ {IMAGES} }} }}"))["items"]["nodes"]
    assert [(ids(each["images"]), each["image"]["id"]) for each in listed] == [([third, first, second], third)]
    emptied = (await place(client, item, [], 2)).payload("catalogItemUpdate")["item"]
    assert emptied["images"] == []
    assert (await client.store("items { nodes { image { id } } }"))["items"]["nodes"] == [{"image": None}]


async def test_what_cannot_be_placed(client: CatalogClient, parts: Parts, shop: Shop, factory: Factory) -> None:
    item, [good] = await client.create(), await made(parts, shop, 1)
    [awaited] = await made(parts, shop, 1, "awaiting_upload")
    [theirs] = await made(parts, await factory.shop(), 1)
    many = await made(parts, shop, 51)

    async def refused(images: list[str], version: int = 1) -> list[tuple[str, list[str] | None]]:
        return (await place(client, item, images, version)).faults("catalogItemUpdate")

    missing = [("NOT_FOUND", ["imageIds", "1"]), ("NOT_FOUND", ["imageIds", "2"])]
    assert await refused([good, awaited, theirs]) == [("NOT_READY", ["imageIds", "1"]), missing[1]]
    assert await refused([good, item["id"], "x"]) == missing
    assert await refused([good, good]) == [("INVALID", ["imageIds"])]
    assert await refused(many) == [("TOO_LONG", ["imageIds"])]
    assert await refused([good], version=7) == [("STALE", ["version"])]
    assert (await client.item(item["id"]))["version"] == 1
    assert len((await place(client, item, many[:50])).payload("catalogItemUpdate")["item"]["images"]) == 50


async def test_variants_and_categories_have_a_picture(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    item, category, [image] = await client.create(), await client.category("Food"), await made(parts, shop, 1)
    variant = item["variants"][0]["id"]
    await client.change("catalogVariantUpdate", id=variant, imageId=image)
    await client.change("categoryUpdate", id=category["id"], imageId=image)
    shown = await client.store("items { nodes { variants { image { id } } } } categories { image { id } }")
    assert shown["items"]["nodes"] == [{"variants": [{"image": {"id": image}}]}]
    assert shown["categories"] == [{"image": {"id": image}}]
    unknown = str(global_id("media", new_id()))
    for mutation, row in (("catalogVariantUpdate", variant), ("categoryUpdate", category["id"])):
        assert await client.faults(mutation, {"id": row, "imageId": unknown}) == [("NOT_FOUND", ["imageId"])]
        await client.change(mutation, id=row, imageId=None)
    shown = await client.store("items { nodes { variants { image { id } } } } categories { image { id } }")
    assert (shown["items"]["nodes"], shown["categories"]) == ([{"variants": [{"image": None}]}], [{"image": None}])


async def test_a_store_has_a_logo(darkroom: Darkroom, client: CatalogClient, shop: Shop, parts: Parts) -> None:
    """Mission S1."""
    image, [awaited] = await darkroom.ready(), await made(parts, shop, 1, "awaiting_upload")
    assert (await client.store("logo { id }"))["logo"] is None
    assert (await darkroom.send(LOGO, logoId=awaited)).faults("tenantUpdate") == [("NOT_READY", ["logoId"])]
    changed = (await darkroom.send(LOGO, logoId=image)).payload("tenantUpdate")["tenant"]["logo"]
    assert changed["id"] == image
    assert (await client.store("logo { id url }"))["logo"] == changed
    assert (await darkroom.send(DELETE, id=image)).faults("mediaDelete") == [("IN_USE", ["id"])]
    assert (await darkroom.send(LOGO, logoId=None)).payload("tenantUpdate")["tenant"]["logo"] is None
    (await darkroom.send(DELETE, id=image)).payload("mediaDelete")


async def test_addresses_are_of_the_width_that_is_wanted(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    [image] = await made(parts, shop, 1)
    item = await client.create(imageIds=[image])
    asked = "widest: url none: url(width: null) minus: url(width: -1) " + " ".join(
        f"w{width}: url(width: {width})" for width in (0, 1, 320, 321, 640, 999, 1000, 5000)
    )
    shown = (await client.store(f'item(slug: "{item["slug"]}") {{ image {{ {asked} }} }}'))["item"]["image"]
    folder = f"{parts.settings.media_url}/{shop.tenant.id}/media/{row_of(image)}/"
    assert {name: url.removeprefix(folder) for name, url in shown.items()} == {
        "widest": "1000.webp",
        "none": "1000.webp",
        **dict.fromkeys(("minus", "w0", "w1", "w320"), "320.webp"),
        **dict.fromkeys(("w321", "w640"), "640.webp"),
        **dict.fromkeys(("w999", "w1000", "w5000"), "1000.webp"),
    }


async def test_a_shown_picture_cannot_be_deleted(darkroom: Darkroom, client: CatalogClient) -> None:
    image = await darkroom.ready(picture())
    item = await client.create(imageIds=[image])
    assert (await darkroom.send(DELETE, id=image)).faults("mediaDelete") == [("IN_USE", ["id"])]
    (await place(client, item, [])).payload("catalogItemUpdate")
    (await darkroom.send(DELETE, id=image)).payload("mediaDelete")
    assert (await place(client, item, [image], 2)).faults("catalogItemUpdate") == [("NOT_FOUND", ["imageIds", "0"])]


async def test_of_placing_and_deleting_at_once_one_wins(
    darkroom: Darkroom, client: CatalogClient, parts: Parts, shop: Shop
) -> None:
    """Mission S5: never a shown picture without its objects."""
    for image in await made(parts, shop, 12):
        item = await client.create()
        placed, deleted = await asyncio.gather(place(client, item, [image]), darkroom.send(DELETE, id=image))
        outcome = placed.faults("catalogItemUpdate"), deleted.faults("mediaDelete")
        assert outcome in [([], [("IN_USE", ["id"])]), ([("NOT_FOUND", ["imageIds", "0"])], [])]


async def test_only_what_is_ready_is_shown(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    """Mission S5: whatever has been written, the storefront asks for the status."""
    first, second = await made(parts, shop, 2)
    item, category = await client.create(imageIds=[first, second]), await client.category("Food")
    await client.change("catalogVariantUpdate", id=item["variants"][0]["id"], imageId=first)
    await client.change("categoryUpdate", id=category["id"], imageId=first)
    async with parts.database.write(shop.actor.scope) as session:
        await session.execute(text("UPDATE tenants SET logo_id = :id"), {"id": row_of(first)})
        await session.execute(
            text("UPDATE media_assets SET status = 'processing' WHERE id = :id"), {"id": row_of(first)}
        )
    everywhere = "images { id } image { id } variants { image { id } }"
    shown = await client.store(f"logo {{ id }} items {{ nodes {{ {everywhere} }} }} categories {{ image {{ id }} }}")
    only = {"images": [{"id": second}], "image": {"id": second}, "variants": [{"image": None}]}
    assert (shown["logo"], shown["items"]["nodes"], shown["categories"]) == (None, [only], [{"image": None}])
    node = await client.ask(f'{{ node(id: "{item["id"]}") {{ ... on CatalogItem {{ {everywhere} }} }} }}')
    assert node.data["node"] == only


async def test_a_cached_storefront_learns_of_pictures(
    darkroom: Darkroom, client: CatalogClient, parts: Parts, shop: Shop
) -> None:
    [image] = await made(parts, shop, 1)
    item, query = await client.create(), "items { nodes { image { alt { en } } } }"
    assert (await client.store(query))["items"]["nodes"] == [{"image": None}]
    (await place(client, item, [image])).payload("catalogItemUpdate")
    assert (await client.store(query))["items"]["nodes"] == [{"image": {"alt": None}}]
    (await darkroom.send(UPDATE, id=image, alt={"en": "Dates"})).payload("mediaUpdate")
    assert (await client.store(query))["items"]["nodes"] == [{"image": {"alt": {"en": "Dates"}}}]


async def test_lists_get_their_pictures_in_one_statement(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    images = await made(parts, shop, 3)
    asked = "items { nodes { slug image { url(width: 300) alt { en } } images { id width } price { amount } } }"
    for count in (1, 6):
        for _ in range(count):
            await client.create(imageIds=images)
        with counted_statements(parts.database) as statements:
            nodes = (await client.store(asked))["items"]["nodes"]
        assert all(len(node["images"]) == 3 for node in nodes)
        assert len([each for each in statements if "media_assets" in each]) == 1, statements


async def test_variants_get_theirs_in_one_more(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    [image] = await made(parts, shop, 1)
    for count in (1, 6):
        for _ in range(count):
            item = await client.create()
            await client.change("catalogVariantUpdate", id=item["variants"][0]["id"], imageId=image)
        with counted_statements(parts.database) as statements:
            await client.store("items { nodes { slug variants { image { url } } } }")
        assert len([each for each in statements if "media_assets" in each]) == 1, statements
