"""What the documents' pages show as HTML: every word of a document, a question or an answer is text."""

from __future__ import annotations

from pathlib import Path

from conftest import LetterEncoder

from chatbot.desk.candidate import Preview
from chatbot.desk.saved import Truth
from chatbot.web.staff.document_views import preview_html, table_html, truth_text
from kb.apart import Extract
from kb.document import Problem
from kb.load import load
from kb.split import split

MARKUP = "<script>alert(1)</script>"


def test_a_preview_escapes_what_a_document_says(tmp_path: Path, encoder: LetterEncoder) -> None:
    (tmp_path / "a.md").write_text("# Moon `<b>` bath\n\n## Parts `<i>`\n\nRest `<script>alert(1)</script>` now.\n")
    (document,) = load(tmp_path).documents
    problem = Problem("a.md", f"it has {MARKUP}", f"Take {MARKUP} out.", "warning")
    said = preview_html(Preview(Extract(document, (problem,)), tuple(split(document))))
    assert MARKUP not in said
    assert said.count("&lt;script&gt;") == 3
    for tag in ("<b>", "<i>"):
        assert tag not in said


def test_a_table_escapes_its_cells_and_says_when_it_is_empty() -> None:
    said = table_html("Documents", ["Document"], [[MARKUP]], "None.")
    assert MARKUP not in said
    assert "&lt;script&gt;" in said
    assert table_html("Documents", ["Document"], [], "None <yet>.") == "<p>None &lt;yet&gt;.</p>"


def test_what_must_be_true_is_said_in_words() -> None:
    assert truth_text(Truth("answered", "laser", "seven", "nine")) == (
        "is answered; cites laser; a quote has “seven”; nowhere “nine”"
    )
