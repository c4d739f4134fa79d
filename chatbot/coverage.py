"""Which of the topics that patients ask about do the documents answer, for each treatment?

The questions of topics.yaml are put to the gate that answers patients. Nothing is triaged: whether the documents say
anything of pregnancy is asked here, and not whether this person may be treated.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chatbot.bot import Bot, find
from chatbot.citation import section_name
from chatbot.question import Question
from index.build import Progress, silent
from index.store import StoredIndex
from kb.document import Passage

TOPICS = Path(__file__).with_name("topics.yaml")
GAP = "{treatment}"
REMEDY = f"A topic is a name and, below it, a list of questions with {GAP} in each, as in the file that came with it."

COVERED, MISSING = "●", "·"
MAX_NAME = 34  # characters of a topic's name on one line of the table
COLUMN = 3  # characters of a treatment's column, for numbers up to 99 and a blank; a wider number widens them all


class TopicsError(Exception):
    """The file of topics cannot be used; the message names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What patients ask about, and the questions that ask it, each with a gap for the treatment."""

    name: str
    questions: tuple[str, ...]

    def asked_of(self, treatment: str) -> list[str]:
        """The questions about one treatment."""
        return [question.replace(GAP, treatment) for question in self.questions]


@dataclass(frozen=True, slots=True)
class Put:
    """A question as it was put: how likely the documents answer it, and the passage that does, if one does."""

    question: str
    probability: float
    passage: Passage | None

    @property
    def section_id(self) -> str | None:
        return self.passage.section.id if self.passage else None

    def to_json(self) -> dict[str, Any]:
        """The probability, and the section that answers."""
        return {
            "probability": round(self.probability, 4),
            "section_id": self.section_id,
            "section": section_name(self.passage) if self.passage else None,
        }


@dataclass(frozen=True, slots=True)
class TopicFound:
    """A topic of one treatment, and each of its questions as it was put."""

    topic: str
    put: tuple[Put, ...]

    @property
    def best(self) -> Put:
        """The question that is answered, or nearest to it."""
        return max(self.put, key=lambda put: (put.passage is not None, put.probability))

    @property
    def is_covered(self) -> bool:
        return self.best.passage is not None

    def to_json(self) -> dict[str, Any]:
        """What its best question gives, and what each of them does."""
        questions = [{"question": put.question, **put.to_json()} for put in self.put]
        return {"topic": self.topic, "is_covered": self.is_covered, **self.best.to_json(), "questions": questions}


@dataclass(frozen=True, slots=True)
class Coverage:
    """The topics of one treatment, in the order of their file."""

    treatment: str
    topics: tuple[TopicFound, ...]

    @property
    def missing(self) -> list[TopicFound]:
        return [found for found in self.topics if not found.is_covered]

    @property
    def n_covered(self) -> int:
        return len(self.topics) - len(self.missing)

    def to_json(self) -> dict[str, Any]:
        """Every question with its probability and the section that answers it, and what is missing."""
        return {
            "treatment": self.treatment,
            "covered": self.n_covered,
            "missing": [topic.topic for topic in self.missing],
            "topics": [topic.to_json() for topic in self.topics],
        }


def load_topics(path: Path = TOPICS) -> tuple[Topic, ...]:
    """The topics of a file. Raises TopicsError for one that cannot be used."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise TopicsError(
            f"{path}: not valid YAML ({reason}). Put a question that begins with {GAP} in quotes."
        ) from error
    if not isinstance(content, dict) or not content:
        raise TopicsError(f"{path}: there is no topic in it. {REMEDY}")
    for name, questions in content.items():
        is_named = isinstance(name, str) and bool(name.strip())
        if not (is_named and isinstance(questions, list) and questions and all(map(_has_gap, questions))):
            raise TopicsError(f"{path}: topic '{name}' cannot be used. {REMEDY}")
    return tuple(Topic(name, tuple(questions)) for name, questions in content.items())


def _has_gap(question: object) -> bool:
    return isinstance(question, str) and GAP in question


def coverage(bot: Bot, topics: Sequence[Topic], progress: Progress = silent) -> list[Coverage]:
    """Put each topic to the documents about each treatment that patients' documents cover.

    `progress` is called with (topics asked so far, topics to ask).
    """
    index = bot.index.current()
    treatments = sorted(index.covered, key=str.casefold)
    found: list[Coverage] = []
    for treatment in treatments:
        rows: list[TopicFound] = []
        for topic in topics:
            put = tuple(_put(bot, index, question, treatment) for question in topic.asked_of(treatment))
            rows.append(TopicFound(topic.name, put))
            progress(len(found) * len(topics) + len(rows), len(treatments) * len(topics))
        found.append(Coverage(treatment, tuple(rows)))
    return found


def _put(bot: Bot, index: StoredIndex, question: str, treatment: str) -> Put:
    """A question that asks several things is as well answered as the least of them."""
    verdicts = find(bot, index, Question.parse(question, treatment))
    least = min(verdicts, key=lambda verdict: (verdict.is_answered, verdict.probability))
    return Put(question, least.probability, least.evidence[0].passage if least.is_answered else None)


def coverage_text(found: Sequence[Coverage], width: int) -> str:
    """For a terminal of so many columns: tables of topics by numbered treatments; below, each treatment by itself."""
    if not found:
        return "No document for patients names a treatment. Write `treatment: NAME` in the front matter of each."
    parts = [f"{COVERED} the documents answer   {MISSING} they do not"]
    numbered = list(enumerate(found, start=1))
    column = max(COLUMN, len(str(len(found))) + 1)
    names = min(max(len(topic.topic) for topic in found[0].topics), MAX_NAME) + 1
    at_once = (width - names) // column
    for first in range(0, len(numbered), at_once):
        parts.append("\n".join(_table(numbered[first : first + at_once], names, column)))
    parts += ["\n".join(_details(number, one, width)) for number, one in numbered]
    return "\n\n".join(parts)


def _table(numbered: Sequence[tuple[int, Coverage]], names: int, column: int) -> Iterator[str]:
    """The lines of a table; a name that is too long for one line has its marks on the last."""
    yield " " * names + "".join(f"{number:>{column}}" for number, _ in numbered)
    for rows in zip(*(one.topics for _, one in numbered), strict=True):
        *before, last = _wrapped(rows[0].topic, names - 1)
        marks = "".join(f"{COVERED if row.is_covered else MISSING:>{column}}" for row in rows)
        yield from before
        yield f"{last:<{names}}{marks}"


def _details(number: int, found: Coverage, width: int) -> Iterator[str]:
    """The lines on one treatment: what is missing, and which section answers which topics."""
    margin = " " * (len(str(number)) + 2)
    count = f"{found.n_covered} of {len(found.topics)} topics"
    missing = "; ".join(topic.topic for topic in found.missing) or "nothing"
    yield from _wrapped(f"{number}  {found.treatment}: {count}", width, margin)
    yield from _wrapped(f"{margin}Missing: {missing}", width, f"{margin}  ")
    if found.n_covered:
        yield f"{margin}Answered by"
    for name, topics in _by_section(found):
        yield from _wrapped(f"{margin}  {name}: {'; '.join(topics)}", width, f"{margin}    ")


def _wrapped(line: str, width: int, margin: str = "") -> list[str]:
    return textwrap.wrap(line, width, subsequent_indent=margin, break_on_hyphens=False)


def _by_section(found: Coverage) -> list[tuple[str, list[str]]]:
    """The sections that answer, those of the first topics first, each with the topics that it answers."""
    sections: dict[str, tuple[str, list[str]]] = {}
    for topic in found.topics:
        if passage := topic.best.passage:
            sections.setdefault(passage.section.id, (section_name(passage), []))[1].append(topic.topic)
    return list(sections.values())
