"""Items with everything that an item can have: copied, and deleted without a trace."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.models import Base
from db.security.roles import connected
from gql.ids import split_id
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.databases import Databases
from tests.support.factories import Shop
from tests.support.pictures import DELETE, made

SIZES = {"name": {"en": "Size"}, "values": [{"en": "S"}, {"en": "L"}]}
PICTURE = """
mutation($input: CatalogVariantUpdateInput!) { catalogVariantUpdate(input: $input) {
    variant { image { id } } userErrors { code field } } }
"""
EVERYTHING = """
externalReference tags images { id } metadata { key value } privateMetadata { key value } categories { id }
variants { id externalReference image { id } metadata { key value } privateMetadata { key value } }
"""


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def note(client: CatalogClient, owner_id: str) -> None:
    """Public and private metadata."""
    for key, is_private in (("colour", False), ("erp", True)):
        given = {"id": owner_id, "entries": [{"key": key, "value": owner_id}], "isPrivate": is_private}
        await client.change("metadataSet", **given)


async def rich_item(client: CatalogClient, pictures: Sequence[str]) -> str:
    """An item with all that an item can have, and two variants likewise."""
    shelf = await client.category("Shelf")
    item = await client.create(
        options=[SIZES],
        tags=["Ramadan", "Gift"],
        categoryIds=[shelf["id"]],
        imageIds=[pictures[1], pictures[0]],
        externalReference="ERP-1",
    )
    await note(client, item["id"])
    for place, variant in enumerate(item["variants"]):
        await note(client, variant["id"])
        given = {"id": variant["id"], "imageId": pictures[place], "externalReference": f"ERP-1-{place}"}
        reply = await client.api.execute(PICTURE, {"input": given}, token=client.token, tenant=client.shop.slug)
        reply.payload("catalogVariantUpdate")
    return item["id"]


async def everything(client: CatalogClient, item_id: str) -> dict[str, Any]:
    return (await client.back_office(f'item(id: "{item_id}") {{ {EVERYTHING} }}'))["item"]


async def test_a_copy_has_pictures_tags_and_public_metadata(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    """Mission S3: what names one thing alone stays behind, and with it what programs know that one thing by."""
    item_id = await rich_item(client, await made(parts, shop, 2))
    before = await everything(client, item_id)
    assert len(before["variants"][1]["privateMetadata"]) == len(before["images"]) - 1 == 1
    copy = await everything(client, (await client.change("catalogItemDuplicate", id=item_id))["item"]["id"])
    assert await everything(client, item_id) == before
    nothing: dict[str, Any] = {"externalReference": None, "privateMetadata": []}
    of_variants = [
        {**variant, **nothing, "id": new["id"]}
        for variant, new in zip(before["variants"], copy["variants"], strict=True)
    ]
    assert copy == before | nothing | {"variants": of_variants}


async def test_an_item_with_everything_is_deleted_without_a_trace(
    client: CatalogClient, parts: Parts, shop: Shop, databases: Databases, database_name: str
) -> None:
    """Mission S3: no row of any table tells of it or its variants any more, and its pictures are free."""
    pictures = await made(parts, shop, 2)
    item_id = await rich_item(client, pictures)
    item = await everything(client, item_id)
    parsed = [split_id(each) for each in (item_id, *(variant["id"] for variant in item["variants"]))]
    ids = [str(each[1]) for each in parsed if each]
    assert len(ids) == 3
    async with connected(databases.url(database_name)) as superuser:

        async def telling() -> set[str]:
            """Tables with rows that tell of any of them."""
            found: set[str] = set()
            for name in [each.name for each in Base.metadata.tables.values() if "tenant_id" in each.columns]:
                tells = text(f"SELECT EXISTS (SELECT FROM {name} AS one WHERE one::text ~ :ids)")
                if (await superuser.execute(tells, {"ids": "|".join(ids)})).scalar_one():
                    found.add(name)
            return found

        before = await telling()
        assert {"search_documents", "catalog_item_images", "catalog_variant_metadata", "catalog_option_values"} < before
        await client.change("catalogItemDelete", id=item_id)
        assert await telling() == set()
    for media_id in pictures:
        reply = await client.api.execute(DELETE, {"input": {"id": media_id}}, token=client.token, tenant=shop.slug)
        assert reply.payload("mediaDelete")["deletedId"] == media_id
