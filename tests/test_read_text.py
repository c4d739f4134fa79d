"""Plain text → parts: headings and lists are known by their shape."""

from __future__ import annotations

import pytest

from kb.compose import clean
from kb.read_text import read_text

Row = tuple[str, str]  # kind and text; an item's text with its marker

# In the shape of an article that was copied from a web page: no marks of any kind, long paragraphs.
ARTICLE = """Glowlight, the art of quiet skin

What is Glowlight

Glowlight is an invented treatment, it uses a lamp which is held above the face and moves from the left side to \
the right.

The process, and some precautions

The face is washed, the lamp is lit for nine minutes, and then the cream is applied. People with epilepsy should \
not have it.


The effect of Glowlight

1. It calms the skin
The redness of the cheeks looks quieter after three visits, although the blue veins beside the nose do not change \
at all.

2. It softens lines

The thin lines around the eyes become softer, while the deep folds between the nose and the mouth do not answer to \
light.

3. It is quick
A visit takes nine minutes, of which the light itself needs only four, and most people go back to their office on \
the very same day.
"""


def outline(text: str) -> list[Row]:
    return [
        (part.kind, f"{part.marker} {clean(part.text)}" if part.kind == "item" else clean(part.text))
        for part in read_text(text)
    ]


def test_a_bare_article_has_its_headings_and_its_numbered_sub_headings() -> None:
    assert [(part.text, part.level) for part in read_text(ARTICLE) if part.kind == "heading"] == [
        ("Glowlight, the art of quiet skin", 2),
        ("What is Glowlight", 2),
        ("The process, and some precautions", 2),
        ("The effect of Glowlight", 2),
        ("1. It calms the skin", 3),
        ("2. It softens lines", 3),
        ("3. It is quick", 3),
    ]


def test_what_is_no_heading_in_a_bare_article_is_a_paragraph() -> None:
    assert [text.split(",")[0] for kind, text in outline(ARTICLE) if kind != "heading"] == [
        "Glowlight is an invented treatment",
        "The face is washed",
        "The redness of the cheeks looks quieter after three visits",
        "The thin lines around the eyes become softer",
        "A visit takes nine minutes",
    ]


@pytest.mark.parametrize(
    ("line", "is_heading"),
    [
        pytest.param("Who should not have it?", True, id="a question"),
        pytest.param("Aftercare:", True, id="with a colon before a paragraph"),
        pytest.param("7 days later", True, id="begins with a figure"),
        pytest.param("WHO SHOULD NOT", True, id="capitals"),
        pytest.param("Stay out of the sun.", False, id="a sentence"),
        pytest.param("Stay out of the sun!", False, id="a call"),
        pytest.param("and so on", False, id="begins with a small letter"),
        pytest.param("Fifteen words are too many for a heading as nobody reads so long a one", False, id="too long"),
    ],
)
def test_a_short_line_that_stands_alone_before_text_is_a_heading(line: str, is_heading: bool) -> None:
    assert outline(f"{line}\n\nText.") == [("heading" if is_heading else "text", line.rstrip(":")), ("text", "Text.")]


def test_a_short_line_with_no_text_after_it_is_no_heading() -> None:
    assert outline("Text.\n\nThe end") == [("text", "Text."), ("text", "The end")]


@pytest.mark.parametrize(
    ("text", "level"),
    [("Risks\n=====\nRedness.", 1), ("Risks\n-----\nRedness.", 2), ("RISKS\nRedness.", 2)],
    ids=["underlined twice", "underlined once", "capitals right above the text"],
)
def test_a_marked_heading_needs_no_empty_line(text: str, level: int) -> None:
    heading, paragraph = read_text(text)
    assert (heading.kind, heading.text.lower(), heading.level) == ("heading", "risks", level)
    assert (paragraph.kind, paragraph.text) == ("text", "Redness.")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("- a\n* b\n• c\n– d", [("item", f"- {letter}") for letter in "abcd"], id="bullets"),
        pytest.param("1. a\n2) b\n(3) c\na) d", [("item", m) for m in ("1. a", "2) b", "(3) c", "a) d")], id="numbers"),
        pytest.param("- a\n\n- b", [("item", "- a"), ("item", "- b")], id="wide spacing"),
        pytest.param("- go on\n  here\n- b", [("item", "- go on here"), ("item", "- b")], id="an item of two lines"),
        pytest.param("- go on\nhere", [("item", "- go on here")], id="an item broken at the margin"),
        pytest.param("- One.\nText.", [("item", "- One."), ("text", "Text.")], id="a paragraph after a list"),
        pytest.param("Not if you:\n- a", [("text", "Not if you:"), ("item", "- a")], id="a lead-in above"),
        pytest.param("Not if you:\n\n\n- a", [("text", "Not if you:"), ("item", "- a")], id="a lead-in further above"),
        pytest.param(
            "1. Tan\n\n2. Acne\n\n3. Warts\n\nAsk us.",
            [("item", "1. Tan"), ("item", "2. Acne"), ("item", "3. Warts"), ("text", "Ask us.")],
            id="wide spacing and a paragraph after it",
        ),
    ],
)
def test_lines_that_begin_with_a_marker_are_items(text: str, rows: list[Row]) -> None:
    assert outline(text) == rows


def test_indented_items_are_nested() -> None:
    assert [(part.text, part.level) for part in read_text("- a\n  - b\n    - c\n- d")] == [
        ("a", 1),
        ("b", 2),
        ("c", 3),
        ("d", 1),
    ]


def test_a_paragraph_that_is_broken_at_the_margin_is_one_paragraph() -> None:
    assert outline("The skin is red\nfor a day.\n\nIt heals.") == [
        ("text", "The skin is red for a day."),
        ("text", "It heals."),
    ]


def test_nothing_has_no_parts() -> None:
    assert read_text(" \n\n \n") == []


def test_short_lines_that_stand_alone_after_a_lead_in_are_a_list() -> None:
    assert outline("Not if you have:\n\nEpilepsy\n\nAcne\n\nAsk us first.") == [
        ("text", "Not if you have:"),
        ("item", "- Epilepsy"),
        ("item", "- Acne"),
        ("text", "Ask us first."),
    ]


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("Caveat: b.md#x", "b.md#x"),
        ("Caveat: [d](b.md#x)", "b.md#x"),
        ("- Caveat: b.md#x", "b.md#x"),
        ("Caveat: unsure", ""),
    ],
)
def test_a_line_that_begins_with_caveat_is_a_caveat(line: str, target: str) -> None:
    assert outline(f"It works.\n\n{line}\n\nIt heals.") == [
        ("text", "It works."),
        ("caveat", target),
        ("text", "It heals."),
    ]


LONG = "Would " + "really " * 20 + "anybody ask this?"


@pytest.mark.parametrize(
    ("quote", "rows"),
    [
        pytest.param("> Questions: When? · How?", [("questions", "Questions: When? · How?")], id="a line"),
        pytest.param(
            "> Questions:\n> When?\n>How?", [("questions", "Questions:\n When?\nHow?")], id="a question a line"
        ),
        pytest.param(
            f"> Questions: {LONG}\n> How?", [("questions", f"Questions: {LONG}\n How?")], id="longer than any margin"
        ),
        pytest.param(
            "> Questions: When?\n> Caveat: b.md#x",
            [("questions", "Questions: When?\n"), ("caveat", "b.md#x")],
            id="with a caveat",
        ),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"], ids=["right below the text", "apart"])
def test_a_block_quote_that_begins_with_questions_lists_them(quote: str, rows: list[Row], gap: str) -> None:
    parts = read_text(f"It works.{gap}{quote}{gap}It heals.")
    assert [(part.kind, part.text.strip(" ")) for part in parts] == [
        ("text", "It works."),
        *rows,
        ("text", "It heals."),
    ]


@pytest.mark.parametrize("line", ["> Questions? Call us.", "Questions: call us."], ids=["no list", "no quote"])
def test_other_lines_that_begin_with_questions_are_text(line: str) -> None:
    assert outline(f"It works.\n\n{line}") == [("text", "It works."), ("text", line)]


def test_questions_are_no_item_of_the_list_before_them() -> None:
    assert outline("Not if you have:\n\nacne\n\nwarts\n\n> Questions: acne · warts\n\nAsk us.")[-2:] == [
        ("questions", "Questions: acne · warts"),
        ("text", "Ask us."),
    ]


def test_a_short_line_before_questions_and_text_is_a_heading() -> None:
    assert outline("Going back to work\n\n> Questions: When?\n\nSoon.")[0] == ("heading", "Going back to work")
