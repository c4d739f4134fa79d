"""Hostile uploads: each is refused with what is wrong and what to do, and none takes the program down."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from chatbot.desk.uploads import UploadError, check_content, checked_name
from kb import apart
from kb.apart import Extract, extract

MB = 1_000_000


def word(**parts: bytes) -> bytes:
    """A Word file, with more parts or others in place of its own."""
    document = docx.Document()
    document.add_heading("After a peel", 1)
    document.add_paragraph("Peeling lasts five days.")
    plain, made = io.BytesIO(), io.BytesIO()
    document.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return made.getvalue()


def part_of(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(word())) as archive:
        return archive.read(name)


def pdf(password: str | None = None) -> bytes:
    made = FPDF()
    made.add_page()
    made.set_font("helvetica", size=12)
    made.cell(text="Peeling lasts five days.")
    if password:
        made.set_encryption(owner_password=password, user_password=password)
    return bytes(made.output())


def packed(filters: int, byte: bytes, size: int) -> bytes:
    """So many bytes, deflated so many times."""
    packer = zlib.compressobj(9)
    data = b"".join([packer.compress(byte * MB) for _ in range(size // MB)]) + packer.flush()
    for _ in range(filters - 1):
        data = zlib.compress(data, 9)
    return data


def bomb_pdf(size: int) -> bytes:
    """A PDF whose page is so many bytes once it is unpacked."""
    return pdf_of(b"", packed_stream(b"", size))


def picture_pdf(size: int) -> bytes:
    """A PDF with a line of text, and a picture that is so many bytes once it is unpacked."""
    font = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    page = b"BT /F 9 Tf 9 50 Td (Peeling lasts five days.) Tj ET q 90 0 0 90 0 0 cm /I Do Q"
    kind = b"/Type/XObject/Subtype/Image/Width 60000/Height 30000/BitsPerComponent 8/ColorSpace/DeviceGray"
    return pdf_of(
        b"/Resources<<%s/XObject<</I 5 0 R>>>>" % font,
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        packed_stream(kind, size),
    )


def packed_stream(kind: bytes, size: int) -> bytes:
    stream = packed(2, b" ", size)
    return b"<<%s/Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (kind, len(stream), stream)


def pdf_of(page: bytes, *more: bytes) -> bytes:
    """A PDF of one page, whose content is the first of these objects."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 299 99]%s/Contents 4 0 R>>" % page,
        *more,
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


def picture_docx(width: int, height: int) -> bytes:
    """A Word file with a line of text, and a picture of so many pixels, a bit each, all black."""
    size = (1 + width // 8) * height  # a byte before each row
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": packed(1, b"\0", size), b"IEND": b""}
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    document, made = docx.Document(), io.BytesIO()
    document.add_paragraph("Peeling lasts five days.")
    document.add_picture(io.BytesIO(png), width=docx.shared.Cm(5))
    document.save(made)
    return made.getvalue()


def read(folder: Path, name: str, content: bytes) -> Extract:
    (folder / name).write_bytes(content)
    return extract(folder, name)


@pytest.mark.parametrize(
    "name", ["after-a-peel.pdf", "Nach der Behandlung (2).docx", "laser.md", "Été.txt", "a.b.HTML"]
)
def test_a_plain_name_is_kept(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "../laser.md", "a/laser.md", "a\\laser.md", "/etc/passwd.md", "C:laser.md", "..", ".hidden.md", "laser.md.",
        " laser.md", "laser.md ", "con.md", "NUL.txt", "lpt1.pdf", "la\x00ser.md", "la\nser.md", "laser\u202edm.exe.md",
        "la\u200bser.md", "l\ud800.md", "laser", "", "laser.md.yaml", "laser.exe", "laser.svg", "laser.zip",
        "x" * 200 + ".md", "lasér" * 30 + ".md", "a*.md", "a?.md", "<b>.md", '".md', "%00/../a.md",
    ],
)  # fmt: skip
def test_a_name_that_could_do_harm_is_refused(name: str) -> None:
    with pytest.raises(UploadError) as caught:
        checked_name(name)
    assert caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["letter.docm", "letter.dotm", "letter.doc", "letter.rtf"])
def test_a_word_file_of_another_kind_says_how_to_save_it(name: str) -> None:
    with pytest.raises(UploadError, match=r"save it as a Word document \(\.docx\)"):
        checked_name(name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", word()), ("a.pdf", pdf()), ("a.md", "# Été\n".encode()), ("a.txt", "Text".encode("utf-16")),
        ("a.html", b"<p>Text"),
    ],
    ids=["docx", "pdf", "md", "utf-16", "html"],
)  # fmt: skip
def test_what_is_what_its_name_says_is_let_in(name: str, content: bytes) -> None:
    check_content(name, content)


MACRO_TYPES = part_of("[Content_Types].xml").replace(
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    b"application/vnd.ms-word.document.macroEnabled.main+xml",
)
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]><d>&b;</d>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>'


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.md", b"", "empty"),
        ("a.md", b"x" * (20 * MB + 1), "the most is 20 MB"),
        ("a.pdf", word(), "it is no PDF"),
        ("a.pdf", b"<script>", "it is no PDF"),
        ("a.docx", pdf(), "no readable Word document"),
        ("a.docx", b"PK\x03\x04 no zip at all", "no readable Word document"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9, "has a password, or is of a Word from before 2007"),
        ("a.docx", word(**{"word/document.xml": part_of("word/document.xml")})[:-900], "no readable Word document"),
        ("a.docx", word(**{"word/vbaProject.bin": b"macro"}), "carries macros"),
        ("a.docx", word(**{"customXml/VBAPROJECT.BIN": b"macro"}), "carries macros"),
        ("a.docx", word(**{"[Content_Types].xml": MACRO_TYPES}), "carries macros"),
        ("a.docx", word(**{"word/document.xml": ENTITIES}), "declares entities"),
        ("a.docx", word(**{"word/styles.xml": ENTITIES.decode().encode("utf-16")}), "declares entities"),
        ("a.docx", word(**{"word/_rels/document.xml.rels": OUTSIDE}), "declares entities"),
        ("a.docx", word(**{"word/document.xml": b"\0" * (150 * MB)}), "unpacked it would be too large"),
        ("a.docx", word(**{"word/media/image1.png": b"\0" * (50 * MB)}), "decompression bomb"),
        ("a.docx", word(**{f"word/{n}.xml": b"" for n in range(5001)}), " parts, "),
        ("a.md", word(), "it is no text"),
        ("a.html", pdf(), "it is no text"),
        ("a.txt", b"MZ\x90\x00\x03\x00", "it is no text"),
    ],
)  # fmt: skip
def test_what_is_not_what_its_name_says_or_does_harm_is_refused(name: str, content: bytes, what: str) -> None:
    with pytest.raises(UploadError) as caught:
        check_content(name, content)
    assert what in caught.value.what
    assert caught.value.remedy


def test_a_part_that_is_larger_than_it_says_is_refused() -> None:
    content = bytearray(word(**{"word/media/image1.png": b"\0" * MB}))
    size = MB.to_bytes(4, "little")
    assert content.count(size) == 2  # in the part's own header, and in the directory
    with pytest.raises(UploadError, match="damaged"):
        check_content("a.docx", bytes(content.replace(size, (9).to_bytes(4, "little"))))


@pytest.mark.parametrize(
    ("name", "content"), [("a.docx", word()), ("a.pdf", pdf())], ids=["docx", "pdf"]
)  # fmt: skip
def test_a_file_is_read_apart_as_it_would_be_loaded(tmp_path: Path, name: str, content: bytes) -> None:
    found = read(tmp_path, name, content)
    assert found.document is not None
    assert "Peeling lasts five days." in found.document.text
    assert {problem.what for problem in found.problems} == {"no clinician has reviewed it", "it names no source"}


@pytest.mark.parametrize(
    ("name", "make"),
    [("a.pdf", lambda: picture_pdf(1800 * MB)), ("a.docx", lambda: picture_docx(39_992, 40_000))],
    ids=["pdf", "docx"],
)
def test_a_picture_that_would_fill_the_memory_is_never_unpacked(
    tmp_path: Path, name: str, make: Callable[[], bytes]
) -> None:
    content = make()
    check_content(name, content)
    found = read(tmp_path, name, content)
    assert found.document is not None
    assert found.document.text.strip() == "Peeling lasts five days."


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.pdf", lambda: pdf("secret"), "it is encrypted"),
        ("a.html", lambda: b"<div>" * 5000 + b"deep", "nested too deeply"),
        ("a.pdf", lambda: bomb_pdf(1800 * MB), ""),
        ("a.md", lambda: b"---\ntitle: &a [x]\nsources: !!python/object/apply:os.system [id]\n---\n\nText", "YAML"),
        (
            "a.md",
            lambda: b"---\na: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n---\n\nT",
            "wrong",
        ),
        ("a.txt", lambda: "é".encode("latin-1") * 9, "not UTF-8"),
    ],
    ids=["encrypted PDF", "deep HTML", "PDF bomb", "YAML with code", "YAML that grows", "another encoding"],
)
def test_what_cannot_be_read_is_a_problem_with_its_remedy(
    tmp_path: Path, name: str, content: Callable[[], bytes], what: str
) -> None:
    found = read(tmp_path, name, content())
    (problem,) = found.problems
    assert found.document is None
    assert what in problem.what
    assert problem.remedy


def test_a_text_that_grows_as_it_is_read_is_not_taken_in(tmp_path: Path) -> None:
    many = ", ".join(["*a"] * 2000)
    found = read(tmp_path, "a.md", f"---\ntitle: &a {'x' * 50_000}\nother_names: [{many}]\n---\n\nText.\n".encode())
    assert found.document is None
    assert found.problems[0].what == "it holds too much text"


def test_a_reader_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MAX_READ_S", 0.01)
    found = read(tmp_path, "a.md", b"# Text\n\nText.\n")
    assert found.document is None
    assert "took longer" in found.problems[0].what


@pytest.mark.parametrize(
    ("reader", "what"),
    [
        ("import os; os.abort()", "crashed the program that reads it"),
        ("raise MemoryError", "too much memory"),
        ("import resource, os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "took longer"),
    ],
)
def test_a_reader_that_ends_is_a_problem_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, what: str
) -> None:
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "__init__.py").touch()
    (tmp_path / "kb" / "apart.py").write_text(reader)
    monkeypatch.setattr(apart, "ROOT", tmp_path)
    assert what in read(tmp_path, "a.md", b"Text").problems[0].what
