"""Reading the CSV files that spreadsheets really write, a piece at a time.

The encoding is UTF-8 with or without a mark, UTF-16 with one, or Windows-1256, which Excel writes on a Kuwaiti machine;
cells are parted by commas, semicolons or tabs. A file is first turned into UTF-8 with plain line ends on this machine's
disk. From there it is read by records, each with the place where the next one begins: whoever stops goes on there.
Nothing here holds more of a file in memory than a record.
"""

import codecs
import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 64 * 1024
LONGEST_ROW = 512 * 1024
"""Bytes, however many lines they are. The longest that can be valid, two descriptions of 20,000 Arabic letters, takes a
sixth of it.
"""
DELIMITERS = (",", ";", "\t")
BINARY = (
    (b"PK\x03\x04", "a spreadsheet (.xlsx) or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls)"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"RIFF", "an image or a sound"),
    (b"GIF8", "an image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a compressed file"),
)


class FileRefused(Exception):
    """The file, or what is left of it, cannot be read. `line` is where, from 1; None if it is about the whole file."""

    def __init__(self, code: str, message: str, line: int | None = None, row: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.line, self.row = code, message, line, row


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record begins in the file of UTF-8: its byte, and what is before it in lines and in records."""

    offset: int = 0
    lines: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a spreadsheet. A cell may have several lines, so that `row` and `line` differ; both from 1."""

    line: int
    row: int
    cells: Sequence[str]
    following: Place

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


def to_utf8(source: BinaryIO, target: BinaryIO) -> str:
    """Write the text of a file as UTF-8 with line feeds. Returns the encoding that it had. Raises `FileRefused`."""
    beginning = source.read(CHUNK)
    check_beginning(beginning)
    encoding = marked_encoding(beginning) or guessed_encoding(source)
    source.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        copy_text(source, target, decoder)
    except UnicodeDecodeError:
        raise FileRefused("ENCODING", f"The file says that it is {encoding}, and is not.") from None
    return encoding


def check_beginning(beginning: bytes) -> None:
    """Refuse what is no text, and say what it looks like."""
    if not beginning.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise FileRefused("EMPTY", "The file is empty.")
    for magic, thing in BINARY:
        if beginning.startswith(magic):
            raise FileRefused("NOT_CSV", f"This is {thing}, not a CSV file. Open it in a spreadsheet, save it as CSV.")
    if marked_encoding(beginning) is None and b"\x00" in beginning:
        raise FileRefused("NOT_CSV", "This is no CSV file. Open it in a spreadsheet, save it as CSV.")


def marked_encoding(beginning: bytes) -> str | None:
    """What the mark at the beginning of a file says."""
    if beginning.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


def guessed_encoding(source: BinaryIO) -> str:
    """UTF-8 if the whole file is; Windows-1256 if hardly any of it is.

    In Arabic of Windows-1256 almost no two bytes make a letter of UTF-8. So a file that is mostly UTF-8 has a broken
    place: taken for the other, all of its names would be gibberish. Raises `FileRefused`.
    """
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    good = bad = lines = 0
    first_bad: int | None = None
    for text in decoded(source, decoder):
        broken = text.count("\ufffd")
        if broken and first_bad is None:
            first_bad = lines + text.count("\n", 0, text.index("\ufffd")) + 1
        bad += broken
        good += len(text) - len(text.encode("ascii", "ignore")) - broken
        lines += text.count("\n")
    if bad == 0:
        return "utf-8"
    if good > bad:
        raise FileRefused("ENCODING", "The file is UTF-8 with a broken letter in this line.", first_bad)
    return "cp1256"


def copy_text(source: BinaryIO, target: BinaryIO, decoder: codecs.IncrementalDecoder) -> None:
    """A file without any line feed has carriage returns for line ends, as old programs on a Mac write them."""
    only_returns = True
    for text in decoded(source, decoder):
        only_returns = only_returns and "\n" not in text
        target.write(text.encode())
    if only_returns:
        target.seek(0)
        for chunk in iter(lambda: target.read(CHUNK), b""):
            target.seek(-len(chunk), 1)
            target.write(chunk.replace(b"\r", b"\n"))


def decoded(source: BinaryIO, decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    for chunk in iter(lambda: source.read(CHUNK), b""):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


class Lines:
    """The lines of a file of UTF-8 from a place on, which count what was taken of them.

    A row may have many: `begin_row` is told of each, and what comes until the next is bounded.
    """

    def __init__(self, file: BinaryIO, place: Place) -> None:
        self._file = file
        self.offset, self.count = place.offset, place.lines
        self._most = place.offset + LONGEST_ROW
        file.seek(place.offset)

    def begin_row(self) -> None:
        self._most = self.offset + LONGEST_ROW

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._most - self.offset + 1)
        if not line:
            raise StopIteration
        self.count += 1
        self.offset += len(line)
        if self.offset > self._most:
            raise FileRefused("TOO_LONG", "Up to this line it is too long to be a row of the catalogue.", self.count)
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise FileRefused("ENCODING", "There is half a letter in this line.", self.count) from None


def records(file: BinaryIO, place: Place, delimiter: str) -> Iterator[Record]:
    """The records from a place on, blank ones as well. Raises `FileRefused` where the file makes no sense any more."""
    lines, row = Lines(file, place), place.rows
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.count + 1
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileRefused(*why_unreadable(str(error)), line, row + 1) from None
        except FileRefused as refusal:
            refusal.row = row + 1
            raise
        row += 1
        yield Record(line, row, cells, Place(lines.offset, lines.count, row))


def why_unreadable(told: str) -> tuple[str, str]:
    """Code and sentence for what the reader of the standard library says."""
    if "field limit" in told:
        return "TOO_LONG", "A cell is longer than any text of the catalogue may be: is a quotation mark missing?"
    if "end of data" in told:
        return "MALFORMED", "The cell that begins with a quotation mark here has no end."
    return "MALFORMED", "A cell in quotation marks is followed by something else than the next cell."


def beginning_of(file: BinaryIO, known: Callable[[Sequence[str]], int]) -> tuple[str, Record]:
    """The delimiter and the row of headings: with that delimiter most of them are `known`. Raises `FileRefused`.

    Excel understands a first line such as `sep=;`, and some programs write it.
    """
    start = Place()
    first = next(Lines(file, start), "").rstrip("\r\n")
    delimiters: Sequence[str] = DELIMITERS
    if first.lower().startswith("sep=") and first[4:] in DELIMITERS:
        delimiters, start = (first[4:],), Place(file.tell(), 1, 1)
    found: list[tuple[str, Record]] = []
    refusals: list[FileRefused] = []
    for delimiter in delimiters:
        try:
            found += [(delimiter, headings) for headings in first_row(file, start, delimiter)]
        except FileRefused as refusal:
            refusals.append(refusal)
    if not found:
        raise refusals[0] if refusals else FileRefused("EMPTY", "The file has no row of headings.")
    return max(found, key=lambda each: known(each[1].cells))


def first_row(file: BinaryIO, start: Place, delimiter: str) -> list[Record]:
    """The first row that is not blank, if there is one among the first hundred."""
    several = itertools.islice(records(file, start, delimiter), 100)
    return list(itertools.islice((record for record in several if not record.is_blank), 1))
