"""Many items and variants by one call: each row has an answer of its own."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from bootstrap import Parts
from gql.ids import global_id
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.factories import Factory, Shop
from tests.support.pictures import made
from tests.support.statements import counted_statements

PLAIN = {"kind": "PRODUCT", "name": {"en": "Dates"}, "price": "1"}
SIZES = {"name": {"en": "Size"}, "values": [{"en": "S"}, {"en": "L"}]}
BULK = ("catalogItemBulkCreate", "catalogItemBulkUpdate", "catalogVariantBulkUpdate")


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    """The catalogue of this test's own shop."""
    return CatalogClient.of(api, shop)


async def results(
    client: CatalogClient, mutation: str, rows: list[dict[str, Any]], **more: Any
) -> list[dict[str, Any]]:
    field = "variants" if "Variant" in mutation else "items"
    found = (await client.change(mutation, **{field: rows}, **more))["results"]
    assert [row["index"] for row in found] == list(range(len(rows)))
    return found


def reasons(rows: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return [[(each["code"], ".".join(each["field"])) for each in row["userErrors"]] for row in rows]


async def number(client: CatalogClient) -> int:
    return (await client.back_office("items { totalCount }"))["items"]["totalCount"]


async def test_many_items_are_made_at_once(client: CatalogClient) -> None:
    """Mission S3."""
    shelf = await client.category("Shelf")
    rows = [
        PLAIN | {"sku": "ONE", "categoryIds": [shelf["id"]], "status": "ACTIVE"},
        PLAIN | {"options": [SIZES], "description": {"ar": "طري"}},
        PLAIN | {"slug": "mine"},
        {"kind": "SERVICE", "name": {"ar": "خدمة"}, "variants": [{"price": "2", "sku": "TWO"}]},
    ]
    made = await results(client, "catalogItemBulkCreate", rows)
    items = [row["item"] for row in made]
    assert reasons(made) == [[], [], [], []]
    assert [item["slug"] for item in items][2:] == ["mine", "service"]
    assert sorted(item["slug"].partition("-")[0] for item in items[:2]) == ["dates", "dates"]
    assert "dates" in {item["slug"] for item in items[:2]}
    assert [variant["name"]["en"] for variant in items[1]["variants"]] == ["S", "L"]
    assert items[0]["categories"] == [{"id": shelf["id"], "slug": "shelf"}]
    for item in items:
        assert await client.item(item["id"]) == item


BAD_ITEMS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    (PLAIN | {"price": "-1", "stock": -1}, [("INVALID", "price"), ("INVALID", "stock")]),
    (PLAIN | {"sku": "TAKEN"}, [("TAKEN", "sku")]),
    (PLAIN | {"slug": "taken"}, [("TAKEN", "slug")]),
    (PLAIN | {"categoryIds": ["nonsense"]}, [("NOT_FOUND", "categoryIds.0")]),
    (PLAIN | {"sku": "SAME", "slug": "same"}, []),
    (PLAIN | {"sku": "SAME"}, [("TAKEN", "sku")]),
    (PLAIN | {"slug": "same"}, [("TAKEN", "slug")]),
]


@pytest.mark.parametrize("on_error", ["REJECT_ALL", "SKIP_ROW"])
async def test_bad_rows_of_new_items_are_told_one_by_one(client: CatalogClient, on_error: str) -> None:
    """Mission S3: all rows or none, or all that are fine."""
    await client.create(slug="taken", sku="TAKEN")
    made = await results(client, "catalogItemBulkCreate", [row for row, _ in BAD_ITEMS], onError=on_error)
    told = reasons(made)
    if on_error == "SKIP_ROW":
        assert told == [faults for _, faults in BAD_ITEMS]
        assert [row["item"] is not None for row in made] == [not faults for _, faults in BAD_ITEMS]
        assert await number(client) == 2
    else:
        # Slugs are found out by writing them, which is not begun where something else is wrong.
        assert told == [[each for each in faults if each[1] != "slug"] for _, faults in BAD_ITEMS]
        slugs = await results(client, "catalogItemBulkCreate", [PLAIN, PLAIN | {"slug": "taken"}])
        assert reasons(slugs) == [[], [("TAKEN", "slug")]]
        assert [row["item"] for row in [*made, *slugs]] == [None] * 9
        assert await number(client) == 1


@pytest.mark.parametrize("on_error", ["REJECT_ALL", "SKIP_ROW"])
async def test_many_items_are_changed_at_once(client: CatalogClient, on_error: str) -> None:
    """Mission S3: a stale row is refused, its neighbours are not."""
    shelves = [await client.category(name) for name in ("Old", "New")]
    one = await client.create(slug="one", sku="ONE", categoryIds=[shelves[0]["id"]])
    two, three, several = await client.create(), await client.create(), await client.create(options=[SIZES])
    await client.change("catalogItemUpdate", id=two["id"], version=1, price="7")
    rows: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"id": one["id"], "version": 1, "price": "9", "categoryIds": [shelves[1]["id"]], "slug": "uno"}, []),
        ({"id": two["id"], "version": 1, "price": "8"}, [("STALE", "version")]),
        ({"id": three["id"], "version": 1, "sku": "ONE", "slug": "one"}, [("TAKEN", "slug"), ("TAKEN", "sku")]),
        ({"id": several["id"], "version": 1, "price": "8"}, [("INVALID", "price")]),
        ({"id": one["id"], "version": 1, "price": "9"}, [("INVALID", "id")]),
        ({"id": "nonsense", "version": 1}, [("NOT_FOUND", "id")]),
        ({"id": three["id"], "version": 1, "name": None}, [("REQUIRED", "name")]),
    ]
    made = await results(client, "catalogItemBulkUpdate", [row for row, _ in rows], onError=on_error)
    assert reasons(made) == [faults for _, faults in rows]
    now = await client.item(one["id"])
    if on_error == "REJECT_ALL":
        assert now == one
    else:
        assert made[0]["item"] == now
        assert (now["version"], now["slug"], now["price"]["amount"]) == (2, "uno", "9.000")
        assert [shelf["slug"] for shelf in now["categories"]] == ["new"]
        assert now["updatedAt"] > one["updatedAt"]
    assert (await client.item(three["id"])) == three


async def test_what_changes_nothing_makes_nobody_stale(client: CatalogClient) -> None:
    """Mission S3: neither one by one nor in bulk; what changes does."""
    made = await client.create(sku="ONE")
    variant, row = made["variants"][0]["id"], {"id": made["id"], "version": 1}
    await client.change("catalogItemUpdate", **row)
    await client.change("catalogItemUpdate", **row, name={"en": "Ajwa dates", "ar": "تمر عجوة"})
    await client.change("catalogVariantUpdate", id=variant, price="4.75", sku="ONE")
    assert reasons(await results(client, "catalogItemBulkUpdate", [row | {"kind": "PRODUCT"}])) == [[]]
    same = {"id": variant, "price": "4.750", "stock": None}
    assert reasons(await results(client, "catalogVariantBulkUpdate", [same])) == [[]]
    assert await client.item(made["id"]) == made
    await client.change("catalogVariantUpdate", id=variant, price="5")
    await results(client, "catalogVariantBulkUpdate", [same])
    await results(client, "catalogItemBulkUpdate", [row | {"version": 3, "kind": "SERVICE"}])
    await client.change("catalogItemUpdate", id=made["id"], version=4, tags=["halal"])
    assert (await client.item(made["id"]))["version"] == 5


async def test_a_taken_sku_beside_a_picture_is_told(client: CatalogClient) -> None:
    """Mission S3: looking for the picture writes nothing yet."""
    await client.create(sku="ONE")
    given = {"id": (await client.create())["variants"][0]["id"], "sku": "ONE", "imageId": global_id("media", uuid4())}
    assert await client.faults("catalogVariantUpdate", given) == [("NOT_FOUND", ["imageId"])]


@pytest.mark.parametrize("on_error", ["REJECT_ALL", "SKIP_ROW"])
async def test_many_variants_are_changed_at_once(client: CatalogClient, on_error: str) -> None:
    """Mission S3: over several items, whose versions rise by one."""
    sizes = await client.create(options=[SIZES])
    simple, other = await client.create(sku="TAKEN", compareAtPrice="9"), await client.create()
    small, large = (variant["id"] for variant in sizes["variants"])
    (only,), (spare,) = ([variant["id"] for variant in item["variants"]] for item in (simple, other))
    rows: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"id": small, "price": "2.5", "stock": 4, "sku": "S"}, []),
        ({"id": large, "price": "3", "weight": 500, "itemVersion": 1}, []),
        ({"id": only, "price": "9"}, [("INVALID", "compareAtPrice")]),
        ({"id": spare, "itemVersion": 7, "price": "1"}, [("STALE", "itemVersion")]),
        ({"id": small, "price": "2"}, [("INVALID", "id")]),
        ({"id": "nonsense", "price": "2"}, [("NOT_FOUND", "id")]),
    ]
    made = await results(client, "catalogVariantBulkUpdate", [row for row, _ in rows], onError=on_error)
    assert reasons(made) == [faults for _, faults in rows]
    now = await client.item(sizes["id"])
    if on_error == "REJECT_ALL":
        assert now == sizes
    else:
        assert (now["version"], made[1]["item"]["version"]) == (2, 2)
        assert [(each["price"]["amount"], each["stock"], each["weight"]) for each in now["variants"]] == [
            ("2.500", 4, None),
            ("3.000", None, 500),
        ]
    assert await client.item(simple["id"]) == simple
    assert await client.item(other["id"]) == other


async def test_variants_change_places(client: CatalogClient) -> None:
    """Mission S3: what a row lets go of another may take, unless that row is refused."""
    made = await client.create(
        options=[SIZES], variants=[{"price": "1", "optionValues": [size], "sku": size} for size in "SL"]
    )
    small, large = (variant["id"] for variant in made["variants"])
    swap: list[dict[str, Any]] = [
        {"id": small, "sku": "L", "optionValues": ["L"]},
        {"id": large, "sku": "S", "optionValues": ["S"]},
    ]
    swapped = await results(client, "catalogVariantBulkUpdate", swap)
    assert [(row["variant"]["sku"], row["variant"]["name"]["en"]) for row in swapped] == [("L", "L"), ("S", "S")]
    half = [swap[0] | {"sku": "S", "optionValues": ["S"]}, swap[1] | {"price": "-1"}]
    refused = await results(client, "catalogVariantBulkUpdate", half, onError="SKIP_ROW")
    assert reasons(refused) == [[("TAKEN", "sku"), ("TAKEN", "optionValues")], [("INVALID", "price")]]
    same = [{"id": small, "sku": "NEW"}, {"id": large, "sku": "NEW"}]
    assert reasons(await results(client, "catalogVariantBulkUpdate", same)) == [[], [("TAKEN", "sku")]]


async def test_of_simultaneous_bulk_edits_one_wins_and_none_waits_in_a_circle(client: CatalogClient) -> None:
    """Mission S3."""
    items = [await client.create() for _ in range(4)]
    forth = [{"id": item["id"], "version": 1, "price": "2"} for item in items]
    variants = [{"id": item["variants"][0]["id"], "price": "3", "itemVersion": 1} for item in items]
    attempts = [("catalogItemBulkUpdate", forth), ("catalogItemBulkUpdate", forth[::-1])]
    attempts += [("catalogVariantBulkUpdate", variants), ("catalogVariantBulkUpdate", variants[::-1])]
    told = [reasons(rows) for rows in await asyncio.gather(*(results(client, *attempt) for attempt in attempts))]
    assert sorted(each == [[]] * 4 for each in told) == [False, False, False, True]
    stale = [[[("STALE", field)]] * 4 for field in ("version", "itemVersion")]
    assert all(each in [[[]] * 4, *stale] for each in told)
    assert {(await client.item(item["id"]))["version"] for item in items} == {2}


@pytest.mark.parametrize("mutation", BULK)
async def test_a_call_has_1_to_100_rows(client: CatalogClient, mutation: str) -> None:
    """Mission S3."""
    field = "variants" if "Variant" in mutation else "items"
    row = PLAIN if mutation == BULK[0] else {"id": "nonsense"} | ({"version": 1} if mutation == BULK[1] else {})
    assert await client.faults(mutation, {field: []}) == [("REQUIRED", [field])]
    assert await client.faults(mutation, {field: [row] * 101}) == [("TOO_LONG", [field])]


SIZE = {"name": {"en": "Size"}, "values": [{"en": "S"}]}


@pytest.mark.parametrize("mutation", BULK)
async def test_the_number_of_statements_does_not_grow_with_the_rows(
    api: Api, parts: Parts, factory: Factory, mutation: str
) -> None:
    """Mission S3."""
    asked: list[int] = []
    for count in (2, 20):
        client = CatalogClient.of(api, await factory.shop())
        more = {
            "categoryIds": [(await client.category("Shelf"))["id"]],
            "imageIds": await made(parts, client.shop, 2),
            "tags": ["gift", "new"],
        }
        rows = [
            PLAIN | more | {"sku": f"{each}", "slug": f"s-{each}", "options": [SIZE], "externalReference": f"{each}"}
            for each in range(count)
        ]
        if mutation != "catalogItemBulkCreate":
            items = [row["item"] for row in await results(client, "catalogItemBulkCreate", rows)]
            more |= {"tags": ["gift", "old"], "imageIds": more["imageIds"][::-1]}
            rows = [
                {"id": each["id"], "version": 1, "sku": each["slug"], "externalReference": each["slug"], "price": "2"}
                | more
                for each in items
            ]
            if mutation == "catalogVariantBulkUpdate":
                picture = {"imageId": more["imageIds"][0]}
                rows = [
                    {"id": each["variants"][0]["id"], "sku": each["slug"], "price": "2"} | picture for each in items
                ]
        with counted_statements(parts.database) as statements:
            await results(client, mutation, rows)
        asked.append(len(statements))
    assert asked[0] == asked[1], asked
