"""From a gap to what closes it: a draft of a curated answer or of a document, for an editor to finish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from chatbot.desk import curated, drafts
from chatbot.desk.curated_wording import Wording
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import Draft
from chatbot.desk.permissions import Person

REVIEW_AFTER = timedelta(days=365)  # until whoever approves it says otherwise


def begin_answer(
    desk: Desk, by: Person, questions: Sequence[str], text: str, treatment: str | None, source: str
) -> str:
    """A draft of a curated answer for patients; returns its id. Raises NotAllowedError, WordingError, StoreError."""
    due = (datetime.now(UTC) + REVIEW_AFTER).date()
    wording = Wording(tuple(questions), text, treatment, "patient", by.name, due, source)
    return curated.write(desk, wording, by).id


def begin_document(desk: Desk, by: Person, path: str, content: bytes) -> Draft:
    """A draft of a new document. Raises NotAllowedError, UploadError, DraftError, StoreError."""
    return drafts.upload(desk, by, path, content, {})
