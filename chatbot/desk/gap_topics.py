"""What staff made of a gap: an answer or a document begun, answered elsewhere, or "not for us" with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import JSON, Column, Connection, DateTime, Integer, String, Table, insert, select, update

from chatbot.desk.audit import entries, note
from chatbot.desk.permissions import Person
from chatbot.store import metadata

How = Literal["curated", "document", "answered", "not_for_us"]
BEGUN: tuple[How, ...] = ("curated", "document")  # closed once patients get what was begun
# Of a curated answer or a document: what closes a gap, and what opens it again.
CLOSING = ("curated.approved", "document.published")
OPENING = ("curated.retired", "document.retired", "document.rolled_back")

topics = Table(
    "gap_topics",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),  # UTC
    Column("by", String, nullable=False),
    Column("how", String, nullable=False),
    Column("subject", String),  # the id of the curated answer, or the path of the document, that was begun
    Column("label", String),  # what it is about, in words of the staff's: patients' words are not kept for longer
    Column("reason", String),
    Column("asked", Integer, nullable=False),  # how many had asked by then
    Column("questions", JSON, nullable=False),  # their ids; no words
    Column("reopened_at", DateTime),
)


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that staff decided about a gap. Times are in UTC, without saying so.

    `closed_at` is none for what was begun and is not approved yet, and for what was retired since. `label` stands in
    for the questions when they have been deleted.
    """

    key: int
    at: datetime
    by: str
    how: How
    subject: str | None
    label: str | None
    reason: str | None
    asked: int
    questions: frozenset[str]
    closed_at: datetime | None


def topics_of(connection: Connection) -> list[Topic]:
    """Every one that was not opened again by hand, oldest first."""
    rows = connection.execute(select(topics).where(topics.c.reopened_at.is_(None)).order_by(topics.c.key))
    return [
        Topic(
            row.key, row.at, row.by, row.how, row.subject, row.label, row.reason, row.asked, frozenset(row.questions),
            _approved_at(connection, row.how, row.subject) if row.how in BEGUN else row.at,
        )
        for row in rows
    ]  # fmt: skip


def _approved_at(connection: Connection, how: How, subject: str | None) -> datetime | None:
    """When what was begun was approved last, as the audit log tells; none where it was not, or was retired since."""
    last = (
        select(entries.c.at, entries.c.action)
        .where(entries.c.subject.in_([subject, f"{how}:{subject}"]), entries.c.action.in_([*CLOSING, *OPENING]))
        .order_by(entries.c.key.desc())
    )
    found = connection.execute(last).first()
    return found.at if found is not None and found.action in CLOSING else None


def write_topic(
    connection: Connection,
    by: Person,
    how: How,
    questions: Sequence[str],
    asked: int,
    *,
    subject: str | None = None,
    label: str | None = None,
    reason: str | None = None,
) -> int:
    """Write down what was decided about a gap with these questions, and note it; returns its key."""
    row = {"at": _now(), "by": by.name, "how": how, "subject": subject, "label": label, "reason": reason}
    new = insert(topics).values(**row, asked=asked, questions=list(questions)).returning(topics.c.key)
    key: int = connection.execute(new).scalar_one()
    action = "gap.begun" if how in BEGUN else "gap.closed"
    note(connection, by.name, action, f"gap:{key}", how=how, begun=subject, label=label, reason=reason, asked=asked)
    return key


def reopen(connection: Connection, by: Person, key: int) -> None:
    """Let a gap be shown again, and note it. Nothing happens to one that is open."""
    found = (topics.c.key == key) & topics.c.reopened_at.is_(None)
    if connection.execute(update(topics).where(found).values(reopened_at=_now())).rowcount:
        note(connection, by.name, "gap.reopened", f"gap:{key}")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
