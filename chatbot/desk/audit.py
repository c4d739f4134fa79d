"""The audit log: who did what to which text, and what stood behind every patient's answer. It only grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, DateTime, Integer, String, Table, insert, select

from chatbot.store import metadata

entries = Table(
    "audit",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),  # UTC
    Column("person", String),  # none for what the program did by itself, such as answering a patient
    Column("action", String, nullable=False),  # "curated.approved": the kind of thing, and what was done
    Column("subject", String, nullable=False, index=True),  # the id of that thing
    Column("details", JSON, nullable=False),  # never a patient's words
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `at` is in UTC, without saying so."""

    at: datetime
    person: str | None
    action: str
    subject: str
    details: dict[str, Any]


def note(connection: Connection, person: str | None, action: str, subject: str, **details: Any) -> None:
    """Add a line in the transaction of what it tells of: either both are kept or neither."""
    at = datetime.now(UTC).replace(tzinfo=None)
    row = {"at": at, "person": person, "action": action, "subject": subject, "details": details}
    connection.execute(insert(entries).values(row))


def told(connection: Connection, subject: str) -> list[Entry]:
    """The whole story of one thing, oldest first."""
    columns = [entries.c[name] for name in Entry.__slots__]
    rows = connection.execute(select(*columns).where(entries.c.subject == subject).order_by(entries.c.key))
    return [Entry(*row) for row in rows]
