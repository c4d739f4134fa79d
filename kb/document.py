"""The nouns of the knowledge base: Document, Section, Paragraph, Passage, Source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

SourceKind = Literal["clinic", "vendor", "clinical"]
Audience = Literal["patient", "staff"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from. `kind` is None where the document does not say."""

    name: str
    address: str | None = None
    kind: SourceKind | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The sources of the sentence that ends at offset `end` of a document's text."""

    end: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, a list item or a table row: `document.text[start:end]`."""

    start: int
    end: int
    is_item: bool = False
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of a document.

    `headings` is the path from the top heading down; it is empty for text before the first heading.
    `caveats` are the ids of the sections that dispute this one: it is never shown without them. `questions` are
    those that its author says it answers; they are no part of the text.
    """

    id: str
    headings: tuple[str, ...]
    start: int
    end: int
    paragraphs: tuple[Paragraph, ...]
    caveats: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One treatment text, as loaded: every offset in the program points into `text`.

    `treatment` is None for a document that applies to every treatment. `reviewed_by` is None until a
    clinician has signed the text.
    """

    id: str
    title: str
    path: str
    text: str
    sections: tuple[Section, ...]
    treatment: str | None = None
    other_names: tuple[str, ...] = ()
    audience: Audience = "patient"
    sources: tuple[tuple[str, Source], ...] = ()
    marks: tuple[Mark, ...] = ()
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    review_due: date | None = None

    def __hash__(self) -> int:  # the one that dataclass makes reads all of the text's sections each time
        return hash(self.id)

    def sources_of(self, start: int, end: int) -> list[Source]:
        """The sources of `text[start:end]`, first named first.

        Where sentences carry sources of their own, one without is the document's own advice; where none does,
        the sources are those of the whole document.
        """
        known = dict(self.sources)
        keys = [key for mark in self.marks if start < mark.end <= end for key in mark.sources]
        named = [known[key] for key in dict.fromkeys(keys or ([] if self.marks else known))]
        return named or [Source(name=self.title, address=self.path)]


@dataclass(frozen=True, slots=True)
class Passage:
    """What is embedded, found and quoted: whole sentences or a whole list of one section.

    `sentences` are the offsets (start, end) in the document's text of each sentence and each list item.
    A passage with `is_list` is quoted whole or not at all.
    """

    id: str
    document: Document
    section: Section
    start: int
    end: int
    sentences: tuple[tuple[int, int], ...]
    is_list: bool = False
    page: int | None = None

    @property
    def text(self) -> str:
        """The exact text, `document.text[start:end]`."""
        return self.document.text[self.start : self.end]

    @property
    def headings(self) -> tuple[str, ...]:
        """The path of headings, the document's title first."""
        path = self.section.headings
        return path if path[:1] == (self.document.title,) else (self.document.title, *path)

    @property
    def context(self) -> str:
        """What is embedded and searched: the headings say what a passage is about, the quote stays pure."""
        return "\n".join([*self.headings, self.text])


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file of the knowledge base, and what to do about it."""

    path: str
    what: str
    remedy: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.what}. {self.remedy}"
