"""What cells of a catalogue's file may hold. Each function is given one that is not empty; a `UserFault` refuses."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from domain.barcodes import checked_barcode
from domain.catalog_items import MOST_CATEGORIES_OF_ITEM
from domain.catalog_variants import LARGEST_STOCK
from domain.errors import FaultCode, UserFault
from domain.money import checked_amount
from domain.tags import MOST_TAGS, checked_tags
from domain.texts import checked_slug, cleaned

Value: TypeAlias = str | int | Decimal | tuple[str, ...] | None
Parse: TypeAlias = Callable[[str], Value]

DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.")
AROUND_NUMBERS = " \t\u00a0\u200e\u200f\u061c\u202f"
"""What spreadsheets that write from right to left put around a number."""
WHOLE = re.compile(r"-?[0-9]{1,12}(\.0*)?")
DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{0,20})?")
SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+", re.IGNORECASE)
PART = re.compile(r"(?:\\.|[^\\;؛]|\\\Z)+", re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
STRAY = re.compile(r"[,،|]")
"""What people part things with that only semicolons part."""
SPECIAL = re.compile(r"[\\;؛,،|]")
UNLIMITED = ("unlimited", "غير محدود")
KINDS = {"product": "product", "service": "service", "project": "project"} | {
    "منتج": "product",
    "خدمة": "service",
    "مشروع": "project",
}
STATUSES = {"draft": "draft", "active": "active", "archived": "archived"} | {
    "مسودة": "draft",
    "نشط": "active",
    "مؤرشف": "archived",
}
LARGEST_POSITION = 1_000_000


def text(limit: int, *, multiline: bool = False) -> Parse:
    def parse(cell: str) -> Value:
        return cleaned(cell, limit=limit, multiline=multiline)

    return parse


def sku(cell: str) -> Value:
    return cleaned(unrounded(cell), limit=64)


def barcode(cell: str) -> Value:
    return checked_barcode(unrounded(cell))


def unrounded(cell: str) -> str:
    """Digits that a spreadsheet has turned into a rounded number are lost: they are refused."""
    if SCIENTIFIC.fullmatch(cell.strip()):
        raise UserFault(
            FaultCode.INVALID, "A spreadsheet has rounded this number: make the column text, type it again."
        )
    return cell


def one_of(words: Mapping[str, str]) -> Parse:
    def parse(cell: str) -> Value:
        word = words.get(cell.strip().casefold())
        if word is None:
            raise UserFault(FaultCode.INVALID, f"One of: {', '.join(words)}.")
        return word

    return parse


def slug(cell: str) -> Value:
    return checked_slug(cell.strip())


def amount(cell: str) -> Value:
    """An amount of money: exact, and refused rather than rounded or guessed."""
    written = number(cell)
    if not DECIMAL.fullmatch(written):
        raise UserFault(FaultCode.INVALID, f"An amount such as 4.750 is wanted{hint(written)}.")
    return checked_amount(Decimal(written))


def stock(cell: str) -> Value:
    """How many there are; None without limit."""
    return None if cell.strip().casefold() in UNLIMITED else whole(LARGEST_STOCK)(cell)


def whole(most: int) -> Parse:
    """A number from 0 up to `most`, with no fraction."""

    def parse(cell: str) -> Value:
        written = number(cell)
        if not WHOLE.fullmatch(written):
            raise UserFault(FaultCode.INVALID, f"A whole number is wanted{hint(written)}.")
        value = int(written.partition(".")[0])
        if not 0 <= value <= most or written.startswith("-"):
            raise UserFault(FaultCode.INVALID, f"Between 0 and {most}.")
        return value

    return parse


def number(cell: str) -> str:
    """A number as Latin digits with a point, whichever digits it was typed with."""
    return cell.strip(AROUND_NUMBERS).translate(DIGITS)


def hint(written: str) -> str:
    """What is most often wrong with a number."""
    if re.search("[,٬،]", written):
        return ": without separators of thousands, and with a point or `٫` before the decimals"
    return ""


def categories(cell: str) -> Value:
    """Slugs of categories, each perhaps with those above it: `food/dates`."""
    return listed(cell, most=MOST_CATEGORIES_OF_ITEM, parse=category)


def category(path: str) -> str:
    if STRAY.search(path):
        raise UserFault(FaultCode.INVALID, "Separate several by `;`.")
    parts = [checked_slug(part.strip()) for part in path.split("/")]
    return "/".join(parts)


def tags(cell: str) -> Value:
    if STRAY.search(ESCAPED.sub("", cell)):
        message = "Separate several by `;`. Before a `,` or `|` that is part of a tag there is a backslash: `\\,`."
        raise UserFault(FaultCode.INVALID, message)
    return tuple(checked_tags(bounded(parted(cell), MOST_TAGS)).values())


def listed(cell: str, *, most: int, parse: Callable[[str], str]) -> tuple[str, ...]:
    """What semicolons part, each once and in the order given."""
    return tuple(dict.fromkeys(parse(part) for part in bounded(parted(cell), most)))


def bounded(parts: list[str], most: int) -> list[str]:
    """Counted before any is looked at: a cell may have tens of thousands."""
    if len(parts) > most:
        raise UserFault(FaultCode.TOO_LONG, f"At most {most}.")
    return parts


def parted(cell: str) -> list[str]:
    """The parts of a cell between semicolons; one that belongs to a part has a backslash before it."""
    parts = (ESCAPED.sub(r"\1", part) for part in PART.findall(cell))
    return [part for part in parts if part.strip()]


def joined(parts: Iterable[str]) -> str:
    """A cell that `parted` takes apart again."""
    return ";".join(SPECIAL.sub(r"\\\g<0>", part) for part in parts)
