"""Mission S3: the files that spreadsheets write, in whatever encoding, read a piece at a time."""

import codecs
import csv
from collections.abc import Sequence
from io import BytesIO, StringIO
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv_files import FileRefused, Place, Record, beginning_of, records, to_utf8

TEXT = 'sku,name_ar,description_en\r\nOUD-1,"عود، ""كمبودي""","Two\r\nlines"\r\n\r\nOUD-2,بخور معمول,Incense\r\n'
CELLS = [
    ["sku", "name_ar", "description_en"],
    ["OUD-1", 'عود، "كمبودي"', "Two\r\nlines"],
    [],
    ["OUD-2", "بخور معمول", "Incense"],
]


def utf8(content: bytes) -> BytesIO:
    target = BytesIO()
    to_utf8(BytesIO(content), target)
    return target


def all_of(content: bytes, delimiter: str = ",") -> list[Record]:
    return list(records(utf8(content), Place(), delimiter))


def refusal(content: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        all_of(content)
    return refused.value


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("cp1256"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16 le", "utf-16 be", "windows-1256"],
)
def test_every_encoding_of_excel_is_the_same_file(content: bytes) -> None:
    found = all_of(content)
    assert [record.cells for record in found] == CELLS
    assert [(record.line, record.row) for record in found] == [(1, 1), (2, 2), (4, 3), (5, 4)]


def test_arabic_behind_the_first_chunk_is_still_seen() -> None:
    content = ("sku,name_ar\r\n" + "A,Plain\r\n" * 20_000 + "B,قهوة\r\n").encode("cp1256")
    assert all_of(content)[-1].cells == ["B", "قهوة"]


def test_line_ends_of_an_old_mac() -> None:
    assert [record.cells for record in all_of(b"sku,price\rA,1\rB,2\r")] == [["sku", "price"], ["A", "1"], ["B", "2"]]


@given(st.lists(st.lists(st.text(alphabet='ab",;\n\r\t ع', max_size=6), min_size=2, max_size=3), min_size=1), st.data())
def test_reading_goes_on_where_it_stopped(rows: list[list[str]], data: st.DataObject) -> None:
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([["sku", "name"], *rows])
    content = buffer.getvalue().encode()
    whole = all_of(content)
    assert [record.cells for record in whole[1:]] == rows
    stop = data.draw(st.integers(0, len(whole) - 1))
    assert list(records(utf8(content), whole[stop].following, ",")) == whole[stop + 1 :]


@pytest.mark.parametrize(
    ("line", "delimiter", "cells"),
    [
        ("sku,name;en", ",", ["sku", "name;en"]),
        ('"sku";"price"', ";", ["sku", "price"]),
        ("sku\tprice\tname, english", "\t", ["sku", "price", "name, english"]),
        ("sep=;\r\nsku;a,b", ";", ["sku", "a,b"]),
        ("\r\n\r\nsku;price", ";", ["sku", "price"]),
    ],
)
def test_the_delimiter_is_the_one_that_makes_headings(line: str, delimiter: str, cells: list[str]) -> None:
    def known(headings: Sequence[str]) -> int:
        return len({"sku", "price"}.intersection(headings))

    found, headings = beginning_of(utf8(f"{line}\r\nA;1\r\n".encode()), known)
    assert (found, headings.cells) == (delimiter, cells)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "EMPTY", None),
        (b"\xef\xbb\xbf\r\n \r\n", "EMPTY", None),
        (b"PK\x03\x04\x14\x00\x06\x00", "NOT_CSV", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "NOT_CSV", None),
        (b"\x89PNG\r\n\x1a\n", "NOT_CSV", None),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "NOT_CSV", None),
        (b"%PDF-1.7\n", "NOT_CSV", None),
        (b"sku\x00,price\n", "NOT_CSV", None),
        (b"\xff\xfea\x00b", "ENCODING", None),
        ("sku,name\nA,عود\nB,عو".encode()[:-1], "ENCODING", 3),
        (b'sku,name\nA,"no end\nB,2\n', "MALFORMED", 2),
        (b'sku,name\nA,"x"y\n', "MALFORMED", 2),
        (b"sku,name\nA," + b"x" * 20 * 2**20, "TOO_LONG", 2),
        (b'sku,name\nA,"' + b"x\n" * 200_000 + b'"', "TOO_LONG", 2),
        (b"sku,name\nA" + b',"x\n"' * 200_000, "TOO_LONG", 104_859),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(content: bytes, code: str, line: int | None) -> None:
    refused = refusal(content)
    assert (refused.code, refused.line) == (code, line)


def test_a_spreadsheet_is_told_to_save_as_csv() -> None:
    assert "save it as CSV" in refusal(b"PK\x03\x04").message


def test_what_comes_before_a_broken_place_is_read() -> None:
    reader = records(utf8(b'sku\nA\nB\n"C'), Place(), ",")
    assert [record.cells for record in islice(reader, 3)] == [["sku"], ["A"], ["B"]]
    with pytest.raises(FileRefused):
        next(reader)
