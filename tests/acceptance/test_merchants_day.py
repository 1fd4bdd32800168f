"""Mission S3 to S7: a merchant's day, from a spreadsheet with mistakes to an order that a campaign brought."""

from typing import Any

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.catalog_files import CATEGORIES, MISTAKES, WRONG, kuwaiti_shop
from tests.support.catalog_imports import Importer, counts, wrong
from tests.support.factories import Shop
from tests.support.mail import Post
from tests.support.orders import SUBMIT, new_key
from tests.support.pictures import JPEG, Darkroom, got, picture, taken_with_a_phone
from tests.support.searches import SearchClient

GALLERY = """
mutation($input: CatalogItemUpdateInput!) { catalogItemUpdate(input: $input) {
    item { version images { id } } userErrors { code field } } }
"""
VISIT = "mutation($input: VisitRecordInput!) { visitRecord(input: $input) { visitId userErrors { code field } } }"


@pytest.fixture
def client(api: Api, shop: Shop) -> CatalogClient:
    return CatalogClient.of(api, shop)


async def filled(client: CatalogClient, parts: Parts) -> None:
    """The shop's categories, and its 200 rows: sent with ten mistakes, told of them, and sent again without."""
    for slug in CATEGORIES:
        await client.category(slug.title(), slug=slug)
    importer, good = Importer(client.api, parts, client.shop), kuwaiti_shop()
    checked = await importer.run(good.with_changes(MISTAKES).content(), dry_run=True)
    assert (wrong(checked), await client.shown()) == (list(WRONG), [])
    applied = await importer.run(good.content())
    assert (applied["status"], counts(applied)) == ("APPLIED", (200, 0, 0, 0))


async def found(client: CatalogClient, slug: str) -> dict[str, Any]:
    """An item as the back office lists it, by a search for its code."""
    results = await client.back_office(f'search(query: "{slug}") {{ nodes {{ id slug version status }} }}')
    (item,) = [each for each in results["search"]["nodes"] if each["slug"] == slug]
    return item


async def hang(client: CatalogClient, item: dict[str, Any], pictures: list[str]) -> dict[str, Any]:
    given = {"id": item["id"], "version": item["version"], "imageIds": pictures}
    reply = await client.api.execute(GALLERY, {"input": given}, token=client.token, tenant=client.shop.slug)
    return item | reply.payload("catalogItemUpdate")["item"]


async def test_a_merchants_day(client: CatalogClient, parts: Parts, post: Post) -> None:
    """Mission S3, S4, S5, S6, S7, D1: fill, publish, photograph, put in order, be found, and be ordered from."""
    await filled(client, parts)

    # Published: every third row came as a draft, which no shopper finds.
    searching = SearchClient(client)
    draft = await found(client, "ajw-3")
    assert draft["status"] == "DRAFT"
    assert "ajw-3" not in (await searching.find("AJW-003")).slugs
    item = await client.change("catalogItemActivate", id=draft["id"], version=draft["version"])
    assert (await searching.find("AJW-003")).slugs == ["ajw-3"]

    # Photographed, and the pictures put in another order; a shopper's browser gets the first.
    darkroom = Darkroom.of(client.api, client.shop, post)
    box, open_box = await darkroom.ready(picture(800, 600)), await darkroom.ready(taken_with_a_phone(700, 500), JPEG)
    hung = await hang(client, item["item"], [box, open_box])
    hung = await hang(client, hung, [open_box, box])
    shown = (await client.store('item(slug: "ajw-3") { image { url(width: 300) } variants { id } }'))["item"]
    answer = await got(shown["image"]["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert b"Noura" not in answer.content

    # Put in order: the shelf that sells comes first.
    shelves = (await client.store("categories { id slug }"))["categories"]
    wanted = sorted(shelves, key=lambda shelf: shelf["slug"] != "dates")
    await client.change("categoryReorder", ids=[shelf["id"] for shelf in wanted])
    assert (await client.store("categories { slug }"))["categories"][0] == {"slug": "dates"}

    # Found, in both languages, with typing errors.
    for mistyped in ("ajwa daets no 3", "تمر عجوه رقم ٣", "تمر عجووة رقم 3"):
        results = await searching.find(mistyped, filter={"category": "dates"}, first=5)
        assert "ajw-3" in results.slugs, (mistyped, results.slugs)

    # Ordered, by somebody whom a campaign brought.
    utm = {"source": "instagram", "medium": "social", "campaign": "ramadan"}
    came = {"utm": utm, "landingPage": "/item/ajw-3"}
    visit = (await client.api.execute(VISIT, {"input": came}, tenant=client.shop.slug)).payload("visitRecord")
    order = {
        "idempotencyKey": new_key(),
        "visitId": visit["visitId"],
        "customer": {"name": "Noura", "email": "noura@people.test"},
        "lines": [{"variantId": shown["variants"][0]["id"], "quantity": 2}],
    }
    (await client.api.execute(SUBMIT, {"input": order}, tenant=client.shop.slug)).payload("orderSubmit")
    orders = await client.back_office(
        "orders(first: 1) { nodes { total { amount } visit { lastTouch { campaign } } } }"
    )
    assert orders["orders"]["nodes"] == [
        {"total": {"amount": "9.500"}, "visit": {"lastTouch": {"campaign": "ramadan"}}}
    ]
