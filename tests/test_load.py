"""Folder → Documents; a file that cannot be used is named, and the rest is loaded."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from fpdf import FPDF

from kb.document import Document, Mark, Paragraph, Problem, Section, Source
from kb.load import Loaded, document_paths, load

CLINIC = Path(__file__).parent / "data" / "clinic"


def folder_of(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


def only(found: Loaded) -> Document:
    assert found.problems == ()
    (document,) = found.documents
    return document


def test_a_document_is_what_its_file_and_its_front_matter_say(tmp_path: Path) -> None:
    matter = """---
id: glow
treatment: Glow
other_names: [night light]
audience: staff
sources:
  book: {name: A book}
  study: {name: A study, address: "https://study.example", kind: clinical}
reviewed_by: Dr A. Example
reviewed_on: 2026-01-31
review_due: 2027-01-31
---
"""
    folder_of(tmp_path, a=matter + "# Glow, explained\n\nIt heals.[^study]")
    assert only(load(tmp_path)) == Document(
        id="glow",
        title="Glow, explained",
        path="a.md",
        text="Glow, explained\n\nIt heals.",
        sections=(Section("glow#glow-explained", ("Glow, explained",), 17, 26, (Paragraph(17, 26),)),),
        treatment="Glow",
        other_names=("night light",),
        audience="staff",
        sources=(("book", Source("A book")), ("study", Source("A study", "https://study.example", "clinical"))),
        marks=(Mark(26, ("study",)),),
        reviewed_by="Dr A. Example",
        reviewed_on=date(2026, 1, 31),
        review_due=date(2027, 1, 31),
    )


def test_documents_come_in_the_order_of_their_paths_and_have_them_as_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/c.html", ".hidden.md", ".git/d.md", "b.txt.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("title: x", encoding="utf-8")
    assert [path.relative_to(tmp_path).as_posix() for path in document_paths(tmp_path)] == [
        "a/c.html",
        "a/z.md",
        "b.txt",
    ]
    assert [document.id for document in load(tmp_path).documents] == ["a/c.html", "a/z.md", "b.txt"]


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        pytest.param("a.md", "---\ntitle: Glow\n---\n# Other\n\nText.", "Glow", id="of the front matter"),
        pytest.param("a.md", "Text.\n\n## The *Glow*[^a]\n\nText.", "The Glow", id="the first heading"),
        pytest.param(
            "a.html", "<title>Page</title><h1>\n The\n Glow</h1>Text.", "The Glow", id="a heading of two lines"
        ),
        pytest.param("a.html", "<title>Glow</title><p>Text.", "Glow", id="of the page"),
        pytest.param("night-glow_2.txt", "Text.", "Night glow 2", id="of the file"),
    ],
)
def test_a_document_has_a_title(tmp_path: Path, name: str, text: str, title: str) -> None:
    (tmp_path / name).write_text(text.replace("[^a]", ""), encoding="utf-8")
    assert only(load(tmp_path)).title == title


@pytest.mark.parametrize(
    ("text", "treatment"),
    [
        pytest.param("---\ntreatment: botox\n---\nText.", "Botulinum toxin", id="one name for all its names"),
        pytest.param("---\ntreatment: Glow\n---\nText.", "Glow", id="of the front matter"),
        pytest.param("---\ntreatment: null\n---\nIPL, IPL.", None, id="for every treatment"),
        pytest.param("# After your CO2 laser\n\nIPL, IPL, IPL.", "Fractional CO2 laser", id="named in the title"),
        pytest.param("# Aftercare\n\nIPL hurts. IPL heals. Like botox.", "IPL", id="named most in the text"),
        pytest.param("# Glow\n\nIt is like IPL.", "Glow", id="its own title"),
    ],
)
def test_a_document_is_about_a_treatment(tmp_path: Path, text: str, treatment: str | None) -> None:
    assert only(load(folder_of(tmp_path, a=text))).treatment == treatment


MATTER = "---\ntitle: Glow\nsources: {a: {name: A}, b: {name: B}}\n---\n"


@pytest.mark.parametrize(
    ("text", "quote", "names"),
    [
        pytest.param(MATTER + "One.[^b] Two.[^a]", "One.", ["B"], id="those that the sentence is marked with"),
        pytest.param(MATTER + "One.[^b] Two.[^a]", "One. Two.", ["B", "A"], id="of two sentences, first named first"),
        pytest.param(MATTER + "One.[^b] Two.[^a][^b]", "Two.", ["A", "B"], id="not those of the sentence before"),
        pytest.param(MATTER + "One.[^b] Two.[^b]", "One. Two.", ["B"], id="each once"),
        pytest.param(MATTER + "One.[^b] Two.", "Two.", ["Glow"], id="the document for its own advice"),
        pytest.param(MATTER + "One. Two.", "One.", ["A", "B"], id="all where nothing is marked"),
        pytest.param("# Glow\n\nOne.", "One.", ["Glow"], id="the document where it names none"),
    ],
)
def test_a_quote_has_its_sources(tmp_path: Path, text: str, quote: str, names: list[str]) -> None:
    document = only(load(folder_of(tmp_path, a=text)))
    start = document.text.index(quote)
    assert [source.name for source in document.sources_of(start, start + len(quote))] == names


def test_a_document_is_the_source_of_its_own_advice(tmp_path: Path) -> None:
    document = only(load(folder_of(tmp_path, a="# Glow\n\nOne.")))
    assert document.sources_of(6, 10) == [Source(name="Glow", address="a.md", kind=None)]


def test_files_that_cannot_be_used_are_named_and_the_rest_is_loaded(tmp_path: Path) -> None:
    scan = FPDF()
    scan.add_page()
    scan.output(str(tmp_path / "scan.pdf"))
    (tmp_path / "b.odt").write_text("x", encoding="utf-8")
    folder_of(
        tmp_path,
        a="---\nid: glow\n---\nText.",
        c="---\nid: glow\n---\nText.",
        d="Text.[^study] More.[^book]",
        e="---\ntitle: Glow\n---\n",
        z="Text.",
    )
    found = load(tmp_path)
    assert [document.path for document in found.documents] == ["a.md", "z.md"]
    assert found.problems == (
        Problem(
            "b.odt",
            "files of type '.odt' are not read",
            "Save it as one of .docx, .htm, .html, .markdown, .md, .pdf, .txt.",
        ),
        Problem(
            "c.md", "its id 'glow' is already the id of a.md", "Give one of the two another `id` in its front matter."
        ),
        Problem(
            "d.md",
            "it cites sources that its front matter does not name: book, study",
            "Add them under `sources`, or correct the footnotes.",
        ),
        Problem("e.md", "no text was found in it", "Write its text, or delete it."),
        Problem("scan.pdf", "no text was found in it", "A scan? Run text recognition (OCR) on it."),
    )


def test_a_folder_without_files_has_no_documents_and_no_problems(tmp_path: Path) -> None:
    assert load(tmp_path) == Loaded((), ())


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no-such: no such folder\. Give --kb a folder that holds your documents\."
    ):
        load(tmp_path / "no-such")


def test_a_file_instead_of_a_folder_is_an_error(tmp_path: Path) -> None:
    folder_of(tmp_path, a="Text.")
    with pytest.raises(
        NotADirectoryError, match=r"a\.md: not a folder\. Give --kb the folder that holds your documents\."
    ):
        load(tmp_path / "a.md")


def test_a_bare_article_has_its_sections() -> None:
    article = next(document for document in load(CLINIC).documents if document.path == "lumera-veil.txt")
    assert (article.title, article.treatment) == ("Lumera Veil, a new language for clear skin", "Lumera Veil")
    improve = "What can Lumera Veil improve"
    assert [section.headings for section in article.sections] == [
        ("Lumera Veil, a new language for clear skin",),
        ("What is Lumera Veil",),
        ("The secret of the gel film",),
        (improve,),
        (improve, "1. Evens the tone"),
        (improve, "2. Calms the redness"),
        (improve, "3. Refines the pores"),
        (improve, "4. Softens fine lines"),
        (improve, "5. Brightens the neck and the hands"),
        ("The process of one visit",),
        ("Precautions and care",),
        ("The beautiful future",),
    ]
    assert all(section.paragraphs for section in article.sections if section.headings != (improve,))


def test_links_are_followed_but_not_in_circles_and_not_to_nowhere(tmp_path: Path) -> None:
    kb, other = tmp_path / "kb", tmp_path / "other"
    kb.mkdir()
    other.mkdir()
    folder_of(other, a="Text.")
    (kb / "linked").symlink_to(other)
    (other / "back").symlink_to(kb)
    (kb / "gone.md").symlink_to(tmp_path / "nowhere")
    found = load(kb)
    assert [document.path for document in found.documents] == ["linked/a.md"]
    assert found.problems == (Problem("gone.md", "a link to nowhere", "Correct the link, or delete it."),)


def test_a_name_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("Text.", encoding="utf-8")
    assert load(tmp_path) == Loaded((), (Problem("caf\ufffd.md", "its name is not UTF-8", "Rename it."),))


def test_titles_that_differ_only_in_case_and_generic_words_are_of_one_treatment(tmp_path: Path) -> None:
    folder_of(
        tmp_path,
        a="# Frostpeel guide for patients\n\nText.",
        b="# FROSTPEEL: INFORMATION FOR PATIENTS\n\nText.",
        c="# Lumera Veil information\n\nText.",
    )
    assert [d.treatment for d in load(tmp_path).documents] == ["Frostpeel", "Frostpeel", "Lumera Veil"]
