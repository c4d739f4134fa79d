"""Ask a file of questions and score the answers against their labels.

A row is a JSON object with `id` and `question` (or `text`). Labels are optional:

    status      the status wanted, or a list of them: "answered", "referred", "abstained", "urgent", "smalltalk"
    behaviour   the same in other words: ANSWER, ANSWER+CAVEAT, CONTRA, DECLINE, OOS, CHAT, E0, E1, E2
    seed_answerable  whether the documents answer: NO, or FULL, PARTIAL, CONFLICT
    sections    ids or headings of the sections that answer; `seed_ref` is the same in one string, ";" between them
    topic       to score by topic
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from chatbot.answer import Answer, Status, abstain_from
from chatbot.bot import Bot, ask
from chatbot.question import Question, QuestionError

BEHAVIOURS = {
    "ANSWER": "answered", "ANSWER+CAVEAT": "answered", "CONTRA": "referred", "DECLINE": "abstained", "OOS": "abstained",
    "CHAT": "smalltalk", "E0": "urgent", "E1": "urgent", "E2": "urgent",
}  # fmt: skip
FROM_DOCUMENTS = {"answered", "referred"}
BEFORE_DOCUMENTS = {"urgent", "referred", "smalltalk"}
COLUMNS = ("answered", "abstained", "right section", "right status", "quotes exact")
MIN_SHARED_WORDS = 0.5  # of a label's words with a heading's


class EvaluationError(Exception):
    """The file of questions cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class Row:
    """A question with its labels; a label that is not given is None or empty."""

    id: str
    text: str
    topic: str
    should_answer: bool | None
    statuses: frozenset[str]
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row and the answer it got."""

    row: Row
    answer: Answer

    @property
    def failure(self) -> str | None:
        """What is wrong with the answer by the row's labels, or None."""
        row, status = self.row, self.answer.status
        if row.should_answer is not None and (status in FROM_DOCUMENTS) != row.should_answer:
            return "should be answered" if row.should_answer else f"should not be answered (was {status})"
        if row.should_answer is None and row.statuses and status not in row.statuses:
            return f"should be {' or '.join(sorted(row.statuses))} (was {status})"
        if self.cites_right is False:
            return "cites another section"
        if not self.quotes_exact:
            return "has a quote that is not exact"
        return None

    @property
    def cites_right(self) -> bool | None:
        """Whether a right section is cited; None where the row names none or nothing was answered."""
        if not self.row.sections or self.answer.status not in FROM_DOCUMENTS:
            return None
        cited = [citation.passage.section for citation in self.answer.citations]
        return any(_matches(label, section.id, section.headings) for label in self.row.sections for section in cited)

    @property
    def quotes_exact(self) -> bool:
        """Whether each quote, as the answer object has it, stands at its offsets in its document."""
        objects = self.answer.to_json()["citations"]
        texts = {citation.passage.document.id: citation.passage.document.text for citation in self.answer.citations}
        return all(texts[c["document_id"]][c["start"] : c["end"]] == c["quote"] for c in objects)


def read_rows(path: Path) -> list[Row]:
    """The rows of a JSON Lines file. Raises EvaluationError, with the line, for a row that cannot be used."""
    if not path.is_file():
        raise EvaluationError(f"{path}: no such file. Give a JSON Lines file of questions.")
    rows = []
    for number, line in enumerate(path.read_bytes().removeprefix(BOM_UTF8).split(b"\n"), start=1):
        if line.strip():
            try:
                rows.append(_row(json.loads(line.decode())))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                reason = f"no {error}" if isinstance(error, KeyError) else str(error)
                raise EvaluationError(f"{path}, line {number}: {reason}. A row needs `id` and `question`.") from error
    if not rows:
        raise EvaluationError(f"{path}: no rows in it. Give a JSON Lines file of questions.")
    return rows


def evaluate(bot: Bot, rows: list[Row]) -> Iterator[Outcome]:
    """Ask each row's question. One that is no question at all is abstained from, with the reason as text."""
    for row in rows:
        try:
            yield Outcome(row, ask(bot, Question.parse(row.text)))
        except QuestionError as error:
            yield Outcome(row, abstain_from(row.text, str(error), bot.clinic))


def to_json(outcome: Outcome) -> dict[str, Any]:
    """The answer object with the row's id, and nothing else."""
    return {"id": outcome.row.id, **outcome.answer.to_json()}


def summary(outcomes: list[Outcome]) -> str:
    """Shares over all rows and by topic, then every failure."""
    topics: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        topics[outcome.row.topic].append(outcome)
    lines = [f"{'':24} {'rows':>5} " + " ".join(f"{name:>16}" for name in COLUMNS)]
    for topic, some in [*sorted(topics.items()), ("all", outcomes)]:
        lines.append(f"{topic[:24]:24} {len(some):5} {_shares(some)}")
    failures = [(outcome.row, outcome.failure) for outcome in outcomes if outcome.failure]
    lines += [f"\n{len(failures)} failures:"] if failures else ["\nNo failures."]
    lines += [f"  {row.id}  {what}: {row.text}" for row, what in failures]
    return "\n".join(lines)


def _shares(some: list[Outcome]) -> str:
    def share(judged: list[bool]) -> str:
        return f"{sum(judged)}/{len(judged)} {sum(judged) / len(judged):4.0%}" if judged else "-"

    gave = [(o.row.should_answer, o.answer.status in FROM_DOCUMENTS) for o in _labelled(some)]
    cited = [o.cites_right for o in some if o.cites_right is not None]
    columns = [
        share([given for should, given in gave if should]),
        share([not given for should, given in gave if not should]),
        share(cited),
        share([o.answer.status in o.row.statuses for o in some if o.row.statuses]),
        share([o.quotes_exact for o in some if o.answer.citations]),
    ]
    return " ".join(f"{column:>16}" for column in columns)


def _labelled(some: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in some if outcome.row.should_answer is not None]


def _row(fields: dict[str, Any]) -> Row:
    wanted = fields.get("status") or BEHAVIOURS.get(fields.get("behaviour", ""))
    statuses = frozenset([wanted] if isinstance(wanted, str) else wanted or [])
    if unknown := statuses - set(get_args(Status)):
        raise ValueError(f"unknown status {', '.join(sorted(unknown))}; there are {', '.join(get_args(Status))}")
    sections = fields.get("sections") or _sections_of_reference(fields.get("seed_ref") or "")
    if statuses and statuses <= BEFORE_DOCUMENTS:
        should_answer: bool | None = None  # triage decides these, whether or not the documents hold an answer
    elif "seed_answerable" in fields:
        should_answer = fields["seed_answerable"] != "NO"
    else:
        should_answer = bool(statuses & FROM_DOCUMENTS) if statuses else None
    text = fields["question"] if "question" in fields else fields["text"]
    if not isinstance(text, str):
        raise TypeError(f"the question is {json.dumps(text)}, not a text")
    return Row(
        id=str(fields["id"]),
        text=text,
        topic=str(fields.get("topic") or "no topic"),
        should_answer=should_answer,
        statuses=statuses,
        sections=(sections,) if isinstance(sections, str) else tuple(sections),
    )


def _sections_of_reference(reference: str) -> list[str]:
    """The headings' words in a reference such as "S3 process and precautions L15, L17; S4.3 Repair scars L34"."""
    labels = (re.sub(r"\bS\d+(\.\d+)?\b|\bL\d+\b|\(.*?\)|[,.…]", " ", part) for part in reference.split(";"))
    return [" ".join(label.split()) for label in labels if label.strip() and label.strip() != "whole"]


def _matches(label: str, section_id: str, headings: tuple[str, ...]) -> bool:
    if label == section_id:
        return True
    words = set(re.findall(r"\w+", label.lower()))
    last = set(re.findall(r"\w+", headings[-1].lower())) if headings else set()
    return "#" not in label and bool(words) and len(words & last) / len(words) > MIN_SHARED_WORDS
