"""Saved questions: what staff want answered, each with what must be true of its answer, and how that went so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from chatbot.answer import Answer, Status, abstain_from
from chatbot.bot import Bot, ask
from chatbot.desk.audit import note
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.question import Question, QuestionError
from chatbot.redact import redact
from chatbot.store import metadata, transaction

saved_questions = Table(
    "saved_questions",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("question", String, nullable=False),
    Column("treatment", String),  # of the page it is asked on
    Column("status", String),  # what must be true of the answer; each may be left out
    Column("cites", String),  # the id of a document, or of a section
    Column("has", String),
    Column("lacks", String),
    Column("person", String, nullable=False),
    Column("at", DateTime, nullable=False),  # UTC
    Column("removed_at", DateTime),  # its runs stay
)
saved_runs = Table(
    "saved_runs",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("saved", ForeignKey("saved_questions.key"), nullable=False, index=True),
    Column("at", DateTime, nullable=False),
    Column("version", String, nullable=False),  # of the library or, before there is one, of the index
    Column("release", Integer),  # none for a run by hand
    Column("passed", Boolean, nullable=False),
    Column("why", Text, nullable=False),  # what was not true, empty where it passed
)


class SavedError(ValueError):
    """A question that cannot be saved; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What must be true of an answer: its status, a document or section it cites, words in a quote, words nowhere."""

    status: Status | None = None
    cites: str | None = None
    has: str | None = None
    lacks: str | None = None

    def failures(self, answer: Answer) -> list[str]:
        """What is not true of the answer, a sentence each."""
        cited = {i for c in answer.citations for i in (c.passage.document.id, c.passage.section.id)}
        quotes = [_plain(citation.quote) for citation in answer.citations]
        found = []
        if self.status is not None and answer.status != self.status:
            found.append(f"It is {answer.status}, not {self.status}.")
        if self.cites is not None and self.cites not in cited:
            found.append(f"It does not cite {self.cites}.")
        if self.has is not None and not any(_plain(self.has) in quote for quote in quotes):
            found.append(f"No quote has “{self.has}”.")
        if self.lacks is not None and _plain(self.lacks) in _plain(answer.text):
            found.append(f"It has “{self.lacks}”.")
        return found


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved question with its truth."""

    key: int
    question: str
    treatment: str | None
    truth: Truth
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """How a saved question went once: with a release, or by hand."""

    at: datetime
    version: str
    release: int | None
    passed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A saved question and the answer that it gets now."""

    saved: Saved
    answer: Answer

    @property
    def failures(self) -> list[str]:
        """What is not true of the answer; empty where all is."""
        return self.saved.truth.failures(self.answer)


def add(desk: Desk, by: Person, question: str, treatment: str | None, truth: Truth) -> Saved:
    """Save a question. Raises SavedError for one that is none, or with nothing that must be true of its answer."""
    by.must("edit")
    asked = Question.parse(redact(question), treatment)
    try:
        asked.check()
    except QuestionError as error:
        raise SavedError(str(error)) from error
    wanted = Truth(truth.status or None, *map(_none_if_blank, (truth.cites, truth.has, truth.lacks)))
    if wanted == Truth():
        raise SavedError("Say what must be true of the answer: its status, what it cites, or words.")
    if wanted.status not in (None, *get_args(Status)):
        raise SavedError(f"“{wanted.status}” is no status. There are {', '.join(get_args(Status))}.")
    row = {
        "question": asked.text, "treatment": asked.treatment, "status": wanted.status, "cites": wanted.cites,
        "has": wanted.has, "lacks": wanted.lacks, "person": by.name, "at": _now(),
    }  # fmt: skip
    with transaction(desk.store) as connection:
        key = connection.execute(insert(saved_questions).values(row).returning(saved_questions.c.key)).scalar_one()
        note(connection, by.name, "saved.added", f"saved:{key}")
        return next(saved for saved in _all(connection) if saved.key == key)


def try_out(desk: Desk, by: Person, question: str, treatment: str | None) -> Answer:
    """What a patient who asks this is told now. Raises SavedError for what is no question."""
    by.must("edit")
    try:
        return ask(desk.bot, Question.parse(question, treatment))
    except QuestionError as error:
        raise SavedError(str(error)) from error


def remove(desk: Desk, by: Person, key: int) -> None:
    """Ask a saved question no more; how it went stays."""
    by.must("edit")
    is_it = (saved_questions.c.key == key) & saved_questions.c.removed_at.is_(None)
    with transaction(desk.store) as connection:
        if connection.execute(update(saved_questions).where(is_it).values(removed_at=_now())).rowcount != 1:
            raise SavedError("There is no such saved question any more. Reload the page.")
        note(connection, by.name, "saved.removed", f"saved:{key}")


def every(desk: Desk, by: Person) -> list[Saved]:
    """The saved questions, oldest first."""
    by.must("edit")
    with transaction(desk.store) as connection:
        return _all(connection)


def runs(desk: Desk, by: Person) -> dict[int, list[Run]]:
    """How each saved question went, newest first, by its key."""
    by.must("edit")
    columns = [saved_runs.c[name] for name in Run.__slots__]
    found: dict[int, list[Run]] = {}
    with transaction(desk.store) as connection:
        for key, *row in connection.execute(select(saved_runs.c.saved, *columns).order_by(saved_runs.c.key.desc())):
            found.setdefault(key, []).append(Run(*row))
    return found


def run_now(desk: Desk, by: Person) -> list[Outcome]:
    """Ask every saved question of what is served, and keep how it went."""
    by.must("edit")
    outcomes = [Outcome(saved, answer_of(desk.bot, saved)) for saved in every(desk, by)]
    with transaction(desk.store) as connection:
        record(connection, outcomes, desk.bot.index.current().version, None)
    return outcomes


def record(connection: Connection, outcomes: Iterable[Outcome], version: str, release: int | None) -> None:
    """Keep how the questions went, in the transaction of the release."""
    rows: list[dict[str, Any]] = [
        {"saved": one.saved.key, "at": _now(), "version": version, "release": release, "passed": not one.failures,
         "why": " ".join(one.failures)}
        for one in outcomes
    ]  # fmt: skip
    if rows:
        connection.execute(insert(saved_runs), rows)


def answer_of(bot: Bot, saved: Saved) -> Answer:
    """What a patient who asks it gets; one that is no question any more is abstained from, with the reason."""
    try:
        return ask(bot, Question.parse(saved.question, saved.treatment))
    except QuestionError as error:
        return abstain_from(saved.question, str(error), bot.clinic)


def failing(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those of which something is not true."""
    return [outcome for outcome in outcomes if outcome.failures]


def _all(connection: Connection) -> list[Saved]:
    q = saved_questions.c
    rows = connection.execute(select(saved_questions).where(q.removed_at.is_(None)).order_by(q.key))
    return [
        Saved(r.key, r.question, r.treatment, Truth(r.status, r.cites, r.has, r.lacks), r.person, r.at) for r in rows
    ]


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


def _none_if_blank(value: str | None) -> str | None:
    return (value or "").strip() or None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
