"""The noun Place: where a document says what is looked up, with all that must be read beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from chatbot.citation import Citation
from kb.document import Document, Passage, Section
from kb.review import review_state


@dataclass(frozen=True, slots=True)
class Beside:
    """The section before or after a place, and the passages that dispute it: they are never shown apart."""

    section: Section
    caveats: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A passage, the quote of it that fits best, and what disputes its section.

    `start` and `end` are the quote's: `document.text[start:end]`, a sentence or a whole list; `marked` is the sentence
    or the item of it that fits best. One that `is_withheld` holds a dose or the like, which no patient is told.
    """

    passage: Passage
    start: int
    end: int
    marked: tuple[int, int]
    caveats: tuple[Passage, ...]
    is_withheld: bool
    before: Beside | None = None
    after: Beside | None = None

    @property
    def document(self) -> Document:
        return self.passage.document

    @property
    def quote(self) -> str:
        """The exact words."""
        return self.document.text[self.start : self.end]

    @property
    def citation(self) -> Citation:
        """The quote as an answer would cite it."""
        return Citation(1, self.passage, self.start, self.end)

    @property
    def is_staff_only(self) -> bool:
        return self.document.audience == "staff"

    @property
    def is_for_patients(self) -> bool:
        """Whether it may be said to a patient: what disputes it is said with it, and must be for patients as well."""
        return not self.is_withheld and all(d.audience == "patient" for d in self._documents)

    @property
    def _documents(self) -> list[Document]:
        return [self.document, *(caveat.document for caveat in self.caveats)]

    def to_json(self, today: date) -> dict[str, Any]:
        """The quote for a program of the staff's: exact, with its source and review, and what disputes it."""
        cited = self.citation.to_json()
        kept = ("document_id", "document_title", "section", "page", "quote", "start", "end", "source")
        document = self.document
        return {name: cited[name] for name in kept} | {
            "treatment": document.treatment,
            "review": review_state(document, today),
            "review_due": document.review_due.isoformat() if document.review_due else None,
            "staff_only": self.is_staff_only,
            "may_be_told_to_patients": self.is_for_patients,
            "disputed_by": [caveat.text for caveat in self.caveats],
        }
