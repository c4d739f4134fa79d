"""One file → its parts and its front matter, whatever its format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import mammoth
from bs4.dammit import EncodingDetector
from markdown_it import MarkdownIt

from kb.compose import Part
from kb.front_matter import FrontMatter, parse_front_matter, split_front_matter
from kb.read_html import page_title, read_html
from kb.read_pdf import read_pdf
from kb.read_text import read_text

STYLE_MAP = "p[style-name='Title'] => h1:fresh"  # mammoth knows Word's headings, but not its title
MAX_FILE_MB = 20
MAX_UNPACKED_MB = 200  # a DOCX is a zip file: what it holds may be far larger than itself


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds. `title` is the one that its format carries, if any."""

    parts: list[Part]
    front_matter: FrontMatter | None = None
    title: str = ""


class UnreadableError(Exception):
    """A file that cannot be used: what is wrong, and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


def sidecar(path: Path) -> Path:
    """Where the front matter of a file stands that cannot hold its own: `leaflet.pdf.yaml`."""
    return path.with_name(path.name + ".yaml")


def read(path: Path) -> Contents:
    """Read a file by its type. Raises UnreadableError, with the remedy, for one that cannot be used."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableError(f"files of type '{path.suffix}' are not read", f"Save it as one of {', '.join(READERS)}.")
    try:
        size = path.stat().st_size
        if size == 0:
            raise UnreadableError("the file is empty", "Write its text, or delete it.")
        if size > MAX_FILE_MB * 1_000_000:
            what = f"too large ({size / 1e6:.0f} MB; the limit is {MAX_FILE_MB} MB)"
            raise UnreadableError(what, "Split it into several files.")
        contents = reader(path)
        if sidecar(path).exists():
            contents = replace(contents, front_matter=parse_front_matter(_utf8(sidecar(path))))
    except OSError as error:
        raise UnreadableError(f"it cannot be opened ({error.strerror})", "Check the file's permissions.") from error
    except RecursionError as error:
        raise UnreadableError("its parts are nested too deeply", "Save it again with fewer nested parts.") from error
    except ValueError as error:
        raise UnreadableError(str(error), "Correct the front matter; kb/documents has examples.") from error
    return contents


def _read_markdown(path: Path) -> Contents:
    matter, text = split_front_matter(_utf8(path))
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return Contents(read_html(html), matter)


def _read_plain_text(path: Path) -> Contents:
    matter, text = split_front_matter(_utf8(path))
    return Contents(read_text(text), matter)


def _read_html_file(path: Path) -> Contents:
    data = path.read_bytes()
    declared = (EncodingDetector.find_declared_encoding(data, is_html=True) or "utf-8").lower()
    html = _decode(data, "windows-1252" if declared == "iso-8859-1" else declared)  # as every browser reads it
    return Contents(read_html(html), title=page_title(html))


def _read_docx(path: Path) -> Contents:
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked_mb = sum(entry.file_size for entry in archive.infolist()) / 1e6
        if unpacked_mb > MAX_UNPACKED_MB:
            raise UnreadableError(f"too large ({unpacked_mb:.0f} MB unpacked)", "Take the pictures out of it.")
        no_images = mammoth.images.img_element(_no_image)
        html = mammoth.convert_to_html(io.BytesIO(data), style_map=STYLE_MAP, convert_image=no_images).value
    except UnreadableError:
        raise
    except Exception as error:  # a damaged file makes the libraries raise errors of all kinds
        remedy = "Open it in Word and save it again as .docx, without a password."
        raise UnreadableError("not a readable Word file (damaged or encrypted?)", remedy) from error
    return Contents(read_html(html))


def _no_image(_: object) -> dict[str, str]:
    """Instead of a picture, whose bytes would otherwise stand in the HTML."""
    return {}


def _read_pdf(path: Path) -> Contents:
    try:
        return Contents(read_pdf(path))
    except OSError:
        raise
    except Exception as error:  # as above
        if "password" in repr(error).lower() or "encrypt" in repr(error).lower():
            raise UnreadableError("it is encrypted", "Save a copy without a password.") from error
        raise UnreadableError("not a readable PDF (damaged?)", "Open it and export it as PDF again.") from error


def _utf8(path: Path) -> str:
    return _decode(path.read_bytes(), "utf-8")


def _decode(data: bytes, encoding: str) -> str:
    """Text of a declared encoding; nothing is guessed, since a wrong guess would change what a document says."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    try:
        return data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding).replace("\r\n", "\n")
    except (UnicodeDecodeError, LookupError) as error:
        raise UnreadableError(f"its text is not {encoding.upper()} ({error})", "Save it as UTF-8.") from error


READERS: dict[str, Callable[[Path], Contents]] = {
    ".docx": _read_docx,
    ".htm": _read_html_file,
    ".html": _read_html_file,
    ".markdown": _read_markdown,
    ".md": _read_markdown,
    ".pdf": _read_pdf,
    ".txt": _read_plain_text,
}
