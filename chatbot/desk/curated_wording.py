"""The nouns of curated answers: Wording, what an editor writes; Version, a wording as it was saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from kb.document import Audience, Document, Paragraph, Passage, Section, Source

TITLE = "The clinic's answer"
PREFIX = "curated:"  # of the ids of their documents

State = Literal["draft", "approved", "retired"]


@dataclass(frozen=True, slots=True)
class Wording:
    """What an editor writes: questions that mean the same, and the one text that answers them.

    Without a treatment it answers for all of them. `source` says in free words where the facts come from, `address` is
    its page on the web, if any.
    """

    questions: tuple[str, ...]
    text: str
    treatment: str | None
    audience: Audience
    owner: str
    review_due: date
    source: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A wording as it was saved, 1 for the first. Times are in UTC, without saying so."""

    id: str
    number: int
    wording: Wording
    written_by: str
    written_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None

    @property
    def passage(self) -> Passage:
        """The text as a passage of a document of its own, under the first of its questions: it is cited as any other.

        Its id names the version; that of its document does not.
        """
        wording = self.wording
        text, document_id = wording.text, f"{PREFIX}{self.id}"
        lines = _lines(text)
        section = Section(f"{document_id}#answer", wording.questions[:1], 0, len(text), lines)
        document = Document(
            id=document_id,
            title=TITLE,
            path=document_id,
            text=text,
            sections=(section,),
            treatment=wording.treatment,
            audience=wording.audience,
            sources=(("source", Source(wording.source, wording.address, "clinic")),),
            reviewed_by=self.approved_by,
            reviewed_on=self.approved_at.date() if self.approved_at else None,
            review_due=wording.review_due,
        )
        spans = tuple((line.start, line.end) for line in lines)
        return Passage(f"{document_id}#{self.number}", document, section, 0, len(text), spans)


def _lines(text: str) -> tuple[Paragraph, ...]:
    """The lines that say something, each a paragraph; one that begins with a dash is an item of a list."""
    lines: list[Paragraph] = []
    start = 0
    for line in text.split("\n"):
        if line.strip():
            lines.append(Paragraph(start, start + len(line), is_item=line.startswith("- ")))
        start += len(line) + 1
    return tuple(lines)


def curated_id(document_id: str) -> str | None:
    """The id of the curated answer that a document is made of; None for a document of the folder."""
    return document_id.removeprefix(PREFIX) if document_id.startswith(PREFIX) else None
