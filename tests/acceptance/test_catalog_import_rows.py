"""Mission S3: what rows of a file do to items of several variants, and what is refused of them."""

from typing import Any

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.catalog_imports import Importer, counts, wrong
from tests.support.factories import Shop

VARIANTS = """
version name { en } options { name { en ar } values { name { en ar } } }
variants { sku name { en ar } price { amount } stock weight barcode }
"""


@pytest.fixture
async def client(api: Api, shop: Shop) -> CatalogClient:
    return CatalogClient.of(api, shop)


@pytest.fixture
async def importer(api: Api, parts: Parts, shop: Shop) -> Importer:
    return Importer(api, parts, shop)


def lines(*rows: str) -> bytes:
    return "\r\n".join(rows).encode()


async def item(client: CatalogClient, slug: str) -> dict[str, Any]:
    found = await client.back_office(f"items(first: 100) {{ nodes {{ slug {VARIANTS} }} }}")
    return next(each for each in found["items"]["nodes"] if each["slug"] == slug)


ABAYA = (
    "item,name_en,option1_name_en,option1_name_ar,option1_value_en,option1_value_ar,option2_name_en,option2_value_en,"
    "sku,price,weight_grams,barcode",
    "abaya,Abaya,Size,المقاس,Small,صغير,Colour,Black,ABY-S,9,700,6291041500213",
    "abaya,,,,Large,كبير,,Black,ABY-L,9.5,800,",
    "abaya,Abaya,,,,كبير,,Red,ABY-LR,9.5,,",
)


async def test_rows_of_an_item_are_its_variants(client: CatalogClient, importer: Importer) -> None:
    """Mission S3."""
    assert counts(await importer.run(lines(*ABAYA))) == (3, 0, 0, 0)
    made = await item(client, "abaya")
    assert [each["name"] for each in made["options"]] == [{"en": "Size", "ar": "المقاس"}, {"en": "Colour", "ar": None}]
    assert [[value["name"]["en"] for value in each["values"]] for each in made["options"]] == [
        ["Small", "Large"],
        ["Black", "Red"],
    ]
    assert [each["name"] for each in made["variants"]] == [
        {"en": "Small / Black", "ar": "صغير / Black"},
        {"en": "Large / Black", "ar": "كبير / Black"},
        {"en": "Large / Red", "ar": "كبير / Red"},
    ]
    assert (made["variants"][0]["weight"], made["variants"][0]["barcode"]) == (700, "6291041500213")
    assert counts(await importer.run(lines(*ABAYA))) == (0, 0, 3, 0)


async def test_a_variant_is_changed_added_and_renamed_by_its_options(client: CatalogClient, importer: Importer) -> None:
    await importer.run(lines(*ABAYA))
    more = await importer.run(
        lines(
            "item,option1_name_en,option1_value_en,option2_value_en,option2_value_ar,sku,price",
            "abaya,Fit,Small,Black,أسود,,8",
            "abaya,,Small,Red,,ABY-SR,8",
        )
    )
    assert (counts(more), wrong(more)) == ((1, 1, 0, 0), [])
    changed = await item(client, "abaya")
    assert changed["version"] == 2
    assert changed["options"][0]["name"]["en"] == "Fit"
    by_sku = {each["sku"]: each for each in changed["variants"]}
    assert by_sku["ABY-S"]["price"]["amount"] == "8.000"
    # Not in the file, but called after a value that has got another name.
    assert by_sku["ABY-L"]["name"] == {"en": "Large / Black", "ar": "كبير / أسود"}
    assert by_sku["ABY-SR"]["name"]["en"] == "Small / Red"


REFUSED: list[tuple[list[str], list[tuple[int, str | None, str]]]] = [
    (
        ["item,name_en,variant_name_en,price", "oud,Oud,A,1", "oud,Agarwood,B,2"],
        [(3, "name_en", "INVALID")],
    ),
    (["item,name_en,sku,price", "oud,Oud,A,1", "oud,,B,2"], [(row, "variant_name_en", "REQUIRED") for row in (2, 3)]),
    (["item,name_en,slug,sku,price", "a,A,same,A,1", "b,B,same,B,1"], [(3, "slug", "TAKEN")]),
    (["item,name_en,slug,sku,price", "a,A,b,A,1", "b,B,,B,1"], [(2, "slug", "TAKEN")]),
    (["sku,name_en,item,price", "A,Oud,,1", "B,Oil,oud,1"], []),
    (["item,name_en,price,compare_at_price", "oud,Oud,5,5"], [(2, "compare_at_price", "INVALID")]),
    (["item,name_en,price,option1_value_en", "oud,Oud,5,Red"], [(2, "option1_value_en", "INVALID")]),
    (["item,name_en,price,option2_name_en", "oud,Oud,5,Size"], [(2, "option2_name_en", "INVALID")]),
    (["item,name_en,price,option1_name_en", "oud,Oud,5,Size"], [(2, "option1_value_en", "REQUIRED")]),
    (
        ["item,name_en,price,option1_name_en,option1_value_en", "oud,Oud,5,Size,S", "oud,Oud,5,Size,S"],
        [(3, "option1_value_en", "TAKEN")],
    ),
    (["item,name_en,price,version", "oud,Oud,5,3"], [(2, "version", "STALE")]),
    (["name_en,sku,price", "Oud,,5"], [(2, None, "REQUIRED")]),
    (["sku,name_en,price", "A,Oud,5,"], []),
    (["sku,name_en,price", 'A,Oud,5,"more"'], [(2, None, "INVALID")]),
    (
        ["sku,name_en,price,tags", f"A,Oud,5,fine;{'x' * 65};\x07", "B,Bakhoor,5,fine"],
        [(2, "tags", "TOO_LONG"), (2, "tags", "INVALID")],
    ),
    (["sku,name_en,price,tags", f"A,Oud,5,{';'.join(map(str, range(51)))}"], [(2, "tags", "TOO_LONG")]),
    (
        ["sku,name_en,price,categories", f"A,Oud,5,{';'.join('No slug' for _ in range(51))}"],
        [(2, "categories", "TOO_LONG")],
    ),
]


@pytest.mark.parametrize(("rows", "expected"), REFUSED)
async def test_rows_that_contradict_each_other(
    importer: Importer, rows: list[str], expected: list[tuple[int, str | None, str]]
) -> None:
    found = await importer.run(lines(*rows), dry_run=True)
    assert wrong(found) == expected


async def test_rows_against_what_the_shop_has(client: CatalogClient, importer: Importer) -> None:
    await client.create(name={"en": "Oud"}, slug="oud", sku="A")
    await client.create(name={"en": "Bakhoor"}, slug="bakhoor", sku="B")
    archived = await client.create(name={"en": "Gone"}, slug="gone", sku="G")
    await client.change("catalogItemArchive", id=archived["id"])
    found = await importer.run(
        lines(
            "item,sku,slug,status,name_en,price,option1_name_en,variant_name_en",
            "oud,B,,,,,,",
            "bakhoor,,oud,,,,,",
            "gone,,,active,,,,",
            "new,C,gone,,New,1,,",
        )
    )
    assert wrong(found) == [
        (2, "sku", "TAKEN"),
        (3, "slug", "TAKEN"),
        (4, "status", "ILLEGAL_TRANSITION"),
        (5, "slug", "TAKEN"),
    ]
    assert counts(found) == (0, 0, 0, 4)
    another = await importer.run(
        lines("item,sku,price,variant_name_en", "oud,A2,2,", "bakhoor,B2,2,Strong", "elsewhere,A,7,")
    )
    assert (wrong(another), counts(another)) == (
        [(2, "variant_name_en", "REQUIRED"), (4, "sku", "TAKEN")],
        (1, 0, 0, 2),
    )


async def test_an_item_has_at_most_a_hundred_variants(importer: Importer) -> None:
    rows = [f"oud,Oud,V{number},{number},1" for number in range(320)]
    found = await importer.run(lines("item,name_en,variant_name_en,sku,price", *rows, "bakhoor,Bakhoor,,B,1"))
    assert (wrong(found), counts(found)) == ([(102, None, "LIMIT_REACHED")], (1, 0, 0, 320))


async def test_the_same_item_by_two_names(client: CatalogClient, importer: Importer) -> None:
    """Once by its slug, once by a SKU: one after the other, never half of each."""
    made = await client.create(name={"en": "Oud"}, slug="oud", sku="A")
    found = await importer.run(lines("item,sku,name_en,price", "oud,,Agarwood,", ",A,,9"))
    assert counts(found) == (0, 2, 0, 0)
    changed = await client.item(made["id"])
    assert (changed["name"]["en"], changed["price"]["amount"], changed["version"]) == ("Agarwood", "9.000", 3)


async def test_a_reference_is_no_slug_of_another_item(client: CatalogClient, importer: Importer) -> None:
    """Another system's names may be what a slug here happens to be: its price must not go to that item."""
    await client.create(name={"en": "Oud"}, slug="oud", price="5")
    await client.create(name={"en": "Rose"}, slug="rose", price="5", externalReference="attar")
    found = await importer.run(lines("external_reference,slug,name_en,price", "oud,,Agarwood,9", ",attar,Attar,7"))
    assert (counts(found), wrong(found)) == ((2, 0, 0, 0), [])
    shown = await client.back_office("items { nodes { slug externalReference price { amount } } }")
    assert {each["slug"]: (each["externalReference"], each["price"]["amount"]) for each in shown["items"]["nodes"]} == {
        "oud": (None, "5.000"),
        "rose": ("attar", "5.000"),
        "agarwood": ("oud", "9.000"),
        "attar": (None, "7.000"),
    }


async def test_references_and_tags(client: CatalogClient, importer: Importer) -> None:
    """What is no slug is what another system calls the item; by that it is found again."""
    headings = "item,name_en,price,tags,external_reference,variant_reference"
    first = lines(headings, "ERP 17,Oud,5,Gift;عود,,V 1", ",Bakhoor,6,,ERP 18,V 2")
    assert counts(await importer.run(first)) == (2, 0, 0, 0)
    assert counts(await importer.run(first)) == (0, 0, 2, 0)
    found = await importer.run(lines(headings, "ERP 17,,,GIFT,,", "oud,,,,ERP 18,", ",,7,,ERP 18,V 1"))
    assert wrong(found) == [(3, "external_reference", "TAKEN"), (4, "variant_reference", "TAKEN")]
    shown = await client.back_office("items { nodes { slug externalReference tags price { amount } } }")
    assert shown["items"]["nodes"] == [
        {"slug": "bakhoor", "externalReference": "ERP 18", "tags": [], "price": {"amount": "6.000"}},
        {"slug": "oud", "externalReference": "ERP 17", "tags": ["GIFT"], "price": {"amount": "5.000"}},
    ]
