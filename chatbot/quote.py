"""Evidence → citations: which sentences are quoted, how far a quote reaches, and the caveats beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from chatbot.citation import Citation
from chatbot.verify import Evidence
from index.store import StoredIndex
from kb.claims import disputes, disputing_sections
from kb.document import Passage, Section

MAX_QUOTES = 4
MAX_SAME_COSINE = 0.9  # sentences closer than this, or with this share of letters in common, say the same
MAX_SAME_LETTERS = 85.0
POINTS = re.compile(
    r"\d+|\b(?:no|not|never|none|nor|without|cannot|avoid|stop|before|after|until|unless|one|two|three|four|five|six|seven"
    r"|eight|nine|ten|once|twice|half)\b|n't\b"
)


def quote(chosen: Sequence[Evidence], index: StoredIndex, is_open: bool) -> list[Citation]:
    """Quote what was chosen, in the documents' order, each quote with what disputes it.

    `is_open` says that any of several treatments may be meant. Quotes about more than one treatment are named, and so
    are all when any may be meant.
    """
    citations = _with_caveats(_spans(chosen, index), index)
    several = len({citation.passage.document.treatment for citation in citations if not citation.caveat}) > 1
    return _with_treatments(citations) if is_open or several else citations


def choose(evidence: Sequence[Evidence], most: int, per_treatment: int) -> list[Evidence]:
    """The first `most` sentences, `per_treatment` of each treatment at most, and none that repeats a better one.

    A list counts once, whichever of its items answer: it is quoted whole.
    """
    chosen: list[Evidence] = []
    for candidate in evidence:
        passage, treatment = candidate.passage, candidate.passage.document.treatment
        if passage.is_list and any(better.passage.id == passage.id for better in chosen):
            continue
        has_room = sum(e.passage.document.treatment == treatment for e in chosen) < per_treatment
        if has_room and not any(_says_the_same(candidate, better) for better in chosen):
            chosen.append(candidate)
        if len(chosen) == most:
            break
    return chosen


def _says_the_same(one: Evidence, other: Evidence) -> bool:
    first = one.passage.document.text[one.start : one.end]
    second = other.passage.document.text[other.start : other.end]
    treatments = {one.passage.document.treatment, other.passage.document.treatment} - {None}
    if len(treatments) > 1 or one.covers != other.covers or _points(first) != _points(second):
        return False  # "may" and "may not", 24 hours and 72 hours, lupus and asthma, stand in almost the same letters
    if one.passage.id != other.passage.id and float(one.vector @ other.vector) > MAX_SAME_COSINE:
        return True  # within a passage the vectors are alike because they share their surroundings
    return fuzz.ratio(first, second) > MAX_SAME_LETTERS


def _points(sentence: str) -> list[str]:
    """The figures and negations of a sentence, sorted: two sentences that differ in one say different things."""
    return sorted(POINTS.findall(sentence.lower().replace("’", "'")))


def _spans(chosen: Sequence[Evidence], index: StoredIndex) -> list[tuple[Passage, int, int]]:
    """What to quote, in the documents' order: sentences, neighbours joined; the whole list that an item belongs to;
    at the end the whole of a section that disputes another, since its parts restate what it disputes.

    A section that disputes another quote is left out: it is shown beside that. Of sections that dispute each other,
    each is quoted.
    """
    elsewhere = _shown_as_caveats(chosen, index)
    disputing = index.disputes | disputing_sections()
    order = {passage_id: position for position, passage_id in enumerate(index.passages.passages)}
    wanted: dict[tuple[bool, int, int, int], Passage] = {}
    for evidence in chosen:
        passage, section_id = evidence.passage, evidence.passage.section.id
        if section_id in elsewhere:
            continue
        if section_id in disputing:
            wanted |= {(True, order[part.id], part.start, part.end): part for part in passages_of(section_id, index)}
        else:
            wanted[False, order[passage.id], *_reach(evidence)] = passage
    spans: list[tuple[Passage, int, int]] = []
    for (_, _, start, end), passage in sorted(wanted.items(), key=lambda item: item[0]):
        if spans and spans[-1][0].id == passage.id and not passage.document.text[spans[-1][2] : start].strip():
            start = spans.pop()[1]
        spans.append((passage, start, end))
    return spans


def _shown_as_caveats(chosen: Sequence[Evidence], index: StoredIndex) -> set[str]:
    """The ids of the sections that dispute another quote without being disputed by it."""
    disputed_by: dict[str, set[str]] = {}
    for evidence in chosen:
        its = disputed_by.setdefault(evidence.passage.section.id, set())
        its |= {dispute.section.id for dispute in disputes_of(evidence.passage, *_reach(evidence), index)}
    return {
        dispute
        for disputed, its in disputed_by.items()
        for dispute in its
        if disputed not in disputed_by.get(dispute, set())
    }


def _reach(evidence: Evidence) -> tuple[int, int]:
    """(start, end) of what is quoted for it: a list is quoted whole."""
    passage = evidence.passage
    return (passage.start, passage.end) if passage.is_list else (evidence.start, evidence.end)


def _with_caveats(spans: Sequence[tuple[Passage, int, int]], index: StoredIndex) -> list[Citation]:
    """Number the quotes; after each come the sections that dispute it, each whole and once."""
    citations: list[Citation] = []
    cited: set[str] = set()
    for passage, start, end in spans:
        citations.append(Citation(len(citations) + 1, passage, start, end))
        new = [dispute for dispute in disputes_of(passage, start, end, index) if dispute.section.id not in cited]
        cited |= {dispute.section.id for dispute in new}
        for dispute in new:
            citations.append(Citation(len(citations) + 1, dispute, dispute.start, dispute.end, caveat=True))
    return citations


def disputes_of(passage: Passage, start: int, end: int, index: StoredIndex) -> list[Passage]:
    """The passages that dispute what is quoted of a passage: those of its section's caveats, then those of the claims
    that the quote, or one of these caveats, makes. No section comes twice.
    """
    linked = [part for section_id in caveats_of(passage.section, index) for part in passages_of(section_id, index)]
    sections = {part.section.id for part in linked}
    shown = [(passage.document, start, end), *((part.document, part.start, part.end) for part in linked)]
    claimed = {p.id: p for span in shown for p in disputes(*span) if p.section.id not in sections}
    return [*linked, *claimed.values()]


def caveats_of(section: Section, index: StoredIndex) -> list[str]:
    """The ids of the sections that dispute a section, then of those that dispute them."""
    found: list[str] = []
    waiting = list(section.caveats)
    while waiting:
        section_id = waiting.pop(0)
        if section_id != section.id and section_id not in found:
            found.append(section_id)
            waiting += passages_of(section_id, index)[0].section.caveats
    return found


def _with_treatments(citations: Sequence[Citation]) -> list[Citation]:
    """Name the treatment above each quote that is about another one than the quote before it."""
    named: list[Citation] = []
    before: str | None = None
    for citation in citations:
        about = before if citation.caveat else citation.passage.document.treatment or "any treatment"
        named.append(replace(citation, about=about) if about != before else citation)
        before = about
    return named


def passages_of(section_id: str, index: StoredIndex) -> list[Passage]:
    """The passages of a section. Raises LookupError when the index has none: a caveat must never be lost."""
    found = index.passages.of_section.get(section_id)
    if not found:
        raise LookupError(f"the index has no section {section_id}, which a caveat link points to")
    return found
