"""Parts, as a reader of one format hands them over → the document's text and its sections with offsets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kb.document import Mark, Paragraph, Section

JOINERS = "\u200c\u200d"  # they are invisible, but tell one Persian or Hindi word from another
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
CAVEAT = re.compile(r"(?P<before>(?:.*[.!?]\s)?)(?:[^\s.!?:;]+:?\s+){0,5}caveats?\s*:", re.IGNORECASE)
BARE_CAVEAT = re.compile(r"caveats?\s*:", re.IGNORECASE)
QUESTIONS = re.compile(r"\s*questions?\s*:", re.IGNORECASE)
BETWEEN_QUESTIONS = re.compile(r"[·\n]")
FOOTNOTE = re.compile(r"\s*\[\^([\w.-]+)\]")


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, a paragraph, a list item, a caveat link or a list of questions, in reading order, before it has
    offsets.

    `level` is the depth of a heading (1 is the top) or of a list item (1 is the outermost). A caveat's
    text is the address of the section it points to; an empty one leads nowhere. The text of questions is as the
    author wrote it, "Questions:" first.
    """

    kind: Literal["heading", "text", "item", "caveat", "questions"]
    text: str
    level: int = 1
    page: int | None = None
    marker: str = "-"


@dataclass(frozen=True, slots=True)
class Composed:
    """A document's text, its sections, and its source marks.

    Caveats are not yet resolved to section ids, and an empty list of questions is still one empty question.
    """

    text: str
    sections: tuple[Section, ...]
    marks: tuple[Mark, ...]


def clean(text: str) -> str:
    """One line: composed Unicode (NFC), no invisible (but joiners) or control characters, single spaces."""
    text = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(word for word in text.split() if word.strip(JOINERS))


def caveats(text: str, links: Sequence[str]) -> tuple[str, Sequence[str]]:
    """(what the text says apart from a caveat, the addresses that the caveat links to).

    "Caveat:" and its links may end a text of other sentences, and a few words may stand before it ("Please note").
    A text that begins with "Caveat:" and links to nothing has one address, which is empty.
    """
    text = clean(text)
    if links and (found := CAVEAT.match(text)):
        return found["before"], links
    return ("", [""]) if BARE_CAVEAT.match(text) else (text, [])


def quoted_questions(text: str, links: Sequence[str]) -> Iterator[Part]:
    """The parts of a block quote that begins with "Questions:".

    Whatever it links to is a caveat: one that its author forgot to set apart is not lost.
    """
    own, *caveat = BARE_CAVEAT.split(text, maxsplit=1)
    yield Part("questions", own)
    yield from (Part("caveat", link) for link in links or [""] * len(caveat))


def questions_of(text: str) -> list[str]:
    """The questions in "Questions: … · …", one a line or between two "·"; a single empty one where there are none."""
    pieces = BETWEEN_QUESTIONS.split(QUESTIONS.sub("", text, count=1))
    return [question for question in map(clean, pieces) if question] or [""]


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading, so that links between documents also work there."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def compose(parts: Iterable[Part], document_id: str) -> Composed:
    """Join the parts into one text and note where each section and paragraph stands in it."""
    writer = _Writer(document_id)
    for part in parts:
        writer.add(part)
    return writer.composed()


@dataclass(slots=True)
class _Open:
    """A section while it is being written."""

    id: str
    headings: tuple[str, ...]
    start: int
    paragraphs: list[Paragraph] = field(default_factory=list)
    caveats: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def section(self) -> Section:
        start, end = self.start, self.start
        if self.paragraphs:
            start, end = self.paragraphs[0].start, self.paragraphs[-1].end
        caveats, questions = tuple(self.caveats), tuple(dict.fromkeys(self.questions))
        return Section(self.id, self.headings, start, end, tuple(self.paragraphs), caveats, questions)


class _Writer:
    """Appends parts to the text; each heading opens a section."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id
        self._pieces: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []
        self._sections: dict[str, _Open] = {}
        self._path: list[tuple[int, _Open]] = []
        self._after_item = False
        self._section = self._open()

    def add(self, part: Part) -> None:
        if part.kind == "caveat":
            self._section.caveats.append(part.text)
        elif part.kind == "questions":
            self._section.questions += questions_of(part.text)
        elif clean(FOOTNOTE.sub("", part.text)):
            self._write(part)

    def composed(self) -> Composed:
        untitled, *headed = [section.section() for section in self._sections.values()]
        sections = [untitled, *headed] if untitled.paragraphs else headed
        return Composed("".join(self._pieces), tuple(sections), tuple(self._marks))

    def _write(self, part: Part) -> None:
        is_item = part.kind == "item"
        if self._length:
            self._append("\n" if is_item and self._after_item else "\n\n")
        self._after_item = is_item
        start, first = self._length, len(self._pieces)
        if is_item:
            self._append("  " * (part.level - 1) + part.marker + " ")
        self._append_marked(part.text)
        if part.kind == "heading":
            self._path = [(level, section) for level, section in self._path if level < part.level]
            self._section = self._open("".join(self._pieces[first:]))
            self._path.append((part.level, self._section))
        else:
            self._section.paragraphs.append(Paragraph(start, self._length, is_item, part.page))

    def _append(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def _append_marked(self, text: str) -> None:
        """Append a part's text, its footnotes taken out and kept as marks."""
        begin = self._length
        for piece in re.split(r"((?:\s*\[\^[\w.-]+\])+)", text):
            if FOOTNOTE.match(piece):
                self._marks.append(Mark(self._length, tuple(FOOTNOTE.findall(piece))))
            elif words := clean(piece):
                glue = " " if self._length > begin and piece[0].isspace() else ""
                self._append(glue + words)

    def _open(self, *heading: str) -> _Open:
        """Open the section of the heading just written; a second one of the same name gets a number, as on GitHub.

        What disputes the section above disputes this one too.
        """
        above = self._path[-1][1] if self._path else None
        headings = (*above.headings, *heading) if above else heading
        first = f"{self._document_id}#{anchor(headings[-1]) if headings else 'top'}"
        section_id, number = first, 1
        while section_id in self._sections:
            section_id, number = f"{first}-{number}", number + 1
        caveats = list(above.caveats) if above else []
        self._sections[section_id] = _Open(section_id, headings, self._length, caveats=caveats)
        return self._sections[section_id]
