"""PDF → parts: what stands on the page, told apart by size, weight and place. fpdf2 makes the pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from fpdf import FPDF

from kb.compose import Part
from kb.read_pdf import read_pdf

STYLES = {"# ": (18, "B"), "## ": (14, "B"), "** ": (11, "B"), "": (11, "")}
PARAGRAPH = [f"This is line {number} of a paragraph in the size of the body," for number in (1, 2, 3, 4)]


def write_pdf(path: Path, *pages: Sequence[str], head: str = "", foot: str = "") -> Path:
    """A PDF with one line of type for each line given: "# " large, "## " larger, "** " bold, "" a gap.

    `head` and `foot` stand on every page; {page} is its number.
    """
    pdf = FPDF()
    pdf.set_margins(20, 40)
    for number, lines in enumerate(pages, start=1):
        pdf.add_page()
        for line in lines:
            mark = next(mark for mark in STYLES if line.startswith(mark))
            size, weight = STYLES[mark]
            pdf.set_font("helvetica", weight, size)
            pdf.cell(0, size / 2, line.removeprefix(mark), new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("helvetica", "", 9)
        pdf.text(20, 12, head.format(page=number))
        pdf.text(20, 288, foot.format(page=number))
    pdf.output(str(path))
    return path


def test_headings_are_larger_or_bold_and_their_level_is_their_rank(tmp_path: Path) -> None:
    lines = ["# Glow", "", "## Risks", "", "** After the visit", "", *PARAGRAPH]
    assert read_pdf(write_pdf(tmp_path / "a.pdf", lines)) == [
        Part("heading", "Glow", 1, page=1),
        Part("heading", "Risks", 2, page=1),
        Part("heading", "After the visit", 3, page=1),
        Part("text", " ".join(PARAGRAPH), page=1),
    ]


def test_a_heading_of_two_lines_is_one_heading(tmp_path: Path) -> None:
    lines = ["## When you should not", "## have the treatment", "", *PARAGRAPH]
    assert read_pdf(write_pdf(tmp_path / "a.pdf", lines))[0] == Part(
        "heading", "When you should not have the treatment", 1, 1
    )


def test_a_bold_line_that_is_a_sentence_is_no_heading(tmp_path: Path) -> None:
    lines = ["** Call us the same day.", "", *PARAGRAPH]
    assert read_pdf(write_pdf(tmp_path / "a.pdf", lines))[0] == Part("text", "Call us the same day.", page=1)


def test_a_gap_ends_a_paragraph(tmp_path: Path) -> None:
    lines = ["The skin is red", "for one day.", "", "It heals", "in a week."]
    assert read_pdf(write_pdf(tmp_path / "a.pdf", lines)) == [
        Part("text", "The skin is red for one day.", page=1),
        Part("text", "It heals in a week.", page=1),
    ]


def test_items_are_told_by_their_markers_and_go_on_in_the_next_line(tmp_path: Path) -> None:
    lines = [
        "Do not have it if you:",
        "- are pregnant",
        "\u00b7 have had a cold sore",
        "in the past two weeks",
        "1. tan",
    ]
    assert read_pdf(write_pdf(tmp_path / "a.pdf", lines)) == [
        Part("text", "Do not have it if you:", page=1),
        Part("item", "are pregnant", page=1),
        Part("item", "have had a cold sore in the past two weeks", page=1),
        Part("item", "tan", page=1, marker="1."),
    ]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        pytest.param(
            ["Treatment: the treat-", "ment ends."],
            "Treatment: the treatment ends.",
            id="a word broken at the margin is mended",
        ),
        pytest.param(["It is non-", "invasive."], "It is non-invasive.", id="a hyphen that may be the word's is kept"),
        pytest.param(["Types I-", "III may."], "Types I-III may.", id="a range keeps its hyphen"),
    ],
)
def test_lines_are_joined_into_a_paragraph(tmp_path: Path, lines: list[str], text: str) -> None:
    assert read_pdf(write_pdf(tmp_path / "a.pdf", lines)) == [Part("text", text, page=1)]


def test_a_paragraph_that_goes_on_overleaf_is_one_and_has_the_page_on_which_it_begins(tmp_path: Path) -> None:
    pages = ["Risks are", "rare.", "", "The skin is", "red and"], ["warm for", "a day.", "", "Ask us."]
    assert read_pdf(write_pdf(tmp_path / "a.pdf", *pages)) == [
        Part("text", "Risks are rare.", page=1),
        Part("text", "The skin is red and warm for a day.", page=1),
        Part("text", "Ask us.", page=2),
    ]


def test_a_list_that_goes_on_overleaf_keeps_its_items_apart(tmp_path: Path) -> None:
    assert read_pdf(write_pdf(tmp_path / "a.pdf", ["- a tan"], ["- acne"])) == [
        Part("item", "a tan", page=1),
        Part("item", "acne", page=2),
    ]


@pytest.mark.parametrize("pages", [2, 3], ids=["two pages", "three pages"])
@pytest.mark.parametrize(
    ("head", "foot"),
    [
        pytest.param("Rosewood Clinic", "{page}", id="the name and the number"),
        pytest.param("Leaflet 7, page {page}", "Page {page} of 3", id="the number within the head"),
        pytest.param("", "Rosewood Clinic, reviewed in May", id="a foot"),
    ],
)
def test_running_heads_and_page_numbers_are_left_out(tmp_path: Path, head: str, foot: str, pages: int) -> None:
    path = write_pdf(
        tmp_path / "a.pdf", *[["The skin is red and"], ["warm and"], ["sore."]][:pages], head=head, foot=foot
    )
    assert read_pdf(path) == [Part("text", " ".join(["The skin is red and", "warm and", "sore."][:pages]), page=1)]


def test_what_stands_in_the_margin_of_one_page_only_is_text(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["It heals."], head="Ask us first.")
    assert [part.text for part in read_pdf(path)] == ["Ask us first.", "It heals."]


def test_a_pdf_without_text_has_no_parts(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(20, 20, 100, 100)
    pdf.output(str(tmp_path / "scan.pdf"))
    assert read_pdf(tmp_path / "scan.pdf") == []


def test_two_columns_are_read_one_after_the_other_below_their_title(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", "B", 18)
    pdf.text(20, 40, "Everything that you should know about the Glow lamp")
    pdf.set_font("helvetica", "", 11)
    columns = {
        20: ["Do not have it if you", "are pregnant or have had", "a cold sore this month", "or a fever now."],
        115: ["After it, wash your face", "with cool water and use", "a sun cream every day", "for two weeks."],
    }
    for x, lines in columns.items():
        for number, line in enumerate(lines):
            pdf.text(x, 60 + 5 * number, line)
    pdf.output(str(tmp_path / "a.pdf"))
    assert [part.text for part in read_pdf(tmp_path / "a.pdf")] == [
        "Everything that you should know about the Glow lamp",
        *(" ".join(lines) for lines in columns.values()),
    ]
