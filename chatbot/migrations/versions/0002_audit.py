"""The audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One table, which a store from before there were versions may have."""
    op.create_table(
        "audit",
        sa.Column("key", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("person", sa.String()),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"], if_not_exists=True)
    op.create_index("ix_audit_subject", "audit", ["subject"], if_not_exists=True)
