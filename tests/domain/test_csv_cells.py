"""Mission S3, P5: cells that a spreadsheet does not carry out, and that come back as they were."""

import csv
import re
import string
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import csv_cells

TRICKY = st.text(alphabet=st.sampled_from("'=+-@ \t\r\n;,\"(none)بلا＝aب"), max_size=8)
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.one_of(TRICKY, ANY))
def test_what_is_written_is_read_again(text: str) -> None:
    assert csv_cells.read(csv_cells.written(text)) == text


@given(st.one_of(TRICKY, ANY))
def test_no_cell_begins_as_a_formula(text: str) -> None:
    cell = csv_cells.written(text)
    assert not cell.lstrip(string.whitespace).startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not cell.startswith(("\t", "\r", "\n"))
    assert cell not in csv_cells.NOTHING


@given(st.one_of(TRICKY, ANY))
def test_no_piece_of_a_cell_begins_as_a_formula(text: str) -> None:
    """Where lists are parted by semicolons, as on a Kuwaiti machine, a file with commas is parted at those, too."""
    for piece in re.split("[;\t\r\n]", csv_cells.written(text)):
        assert not piece.lstrip(string.whitespace).startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@given(st.lists(st.lists(st.one_of(TRICKY, ANY), min_size=2, max_size=4), min_size=1, max_size=4))
def test_lines_are_read_by_a_plain_reader(rows: list[list[str]]) -> None:
    text = csv_cells.lines(rows).decode()
    assert list(csv.reader(StringIO(text, newline=""), strict=True)) == rows


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r1", " =1", "'=1", "＝1"])
def test_a_formula_gets_an_apostrophe(formula: str) -> None:
    assert csv_cells.written(formula) == f"'{formula}"


def test_a_formula_behind_a_semicolon_gets_one_too() -> None:
    assert csv_cells.written("Silk;=5;\n- new") == "Silk;'=5;'\n'- new"


@pytest.mark.parametrize("text", ["عود كمبودي", "Ajwa = dates", "'tis", "5-7 days", "(none) yet", ""])
def test_a_plain_text_stays_as_it_is(text: str) -> None:
    assert csv_cells.written(text) == csv_cells.read(text) == text
