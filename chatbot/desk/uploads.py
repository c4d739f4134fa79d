"""What is uploaded, looked at before anything reads it: its name, its size, and whether it is what its name says."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from pathlib import PurePosixPath

from kb.read import MAX_FILE_MB, READERS, UnreadableError

MAX_NAME_BYTES = 120
MAX_UNPACKED = 100 * 10**6  # bytes; Word's own files are a few megabytes of XML
MAX_PARTS = 5000
MAX_RATIO = 200  # of a part to its packed size: text packs to a tenth, a bomb to a thousandth
BLOCK = 1 << 16
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # Windows gives them to devices
UNSAFE = re.compile(r'[<>:"/\\|?*]')
OLE = b"\xd0\xcf\x11\xe0"  # a Word file of before 2007, or one with a password
ZIP = b"PK\x03\x04"
PDF = b"%PDF-"
HTML = (".html", ".htm")
DECLARES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class UploadError(UnreadableError):
    """A file that is refused: what is wrong with it, and what to do."""

    def __str__(self) -> str:
        return f"{self.what[0].upper()}{self.what[1:]}. {self.remedy}"


def checked_name(name: str) -> str:
    """The name of an uploaded file, as it will stand in the library. Raises UploadError for one that cannot."""
    text = unicodedata.normalize("NFC", name)
    remedy = "Rename the file: letters, figures, spaces, hyphens and full stops, such as after-a-peel.pdf."
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in text):
        raise UploadError("its name has characters that cannot be seen", remedy)
    if UNSAFE.search(text) or text != text.strip() or text.startswith(".") or text.endswith("."):
        raise UploadError(f"“{text}” is no plain file name", remedy)
    if RESERVED.fullmatch(text):
        raise UploadError(f"“{text}” is a name that Windows keeps for itself", remedy)
    if len(text.encode()) > MAX_NAME_BYTES:
        raise UploadError(f"its name is longer than {MAX_NAME_BYTES} bytes", "Give it a shorter name.")
    suffix = PurePosixPath(text).suffix.lower()
    if suffix in (".docm", ".dotm", ".dotx", ".doc", ".rtf", ".odt"):
        what = "it may carry macros" if suffix.endswith("m") else f"files of type '{suffix}' are not read"
        raise UploadError(what, "Open it in Word and save it as a Word document (.docx).")
    if suffix not in READERS:
        raise UploadError(f"files of type '{suffix}' are not read", f"Save it as one of {', '.join(READERS)}.")
    return text


def check_content(name: str, content: bytes) -> None:
    """Raise UploadError for bytes that are too many, or not what the name says, or that hold what may do harm."""
    if not content:
        raise UploadError("the file is empty", "Write its text, and upload it again.")
    if len(content) > MAX_FILE_MB * 1_000_000:
        what = f"the file has {len(content) / 1e6:.1f} MB; the most is {MAX_FILE_MB} MB"
        raise UploadError(what, "Take the pictures out of it, or split it into several files.")
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".docx":
        _check_word(content)
    elif suffix == ".pdf":
        if PDF not in content[:1024]:
            raise UploadError("its name ends in .pdf, but it is no PDF", "Export it as PDF again.")
    elif content.startswith((OLE, ZIP, PDF)) or _is_binary(content):
        what = f"its name ends in {suffix}, but it is no text"
        raise UploadError(what, "Give it the ending of what it is (.pdf, .docx), or save it as text in UTF-8.")


def _is_binary(content: bytes) -> bool:
    return b"\0" in content and content[:2] not in (b"\xff\xfe", b"\xfe\xff")


def _check_word(content: bytes) -> None:
    again = "Open it in Word and save it again as a Word document (.docx), without a password."
    if content.startswith(OLE):
        raise UploadError("it has a password, or is of a Word from before 2007", again)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename.lower() for part in parts}
            if not {"[content_types].xml", "word/document.xml"} <= names:
                raise UploadError("its name ends in .docx, but it is no Word document", again)
            if any(name.rpartition("/")[2].startswith(("vbaproject", "vbadata")) for name in names):
                raise UploadError("it carries macros", "Save it as a Word document without macros (.docx).")
            _check_sizes(parts)
            for part in parts:
                _check_part(archive, part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise UploadError("it is no readable Word document (damaged or encrypted?)", again) from error


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    """By what the file says of itself, before anything is unpacked."""
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
        what = f"unpacked it would be too large ({len(parts)} parts, {unpacked / 1e6:.0f} MB)"
        raise UploadError(what, "Take the pictures out of it, or split it into several files.")
    if any(part.file_size > BLOCK * MAX_RATIO and part.file_size > MAX_RATIO * part.compress_size for part in parts):
        what = "a part of it is packed as no document is (a decompression bomb?)"
        raise UploadError(what, "Copy its text into a new Word document, and upload that.")


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpacked block by block and thrown away: no part may be larger than it says, or declare entities of its own."""
    name, before, unpacked = part.filename.lower(), b"", 0
    with archive.open(part) as file:
        while block := file.read(BLOCK):
            unpacked += len(block)
            if unpacked > part.file_size:
                raise UploadError("a part of it is larger than it says", "Save it again in Word.")
            plain = (before + block).replace(b"\0", b"")  # UTF-16 is read as well
            if name.endswith((".xml", ".rels")) and DECLARES.search(plain):
                what = "its XML declares entities or a document type, as Word never does"
                raise UploadError(what, "Copy its text into a new Word document, and upload that.")
            if name == "[content_types].xml" and b"macroenabled" in plain.lower():
                raise UploadError("it carries macros", "Save it as a Word document without macros (.docx).")
            before = block[-64:]
