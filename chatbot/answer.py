"""The nouns Citation and Answer, and how an answer is put together from evidence: exact quotes, no new words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from rapidfuzz import fuzz

from chatbot.question import Question
from chatbot.scope import Scope
from chatbot.settings import Clinic
from chatbot.triage import Triage
from chatbot.verify import Evidence, Verdict
from index.store import StoredIndex
from kb.document import Passage, Section

Status = Literal["answered", "referred", "abstained", "urgent", "smalltalk"]
Urgency = Literal["emergency", "same_day", "soon"]

MAX_QUOTES = 4
MIN_RELATIVE_SCORE = 0.9  # a sentence that scores less than this share of the best one is beside the point ...
MIN_PART_SCORE = 0.6  # ... unless it alone speaks of a part of the question; then this share is enough
MAX_SAME_COSINE = 0.9  # sentences closer than this, or with this share of letters in common, say the same
MAX_SAME_LETTERS = 85.0
MAX_SUGGESTIONS = 3


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

    def to_json(self) -> dict[str, Any]:
        """The citation as the answer object has it."""
        document = self.passage.document
        first, *others = document.sources_of(self.start, self.end)
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person gets. `confidence` is the probability that the documents answer the question."""

    question: str
    status: Status
    text: str
    confidence: float
    urgency: Urgency | None = None
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    contact: Clinic | None = field(default=None)

    def to_json(self) -> dict[str, Any]:
        """The answer object, which other programs rely on."""
        return {
            "question": self.question,
            "status": self.status,
            "urgency": self.urgency,
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "citations": [citation.to_json() for citation in self.citations],
            "suggestions": list(self.suggestions),
            "contact": self.contact.model_dump(exclude_none=True) if self.contact else None,
        }


def section_name(passage: Passage) -> str:
    """The headings below the document's title, top first."""
    below = [heading for heading in passage.section.headings if heading != passage.document.title]
    return " › ".join(below) or passage.document.title


def smalltalk(question: Question, said: Triage) -> Answer:
    """A short courtesy."""
    return Answer(question.text, "smalltalk", said.reply, confidence=0.0)


def answer(question: Question, verdict: Verdict, index: StoredIndex, scope: Scope) -> Answer:
    """Quote the evidence, in the documents' order, each quote with the caveats of its section."""
    is_open = not scope.is_named and len(index.covered) > 1  # any of several treatments may be meant
    chosen = _choose(verdict.evidence, per_treatment=1 if is_open else MAX_QUOTES)
    citations = _with_caveats(_spans(chosen, index), index)
    if is_open:
        citations = _with_treatments(citations)
    return Answer(
        question=question.text,
        status="answered",
        text=_text(citations),
        confidence=verdict.probability,
        citations=tuple(citations),
        suggestions=_neighbours([evidence.passage for evidence in chosen]),
    )


def abstain(question: Question, verdict: Verdict, scope: Scope, clinic: Clinic) -> Answer:
    """Say that the documents do not answer, what is missing, what they do cover, and how to reach the clinic."""
    if scope.missing and not scope.covered:
        missing = f"Our documents have nothing about {_listed(sorted(scope.missing))}"
    elif verdict.unknown:
        missing = f"Our documents do not answer that: they say nothing about {_listed(verdict.unknown, quoted=True)}"
    else:
        missing = "Our documents do not answer that, although they mention some of its words"
    return Answer(
        question=question.text,
        status="abstained",
        text=f"{missing}. {how_to_reach(clinic)}",
        confidence=verdict.probability,
        suggestions=_nearby(verdict),
        contact=clinic,
    )


def abstain_from(text: str, reason: str, clinic: Clinic) -> Answer:
    """Abstain from what is no question, with the reason."""
    return Answer(text, "abstained", f"{reason} {how_to_reach(clinic)}", confidence=0.0, contact=clinic)


def how_to_reach(clinic: Clinic) -> str:
    """A sentence that tells how to reach the clinic."""
    ways = [f"call {clinic.phone}"]
    ways += [f"write to {clinic.email}"] if clinic.email else []
    hours = f" ({clinic.hours})" if clinic.hours else ""
    return f"Please ask {clinic.name}: {' or '.join(ways)}{hours}."


def _choose(evidence: Sequence[Evidence], per_treatment: int) -> list[Evidence]:
    """The best sentences, and those that alone speak of a part of the question; none that repeats a better one."""
    chosen: list[Evidence] = []
    covered: set[str] = set()
    for candidate in evidence:
        min_share = MIN_PART_SCORE if candidate.covers - covered else MIN_RELATIVE_SCORE
        is_good = candidate.score >= min_share * evidence[0].score
        treatment = candidate.passage.document.treatment
        has_room = sum(e.passage.document.treatment == treatment for e in chosen) < per_treatment
        if is_good and has_room and not any(_says_the_same(candidate, better) for better in chosen):
            chosen.append(candidate)
            covered |= candidate.covers
        if len(chosen) == MAX_QUOTES:
            break
    return chosen


def _says_the_same(one: Evidence, other: Evidence) -> bool:
    if one.passage.id != other.passage.id and float(one.vector @ other.vector) > MAX_SAME_COSINE:
        return True  # within a passage the vectors are alike because they share their surroundings
    first = one.passage.document.text[one.start : one.end]
    second = other.passage.document.text[other.start : other.end]
    return fuzz.ratio(first, second) > MAX_SAME_LETTERS


def _spans(chosen: Sequence[Evidence], index: StoredIndex) -> list[tuple[Passage, int, int]]:
    """What to quote, in the documents' order: sentences, neighbours joined; the whole list that an item belongs to;
    the whole of a section that disputes another, since its parts restate what it disputes.

    A section that is a caveat of another quote is left out: the caveat shows it. Of sections that dispute each other,
    each is quoted.
    """
    caveats = {evidence.passage.section.id: _caveats(evidence.passage.section, index) for evidence in chosen}
    shown_as_caveats = {c for disputed, its in caveats.items() for c in its if disputed not in caveats.get(c, [])}
    order = {passage_id: position for position, passage_id in enumerate(index.passages.passages)}
    wanted: dict[tuple[int, int, int], Passage] = {}
    for evidence in chosen:
        passage, section_id = evidence.passage, evidence.passage.section.id
        if section_id in index.disputes and section_id not in shown_as_caveats:
            wanted |= {(order[part.id], part.start, part.end): part for part in _passages_of(section_id, index)}
        elif section_id not in shown_as_caveats:
            start, end = (passage.start, passage.end) if passage.is_list else (evidence.start, evidence.end)
            wanted[order[passage.id], start, end] = passage
    spans: list[tuple[Passage, int, int]] = []
    for (_, start, end), passage in sorted(wanted.items(), key=lambda item: item[0]):
        if spans and spans[-1][0].id == passage.id and not passage.document.text[spans[-1][2] : start].strip():
            start = spans.pop()[1]
        spans.append((passage, start, end))
    return spans


def _with_caveats(spans: Sequence[tuple[Passage, int, int]], index: StoredIndex) -> list[Citation]:
    """Number the quotes; after each come the sections that dispute it, each whole and once."""
    citations: list[Citation] = []
    cited: set[str] = set()
    for passage, start, end in spans:
        citations.append(Citation(len(citations) + 1, passage, start, end))
        for section_id in _caveats(passage.section, index):
            if section_id not in cited:
                cited.add(section_id)
                for dispute in _passages_of(section_id, index):
                    citations.append(Citation(len(citations) + 1, dispute, dispute.start, dispute.end, caveat=True))
    return citations


def _caveats(section: Section, index: StoredIndex) -> list[str]:
    """The ids of the sections that dispute a section, then of those that dispute them."""
    found: list[str] = []
    waiting = list(section.caveats)
    while waiting:
        section_id = waiting.pop(0)
        if section_id != section.id and section_id not in found:
            found.append(section_id)
            waiting += _passages_of(section_id, index)[0].section.caveats
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


def _passages_of(section_id: str, index: StoredIndex) -> list[Passage]:
    found = [passage for passage in index.passages.passages.values() if passage.section.id == section_id]
    if not found:
        raise LookupError(f"the index has no section {section_id}, which a caveat link points to")
    return found


def _text(citations: Sequence[Citation]) -> str:
    """The quotes as text, each with its number; the treatment it is about where that is in doubt."""
    lines: list[str] = []
    for citation in citations:
        if citation.about:
            lines.append(f"About {citation.about}:")
        dispute = "But clinical sources dispute this: " if citation.caveat else ""
        lines.append(f"{dispute}{citation.quote} [{citation.number}]")
    return "\n\n".join(lines)


def _neighbours(passages: Sequence[Passage]) -> tuple[str, ...]:
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


def _nearby(verdict: Verdict) -> tuple[str, ...]:
    """What the documents do cover nearby: the sections of the nearest evidence."""
    passages = [evidence.passage for evidence in verdict.evidence if evidence.passage.section.headings]
    named = (suggestion(passage.section, passage.document.treatment) for passage in passages)
    return tuple(dict.fromkeys(named))[:MAX_SUGGESTIONS]


def suggestion(section: Section, treatment: str | None) -> str:
    """A section's heading as a question: it names its treatment, so that it asks the same wherever it is asked."""
    heading = section.headings[-1]
    if not treatment or treatment.lower() in heading.lower():
        return heading
    return f"{treatment}: {heading}"


def _listed(names: Sequence[str], quoted: bool = False) -> str:
    shown = [f"“{name}”" if quoted else name for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
