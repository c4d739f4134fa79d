"""The documents as the desk lists them: what is served, with its review, and what waits for the next version."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from chatbot.desk.desk import Desk
from chatbot.desk.drafts import Draft, open_drafts
from chatbot.desk.permissions import Person
from chatbot.served import Policy
from kb.document import Audience, Document
from kb.review import ReviewState, review_state, this_day


@dataclass(frozen=True, slots=True)
class Listed:
    """A document, or a draft of one that is not served yet: then only `path` and `draft` are known.

    `withheld` says that patients are not answered from it now, by the settings.
    """

    path: str
    title: str = ""
    treatment: str | None = None
    audience: Audience | None = None
    review: ReviewState | None = None
    reviewer: str | None = None
    review_due: date | None = None
    passages: int = 0
    withheld: bool = False
    draft: Draft | None = None


def listed(desk: Desk, by: Person) -> list[Listed]:
    """Every served document and every open draft, by path."""
    by.must("edit")
    index = desk.bot.index.current()
    passages = Counter(passage.document.id for passage in index.passages.passages.values())
    drafts = {draft.path: draft for draft in open_drafts(desk, by)}
    found = [
        _of(desk, document, passages[document.id], drafts.pop(document.path, None)) for document in index.documents
    ]
    return sorted([*found, *(Listed(path, draft=draft) for path, draft in drafts.items())], key=lambda one: one.path)


def _of(desk: Desk, document: Document, passages: int, draft: Draft | None) -> Listed:
    today = this_day()
    return Listed(
        document.path, document.title, document.treatment, document.audience, review_state(document, today),
        document.reviewed_by, document.review_due, passages,
        not Policy.of(desk.settings).admits(document, today), draft,
    )  # fmt: skip
