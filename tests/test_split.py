"""Document → Passages: whole sentences, whole lists, and offsets that point back into the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from kb.compose import Part, compose
from kb.document import Document, Passage
from kb.load import load
from kb.split import MAX_PASSAGE_CHARS, split

CLINIC = Path(__file__).parent / "data" / "clinic"
SHIPPED = Path(__file__).parents[1] / "kb" / "documents"
LONG = "It heals in the way that skin heals everywhere, from the edges and from the depth, in about a week or two."
LEAFLET = """\
Glow

Glow is an invented treatment. It uses light.

Who should not have it

Do not have Glow if you:

- are pregnant
- have epilepsy

Afterwards

The skin is pink for a day."""


def document(*parts: Part) -> Document:
    composed = compose(parts, "d")
    return Document("d", "Glow", "d.md", composed.text, composed.sections)


def text(*paragraphs: str) -> list[Part]:
    return [Part("text", paragraph) for paragraph in paragraphs]


def items(*words: str) -> list[Part]:
    return [Part("item", word) for word in words]


def texts(passages: Iterable[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def sentences(passage: Passage) -> list[str]:
    return [passage.document.text[start:end] for start, end in passage.sentences]


def test_a_passage_points_into_the_text_of_its_document() -> None:
    glow = document(Part("heading", "Risks"), Part("text", "Redness. Swelling.", page=3))
    # "Risks" is 0-5, the first sentence 7-15, the second 16-25
    assert split(glow) == [
        Passage("d#risks", glow, glow.sections[0], 7, 25, sentences=((7, 15), (16, 25)), is_list=False, page=3)
    ]
    (passage,) = split(glow)
    assert passage.text == "Redness. Swelling."
    assert passage.headings == ("Glow", "Risks")
    assert passage.context == "Glow\nRisks\nRedness. Swelling."


def test_the_title_is_not_repeated_when_it_is_the_top_heading() -> None:
    (passage,) = split(document(Part("heading", "Glow", 1), Part("heading", "Risks", 2), *text("Redness.")))
    assert passage.headings == ("Glow", "Risks")


def test_short_paragraphs_of_a_section_are_one_passage() -> None:
    assert texts(split(document(*text("Red.", "Sore.")))) == ["Red.\n\nSore."]


def test_a_passage_never_crosses_a_heading() -> None:
    assert texts(split(document(*text("Red."), Part("heading", "Later"), *text("Pink.")))) == ["Red.", "Pink."]


def test_a_section_without_text_has_no_passage() -> None:
    assert split(document(Part("heading", "Risks"))) == []


def test_a_list_of_sixty_items_is_one_passage_with_its_lead_in() -> None:
    words = [f"you have condition {number}, which is one of many" for number in range(1, 61)]
    (passage,) = split(document(*text("Do not have it if:"), *items(*words)))
    assert passage.is_list
    assert passage.text == "Do not have it if:\n\n- " + "\n- ".join(words)
    assert sentences(passage) == ["Do not have it if:", *words]


@pytest.mark.parametrize(
    "lead_in",
    [
        pytest.param("Do not have it if:", id="a colon"),
        pytest.param("Do not have it if you", id="an open sentence"),
        pytest.param("Who should not have it?", id="a question"),
        pytest.param("Tell us first. Do not have it if:", id="two sentences"),
        pytest.param("Do not have it (see page 2)", id="brackets"),
    ],
)
def test_what_stands_before_a_list_and_does_not_end_as_a_statement_leads_into_it(lead_in: str) -> None:
    assert texts(split(document(*text("It hurts.", lead_in), *items("a", "b")))) == [
        "It hurts.",
        f"{lead_in}\n\n- a\n- b",
    ]


@pytest.mark.parametrize("statement", ["It hurts.", "It hurts!", "(It hurts.)", "They say “it hurts.”"])
def test_a_statement_before_a_list_stands_alone(statement: str) -> None:
    assert texts(split(document(*text(statement), *items("a", "b")))) == [statement, "- a\n- b"]


def test_a_paragraph_after_a_list_is_a_passage_of_its_own() -> None:
    passages = split(document(*items("a", "b"), *text("Ask us.", "Or call.")))
    assert [(passage.text, passage.is_list) for passage in passages] == [
        ("- a\n- b", True),
        ("Ask us.\n\nOr call.", False),
    ]


def test_two_lists_keep_their_own_lead_ins() -> None:
    passages = split(document(*text("Never if:"), *items("a"), *text("Wait if:"), *items("b")))
    assert texts(passages) == ["Never if:\n\n- a", "Wait if:\n\n- b"]


def test_the_marker_of_an_item_is_not_part_of_its_sentence_unless_the_passage_begins_with_it() -> None:
    (led,) = split(document(*text("Wash:"), Part("item", "Rinse.", marker="1."), Part("item", "Dry. Rest.", 2)))
    assert sentences(led) == ["Wash:", "Rinse.", "Dry. Rest."]
    (bare,) = split(document(*items("Rinse.", "Dry.")))
    assert sentences(bare) == ["- Rinse.", "Dry."]


def test_a_long_text_is_cut_between_sentences_into_pieces_of_about_equal_length() -> None:
    assert len(LONG) == 106
    glow = document(*text(" ".join([LONG] * 8)))  # 8 sentences of 106 and a space: two pieces of four
    assert texts(split(glow)) == [" ".join([LONG] * 4)] * 2
    assert [passage.id for passage in split(glow)] == ["d#top", "d#top.2"]


def test_a_sentence_is_never_cut_however_long() -> None:
    endless = "It heals " + "and heals " * 100 + "and heals."
    assert len(endless) > MAX_PASSAGE_CHARS
    assert texts(split(document(*text("Red.", endless, "Sore.")))) == ["Red.", endless, "Sore."]


@pytest.mark.parametrize(
    "sentence",
    ["Dr. Wren treats it, e.g. with gel.", "It costs 3.5 pounds.", "It acts on the skin (see fig. 2)."],
)
def test_the_full_stop_of_an_abbreviation_ends_no_sentence(sentence: str) -> None:
    (passage,) = split(document(*text(f"{sentence} It heals.")))
    assert sentences(passage) == [sentence, "It heals."]


def test_each_piece_of_a_section_has_the_page_on_which_it_begins() -> None:
    pages = [Part("text", LONG, page=number) for number in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert [passage.page for passage in split(document(*pages))] == [1, 3]


def test_a_list_has_the_page_of_its_lead_in() -> None:
    (passage,) = split(document(Part("text", "Not if:", page=1), Part("item", "a", page=2)))
    assert passage.page == 1


def test_no_two_passages_of_a_document_have_the_same_id() -> None:
    risks = [Part("heading", "Risks"), *text("One."), *items("a")]
    passages = split(document(*risks, *risks, *risks))
    assert [passage.id for passage in passages] == [
        "d#risks",
        "d#risks.2",
        "d#risks-1",
        "d#risks-1.2",
        "d#risks-2",
        "d#risks-2.2",
    ]


def write_leaflet(folder: Path) -> Path:
    """The leaflet in every format; the leaflet itself is how it looks as plain text."""
    (folder / "a.txt").write_text(LEAFLET, encoding="utf-8")
    lines = LEAFLET.splitlines()
    marks = {"Glow": "# ", "Who should not have it": "## ", "Afterwards": "## "}
    (folder / "b.md").write_text("\n".join(marks.get(line, "") + line for line in lines), encoding="utf-8")

    word, pdf, html = docx.Document(), FPDF(), ""
    pdf.add_page()
    for line in filter(None, lines):
        level = len(marks.get(line, "").strip())
        is_item = line.startswith("- ")
        text = line.removeprefix("- ")
        html += f"<h{level}>{text}</h{level}>" if level else f"<ul><li>{text}</ul>" if is_item else f"<p>{text}</p>"
        if level:
            word.add_heading(text, level)
        else:
            word.add_paragraph(text, style="List Bullet" if is_item else None)
        pdf.set_font("helvetica", size=[11, 20, 15][level])
        pdf.cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(0 if is_item else 5)
    (folder / "c.html").write_text(html, encoding="utf-8")
    word.save(str(folder / "d.docx"))
    pdf.output(str(folder / "e.pdf"))
    return folder


def test_a_leaflet_is_the_same_document_in_every_format(tmp_path: Path) -> None:
    found = load(write_leaflet(tmp_path))
    assert found.problems == ()
    assert [document.path for document in found.documents] == ["a.txt", "b.md", "c.html", "d.docx", "e.pdf"]
    assert {document.title for document in found.documents} == {"Glow"}
    assert {document.text for document in found.documents} == {LEAFLET}
    assert {tuple((p.headings, p.text, p.is_list) for p in split(document)) for document in found.documents} == {
        (
            (("Glow",), "Glow is an invented treatment. It uses light.", False),
            (("Glow", "Who should not have it"), "Do not have Glow if you:\n\n- are pregnant\n- have epilepsy", True),
            (("Glow", "Afterwards"), "The skin is pink for a day.", False),
        )
    }


def words_of(document: Document, spans: Iterable[tuple[int, int]]) -> Counter[int]:
    """How often each visible character of the document, by its offset, lies in one of the spans."""
    return Counter(at for start, end in spans for at in range(start, end) if not document.text[at].isspace())


@pytest.mark.parametrize(
    "folder", [None, CLINIC, SHIPPED], ids=["every format", "the fictional clinic", "kb/documents"]
)
def test_passages_hold_every_paragraph_once_and_point_back_to_it(tmp_path: Path, folder: Path | None) -> None:
    for document in load(folder or write_leaflet(tmp_path)).documents:
        passages = split(document)
        paragraphs = [(p.start, p.end) for section in document.sections for p in section.paragraphs]
        assert words_of(document, [(p.start, p.end) for p in passages]) == words_of(document, paragraphs)
        assert len({passage.id for passage in passages}) == len(passages)
        for passage in passages:
            assert passage.text == document.text[passage.start : passage.end] != ""
            sentences = [document.text[start:end] for start, end in passage.sentences]
            assert all(sentence.strip() == sentence != "" for sentence in sentences)
            assert (passage.sentences[0][0], passage.sentences[-1][1]) == (passage.start, passage.end)
            assert list(passage.sentences) == sorted(passage.sentences)
