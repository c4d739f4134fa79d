"""The noun Citation: a numbered pointer from an answer to the passage that it quotes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from kb.document import Passage, Source


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered pointer to a passage: `document.text[start:end] == quote`.

    `about` is the treatment to name above the quote, where several may be meant.
    """

    number: int
    passage: Passage
    start: int
    end: int
    caveat: bool = False
    about: str | None = None

    @property
    def quote(self) -> str:
        return self.passage.document.text[self.start : self.end]

    @property
    def sources(self) -> list[Source]:
        """Where the quote's facts come from; a vendor comes last, since a dispute restates what it disputes."""
        return sorted(self.passage.document.sources_of(self.start, self.end), key=lambda s: s.kind == "vendor")

    def to_json(self) -> dict[str, Any]:
        """The citation as the answer object has it."""
        document = self.passage.document
        first, *others = self.sources
        return {
            "number": self.number,
            "passage_id": self.passage.id,
            "document_id": document.id,
            "document_title": document.title,
            "section": section_name(self.passage),
            "page": self.passage.page,
            "quote": self.quote,
            "start": self.start,
            "end": self.end,
            "source": {
                **asdict(first),
                "others": [asdict(source) for source in others],
                "reviewed_by": document.reviewed_by,
                "reviewed_on": document.reviewed_on.isoformat() if document.reviewed_on else None,
            },
            "caveat": self.caveat,
        }


def section_name(passage: Passage) -> str:
    """The headings below the document's title, top first."""
    below = [heading for heading in passage.section.headings if heading != passage.document.title]
    return " › ".join(below) or passage.document.title
