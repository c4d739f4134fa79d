"""Parts → one text, and where each section, paragraph and source mark stands in it."""

from __future__ import annotations

import pytest

from kb.compose import Composed, Part, anchor, clean, compose, questions_of
from kb.document import Mark, Paragraph, Section


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        pytest.param("  two \t words\n", "two words", id="runs of white space become one space"),
        pytest.param("six\u00a0weeks", "six weeks", id="a no-break space is a space"),
        pytest.param("inter\u00adlaser", "interlaser", id="a soft hyphen goes"),
        pytest.param("\ufeffla\u200bser\u200e", "laser", id="zero-width characters go"),
        pytest.param("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648", id="a joiner stays"),
        pytest.param("safe\u202e ton\u202c", "safe ton", id="marks that turn the reading direction go"),
        pytest.param("a\x00b\x07c", "a b c", id="control characters become spaces"),
        pytest.param("re\u0301tinol", "r\u00e9tinol", id="an accent joins its letter"),
        pytest.param("CO₂, 3–4.5 mm, ’", "CO₂, 3–4.5 mm, ’", id="visible characters stay as they are"),
        pytest.param("\u200b \n", "", id="nothing visible is nothing"),
    ],
)
def test_clean_text_is_one_line_of_visible_characters(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Who should not have it?", "who-should-not-have-it"),
        ("Return to work: 4–5 days (disputed)", "return-to-work-45-days-disputed"),
        ("After-care & you", "after-care--you"),
        ("Crème", "crème"),
    ],
)
def test_an_anchor_is_the_one_that_github_gives_the_heading(heading: str, slug: str) -> None:
    assert anchor(heading) == slug


def test_parts_become_a_text_and_sections_that_point_into_it() -> None:
    parts = [
        Part("text", "Hello.", page=1),
        Part("heading", "Glow"),
        Part("text", "Not if you:", page=2),
        Part("item", "are pregnant", page=2),
        Part("item", "in any month", level=2, page=3),
        Part("text", "Ask us.", page=3),
    ]
    # The offsets, by hand:  0     6 8   12 14         25 27             41 42               60 62    69
    text = "Hello.\n\nGlow\n\nNot if you:\n\n- are pregnant\n  - in any month\n\nAsk us."
    assert compose(parts, "d") == Composed(
        text=text,
        sections=(
            Section("d#top", (), 0, 6, (Paragraph(0, 6, page=1),)),
            Section(
                "d#glow",
                ("Glow",),
                14,
                67,
                (
                    Paragraph(14, 25, page=2),
                    Paragraph(27, 41, is_item=True, page=2),
                    Paragraph(42, 58, is_item=True, page=3),
                    Paragraph(60, 67, page=3),
                ),
            ),
        ),
        marks=(),
    )


def test_numbered_items_keep_their_numbers() -> None:
    parts = [Part("item", "wash", marker="1."), Part("item", "dry", marker="2.")]
    assert compose(parts, "d").text == "1. wash\n2. dry"


def test_a_heading_stands_under_the_higher_headings_before_it() -> None:
    parts = [Part("heading", name, level) for name, level in [("A", 1), ("B", 2), ("C", 4), ("D", 2), ("E", 1)]]
    assert [section.headings for section in compose(parts, "d").sections] == [
        ("A",),
        ("A", "B"),
        ("A", "B", "C"),
        ("A", "D"),
        ("E",),
    ]


def test_sections_with_the_same_heading_get_numbered_ids() -> None:
    sections = compose([Part("heading", "Risks"), Part("heading", "Risks"), Part("heading", "Risks!")], "d").sections
    assert [section.id for section in sections] == ["d#risks", "d#risks-1", "d#risks-2"]


def test_a_section_without_text_is_kept_and_is_empty() -> None:
    assert compose([Part("heading", "Risks")], "d").sections == (Section("d#risks", ("Risks",), 5, 5, ()),)


def test_a_part_without_visible_text_leaves_no_trace() -> None:
    parts = [Part("heading", "\u200b"), Part("text", " \n"), Part("item", "[^a]")]
    assert compose(parts, "d") == Composed("", (), ())


@pytest.mark.parametrize(
    ("raw", "text", "marks"),
    [
        pytest.param("It heals.[^a]", "It heals.", (Mark(9, ("a",)),), id="after the full stop"),
        pytest.param("It heals[^a].", "It heals.", (Mark(8, ("a",)),), id="before the full stop"),
        pytest.param("It heals. [^a]", "It heals.", (Mark(9, ("a",)),), id="after a space"),
        pytest.param("It heals.[^a][^b-2]", "It heals.", (Mark(9, ("a", "b-2")),), id="two sources"),
        pytest.param("One.[^a] Two.[^b]", "One. Two.", (Mark(4, ("a",)), Mark(9, ("b",))), id="a source a sentence"),
        pytest.param("One [^a] two.", "One two.", (Mark(3, ("a",)),), id="in the middle of a sentence"),
    ],
)
def test_source_marks_are_taken_out_of_the_text_and_kept(raw: str, text: str, marks: tuple[Mark, ...]) -> None:
    composed = compose([Part("text", raw)], "d")
    assert (composed.text, composed.marks) == (text, marks)


def test_a_caveat_belongs_to_the_section_it_stands_in_and_is_no_text() -> None:
    parts = [
        Part("heading", "Claim"),
        Part("text", "It works."),
        Part("caveat", "#doubt"),
        Part("caveat", "b.md#more"),
        Part("heading", "Doubt"),
    ]
    composed = compose(parts, "d")
    assert composed.text == "Claim\n\nIt works.\n\nDoubt"
    assert [section.caveats for section in composed.sections] == [("#doubt", "b.md#more"), ()]


def test_a_caveat_holds_for_the_sections_below_its_own() -> None:
    parts = [
        Part("heading", "Claim", 2),
        Part("caveat", "#doubt"),
        Part("heading", "More", 3),
        Part("heading", "Doubt", 2),
    ]
    assert [section.caveats for section in compose(parts, "d").sections] == [("#doubt",), ("#doubt",), ()]


@pytest.mark.parametrize(
    ("raw", "questions"),
    [
        pytest.param("Questions: When? · downtime", ["When?", "downtime"], id="between dots"),
        pytest.param("Questions: When?\nHow long?\n", ["When?", "How long?"], id="one a line"),
        pytest.param("questions:\n When  can I? ·\n· How?", ["When can I?", "How?"], id="both, with nothing between"),
        pytest.param("Question: When?", ["When?"], id="a single one"),
        pytest.param("Questions: Which questions: all?", ["Which questions: all?"], id="the word in a question"),
        pytest.param("Questions:", [""], id="none"),
        pytest.param("Questions: · ", [""], id="nothing between dots"),
    ],
)
def test_questions_stand_one_a_line_or_between_dots(raw: str, questions: list[str]) -> None:
    assert questions_of(raw) == questions


def test_questions_belong_to_the_section_they_stand_in_alone_and_are_no_text() -> None:
    parts = [
        Part("heading", "Work", 2),
        Part("text", "Ask us."),
        Part("questions", "Questions: When? · How?"),
        Part("text", "Or call."),
        Part("questions", "Questions: How? · Why?"),
        Part("heading", "From home", 3),
        Part("text", "Soon."),
    ]
    composed = compose(parts, "d")
    without = compose([part for part in parts if part.kind != "questions"], "d")
    assert [section.questions for section in composed.sections] == [("When?", "How?", "Why?"), ()]
    assert composed.text == without.text
    assert [section.paragraphs for section in composed.sections] == [section.paragraphs for section in without.sections]
