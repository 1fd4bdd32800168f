"""Rows of one call that want what somebody has already, or takes at the same moment; and rows with pictures."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Shop
from tests.support.locks import when_blocked_by
from tests.support.pictures import made

PLAIN: dict[str, Any] = {"kind": "PRODUCT", "name": {"en": "Dates"}, "price": "1"}
REASONS = "userErrors { code field }"
ITEM = f"results {{ item {{ id tags externalReference images {{ id }} }} {REASONS} }}"
SELECTIONS = {
    "catalogItemBulkCreate": ("items", "CatalogItemBulkCreateInput", ITEM),
    "catalogItemBulkUpdate": ("items", "CatalogItemBulkUpdateInput", ITEM),
    "catalogVariantBulkUpdate": (
        "variants",
        "CatalogVariantBulkUpdateInput",
        f"results {{ variant {{ id externalReference image {{ id }} }} {REASONS} }}",
    ),
}


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def results(client: CatalogClient, mutation: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of rows of which the bad ones are left out."""
    field, input_type, selection = SELECTIONS[mutation]
    errors = "userErrors { code field message }"
    document = f"mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {selection} {errors} }} }}"
    given = {"input": {field: rows, "onError": "SKIP_ROW"}}
    reply = await client.api.execute(document, given, token=client.token, tenant=client.shop.slug)
    return reply.payload(mutation)["results"]


def reasons(found: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return [[(each["code"], ".".join(each["field"])) for each in row["userErrors"]] for row in found]


async def test_pictures_come_with_rows_as_with_one(client: CatalogClient, parts: Parts, shop: Shop) -> None:
    """Mission S3, S5: a row with a picture that cannot be shown is refused, its neighbours are not."""
    first, second = await made(parts, shop, 2)
    (waiting,) = await made(parts, shop, 1, "processing")
    bad: list[tuple[list[str], list[tuple[str, str]]]] = [
        ([first, waiting, "nonsense"], [("NOT_FOUND", "imageIds.2")]),
        ([first, waiting], [("NOT_READY", "imageIds.1")]),
        ([first, first], [("INVALID", "imageIds")]),
        ([first] * 51, [("TOO_LONG", "imageIds")]),
    ]
    refused = [[], *(faults for _, faults in bad)]
    rows = [PLAIN | {"imageIds": [second, first]}, *(PLAIN | {"imageIds": images} for images, _ in bad)]
    new = await results(client, "catalogItemBulkCreate", rows)
    assert reasons(new) == refused
    assert [each["id"] for each in new[0]["item"]["images"]] == [second, first]

    others = [await client.create() for _ in bad]
    rows = [{"id": new[0]["item"]["id"], "version": 1, "imageIds": [first]}]
    rows += [
        {"id": each["id"], "version": 1, "imageIds": images} for each, (images, _) in zip(others, bad, strict=True)
    ]
    changed = await results(client, "catalogItemBulkUpdate", rows)
    assert reasons(changed) == refused
    assert changed[0]["item"]["images"] == [{"id": first}]

    one, two, three = (each["variants"][0]["id"] for each in others[:3])
    rows = [{"id": one, "imageId": first}, {"id": two, "imageId": waiting}, {"id": three, "imageId": "media_nothing"}]
    pictured = await results(client, "catalogVariantBulkUpdate", rows)
    assert reasons(pictured) == [[], [("NOT_READY", "imageId")], [("NOT_FOUND", "imageId")]]
    assert pictured[0]["variant"]["image"] == {"id": first}
    (bare,) = await results(client, "catalogVariantBulkUpdate", [{"id": one, "imageId": None}])
    assert bare["variant"]["image"] is None


async def test_a_taken_reference_refuses_its_row(client: CatalogClient) -> None:
    """Mission S3: and what a refused row wanted is free for the next one."""
    named = [{"name": {"en": "A"}, "price": "1", "externalReference": "V"}]
    await client.create(variants=named, externalReference="I")
    taken = PLAIN | {"externalReference": "I"}
    several = {"kind": "PRODUCT", "name": {"en": "B"}, "variants": named}
    fresh = PLAIN | {"externalReference": "NEW", "sku": "NEW"}
    new = await results(client, "catalogItemBulkCreate", [taken | {"sku": "NEW"}, several, fresh, fresh | {"sku": "X"}])
    assert reasons(new) == [
        [("TAKEN", "externalReference")],
        [("TAKEN", "variants.0.externalReference")],
        [],
        [("TAKEN", "externalReference")],
    ]
    one, two = [await client.create() for _ in range(2)]
    rows = [{"id": each["id"], "version": 1, "externalReference": "I"} for each in (one, two)]
    rows[1] = rows[1] | {"externalReference": "MINE"}
    assert reasons(await results(client, "catalogItemBulkUpdate", rows)) == [[("TAKEN", "externalReference")], []]
    ids = [each["variants"][0]["id"] for each in (one, two)]
    rows = [{"id": ids[0], "externalReference": "V"}, {"id": ids[1], "externalReference": "W"}]
    assert reasons(await results(client, "catalogVariantBulkUpdate", rows)) == [[("TAKEN", "externalReference")], []]
    swap = [{"id": ids[1], "externalReference": None}, {"id": ids[0], "externalReference": "W"}]
    assert reasons(await results(client, "catalogVariantBulkUpdate", swap)) == [[], []]


TAKE_ITEM = """
INSERT INTO catalog_items (tenant_id, id, kind, slug, name_en, {column})
VALUES (:tenant, gen_random_uuid(), 'product', :slug, 'Other', :name)
"""
TAKE_VARIANT = """
INSERT INTO catalog_variants (tenant_id, id, item_id, price, {column})
SELECT :tenant, gen_random_uuid(), id, 1, :name FROM catalog_items WHERE slug = 'there'
"""
SIMULTANEOUS: list[tuple[str, str, str, str]] = [
    ("catalogItemBulkCreate", TAKE_ITEM, "externalReference", "external_reference"),
    ("catalogItemBulkCreate", TAKE_VARIANT, "sku", "sku"),
    ("catalogItemBulkUpdate", TAKE_ITEM, "externalReference", "external_reference"),
    ("catalogItemBulkUpdate", TAKE_VARIANT, "sku", "sku"),
    ("catalogVariantBulkUpdate", TAKE_VARIANT, "sku", "sku"),
    ("catalogVariantBulkUpdate", TAKE_VARIANT, "externalReference", "external_reference"),
]


@pytest.mark.parametrize(("mutation", "takes", "field", "column"), SIMULTANEOUS)
async def test_what_is_taken_at_the_same_moment_refuses_its_row(
    client: CatalogClient, parts: Parts, shop: Shop, *, mutation: str, takes: str, field: str, column: str
) -> None:
    """Mission S3: somebody's name is written and not yet committed when the rows are checked."""
    await client.create(slug="there")
    items = [await client.create() for _ in range(2)]
    wanted: list[dict[str, str]] = [{field: "SAME"}, {field: "OTHER"}]
    rows: list[dict[str, Any]] = [PLAIN | each for each in wanted]
    if mutation == "catalogItemBulkUpdate":
        rows = [{"id": item["id"], "version": 1, **each} for item, each in zip(items, wanted, strict=True)]
    if mutation == "catalogVariantBulkUpdate":
        rows = [{"id": item["variants"][0]["id"], **each} for item, each in zip(items, wanted, strict=True)]
    async with parts.database.write(shop.actor.scope) as session:
        values = {"tenant": shop.tenant.id, "name": "SAME", "slug": "other"}
        await session.execute(text(takes.format(column=column)), values)
        calling = asyncio.create_task(results(client, mutation, rows))
        await when_blocked_by(session)
    found = await calling
    assert reasons(found) == [[("TAKEN", field)], []]
    assert [row.get("item", row.get("variant")) is None for row in found] == [True, False]
    if mutation == "catalogItemBulkUpdate":
        assert [(await client.item(item["id"]))["version"] for item in items] == [1, 2]


async def test_a_slug_that_is_taken_at_the_same_moment_refuses_its_row(
    client: CatalogClient, parts: Parts, shop: Shop
) -> None:
    """Mission S3."""
    items = [await client.create() for _ in range(2)]
    rows = [{"id": item["id"], "version": 1, "slug": f"slug-{place}"} for place, item in enumerate(items)]
    async with parts.database.write(shop.actor.scope) as session:
        values = {"tenant": shop.tenant.id, "name": "X", "slug": "slug-1"}
        await session.execute(text(TAKE_ITEM.format(column="external_reference")), values)
        calling = asyncio.create_task(results(client, "catalogItemBulkUpdate", rows))
        await when_blocked_by(session)
    assert reasons(await calling) == [[], [("TAKEN", "slug")]]
