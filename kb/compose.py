"""Parts, as a reader of one format hands them over → the document's text and its sections with offsets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from kb.document import Mark, Paragraph, Section

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
FOOTNOTE = re.compile(r"\s*\[\^([\w.-]+)\]")


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, a paragraph, a list item or a caveat link, in reading order, before it has offsets.

    `level` is the depth of a heading (1 is the top) or of a list item (1 is the outermost). A caveat's
    text is the address of the section it points to.
    """

    kind: Literal["heading", "text", "item", "caveat"]
    text: str
    level: int = 1
    page: int | None = None
    marker: str = "-"


@dataclass(frozen=True, slots=True)
class Composed:
    """A document's text, its sections (caveats not yet resolved to section ids), and its source marks."""

    text: str
    sections: tuple[Section, ...]
    marks: tuple[Mark, ...]


def clean(text: str) -> str:
    """One line: compatible Unicode, no invisible or control characters, single spaces."""
    text = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(text.split())


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading, so that links between documents also work there."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def compose(parts: Iterable[Part], document_id: str) -> Composed:
    """Join the parts into one text and note where each section and paragraph stands in it."""
    writer = _Writer(document_id)
    for part in parts:
        writer.add(part)
    return writer.composed()


class _Writer:
    """Appends parts to the text; each heading opens a section."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id
        self._text = ""
        self._marks: list[Mark] = []
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._after_item = False
        self._open(start=0)

    def add(self, part: Part) -> None:
        if part.kind == "caveat":
            section = self._sections[-1]
            self._sections[-1] = replace(section, caveats=(*section.caveats, part.text))
        elif clean(FOOTNOTE.sub("", part.text)):
            self._write(part)

    def composed(self) -> Composed:
        untitled, *headed = self._sections
        sections = [untitled, *headed] if untitled.paragraphs else headed
        return Composed(self._text, tuple(sections), tuple(self._marks))

    def _write(self, part: Part) -> None:
        is_item = part.kind == "item"
        if self._text:
            self._text += "\n" if is_item and self._after_item else "\n\n"
        self._after_item = is_item
        start = len(self._text)
        if is_item:
            self._text += "  " * (part.level - 1) + part.marker + " "
        self._append_marked(part.text)
        if part.kind == "heading":
            self._path = [(level, text) for level, text in self._path if level < part.level]
            self._path.append((part.level, self._text[start:]))
            self._open(start=len(self._text))
        else:
            end = len(self._text)
            section = self._sections[-1]
            paragraphs = (*section.paragraphs, Paragraph(start, end, is_item, part.page))
            begin = start if not section.paragraphs else section.start
            self._sections[-1] = replace(section, start=begin, end=end, paragraphs=paragraphs)

    def _append_marked(self, text: str) -> None:
        """Append a part's text, its footnotes taken out and kept as marks."""
        begin = len(self._text)
        for piece in re.split(r"((?:\s*\[\^[\w.-]+\])+)", text):
            if FOOTNOTE.match(piece):
                self._marks.append(Mark(len(self._text), tuple(FOOTNOTE.findall(piece))))
            elif words := clean(piece):
                glue = " " if len(self._text) > begin and piece[0].isspace() else ""
                self._text += glue + words

    def _open(self, start: int) -> None:
        headings = tuple(text for _, text in self._path)
        slug = anchor(headings[-1]) if headings else "top"
        taken = {section.id for section in self._sections}
        section_id, number = f"{self._document_id}#{slug}", 1
        while section_id in taken:
            section_id, number = f"{self._document_id}#{slug}-{number}", number + 1
        self._sections.append(Section(section_id, headings, start, start, ()))
