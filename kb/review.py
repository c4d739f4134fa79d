"""The state of a document's clinical review on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

from kb.document import Document

ReviewState = Literal["approved", "overdue", "not reviewed"]


def this_day() -> date:
    """Today, where this computer is."""
    return datetime.now(UTC).astimezone().date()


def review_state(document: Document, today: date) -> ReviewState:
    """Whether a reviewer stands behind a document, and whether the next review is overdue: due before `today`."""
    if document.review_due is not None and document.review_due < today:
        return "overdue"
    return "not reviewed" if document.reviewed_by is None else "approved"
