"""What no patient is shown of a document: doses, settings, verdicts, and claims that are never repeated."""

from __future__ import annotations

import re
from functools import lru_cache

from chatbot.scope import Keep
from kb.claims import claims_made, is_unrepeatable
from kb.document import Document, Passage, Section
from kb.split import sentences_of

Piece = tuple[int, int, bool]  # document.text[start:end], and whether it is withheld


@lru_cache(maxsize=65536)  # the same sentences are looked at for every question
def is_withheld(document: Document, start: int, end: int, patterns: tuple[re.Pattern[str], ...]) -> bool:
    """Whether `document.text[start:end]` has one of the patterns, or makes a claim that is never repeated."""
    said = document.text[start:end].lower()
    return any(pattern.search(said) for pattern in patterns) or is_unrepeatable(document, start, end)


def may_be_shown(is_about: Keep, patterns: tuple[re.Pattern[str], ...]) -> Keep:
    """Of the spans that are about what is asked, those that a patient may be shown at all."""

    def keep(passage: Passage, start: int, end: int) -> bool:
        return is_about(passage, start, end) and not is_withheld(passage.document, start, end, patterns)

    return keep


def pieces_of(document: Document, section: Section, patterns: tuple[re.Pattern[str], ...]) -> list[Piece]:
    """The sentences and list items of a section, each with whether it is withheld where its disputes are not shown.

    A list whose lead-in is withheld is withheld with it, and so is what the section holds outside its paragraphs.
    """
    pieces: list[Piece] = []
    reached, lead_in = section.start, False
    for paragraph in section.paragraphs:
        pieces += _outside(document.text, reached, paragraph.start)
        reached = paragraph.end
        spans = [(paragraph.start, paragraph.end)] if paragraph.is_item else sentences_of(document.text, paragraph)
        for start, end in spans:
            withheld = is_withheld(document, start, end, patterns) or bool(claims_made(document, start, end))
            pieces.append((start, end, withheld or (paragraph.is_item and lead_in)))
        if not paragraph.is_item:
            lead_in = pieces[-1][2] if spans else False
    return [*pieces, *_outside(document.text, reached, section.end)]


def _outside(text: str, start: int, end: int) -> list[Piece]:
    """What stands between two paragraphs, without the blanks around it."""
    bare = text[start:end].strip()
    first = start + text[start:end].find(bare)
    return [(first, first + len(bare), True)] if bare else []
