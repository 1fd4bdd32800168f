"""Mission S3: a merchant's catalogue comes in as a CSV file, by way of the storage and the worker."""

import csv
from io import StringIO

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.catalog_files import CATEGORIES, MISTAKES, WRONG, CatalogFile, kuwaiti_shop
from tests.support.catalog_imports import Importer, counts, download, wrong
from tests.support.factories import Shop


@pytest.fixture
async def importer(api: Api, parts: Parts, shop: Shop) -> Importer:
    """The owner of a shop that has its categories."""
    client = CatalogClient.of(api, shop)
    for slug in CATEGORIES:
        await client.category(slug.title(), slug=slug)
    return Importer(api, parts, shop)


async def number_of_items(importer: Importer) -> int:
    reply = await importer.ask("{ tenant { items(first: 0) { totalCount } } }")
    count: int = reply.data["tenant"]["items"]["totalCount"]
    return count


async def test_a_merchants_evening(importer: Importer) -> None:
    """Mission S3: a dry run of 200 rows tells ten wrong ones; mended, it is applied; again, it changes nothing."""
    good = kuwaiti_shop()
    assert len(good.rows) == 200
    checked = await importer.run(good.with_changes(MISTAKES).content(), dry_run=True)
    assert (checked["status"], checked["progress"]) == ("CHECKED", 100)
    assert wrong(checked) == list(WRONG)
    assert counts(checked) == (190, 0, 0, 10)
    assert checked["counts"]["rows"] == 200
    assert await number_of_items(importer) == 0
    first = checked["errors"]["nodes"][0]
    # The descriptions have two lines in each language: the fourth row begins ten lines further down.
    assert (first["line"], first["value"]) == (2 + 3 * 3, "-45.000")

    report = await download(checked["reportUrl"])
    assert report.headers["content-disposition"].startswith("attachment;")
    rows = list(csv.DictReader(StringIO(report.content.decode("utf-8-sig"))))
    assert [(int(row["row"]), row["column"], row["code"]) for row in rows] == list(WRONG)
    assert rows[0]["value"] == "'-45.000"

    applied = await importer.run(good.content())
    assert (applied["status"], counts(applied), applied["reportUrl"]) == ("APPLIED", (200, 0, 0, 0), None)
    assert await number_of_items(importer) == 200
    again = await importer.run(good.content("utf-16"))
    assert (again["status"], counts(again), again["encoding"]) == ("APPLIED", (0, 0, 200, 0), "utf-16")


async def test_what_is_applied_is_what_was_written(importer: Importer, api: Api) -> None:
    await importer.run(kuwaiti_shop().with_latin_digits().content("cp1256", ";"))
    client = CatalogClient.of(api, importer.shop)
    shown = await client.back_office(
        'items(first: 100, category: "giving") { nodes { slug kind status version name { en ar } description { en } '
        "categories { slug } variants { sku stock name { en } price { amount } compareAtPrice { amount } } } }"
    )
    [project] = [each for each in shown["items"]["nodes"] if each["slug"] == "project-1"]
    assert project == {
        "slug": "project-1",
        "kind": "PROJECT",
        "status": "ACTIVE",
        "version": 1,
        "name": {"en": "Water well in Niger", "ar": "حفر بئر في النيجر"},
        "description": None,
        "categories": [{"slug": "giving"}],
        "variants": [
            {"sku": "PRJ-1", "stock": None, "name": None, "price": {"amount": "10.500"}, "compareAtPrice": None}
        ],
    }
    store = await client.store('item(slug: "ajw-1") { name { ar } description { ar } variants { sku } }')
    assert store["item"]["description"]["ar"] == "«تمر عجوة» من المباركية،\nصنف رقم 1"


async def test_good_rows_are_applied_and_bad_ones_told(importer: Importer) -> None:
    applied = await importer.run(kuwaiti_shop().with_changes(MISTAKES).content())
    assert (applied["status"], counts(applied), wrong(applied)) == ("APPLIED", (190, 0, 0, 10), list(WRONG))
    assert await number_of_items(importer) == 190
    mended = await importer.run(kuwaiti_shop().content())
    assert counts(mended) == (10, 0, 190, 0)


async def test_all_or_nothing(importer: Importer) -> None:
    refused = await importer.run(kuwaiti_shop().with_changes(MISTAKES).content(), allOrNothing=True)
    assert (refused["status"], refused["refusal"]["code"], wrong(refused)) == ("REFUSED", "ROWS_WRONG", list(WRONG))
    assert await number_of_items(importer) == 0
    applied = await importer.run(kuwaiti_shop().content(), allOrNothing=True)
    assert (applied["status"], counts(applied)) == ("APPLIED", (200, 0, 0, 0))


async def test_a_dry_run_is_applied_without_sending_the_file_again(importer: Importer) -> None:
    import_id = await importer.send(kuwaiti_shop().with_changes({5: MISTAKES[5]}).content())
    for dry_run, status in ((True, "CHECKED"), (False, "APPLIED")):
        await importer.start(import_id, dry_run=dry_run)
        await importer.work()
        found = await importer.find(import_id)
        assert (found["status"], counts(found), wrong(found)) == (status, (199, 0, 0, 1), [WRONG[0]])
    assert await number_of_items(importer) == 199


async def test_cells_that_say_nothing_leave_things_as_they_are(importer: Importer, api: Api) -> None:
    """An update by SKU alone: what is not told stays; `(none)` takes away; `unlimited` is not nothing."""
    await importer.run(kuwaiti_shop().content())
    headings = ("sku", "price", "compare_at_price", "stock", "description_ar")
    rows = [
        {"sku": "AJW-001", "price": "5"},
        {"sku": "AJW-002", "stock": "unlimited"},
        {"sku": "OUD-001", "compare_at_price": "(none)", "description_ar": "(بلا)"},
        {"sku": "AJW-003"},
    ]
    found = await importer.run(CatalogFile(rows, headings).content())
    assert (counts(found), wrong(found)) == ((0, 3, 1, 0), [])
    client = CatalogClient.of(api, importer.shop)
    fields = "version description { ar } variants { price { amount } compareAtPrice { amount } }"
    shown = await client.store(f'a: item(slug: "ajw-1") {{ {fields} }} o: item(slug: "oud-1") {{ {fields} }}')
    assert shown["a"]["version"] == 2
    assert shown["a"]["variants"] == [{"price": {"amount": "5.000"}, "compareAtPrice": {"amount": "150.000"}}]
    assert shown["o"]["description"] == {"ar": None}
    assert shown["o"]["variants"][0]["compareAtPrice"] is None
