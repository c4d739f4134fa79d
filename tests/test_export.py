"""CSV for a spreadsheet: it reads it as UTF-8 and computes nothing of what somebody typed."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from chatbot.desk.export import BOM, Cell, as_csv


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix(BOM), newline="")))


@pytest.mark.parametrize(
    "typed",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1", "  =1", "＝1+1", '=HYPERLINK("https://x")', '="a"'],
)
def test_what_begins_like_a_formula_is_a_text(typed: str) -> None:
    ((_,), (cell,)) = rows_of(as_csv(["asked"], [[typed]]))
    assert cell == f"'{typed}"


def test_a_heading_is_as_harmless() -> None:
    assert rows_of(as_csv(["=1"], [])) == [["'=1"]]


@pytest.mark.parametrize(("cell", "written"), [(-3, "-3"), (0.5, "0.5"), (None, ""), ("2 = 1 + 1", "2 = 1 + 1")])
def test_numbers_stay_numbers_and_plain_texts_stay_as_they_are(cell: Cell, written: str) -> None:
    assert rows_of(as_csv(["a", "b"], [[cell, "x"]]))[1] == [written, "x"]


def test_quotes_commas_and_lines_stay_in_their_cell() -> None:
    typed = 'a, "b"; c\r\n=d\n+e'
    assert rows_of(as_csv(["asked", "next"], [[typed, "x"]]))[1] == [typed, "x"]


def test_the_file_begins_with_the_mark_by_which_excel_knows_utf_8() -> None:
    written = as_csv(["Müller"], [["–"]]).encode()
    assert written.startswith(b"\xef\xbb\xbf")
    assert "Müller" in written.decode("utf-8-sig")
