"""Mission S3: which item a row of a file is of, so that no row is written over another item."""

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.catalog_imports import Importer, counts, wrong
from tests.support.factories import Shop


@pytest.fixture
async def client(api: Api, shop: Shop) -> CatalogClient:
    return CatalogClient.of(api, shop)


@pytest.fixture
async def importer(api: Api, parts: Parts, shop: Shop) -> Importer:
    return Importer(api, parts, shop)


def lines(*rows: str) -> bytes:
    return "\r\n".join(rows).encode()


async def shown(client: CatalogClient) -> list[tuple[object, ...]]:
    """Slug, reference, name, price and version of each item, by slug."""
    found = await client.back_office(
        "items(first: 20) { nodes { slug externalReference version name { en } price { amount } } }"
    )
    return sorted(
        (each["slug"], each["externalReference"], each["name"]["en"], each["price"]["amount"], each["version"])
        for each in found["items"]["nodes"]
    )


@pytest.mark.parametrize(
    "rows",
    [
        ("item,name_en,kind,price,sku", "other-item,A,product,1,MUG-1"),
        ("slug,name_en,price,sku", "brand-new,Brand new,5,MUG-1"),
        ("external_reference,name_en,price,sku", "ERP 9,Brand new,5,MUG-1"),
        ("item,sku,price", "other-item,MUG-1,5"),
        ("item,variant_name_en,name_en,sku,price", "plate,Deep,,MUG-1,5"),
    ],
)
async def test_a_sku_gives_no_item_the_name_of_another(
    client: CatalogClient, importer: Importer, rows: tuple[str, ...]
) -> None:
    """The row speaks of an item that is another one or none: the one that has the SKU stays what it is."""
    await client.create(name={"en": "Mug"}, slug="mug", sku="MUG-1")
    await client.create(name={"en": "Plate"}, slug="plate", sku="PLATE")
    before = await shown(client)
    for dry_run in (True, False):
        found = await importer.run(lines(*rows), dry_run=dry_run)
        assert (wrong(found), counts(found)) == ([(2, "sku", "TAKEN")], (0, 0, 0, 1))
        assert found["errors"]["nodes"][0]["message"] == "A variant of another item has this SKU."
    assert await shown(client) == before


async def test_a_sku_alone_says_which_item_a_row_is_of(client: CatalogClient, importer: Importer) -> None:
    await client.create(name={"en": "Mug"}, slug="mug", sku="MUG-1")
    found = await importer.run(lines("sku,item,name_en,price", "MUG-1,,Cup,5"))
    assert (wrong(found), counts(found)) == ([], (0, 1, 0, 0))
    assert await shown(client) == [("mug", None, "Cup", "5.000", 2)]


async def test_an_item_gets_another_slug_by_another_name(client: CatalogClient, importer: Importer) -> None:
    """By `item`, or by its external reference; and that by its slug. The SKUs are its own then as ever."""
    await client.create(name={"en": "Mug"}, slug="mug", sku="MUG-1")
    for rows, slug, reference in (
        (("slug,external_reference,sku", "mug,ERP 1,MUG-1"), "mug", "ERP 1"),
        (("item,slug,sku", "mug,cup,MUG-1"), "cup", "ERP 1"),
        (("external_reference,slug,sku", "ERP 1,beaker,MUG-1"), "beaker", "ERP 1"),
        (("item,slug", "ERP 1,goblet"), "goblet", "ERP 1"),
    ):
        found = await importer.run(lines(*rows))
        assert (wrong(found), counts(found)) == ([], (0, 1, 0, 0)), rows
        [(now, known, *_)] = await shown(client)
        assert (now, known) == (slug, reference)


@pytest.mark.parametrize(
    "rows",
    [
        ("item,slug,name_en,sku,price", "17,mug,Mug,MUG-1,5"),
        ("item,slug,external_reference,name_en,sku,price", "Mug 17,mug,ERP 17,Mug,MUG-1,5"),
        ("item,external_reference,name_en,sku,price", "Mug 17,ERP 17,Mug,MUG-1,5"),
    ],
)
async def test_a_file_that_gives_an_item_other_names_can_be_sent_again(
    importer: Importer, rows: tuple[str, ...]
) -> None:
    assert counts(await importer.run(lines(*rows))) == (1, 0, 0, 0)
    again = await importer.run(lines(*rows))
    assert (wrong(again), counts(again)) == ([], (0, 0, 1, 0))
