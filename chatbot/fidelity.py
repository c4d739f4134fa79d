"""Fidelity: an answer says nothing of a treatment but what its quotes say. Checked on every answer, in code."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from chatbot.answer import Answer, abstain_from
from chatbot.citation import Citation
from chatbot.settings import Clinic

logger = logging.getLogger(__name__)

NO_DOCUMENT = re.compile(r"We have no document about [^\n]*?\.(?=\s|\Z)")
DISPUTE = "This is disputed: "
FAILED = "Our documents hold something on this, but the answer did not pass our own check, so it is not shown."


def faithful(answer: Answer, clinic: Clinic, never_quoted: Sequence[re.Pattern[str]]) -> Answer:
    """The answer itself; or an abstention and a logged error, when it says what its quotes do not, or when one of them
    holds what no patient is shown (a caveat may, and cannot be left out).
    """
    faults = unfaithful(answer, clinic)
    for citation in answer.citations:
        if any(pattern.search(citation.quote.lower()) for pattern in never_quoted):
            faults.append(f"passage {citation.passage.id} holds what is never quoted")
    if not faults:
        return answer
    logger.error("An answer of status %s was withheld: %s.", answer.status, "; ".join(faults))
    return abstain_from(answer.question, FAILED, clinic)


def unfaithful(answer: Answer, clinic: Clinic) -> list[str]:
    """What is wrong with an answer: what its text says of each citation must stand in the document, letter for letter,
    so that no figure, duration, unit or "not" can differ; our own words after the quotes hold no figures but the
    clinic's and the question's.
    """
    faults: list[str] = []
    rest = answer.text
    for citation in answer.citations:
        expected = f"{_expected(citation)} [{citation.number}]"
        if not rest.startswith(expected):
            return [f"the text differs from passage {citation.passage.id}"]
        rest = rest.removeprefix(expected).removeprefix("\n\n")
    if rest != answer.note:
        faults.append("something stands after the quotes that is not the note")
    note = NO_DOCUMENT.sub("", answer.note)  # names of treatments may have figures
    if foreign := _figures(note) - _figures(" ".join([answer.question, *_values(clinic)])):
        faults.append(f"the note has {len(foreign)} figures of its own")
    return faults


def _expected(citation: Citation) -> str:
    """What the text must say of a citation: our own words that name its treatment and a dispute, and the quote."""
    quoted = citation.passage.document.text[citation.start : citation.end]
    about = f"About {citation.about}:\n\n" if citation.about else ""
    return f"{about}{DISPUTE if citation.caveat else ''}{quoted}"


def _figures(text: str) -> set[str]:
    """Numbers; the 2 of CO2 is a name's."""
    return set(re.findall(r"(?<![^\W\d_])\d+", text))


def _values(clinic: Clinic) -> list[str]:
    return [str(value) for value in clinic.model_dump().values() if value]
