"""Mission S3: what a merchant is told of a row, in the words that mend it."""

import csv
from io import StringIO
from typing import Any

import pytest

from bootstrap import Parts
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.catalog_imports import Importer, download
from tests.support.factories import Shop


@pytest.fixture
async def importer(api: Api, parts: Parts, shop: Shop) -> Importer:
    return Importer(api, parts, shop)


def lines(*rows: str) -> bytes:
    return "\r\n".join(rows).encode()


def told(found: dict[str, Any]) -> list[tuple[int, str | None, str, str]]:
    """Row, column, code and message of each error."""
    return [(each["row"], each["column"], each["code"], each["message"]) for each in found["errors"]["nodes"]]


async def test_what_a_cell_says_is_told_as_it_stands(importer: Importer) -> None:
    """Whatever was read in it: a list, a number, lines."""
    found = await importer.run(
        lines(
            "item,name_en,kind,price,compare_at_price,categories,sku",
            "mug,Mug,product,١٫٥,,mugz;mugs,A",
            'jug,Jug,"pro\r\nduct",1.5,0001.50,,B',
        ),
        dry_run=True,
    )
    values = [(each["column"], each["value"]) for each in found["errors"]["nodes"]]
    assert values == [("categories", "mugz;mugs"), ("kind", "pro\nduct"), ("compare_at_price", "0001.50")]
    report = await download(found["reportUrl"])
    rows = csv.DictReader(StringIO(report.content.decode("utf-8-sig"), newline=""))
    assert [(row["column"], row["value"]) for row in rows] == values


MISSING = "A name in Arabic or in English is required."
TOLD_APART = "An item's variants are told apart by variant names or by values of options."
MESSAGES: list[tuple[list[str], list[tuple[int, str | None, str, str]]]] = [
    (
        ["item,name_en,price,categories", "a,A,1,dates|coffee", 'b,B,1,"dates,coffee"'],
        [(row, "categories", "INVALID", "Separate several by `;`.") for row in (2, 3)],
    ),
    (
        ["item,name_en,price,tags", "a,A,1,gift|new"],
        [
            (
                2,
                "tags",
                "INVALID",
                "Separate several by `;`. Before a `,` or `|` that is part of a tag there is a backslash: `\\,`.",
            )
        ],
    ),
    (["sku,price", "NONE,1"], [(2, "sku", "NOT_FOUND", "No variant has this SKU.")]),
    (["sku,stock,name_en", "NONE,1,"], [(2, "sku", "NOT_FOUND", "No variant has this SKU.")]),
    (
        ["sku,price,kind", "NONE,1,product"],
        [(2, "name_en", "REQUIRED", f"{MISSING} The file has no column name_en or name_ar.")],
    ),
    (["item,price,name_en", "a,1,"], [(2, "name_en", "REQUIRED", MISSING)]),
    (["item,price,الاسم بالعربية", "a,1,"], [(2, "الاسم بالعربية", "REQUIRED", MISSING)]),
    (
        ["item,name_en", "a,A"],
        [(2, "price", "REQUIRED", "A new variant needs a price. The file has no column price.")],
    ),
    (
        [
            "item,name_en,price,option1_name_en,option1_value_en,option1_value_ar",
            "a,A,1,Size,Small,صغير",
            "a,A,1,Size,Small,كبير",
        ],
        [
            (
                3,
                "option1_value_ar",
                "INVALID",
                "The value Small is called صغير in Arabic by another row or in the shop: write the same here, or leave "
                "this cell empty.",
            ),
        ],
    ),
    (
        ["item,name_en,variant_name_en,price", "a,A,,1", "a,A,,1"],
        [
            (2, "variant_name_en", "REQUIRED", f"{TOLD_APART} Row 3 is of the same item."),
            (3, "variant_name_en", "REQUIRED", f"{TOLD_APART} Row 2 is of the same item."),
        ],
    ),
]


@pytest.mark.parametrize(("rows", "expected"), MESSAGES)
async def test_messages(importer: Importer, rows: list[str], expected: list[tuple[int, str | None, str, str]]) -> None:
    assert told(await importer.run(lines(*rows), dry_run=True)) == expected


async def test_the_row_that_takes_anothers_slug_is_told(importer: Importer, api: Api) -> None:
    """Not the row of the item that has it, whichever comes first; and which row that is."""
    client = CatalogClient.of(api, importer.shop)
    for slug in ("mug", "plate"):
        await client.create(name={"en": slug}, slug=slug)
    expected = {
        ("plate,mug,Plate", "mug,mug,Mug"): (2, "The item of row 3 has this slug."),
        ("mug,mug,Mug", "plate,mug,Plate"): (3, "The item of row 2 has this slug."),
        ("plate,new,Plate", "new,,New"): (2, "The item of row 3 has this slug."),
        ("plate,new,Plate", "mug,new,Mug"): (3, "Row 2 has this slug already."),
        ("plate,mug,Plate", "other,,Other"): (2, "Another item has this slug."),
    }
    for rows, (row, message) in expected.items():
        found = await importer.run(lines("item,slug,name_en,price", *(f"{each},1" for each in rows)), dry_run=True)
        assert told(found) == [(row, "slug", "TAKEN", message)]
