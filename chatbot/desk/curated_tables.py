"""The tables of curated answers: every version that was ever saved stays, so that nobody's words are lost."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
)

from chatbot.store import metadata

curated = Table(
    "curated",
    metadata,
    Column("id", String, primary_key=True),
    Column("latest", Integer, nullable=False),  # the number of the newest version
    Column("serving", Integer),  # the number of the approved version that answers; none for a draft or a retired one
    Column("is_retired", Boolean, nullable=False, default=False),
    Column("used", Integer, nullable=False, default=0),  # how often it answered; stays when the uses are deleted
    Column("last_used_at", DateTime),  # UTC, as all times here
)
versions = Table(
    "curated_versions",
    metadata,
    Column("id", ForeignKey(curated.c.id), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, 3 ...
    Column("text", Text, nullable=False),
    Column("treatment", String),
    Column("audience", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("review_due", Date, nullable=False),
    Column("source", String, nullable=False),
    Column("address", String),
    Column("written_by", String, nullable=False),
    Column("written_at", DateTime, nullable=False),
    Column("approved_by", String),
    Column("approved_at", DateTime),
)
variants = Table(
    "curated_variants",
    metadata,
    Column("id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),  # 0, 1, 2 ...
    Column("question", String, nullable=False),
    ForeignKeyConstraint(["id", "number"], [versions.c.id, versions.c.number]),
)
# One row for each time that what is served changed. How many there are tells a running program whether to read again.
changes = Table("curated_changes", metadata, Column("key", Integer, primary_key=True), Column("id", String))
uses = Table(
    "curated_uses",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("id", ForeignKey(curated.c.id), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    # The turn has the redacted question. With the turn, whose conversation was deleted or is too old, the use goes.
    Column("turn", ForeignKey("turns.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("probability", Float, nullable=False),
)
