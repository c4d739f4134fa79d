"""The records of answers and votes, and visitors' messages.

A store from before there were versions has some of them, or all, and keeps them with their rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The first tables."""
    op.create_table(
        "turns",
        sa.Column("key", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("conversation", sa.String()),
        sa.Column("id", sa.String()),
        sa.Column("question", sa.String()),
        *_judged(),
        sa.Column("index", sa.String(), nullable=False),
        sa.Column("ms", sa.Float(), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "votes",
        sa.Column("key", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("turn", sa.Integer(), sa.ForeignKey("turns.key", ondelete="CASCADE"), unique=True),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("remark", sa.String()),
        *_judged(),
        if_not_exists=True,
    )
    op.create_table(
        "messages",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("receipt", sa.String(), nullable=False, unique=True),
        sa.Column("conversation", sa.String()),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("urgency", sa.String()),
        sa.Column("name", sa.String()),
        sa.Column("contact", sa.String()),
        sa.Column("text", sa.String()),
        sa.Column("transcript", sa.JSON()),
        sa.Column("consented_at", sa.DateTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("error", sa.String()),
        sa.Column("sent_at", sa.DateTime()),
        if_not_exists=True,
    )
    indexed = {"turns": ("at", "conversation"), "votes": ("at",), "messages": ("at", "conversation", "due_at")}
    for table, columns in indexed.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)


def _judged() -> list[sa.Column[object]]:
    return [
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("urgency", sa.String()),
        sa.Column("rule", sa.String()),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("passages", sa.JSON(), nullable=False),
    ]
