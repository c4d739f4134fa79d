"""The audit log: who did what to which text, and what stood behind every patient's answer. It only grows.

Each line carries a hash over itself and the line before, and the database refuses to change or delete any. Somebody who
can write to the file can get round the second, but leaves a break in the first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    String,
    Table,
    event,
    insert,
    select,
    text,
)

from chatbot.desk.permissions import Person
from chatbot.store import metadata, transaction

MAX_LINES = 500  # of one reading: as much as somebody looks through
ONE_WRITER = 0x61756469  # PostgreSQL's lock on the end of the log: two lines must not follow the same one
ANSWERED = "answer.given"
FIRST = "0" * 64  # what the first line follows

entries = Table(
    "audit",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),  # UTC
    Column("person", String),  # none for what the program did by itself, such as answering a patient
    Column("action", String, nullable=False),  # "curated.approved": the kind of thing, and what was done
    Column("subject", String, nullable=False, index=True),  # the id of that thing
    Column("details", JSON, nullable=False),  # never a patient's words
    Column("hash", String(64), nullable=False, unique=True),  # over the line before, and this one; unique: no fork
)

# What makes a database refuse to change the log, by SQLAlchemy's name of it; made with the table.
ONLY_GROWS = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        for change in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
    ],
}


def _protect(_table: Table, connection: Connection, **_: Any) -> None:
    for statement in ONLY_GROWS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


event.listen(entries, "after_create", _protect)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `at` is in UTC, without saying so."""

    at: datetime
    person: str | None
    action: str
    subject: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: from `since` (with a time zone) on, and of a person, an action and a subject that begin so."""

    since: datetime
    person: str = ""
    action: str = ""
    subject: str = ""
    with_answers: bool = True  # what patients were answered, which is most of the log


def note(connection: Connection, person: str | None, action: str, subject: str, **details: Any) -> None:
    """Add a line in the transaction of what it tells of: either both are kept or neither."""
    if connection.dialect.name == "postgresql":  # a transaction of SQLite is the only one that writes
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ONE_WRITER})
    before = connection.execute(select(entries.c.hash).order_by(entries.c.key.desc()).limit(1)).scalar() or FIRST
    at = datetime.now(UTC).replace(tzinfo=None)
    row = {"at": at, "person": person, "action": action, "subject": subject, "details": details}
    connection.execute(insert(entries).values({**row, "hash": _hash(before, row)}))


def told(connection: Connection, subject: str) -> list[Entry]:
    """The whole story of one thing, oldest first."""
    rows = connection.execute(select(*_columns()).where(entries.c.subject == subject).order_by(entries.c.key))
    return [Entry(*row) for row in rows]


def lines(store: Engine, by: Person, wanted: Wanted) -> list[Entry]:
    """The newest lines first, up to MAX_LINES. Raises NotAllowedError, StoreError."""
    by.must("read_audit")
    found = select(*_columns()).where(entries.c.at >= wanted.since.astimezone(UTC).replace(tzinfo=None))
    for name in ("person", "action", "subject"):
        if begins := getattr(wanted, name):
            found = found.where(entries.c[name].istartswith(begins, autoescape=True))
    if not wanted.with_answers:
        found = found.where(entries.c.action != ANSWERED)
    with transaction(store) as connection:
        return [Entry(*row) for row in connection.execute(found.order_by(entries.c.key.desc()).limit(MAX_LINES))]


def broken_at(connection: Connection) -> int | None:
    """The key of the first line that does not follow from those before it; None for a log that nobody touched.

    What was cut off at the end leaves no trace.
    """
    before = FIRST
    rows = connection.execution_options(yield_per=1000).execute(select(entries).order_by(entries.c.key))
    for row in rows.mappings():
        if row["hash"] != _hash(before, row):
            return int(row["key"])
        before = row["hash"]
    return None


def _columns() -> list[Column[Any]]:
    return [entries.c[name] for name in Entry.__slots__]


def _hash(before: str, row: Mapping[Any, Any]) -> str:
    said = [before, row["at"].isoformat(), row["person"], row["action"], row["subject"], row["details"]]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
