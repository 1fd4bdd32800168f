"""Cells that a spreadsheet shows and does not carry out, and that come back as the text that they were.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and one that begins with a tab or a line
break for several cells. Such a text is written with an apostrophe before it; and since a spreadsheet whose lists are
parted by semicolons, as in Kuwait, parts our cells there and at line breaks too, so is what comes behind those. So that
nothing is lost, what has apostrophes before such a beginning gets one more, and reading takes one away from just those.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO

NOTHING = ("(none)", "(بلا)")
"""In a cell: what was there is taken away. An empty cell says nothing."""

DANGEROUS = re.compile(r"[\s']*[=+\-@＝＋－＠]|'*[\t\r\n]|'*\((?:none|بلا)\)\Z", re.IGNORECASE)
"""What must not stand in a cell as it is. The full-width signs are made plain ones by some spreadsheets."""


DANGEROUS_INSIDE = re.compile(r"([;\t\r\n])(?=[\s']*[=+\-@＝＋－＠])")
KEPT_INSIDE = re.compile(r"([;\t\r\n])'(?=[\s']*[=+\-@＝＋－＠])")


def written(text: str) -> str:
    """A text as a cell."""
    inside = DANGEROUS_INSIDE.sub(r"\1'", text)
    return f"'{inside}" if DANGEROUS.match(text) else inside


def read(cell: str) -> str:
    """The text of a cell: what `written` was given."""
    inside = cell[1:] if cell.startswith("'") and DANGEROUS.match(cell[1:]) else cell
    return KEPT_INSIDE.sub(r"\1", inside)


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of cells as lines of a file: UTF-8, commas, CRLF, as RFC 4180 has it."""
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()


BEGINNING = b"\xef\xbb\xbf"
"""Without this mark Excel takes UTF-8 for the machine's own encoding, and shows Arabic as gibberish."""
