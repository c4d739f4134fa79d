"""The noun Answer, and how one is put together: exact quotes, and no clinical word of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chatbot.citation import Citation
from chatbot.question import Question
from chatbot.quote import quote
from chatbot.scope import Scope
from chatbot.settings import Clinic
from chatbot.suggest import nearby, neighbours
from chatbot.triage import Triage
from chatbot.verify import Verdict
from index.store import StoredIndex

Status = Literal["answered", "referred", "abstained", "urgent", "smalltalk"]
Urgency = Literal["emergency", "same_day", "soon"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person gets. `confidence` is the probability that the documents answer the question.

    `note` is what the text says after the quotes in words of our own; it is part of the text.
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


def smalltalk(question: Question, said: Triage) -> Answer:
    """A short courtesy."""
    return Answer(question.text, "smalltalk", said.reply, confidence=0.0)


def answer(question: Question, verdict: Verdict, index: StoredIndex, scope: Scope) -> Answer:
    """Quote the evidence, in the documents' order, each quote with the caveats of its section."""
    is_open = not scope.is_named and len(index.covered) > 1  # any of several treatments may be meant
    citations = quote(verdict.evidence, index, is_open)
    note = f"{_nothing_about(scope)}." if scope.missing else ""
    return Answer(
        question=question.text,
        status="answered",
        text=_text(citations, note),
        note=note,
        confidence=verdict.probability,
        citations=tuple(citations),
        suggestions=neighbours([citation.passage for citation in citations if not citation.caveat]),
    )


def abstain(question: Question, verdict: Verdict, scope: Scope, clinic: Clinic) -> Answer:
    """Say that the documents do not answer, what is missing, what they do cover, and how to reach the clinic."""
    if scope.missing and not scope.covered:
        missing = _nothing_about(scope)
    elif not verdict.evidence and not verdict.unknown:
        missing = "Please say a little more: which treatment, and what about it, such as make-up, pain or pregnancy"
    elif verdict.unknown:
        missing = f"Our documents do not answer that: they say nothing about {_listed(verdict.unknown, quoted=True)}"
    else:
        missing = "Our documents do not answer that, although they mention some of its words"
    return Answer(
        question=question.text,
        status="abstained",
        text=f"{missing}. {how_to_reach(clinic)}",
        confidence=verdict.probability,
        suggestions=nearby([evidence.passage for evidence in verdict.evidence]),
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


def _text(citations: Sequence[Citation], note: str) -> str:
    """The quotes, each with its number, and with its treatment where that is in doubt; then the note."""
    lines: list[str] = []
    for citation in citations:
        if citation.about:
            lines.append(f"About {citation.about}:")
        dispute = "This is disputed: " if citation.caveat else ""
        lines.append(f"{dispute}{citation.quote} [{citation.number}]")
    return "\n\n".join([*lines, note] if note else lines)


def _nothing_about(scope: Scope) -> str:
    return f"We have no document about {_listed(sorted(scope.missing))}"


def _listed(names: Sequence[str], quoted: bool = False) -> str:
    shown = [f"“{name}”" if quoted else name for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
