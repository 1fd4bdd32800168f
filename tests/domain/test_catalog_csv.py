"""Mission S3: the catalogue's columns, what their cells may hold, and what is told of a bad row."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import catalog_csv_cells
from domain.catalog_csv import COLUMNS, Layout, cells_of, key_of, known_headings, understood
from domain.csv_files import FileRefused
from domain.errors import FaultCode

INVALID, TOO_LONG = FaultCode.INVALID, FaultCode.TOO_LONG


def test_every_column_is_known_by_both_its_headings() -> None:
    assert known_headings([column.name for column in COLUMNS.values()]) == len(COLUMNS)
    assert known_headings([column.arabic for column in COLUMNS.values()]) == len(COLUMNS)


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        (" SKU ", "sku"),
        ("Compare-at price", "compare_at_price"),
        ("الإسم بالعربيه", "name_ar"),
        ("السِعر", "price"),
    ],
)
def test_headings_as_people_type_them(heading: str, column: str) -> None:
    layout = Layout.of(["item", heading])
    assert [each.name if each else None for each in layout.columns] == ["item", column]


def test_unknown_columns_are_named_and_not_read() -> None:
    layout = Layout.of(["sku", "Colour", "", "Size"])
    assert layout.unknown() == ["Colour", "Size"]
    assert cells_of(layout, ["A", "red", "", "x"]) == {"sku": "A"}


@pytest.mark.parametrize(
    "headings", [["price", "name_en"], ["sku", "SKU", "price"], ["sku", "رمز التخزين"], ["A", "1"]]
)
def test_headings_that_make_no_sense_refuse_the_file(headings: list[str]) -> None:
    with pytest.raises(FileRefused) as refused:
        Layout.of(headings)
    assert refused.value.code == "HEADINGS"


def test_so_many_headings_are_refused_before_they_are_looked_at() -> None:
    """As many as a line of a file can have; to compare each with each would stop the worker for minutes."""
    started = time.process_time()
    with pytest.raises(FileRefused) as refused:
        Layout.of(["sku"] * 130_000)
    assert refused.value.code == "HEADINGS"
    known_headings(["sku"] * 130_000)
    assert time.process_time() - started < 1


def test_empty_columns_behind_the_last_heading_are_none() -> None:
    """Some spreadsheets write all of theirs."""
    layout = Layout.of(["sku", "", "Colour", *[""] * 16_000])
    assert len(layout.columns) == 3
    assert cells_of(layout, ["A", "", "red", *[""] * 16_000]) == {"sku": "A"}


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("price", "4.750", Decimal("4.750")),
        ("price", "٤٫٧٥٠", Decimal("4.750")),
        ("price", "۴.۷۵", Decimal("4.750")),
        ("price", "\u200f١٢ ", Decimal("12.000")),
        ("price", "5.7500", Decimal("5.750")),
        ("stock", "0", 0),
        ("stock", "٣٠", 30),
        ("stock", "5.0", 5),
        ("barcode", "٦٢٩١٠٤١٥٠٠٢١٣", "6291041500213"),
        ("weight_grams", "٧٥٠", 750),
        ("option1_value_ar", "كبير", "كبير"),
        ("stock", "Unlimited", None),
        ("stock", "غير محدود", None),
        ("kind", "Service", "service"),
        ("kind", "مشروع", "project"),
        ("status", "مسودة", "draft"),
        ("categories", "food/dates; coffee ;food/dates", ("food/dates", "coffee")),
        ("tags", "هدية؛ رمضان;هدية ", ("هدية", "رمضان")),
        ("tags", r"5\; or more;C:\\", ("5; or more", "C:\\")),
        ("tags", r"1\,5 kg;a\|b", ("1,5 kg", "a|b")),
        ("compare_at_price", "(none)", None),
        ("description_ar", "(بلا)", None),
        ("description_en", "'(none)", "(none)"),
        ("name_en", "'=SUM", "=SUM"),
        ("name_en", "'tis", "'tis"),
    ],
)
def test_cells_and_what_they_say(column: str, cell: str, value: object) -> None:
    row = understood({"item": "oud", column: cell})
    assert (row.values, row.problems) == ({"item": "oud", column: value}, [])


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("price", "-1", INVALID),
        ("price", "'-1", INVALID),
        ("price", "4.7501", INVALID),
        ("price", "4,750", INVALID),
        ("price", "1,234.500", INVALID),
        ("price", "١٬٢٣٤", INVALID),
        ("price", "KWD 4", INVALID),
        ("price", "NaN", INVALID),
        ("price", "1E3", INVALID),
        ("price", "9999999999", INVALID),
        ("price", "(none)", INVALID),
        ("stock", "2.5", INVALID),
        ("stock", "-0", INVALID),
        ("stock", "many", INVALID),
        ("stock", "1000000001", INVALID),
        ("sku", "x" * 65, TOO_LONG),
        ("sku", "6.29104E+12", INVALID),
        ("barcode", "6.29104E+12", INVALID),
        ("barcode", "6291041500214", INVALID),
        ("weight_grams", "1.5", INVALID),
        ("name_en", "x" * 201, TOO_LONG),
        ("name_ar", "عود\u202eكمبودي", INVALID),
        ("name_en", "a\x07b", INVALID),
        ("slug", "Oud Oil", INVALID),
        ("categories", "food;Bad Slug", INVALID),
        ("tags", "gift,ramadan", INVALID),
        ("tags", "gift|ramadan", INVALID),
        ("kind", "thing", INVALID),
        ("status", "published", INVALID),
    ],
)
def test_cells_that_are_refused(column: str, cell: str, code: FaultCode) -> None:
    row = understood({"item": "oud", column: cell})
    assert row.values == {"item": "oud"}
    [problem] = row.problems
    assert (problem.column, problem.code, problem.value) == (column, code, cell)


@given(st.lists(st.text(alphabet="ab;؛\\", min_size=1, max_size=5).filter(str.strip), max_size=4))
def test_lists_in_a_cell_come_back(parts: list[str]) -> None:
    assert catalog_csv_cells.parted(catalog_csv_cells.joined(parts)) == parts


def test_everything_wrong_in_a_row_is_told_at_once() -> None:
    layout = Layout.of(["sku", "price", "السعر قبل الخصم", "stock"])
    row = understood(cells_of(layout, ["A", "-4", "x", "1.5", "more"]))
    assert {problem.column for problem in row.problems} == {"price", "compare_at_price", "stock", None}
    assert layout.heading("compare_at_price") == "السعر قبل الخصم"
    row = understood(cells_of(layout, ["", "4", "3"]))
    assert [problem.column for problem in row.problems] == [None, "compare_at_price"]


def test_a_row_says_which_item_it_is_of() -> None:
    assert key_of({"item": "oud", "slug": "new-oud", "sku": "A"}) == "oud"
    assert key_of({"slug": "oud", "sku": "A"}) == "oud"
    assert key_of({"sku": "oud"}) != key_of({"slug": "oud"})
    assert key_of({"price": Decimal(1)}) is None
