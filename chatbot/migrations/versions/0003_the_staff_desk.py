"""The staff desk: people, curated answers, gaps, documents, saved questions; and when staff ticked a message off."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Its tables, those that others refer to first."""
    op.create_table(
        "curated",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("serving", sa.Integer()),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("last_used_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "curated_changes",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String()),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "drafts",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("open_path", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("matter", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String()),
        sa.Column("reviewed_on", sa.Date()),
        sa.Column("review_due", sa.Date()),
        sa.Column("version", sa.String()),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("open_path"),
    )
    op.create_index("ix_drafts_path", "drafts", ["path"])

    op.create_table(
        "gap_topics",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("label", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("reopened_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "people",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("folded"),
    )
    op.create_table(
        "releases",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("base", sa.String()),
        sa.Column("index_version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("person", sa.String()),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("drafts", sa.JSON(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_releases_version", "releases", ["version"])

    op.create_table(
        "saved_questions",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("treatment", sa.String()),
        sa.Column("status", sa.String()),
        sa.Column("cites", sa.String()),
        sa.Column("has", sa.String()),
        sa.Column("lacks", sa.String()),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "curated_uses",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["curated.id"]),
        sa.ForeignKeyConstraint(["turn"], ["turns.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_curated_uses_id", "curated_uses", ["id"])
    op.create_index("ix_curated_uses_turn", "curated_uses", ["turn"])

    op.create_table(
        "curated_versions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("treatment", sa.String()),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("review_due", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("address", sa.String()),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("approved_by", sa.String()),
        sa.Column("approved_at", sa.DateTime()),
        sa.ForeignKeyConstraint(["id"], ["curated.id"]),
        sa.PrimaryKeyConstraint("id", "number"),
    )
    op.create_table(
        "saved_runs",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("saved", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("release", sa.Integer()),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["saved"], ["saved_questions.key"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_saved_runs_saved", "saved_runs", ["saved"])

    op.create_table(
        "sessions",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.key"]),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])

    op.create_table(
        "tokens",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime()),
        sa.Column("revoked_at", sa.DateTime()),
        sa.ForeignKeyConstraint(["person"], ["people.key"]),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("sha256"),
    )
    op.create_index("ix_tokens_person", "tokens", ["person"])

    op.create_table(
        "curated_variants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["id", "number"], ["curated_versions.id", "curated_versions.number"]),
        sa.PrimaryKeyConstraint("id", "number", "position"),
    )
    op.add_column("messages", sa.Column("done_at", sa.DateTime()))
