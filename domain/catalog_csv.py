"""The catalogue as a CSV file: which columns there are, and what is wrong with a row.

A row is a variant. Rows of one item share `item`: its slug, or its external reference. Where a row has none, `slug` or
else `external_reference` says which item it is, and only where it has none of these its SKU does. So an item gets
another slug by a row that names it by another column. What is told of the item is told in any of its rows, once or
alike. An empty cell leaves a thing as it is, `(none)` takes it away. Images are not in the file.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain import catalog_csv_cells as cells
from domain import csv_cells
from domain.catalog_csv_cells import Parse, Value
from domain.catalog_options import LONGEST_NAME, MOST_OPTIONS
from domain.catalog_variants import LARGEST_WEIGHT, check_compare_at
from domain.csv_files import FileRefused
from domain.errors import FaultCode, Faults, UserFault
from domain.external_references import LONGEST_REFERENCE
from domain.money import Decimal

MOST_BYTES = 20 * 2**20
MOST_ROWS = 50_000
MOST_COLUMNS = 500
LONGEST_HEADING = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its heading in English; Arabic ones are understood, too. `clears`: the cell may be `(none)`."""

    name: str
    arabic: str
    parse: Parse
    of_item: bool = False
    clears: bool = False


def option_columns(place: int) -> Iterator[Column]:
    text = cells.text(LONGEST_NAME)
    yield Column(f"option{place}_name_en", f"اسم الخيار {place} بالإنجليزية", text, of_item=True)
    yield Column(f"option{place}_name_ar", f"اسم الخيار {place} بالعربية", text, of_item=True)
    yield Column(f"option{place}_value_en", f"قيمة الخيار {place} بالإنجليزية", text)
    yield Column(f"option{place}_value_ar", f"قيمة الخيار {place} بالعربية", text)


def all_columns() -> Iterator[Column]:
    """In the order in which an export has them."""
    description = cells.text(20_000, multiline=True)
    yield Column("item", "الصنف", cells.text(LONGEST_REFERENCE))
    yield Column("version", "الإصدار", cells.whole(2**31 - 1), of_item=True)
    yield Column("kind", "النوع", cells.one_of(cells.KINDS), of_item=True)
    yield Column("status", "الحالة", cells.one_of(cells.STATUSES), of_item=True)
    yield Column("slug", "الرابط", cells.slug, of_item=True)
    yield Column("name_en", "الاسم بالإنجليزية", cells.text(200), of_item=True, clears=True)
    yield Column("name_ar", "الاسم بالعربية", cells.text(200), of_item=True, clears=True)
    yield Column("description_en", "الوصف بالإنجليزية", description, of_item=True, clears=True)
    yield Column("description_ar", "الوصف بالعربية", description, of_item=True, clears=True)
    yield Column("categories", "التصنيفات", cells.categories, of_item=True, clears=True)
    yield Column("tags", "الوسوم", cells.tags, of_item=True, clears=True)
    reference = cells.text(LONGEST_REFERENCE)
    yield Column("external_reference", "المرجع الخارجي", reference, of_item=True, clears=True)
    for place in range(1, MOST_OPTIONS + 1):
        yield from option_columns(place)
    yield Column("variant_name_en", "اسم النوع بالإنجليزية", cells.text(200), clears=True)
    yield Column("variant_name_ar", "اسم النوع بالعربية", cells.text(200), clears=True)
    yield Column("variant_reference", "المرجع الخارجي للنوع", reference, clears=True)
    yield Column("sku", "رمز التخزين", cells.sku)
    yield Column("barcode", "الباركود", cells.barcode, clears=True)
    yield Column("price", "السعر", cells.amount)
    yield Column("compare_at_price", "السعر قبل الخصم", cells.amount, clears=True)
    yield Column("stock", "المخزون", cells.stock)
    yield Column("weight_grams", "الوزن بالجرام", cells.whole(LARGEST_WEIGHT), clears=True)
    yield Column("position", "الترتيب", cells.whole(cells.LARGEST_POSITION))


COLUMNS: Mapping[str, Column] = {column.name: column for column in all_columns()}
NAMING = ("item", "slug", "external_reference")
"""What names an item. The first that a row has is what it calls its item; the others are what the item is to have."""
IDENTIFYING = (*NAMING, "sku")


def folded(heading: str) -> str:
    """A heading with what people type differently made alike: case, spaces, hyphens, forms of alef, short vowels."""
    plain = unicodedata.normalize("NFKD", heading).casefold().strip()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter) and letter != "ـ")
    return re.sub(r"[\s_-]+", "_", letters.translate(str.maketrans("ىة", "يه")))


BY_HEADING = {folded(heading): column for column in COLUMNS.values() for heading in (column.name, column.arabic)}


def column_of(heading: str) -> Column | None:
    """The column that a heading means; None for one that is not ours."""
    return BY_HEADING.get(folded(heading))


def known_headings(headings: Sequence[str]) -> int:
    return sum(column_of(csv_cells.read(heading)) is not None for heading in headings[:MOST_COLUMNS])


def storable(heading: str) -> str:
    """Postgres stores no NUL, and nobody reads a heading as long as a page."""
    return heading[:LONGEST_HEADING].replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file by their places, None for those that are not ours, with the headings as they stand."""

    columns: Sequence[Column | None]
    headings: Sequence[str]

    @classmethod
    def of(cls, headings: Sequence[str]) -> "Layout":
        """Raises `FileRefused` where there are too many, one is there twice, or none says which item a row is of."""
        plain = [storable(csv_cells.read(heading).strip()) for heading in headings]
        while plain and not plain[-1]:  # some spreadsheets write all of their columns
            plain.pop()
        if len(plain) > MOST_COLUMNS:
            raise FileRefused("HEADINGS", f"A file has at most {MOST_COLUMNS} columns.", 1)
        layout = cls([column_of(heading) for heading in plain], plain)
        names = [column.name for column in layout.columns if column]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FileRefused("HEADINGS", f"There are several columns of these: {', '.join(twice)}.", 1)
        if not set(IDENTIFYING) & set(names):
            wanted = f"The first row must be the headings, with at least one of: {', '.join(IDENTIFYING)}."
            raise FileRefused("HEADINGS", wanted, 1)
        return layout

    def unknown(self) -> list[str]:
        """Headings of columns that are not read."""
        return [heading for heading, column in zip(self.headings, self.columns, strict=True) if heading and not column]

    def has(self, column: str) -> bool:
        return any(each is not None and each.name == column for each in self.columns)

    def heading(self, column: str) -> str:
        """What the file calls a column of ours."""
        named = zip(self.headings, self.columns, strict=True)
        return next((heading for heading, each in named if each and each.name == column), column)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: in a column of ours, or in all of it; with what the cell says."""

    column: str | None
    code: FaultCode
    message: str
    value: str | None = None


@dataclass(slots=True)
class Row:
    """What a row says, by the columns that are not empty, and what is wrong with it."""

    cells: Mapping[str, str] = field(default_factory=dict[str, str])
    """As they stand in the file."""
    values: dict[str, Value] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, column: str | None, code: FaultCode, message: str, value: str | None = None) -> None:
        self.problems.append(Problem(column, code, message, value))


EXTRA = ""
"""Under this name stands what is behind the last heading."""


def cells_of(layout: Layout, record: Sequence[str]) -> dict[str, str]:
    """The cells of a row by column, as they stand in the file and without the empty ones.

    A row may be shorter than the headings: spreadsheets leave empty cells at the end out.
    """
    named = zip(layout.columns, record, strict=False)
    cells = {column.name: cell for column, cell in named if column and cell.strip()}
    extra = "".join(record[len(layout.columns) :])
    return cells | {EXTRA: extra} if extra.strip() else cells


def understood(cells: Mapping[str, str]) -> Row:
    """A row as its cells are understood. Everything that is wrong with it is told."""
    row = Row(cells)
    for name, cell in cells.items():
        column = COLUMNS.get(name) or column_of(name)
        if name == EXTRA:
            message = "There are more cells than headings: is a quotation mark missing?"
            row.refuse(None, FaultCode.INVALID, message, cell)
        elif column is not None:
            understand(row, column, cell)
    check_row(row)
    return row


def understand(row: Row, column: Column, cell: str) -> None:
    # The apostrophe that keeps a text from being taken away is looked for before it is taken off.
    if column.clears and cell.strip().casefold() in csv_cells.NOTHING:
        row.values[column.name] = None
        return
    faults, value = Faults(), None
    with faults.collecting():
        value = column.parse(csv_cells.read(cell))
    for fault in faults.found:
        row.refuse(column.name, fault.code, fault.message, cell)
    if faults.found:
        return
    if value is not None or column.name == "stock":
        row.values[column.name] = value


def check_row(row: Row) -> None:
    """What can be seen in the row alone, though not in one cell."""
    if key_of(row.values) is None and not any(problem.column in IDENTIFYING for problem in row.problems):
        row.refuse(None, FaultCode.REQUIRED, f"One of these says which item it is: {', '.join(IDENTIFYING)}.")
    price, before = row.values.get("price"), row.values.get("compare_at_price")
    if isinstance(price, Decimal) and isinstance(before, Decimal):
        try:
            check_compare_at(price, before)
        except UserFault as fault:
            row.refuse("compare_at_price", fault.code, fault.message, row.cells.get("compare_at_price"))


def key_of(values: Mapping[str, Value]) -> str | None:
    """By what the rows of an item are found together. A SKU is marked off, so that it is no slug of another item."""
    for column in NAMING:
        if value := values.get(column):
            return str(value)
    sku = values.get("sku")
    return f" sku:{sku}" if sku else None
