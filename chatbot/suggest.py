"""What to ask next: headings of the documents, as questions."""

from __future__ import annotations

from collections.abc import Sequence

from kb.document import Passage, Section

MAX_SUGGESTIONS = 3


def neighbours(passages: Sequence[Passage]) -> tuple[str, ...]:
    """Headings beside the quoted ones, as what to ask next."""
    shown = {passage.section.id for passage in passages}
    around: list[tuple[Section, Passage]] = []
    for passage in passages:
        sections = list(passage.document.sections)
        position = next(i for i, section in enumerate(sections) if section.id == passage.section.id)
        near = sorted(range(len(sections)), key=lambda i: abs(i - position))
        around += [(sections[i], passage) for i in near if sections[i].id not in shown and sections[i].paragraphs]
    named = (suggestion(section, passage.document.treatment) for section, passage in around if section.headings)
    return tuple(dict.fromkeys(named))[:MAX_SUGGESTIONS]


def nearby(passages: Sequence[Passage]) -> tuple[str, ...]:
    """The headings of these passages, best first: what the documents do cover."""
    named = (
        suggestion(passage.section, passage.document.treatment) for passage in passages if passage.section.headings
    )
    return tuple(dict.fromkeys(named))[:MAX_SUGGESTIONS]


def suggestion(section: Section, treatment: str | None) -> str:
    """A section's heading as a question: it names its treatment, so that it asks the same wherever it is asked."""
    heading = section.headings[-1]
    if not treatment or treatment.lower() in heading.lower():
        return heading
    return f"{treatment}: {heading}"
