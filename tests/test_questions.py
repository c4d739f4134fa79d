"""The questions of a document's front matter go to the sections of their headings."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from kb.document import Problem
from kb.load import Loaded, load

NO_HEADING = "Write the heading as the document does, or delete its questions."
NO_QUESTIONS = 'Write the questions, with "·" between them, or delete the list.'


def loaded(folder: Path, text: str, matter: str = "") -> Loaded:
    (folder / "a.md").write_text(f"---\nid: a\n{matter}\n---\n{text}", encoding="utf-8")
    return load(folder)


def questions(found: Loaded) -> dict[str, tuple[str, ...]]:
    return {section.id: section.questions for document in found.documents for section in document.sections}


def test_questions_beside_a_section_are_its_own(tmp_path: Path) -> None:
    found = loaded(tmp_path, "# Work\n\nSoon.\n\n> Questions: When? · How?\n> Why?\n\n# Rest\n\nNow.")
    assert questions(found) == {"a#work": ("When?", "How?", "Why?"), "a#rest": ()}
    assert found.documents[0].text == "Work\n\nSoon.\n\nRest\n\nNow."
    assert found.problems == ()


@pytest.mark.parametrize("heading", ["Going back: to work?", "going back to work", "going-back-to-work"])
def test_questions_of_the_front_matter_go_to_the_section_of_their_heading(tmp_path: Path, heading: str) -> None:
    matter = f'questions: {{"{heading}": [" When? ", downtime]}}'
    found = loaded(tmp_path, "# Going back: to work?\n\nSoon.\n\n> Questions: downtime · How?", matter)
    assert questions(found) == {"a#going-back-to-work": ("downtime", "How?", "When?")}
    assert found.problems == ()


def test_of_two_equal_headings_the_anchor_of_the_second_means_the_second(tmp_path: Path) -> None:
    found = loaded(tmp_path, "# Risks\n\nFew.\n\n# Risks\n\nMore.", "questions: {Risks: [One], risks-1: [Two]}")
    assert questions(found) == {"a#risks": ("One",), "a#risks-1": ("Two",)}


def test_a_pdf_has_its_questions_in_the_file_beside_it(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=24)
    pdf.cell(text="Going back", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(0, text="Talk to us before you plan your first day at work. " * 5)
    pdf.output(str(tmp_path / "a.pdf"))
    (tmp_path / "a.pdf.yaml").write_text('questions: {"Going back": ["When?"]}', encoding="utf-8")
    assert questions(load(tmp_path)) == {"a.pdf#going-back": ("When?",)}


def test_a_heading_that_the_document_does_not_have_is_a_problem(tmp_path: Path) -> None:
    found = loaded(tmp_path, "# Work\n\nSoon.", 'questions: {"Wrok": ["When?"]}')
    what = "its front matter has questions for the heading 'Wrok', which it does not have"
    assert found.problems == (Problem("a.md", what, NO_HEADING, "error"),)
    assert questions(found) == {"a#work": ()}


@pytest.mark.parametrize(
    ("quote", "matter"),
    [
        pytest.param("> Questions:", "", id="beside the section"),
        pytest.param("> Questions: ·", "", id="nothing between dots"),
        pytest.param("", "questions: {Work: []}", id="in the front matter"),
        pytest.param("", 'questions: {Work: [" "]}', id="a blank one"),
    ],
)
def test_an_empty_list_is_a_problem(tmp_path: Path, quote: str, matter: str) -> None:
    found = loaded(tmp_path, f"# Work\n\nSoon.\n\n{quote}", matter)
    what = "section 'Work' has an empty list of questions"
    assert found.problems == (Problem("a.md", what, NO_QUESTIONS, "error"),)
    assert questions(found) == {"a#work": ()}


def test_an_empty_list_above_the_first_heading_is_named_by_the_title(tmp_path: Path) -> None:
    found = loaded(tmp_path, "Soon.\n\n> Questions:\n\n# Rest\n\nNow.", "title: Work")
    assert [problem.what for problem in found.problems] == ["section 'Work' has an empty list of questions"]


def test_questions_leave_with_a_section_that_is_withheld(tmp_path: Path) -> None:
    found = loaded(tmp_path, "# Work\n\nSoon.\n\n> Questions: When?\n\n> Caveat: [no](#no)\n\n# Rest\n\nNow.")
    assert questions(found) == {"a#rest": ()}


def test_a_caveat_in_the_block_quote_of_questions_is_kept(tmp_path: Path) -> None:
    found = loaded(tmp_path, "# Work\n\nSoon.\n\n> Questions: downtime\n> Caveat: [no](#rest)\n\n# Rest\n\nNow.")
    assert found.documents[0].sections[0].caveats == ("a#rest",)
    assert questions(found)["a#work"] == ("downtime",)
