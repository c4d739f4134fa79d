"""The noun Answer, and how one is put together: exact quotes, and no clinical word of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from chatbot.citation import Citation
from chatbot.desk.curated_match import CuratedMatch
from chatbot.question import Question
from chatbot.quote import MAX_QUOTES, choose, quote
from chatbot.repeated import repeated
from chatbot.rules import Urgency
from chatbot.scope import Scope
from chatbot.settings import PLACEHOLDER, Clinic, fill
from chatbot.suggest import nearby, neighbours
from chatbot.triage import Triage
from chatbot.verify import Evidence, Verdict
from index.store import StoredIndex
from index.terms import key_terms

NOT_JUDGED = "This page cannot judge your own skin."
ASKS_DAY = "How long ago was your treatment? What to look for depends on it."
MAX_OF_PART = 2  # quotes for each part of a question that asks several things
DAYS_TO_CHOOSE = ("today or yesterday", "3 days ago", "6 days ago", "2 weeks ago")

Status = Literal["answered", "referred", "abstained", "urgent", "smalltalk"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person gets. `confidence` is the probability that the documents, or what the clinic has answered itself,
    answer the question; `matches` are those answers of the clinic that are cited.

    `note` is what the text says after the quotes in words of our own; it is part of the text. `rule` is the triage rule
    that led to the answer, for the records and for staff. `asks_day` says that the text asks how long ago the treatment
    was.
    """

    question: str
    status: Status
    text: str
    confidence: float
    urgency: Urgency | None = None
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    contact: Clinic | None = None
    note: str = ""
    rule: str | None = None
    asks_day: bool = False
    matches: tuple[CuratedMatch, ...] = ()

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
            "contact": self.contact.filled_in if self.contact else None,
        }


def smalltalk(question: Question, said: Triage) -> Answer:
    """A short courtesy."""
    return Answer(question.text, "smalltalk", said.reply, confidence=0.0)


def answer(
    question: Question,
    said: Triage,
    verdicts: Sequence[Verdict],
    index: StoredIndex,
    scope: Scope,
    clinic: Clinic,
    matches: Sequence[CuratedMatch] = (),
) -> Answer:
    """Quote what answers each part of a question, and name the parts that the documents do not answer.

    The clinic's own answers come first; `verdicts` are on the parts that none of them answers.
    """
    is_open = not scope.is_named and len(index.covered) > 1  # any of several treatments may be meant
    chosen = _chosen([verdict for verdict in verdicts if verdict.is_answered], is_open)
    own = [cited(one, number) for number, one in enumerate(matches, start=1)]
    quoted = [replace(one, number=one.number + len(own)) for one in quote(chosen, index, is_open)]
    citations = [*own, *quoted]
    notes = [f"{nothing_about(scope)}."] if scope.missing and verdicts else []
    if missing := [verdict.question for verdict in verdicts if not verdict.is_answered]:
        notes.append(f"Our documents do not answer {listed(missing, quoted=True)}. {how_to_reach(clinic)}")
    notes += _watch(said, clinic)
    confidence = max([*(verdict.probability for verdict in verdicts), *(one.probability for one in matches)])
    given = with_quotes(question, "answered", confidence, citations, "\n\n".join(notes), None, said.rule)
    given = replace(given, matches=tuple(matches))
    suggested = days_to_choose(question) if said.asks_day else given.suggestions
    treatments = list(dict.fromkeys(evidence.passage.document.treatment for evidence in chosen))
    if is_open and len(treatments) > 1 and not said.asks_day:
        suggested = tuple(f"{treatment}: {question.text}" for treatment in treatments if treatment)
    return replace(given, suggestions=suggested, asks_day=said.asks_day)


def _chosen(answered: Sequence[Verdict], is_open: bool) -> list[Evidence]:
    """The shortest set of sentences that answers every part; of each treatment one, where any may be meant."""
    most = MAX_QUOTES if len(answered) == 1 else MAX_OF_PART
    every = [choose(verdict.answering, most, 1 if is_open else most) for verdict in answered]
    return [evidence for part in every for evidence in part]


def with_quotes(
    question: Question,
    status: Status,
    confidence: float,
    citations: Sequence[Citation],
    note: str,
    contact: Clinic | None,
    rule: str | None,
) -> Answer:
    """An answer of quotes with the note after them."""
    return Answer(
        question=question.text,
        status=status,
        text=_text(citations, note),
        note=note,
        confidence=confidence,
        citations=tuple(citations),
        suggestions=neighbours([citation.passage for citation in citations if not citation.caveat]),
        contact=contact,
        rule=rule,
    )


def cited(match: CuratedMatch, number: int) -> Citation:
    """The citation of one of the clinic's own answers: all of its text."""
    passage = match.version.passage
    return Citation(number, passage, passage.start, passage.end)


def refuse(question: Question, said: Triage, clinic: Clinic) -> Answer:
    """Say why this is never answered here, whatever the documents say, and who can."""
    text = f"{said.reply} {how_to_reach(clinic)}"
    return Answer(question.text, "abstained", text, confidence=0.0, contact=clinic, rule=said.rule)


def abstain(question: Question, said: Triage, verdicts: Sequence[Verdict], scope: Scope, clinic: Clinic) -> Answer:
    """Say that the documents do not answer, what is missing, what they do cover, and how to reach the clinic."""
    unknown = list(dict.fromkeys(word for verdict in verdicts for word in verdict.unknown))
    nearest = [evidence.passage for verdict in verdicts for evidence in verdict.evidence]
    if scope.missing and not scope.covered:
        missing = nothing_about(scope)
    elif not any(key_terms(verdict.question) for verdict in verdicts):
        missing = "Please say a little more: which treatment, and what about it, such as make-up, pain or pregnancy"
    elif unknown:
        missing = f"Our documents do not answer that: they say nothing about {listed(unknown, quoted=True)}"
    else:
        missing = "Our documents do not answer that, although they mention some of its words"
    return Answer(
        question=question.text,
        status="abstained",
        text="\n\n".join([f"{missing}. {how_to_reach(clinic)}", *_watch(said, clinic)]),
        confidence=max(verdict.probability for verdict in verdicts),
        suggestions=days_to_choose(question) if said.asks_day else nearby(nearest),
        contact=clinic,
        rule=said.rule,
        asks_day=said.asks_day,
    )


def days_to_choose(question: Question) -> tuple[str, ...]:
    """The question again with each choice of days: whoever picks one need not type it anew."""
    return tuple(f"{question.text} ({day})" for day in DAYS_TO_CHOOSE)


def _watch(said: Triage, clinic: Clinic) -> list[str]:
    """For a sign that may become urgent: that nobody has judged it, when to call, and the question about the day."""
    if said.watch is None:
        return []
    lines = [f"{NOT_JUDGED} {fill(said.watch.note, clinic)}"]
    return [*lines, ASKS_DAY] if said.asks_day else lines


def abstain_from(text: str, reason: str, clinic: Clinic) -> Answer:
    """Abstain from what is no question, with the reason."""
    return Answer(text, "abstained", f"{reason} {how_to_reach(clinic)}", confidence=0.0, contact=clinic)


def how_to_reach(clinic: Clinic) -> str:
    """A sentence that tells how to reach the clinic."""
    name = "the clinic" if clinic.name == PLACEHOLDER else clinic.name
    ways = [f"call {clinic.phone}"] if clinic.phone != PLACEHOLDER else []
    ways += [f"write to {clinic.email}"] if clinic.email else []
    hours = f" ({clinic.hours})" if clinic.hours else ""
    return f"Please ask {name}{': ' if ways else ''}{' or '.join(ways)}{hours}."


def _text(citations: Sequence[Citation], note: str) -> str:
    """The quotes, each with its number, and with its treatment where that is in doubt; then the note."""
    lines: list[str] = []
    for citation in citations:
        if citation.about:
            lines.append(f"About {citation.about}:")
        dispute = "This is disputed: " if citation.caveat else ""
        lines.append(f"{dispute}{citation.quote} [{citation.number}]")
    return "\n\n".join([*lines, note] if note else lines)


def nothing_about(scope: Scope) -> str:
    """That there is no document about what the question names."""
    return f"We have no document about {listed(sorted(scope.missing))}"


def listed(names: Sequence[str], quoted: bool = False) -> str:
    """One name; two with "or"; more with commas and "or". Of names as somebody typed them the words alone are said."""
    said = map(repeated, names)
    shown = [f"“{name}”" if quoted else name for name in said]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
