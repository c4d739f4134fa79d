"""One file of any format → its parts; a file that cannot be used is named with the reason and the remedy."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from kb import read as reading
from kb.compose import compose
from kb.read import UnreadableError, read, sidecar

MB = 1_000_000
TEXT = "The skin is pink."


def write_pdf(path: Path, password: str | None = None) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.cell(text=TEXT)
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password)
    pdf.output(str(path))


def write_docx(path: Path) -> None:
    document = docx.Document()
    document.add_heading("Glow", level=1)
    document.add_paragraph(TEXT)
    document.save(str(path))


def text_of(path: Path) -> str:
    return compose(read(path).parts, "d").text


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        pytest.param("a.txt", TEXT.encode(), TEXT, id="text"),
        pytest.param("a.TXT", TEXT.encode(), TEXT, id="a type in capitals"),
        pytest.param("a.txt", "\ufeffÄ ½".encode(), "Ä ½", id="UTF-8 with a byte order mark"),
        pytest.param("a.txt", "Ä ½".encode("utf-16"), "Ä ½", id="UTF-16 with a byte order mark"),
        pytest.param("a.txt", b"Risks\r\n\r\nRedness.\r\n", "Risks\n\nRedness.", id="lines that end as on Windows"),
        pytest.param("a.md", b"# *Glow*\n\nA [link](b.md) &amp; **bold**.", "Glow\n\nA link & bold.", id="Markdown"),
        pytest.param("a.md", b"| Day | Skin |\n|--|--|\n| 1 | red |", "Day: Skin\n\n- 1: red", id="a Markdown table"),
        pytest.param("a.md", b"<b onload=x>Not HTML</b>", "<b onload=x>Not HTML</b>", id="HTML in Markdown is text"),
        pytest.param("a.htm", "<p>Ä</p>".encode(), "Ä", id="HTML"),
        pytest.param("a.html", '<meta charset="latin-1"><p>Ä</p>'.encode("latin-1"), "Ä", id="declared encoding"),
        pytest.param(
            "a.html", b'<meta charset="iso-8859-1"><p>Bell\x92s</p>', "Bell’s", id="Latin-1 as every browser reads it"
        ),
    ],
)
def test_a_text_file_is_read_by_its_type_and_its_encoding(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert text_of(tmp_path / name) == text


def test_a_word_file_is_read_with_its_headings_lists_and_tables(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Glow", level=0)  # Word's style for a title
    document.add_heading("Risks", level=1)
    document.add_paragraph("Tell us of:")
    document.add_paragraph("blisters", style="List Bullet")
    document.add_paragraph("pus", style="List Number")
    document.add_paragraph().add_run("At home").bold = True
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Day 1", "Wash."
    table.cell(0, 1).add_paragraph("Dry.")
    document.save(str(tmp_path / "a.docx"))

    composed = compose(read(tmp_path / "a.docx").parts, "d")
    assert composed.text == ("Glow\n\nRisks\n\nTell us of:\n\n- blisters\n1. pus\n\nAt home\n\n- Day 1: Wash. Dry.")
    assert [section.headings for section in composed.sections] == [("Glow",), ("Risks",), ("Risks", "At home")]


def test_the_title_of_a_page_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<title>Glow</title><p>Text.</p>", encoding="utf-8")
    assert read(tmp_path / "a.html").title == "Glow"


def test_front_matter_stands_in_the_file_or_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("---\ntitle: Glow\n---\nText.", encoding="utf-8")
    write_pdf(tmp_path / "b.pdf")
    (tmp_path / "b.pdf.yaml").write_text("title: Glow", encoding="utf-8")
    assert sidecar(tmp_path / "b.pdf") == tmp_path / "b.pdf.yaml"
    assert (matter := read(tmp_path / "a.txt").front_matter) is not None
    assert matter.title == "Glow"
    assert read(tmp_path / "b.pdf").front_matter == matter


def encrypted_pdf(path: Path) -> None:
    write_pdf(path, password="secret")


def truncated(write: Callable[[Path], None]) -> Callable[[Path], None]:
    def write_half(path: Path) -> None:
        write(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return write_half


def docx_of_broken_xml(path: Path) -> None:
    write_docx(path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["word/document.xml"] = entries["word/document.xml"][:-100]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def docx_of_zeros(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as entry:
        for _ in range(201):
            entry.write(bytes(MB))


def holding(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


AGAIN_IN_WORD = "Open it in Word and save it again as .docx, without a password."
AGAIN_AS_PDF = "Open it and export it as PDF again."
MATTER = "Correct the front matter; kb/documents has examples."
NESTED = "Save it again with fewer nested parts."


@pytest.mark.parametrize(
    ("name", "write", "what", "remedy"),
    [
        pytest.param("a.pdf", encrypted_pdf, "it is encrypted", "Save a copy without a password.", id="encrypted"),
        pytest.param("a.pdf", truncated(write_pdf), "not a readable PDF", AGAIN_AS_PDF, id="half a PDF"),
        pytest.param("a.pdf", holding(b"Hello"), "not a readable PDF", AGAIN_AS_PDF, id="not a PDF"),
        pytest.param("a.docx", holding(b"Hello"), "not a readable Word file", AGAIN_IN_WORD, id="not a Word file"),
        pytest.param("a.docx", truncated(write_docx), "not a readable Word", AGAIN_IN_WORD, id="half a Word file"),
        pytest.param("a.docx", docx_of_broken_xml, "not a readable Word", AGAIN_IN_WORD, id="broken XML in Word"),
        pytest.param("a.docx", docx_of_zeros, "too large (201 MB unpacked)", "Take the pictures out of it.", id="bomb"),
        pytest.param("a.txt", holding(b"caf\xe9"), "its text is not UTF-8", "Save it as UTF-8.", id="Latin-1"),
        pytest.param(
            "a.txt", holding(b"\xff\xfeA"), "its text is not UTF-16", "Save it as UTF-8.", id="half of UTF-16"
        ),
        pytest.param(
            "a.html",
            holding(b'<meta charset="nonsense">x'),
            "its text is not NONSENSE",
            "Save it as UTF-8.",
            id="charset",
        ),
        pytest.param("a.txt", holding(b""), "the file is empty", "Write its text, or delete it.", id="empty"),
        pytest.param(
            "a.odt",
            holding(b"x"),
            "files of type '.odt' are not read",
            "Save it as one of .docx, .htm, .html, .markdown, .md, .pdf, .txt.",
            id="another type",
        ),
        pytest.param("a.md", holding(b"---\ntitle: [\n---\n"), "front matter is not valid YAML", MATTER, id="YAML"),
        pytest.param(
            "a.md", holding(b"---\ntitel: x\n---\n"), "front matter has a wrong field (titel", MATTER, id="field"
        ),
        pytest.param("a.html", holding(b"<div>" * 800), "its parts are nested too deeply", NESTED, id="deep HTML"),
        pytest.param(
            "a.md", holding(b"---\n" + b"[" * 500 + b"\n---\n"), "its parts are nested", NESTED, id="deep YAML"
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_reason_and_remedy(
    tmp_path: Path, name: str, write: Callable[[Path], None], what: str, remedy: str
) -> None:
    write(tmp_path / name)
    with pytest.raises(UnreadableError) as refusal:
        read(tmp_path / name)
    assert refusal.value.what.startswith(what)
    assert refusal.value.remedy == remedy


def test_a_file_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FILE_MB", 1)
    (tmp_path / "a.txt").write_bytes(b"a" * MB)
    (tmp_path / "b.txt").write_bytes(b"a" * (2 * MB))
    assert read(tmp_path / "a.txt").parts
    with pytest.raises(UnreadableError, match=r"too large \(2 MB; the limit is 1 MB\)"):
        read(tmp_path / "b.txt")


def test_a_file_that_may_not_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:  # the permissions of a file do not stop the superuser, who may run this
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UnreadableError, match=r"it cannot be opened \(Permission denied\)") as refusal:
        read(tmp_path / "a.txt")
    assert refusal.value.remedy == "Check the file's permissions."
