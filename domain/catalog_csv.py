"""The catalogue as a CSV file: which columns there are, and what is wrong with a row.

A row is a variant. Rows of one item share `item`: the slug of the item, or its external reference. What is told of the
item is told in any of its rows, once or alike. An empty cell leaves a thing as it is, `(none)` takes it away. Images
are not in the file.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain import catalog_csv_cells as cells
from domain import csv_cells
from domain.catalog_csv_cells import Parse, Value
from domain.catalog_variants import check_compare_at
from domain.csv_files import FileRefused
from domain.errors import FaultCode, UserFault
from domain.money import Decimal

MOST_BYTES = 20 * 2**20
MOST_ROWS = 50_000
MOST_OPTIONS = 3
MOST_TAGS = 50
METADATA = "metadata:"
METADATA_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its heading in English; Arabic ones are understood, too. `clears`: the cell may be `(none)`."""

    name: str
    arabic: str
    parse: Parse
    of_item: bool = False
    clears: bool = False


def option_columns(place: int) -> Iterator[Column]:
    name, value = cells.text(60), cells.text(100)
    yield Column(f"option{place}_name_en", f"اسم الخيار {place} بالإنجليزية", name, of_item=True)
    yield Column(f"option{place}_name_ar", f"اسم الخيار {place} بالعربية", name, of_item=True)
    yield Column(f"option{place}_value_en", f"قيمة الخيار {place} بالإنجليزية", value)
    yield Column(f"option{place}_value_ar", f"قيمة الخيار {place} بالعربية", value)


def all_columns() -> Iterator[Column]:
    """In the order in which an export has them."""
    description = cells.text(20_000, multiline=True)
    yield Column("item", "الصنف", cells.text(100))
    yield Column("version", "الإصدار", cells.whole(2**31 - 1), of_item=True)
    yield Column("kind", "النوع", cells.one_of(cells.KINDS), of_item=True)
    yield Column("status", "الحالة", cells.one_of(cells.STATUSES), of_item=True)
    yield Column("slug", "الرابط", cells.slug, of_item=True)
    yield Column("name_en", "الاسم بالإنجليزية", cells.text(200), of_item=True, clears=True)
    yield Column("name_ar", "الاسم بالعربية", cells.text(200), of_item=True, clears=True)
    yield Column("description_en", "الوصف بالإنجليزية", description, of_item=True, clears=True)
    yield Column("description_ar", "الوصف بالعربية", description, of_item=True, clears=True)
    yield Column("categories", "التصنيفات", cells.categories, of_item=True, clears=True)
    yield Column("tags", "الوسوم", cells.tags(MOST_TAGS, 50), of_item=True, clears=True)
    yield Column("external_reference", "المرجع الخارجي", cells.text(100), of_item=True, clears=True)
    for place in range(1, MOST_OPTIONS + 1):
        yield from option_columns(place)
    yield Column("sku", "رمز التخزين", cells.code(64))
    yield Column("barcode", "الباركود", cells.code(64), clears=True)
    yield Column("price", "السعر", cells.amount)
    yield Column("compare_at_price", "السعر قبل الخصم", cells.amount, clears=True)
    yield Column("stock", "المخزون", cells.stock)
    yield Column("weight_grams", "الوزن بالجرام", cells.whole(1_000_000_000), clears=True)
    yield Column("position", "الترتيب", cells.whole(cells.LARGEST_POSITION))


COLUMNS: Mapping[str, Column] = {column.name: column for column in all_columns()}
IDENTIFYING = ("item", "slug", "external_reference", "sku")


def folded(heading: str) -> str:
    """A heading with what people type differently made alike: case, spaces, hyphens, forms of alef, short vowels."""
    plain = unicodedata.normalize("NFKD", heading).casefold().strip()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter) and letter != "ـ")
    return re.sub(r"[\s_-]+", "_", letters.translate(str.maketrans("ىة", "يه")))


BY_HEADING = {folded(heading): column for column in COLUMNS.values() for heading in (column.name, column.arabic)}


def column_of(heading: str) -> Column | None:
    """The column that a heading means; None for one that is not ours."""
    name = heading.strip()
    if name[: len(METADATA)].casefold() == METADATA:
        key = name[len(METADATA) :].strip()
        is_key = METADATA_KEY.fullmatch(key)
        return Column(f"{METADATA}{key}", "", cells.text(5_000), of_item=True, clears=True) if is_key else None
    return BY_HEADING.get(folded(name))


def known_headings(headings: Sequence[str]) -> int:
    return sum(column_of(csv_cells.read(heading)) is not None for heading in headings)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file by their places, None for those that are not ours, with the headings as they stand."""

    columns: Sequence[Column | None]
    headings: Sequence[str]

    @classmethod
    def of(cls, headings: Sequence[str]) -> "Layout":
        """Raises `FileRefused` where a column is there twice, or nothing says which item a row is of."""
        plain = [csv_cells.read(heading).strip() for heading in headings]
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

    values: dict[str, Value] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, column: str | None, code: FaultCode, message: str, value: str | None = None) -> None:
        self.problems.append(Problem(column, code, message, value))


def row_of(layout: Layout, record: Sequence[str]) -> tuple[Row, dict[str, str]]:
    """A row as it will be understood, and its cells by column. Everything that is wrong with it is told."""
    # A row may be shorter than the headings: spreadsheets leave empty cells at the end out.
    raw = {column.name: cell for column, cell in zip(layout.columns, record, strict=False) if column and cell.strip()}
    row = parsed(raw)
    if any(cell.strip() for cell in record[len(layout.columns) :]):
        row.refuse(None, FaultCode.INVALID, "There are more cells than headings: is a quotation mark missing?")
    check_row(row)
    return row, raw


def parsed(raw: Mapping[str, str]) -> Row:
    """What cells say, by their columns."""
    row = Row()
    for name, cell in raw.items():
        column = COLUMNS.get(name) or column_of(name)
        if column is None:
            continue
        if column.clears and cell.strip().casefold() in csv_cells.NOTHING:
            row.values[name] = None
            continue
        try:
            value = column.parse(csv_cells.read(cell))
        except UserFault as fault:
            row.refuse(name, fault.code, fault.message, cell)
            continue
        if value is not None or name == "stock":
            row.values[name] = value
    return row


def check_row(row: Row) -> None:
    """What can be seen in the row alone, though not in one cell."""
    if key_of(row.values) is None and not any(problem.column in IDENTIFYING for problem in row.problems):
        row.refuse(None, FaultCode.REQUIRED, f"One of these says which item it is: {', '.join(IDENTIFYING)}.")
    price, before = row.values.get("price"), row.values.get("compare_at_price")
    if isinstance(price, Decimal) and isinstance(before, Decimal):
        try:
            check_compare_at(price, before)
        except UserFault as fault:
            row.refuse("compare_at_price", fault.code, fault.message, str(before))


def key_of(values: Mapping[str, Value]) -> str | None:
    """By what the rows of an item are found together. A SKU is marked off, so that it is no slug of another item."""
    for column in ("item", "slug", "external_reference"):
        if value := values.get(column):
            return str(value)
    sku = values.get("sku")
    return f" sku:{sku}" if sku else None
