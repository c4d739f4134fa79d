"""Which documents patients are answered from: by a setting only those that a clinician stands behind today."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from chatbot.quote import disputes_of
from chatbot.settings import Settings
from index.live import CurrentIndex
from index.store import StoredIndex
from kb.document import Document, Passage
from kb.review import review_state, this_day


@dataclass(frozen=True, slots=True)
class Policy:
    """What is withheld from patients: what nobody reviewed, and what should have been reviewed again by now."""

    approved_only: bool = False
    withhold_overdue: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy of an installation."""
        return cls(settings.approved_only, settings.withhold_overdue)

    def admits(self, document: Document, today: date) -> bool:
        """Whether patients may be answered from the document on that day."""
        if self.approved_only and document.reviewed_by is None:
            return False
        return not (self.withhold_overdue and review_state(document, today) == "overdue")


class ServedIndex:
    """The live index, in which what the policy withholds is for staff: every way to a patient then passes it over."""

    def __init__(self, live: CurrentIndex, policy: Policy, today: Callable[[], date] = this_day) -> None:
        """`today` is asked at each question: a review becomes overdue at midnight, without a restart."""
        self._live = live
        self._policy = policy
        self._today = today
        self._made: tuple[StoredIndex, date, StoredIndex] | None = None
        self._making = threading.Lock()

    def current(self) -> StoredIndex:
        """The live index as it is served today. While one caller makes it, the others get the one before."""
        live, today, made = self._live.current(), self._today(), self._made
        is_new = made is None or made[0] is not live or made[1] != today
        if is_new and self._making.acquire(blocking=made is None):
            try:
                made = self._made = live, today, served(live, self._policy, today)
            finally:
                self._making.release()
        assert made is not None
        return made[2]


@dataclass(frozen=True, slots=True)
class FixedIndex:
    """One index and no other: what would be answered from it."""

    index: StoredIndex

    def current(self) -> StoredIndex:
        """That index."""
        return self.index


def served(index: StoredIndex, policy: Policy, today: date) -> StoredIndex:
    """The index with each document that the policy withholds turned into one for staff.

    A section is never shown without what disputes it: it is withheld where that is.
    """
    if policy == Policy():
        return index
    documents = {d.id: d if policy.admits(d, today) else replace(d, audience="staff") for d in index.documents}
    withheld = _withheld_sections(index, documents, lambda document: policy.admits(document, today))

    def as_served(passage: Passage) -> Passage:
        document = documents[passage.document.id]
        is_withheld = passage.section.id in withheld
        return replace(passage, document=replace(document, audience="staff") if is_withheld else document)

    passages = {passage_id: as_served(passage) for passage_id, passage in index.passages.passages.items()}
    return replace(index, documents=tuple(documents.values()), passages=replace(index.passages, passages=passages))


def _withheld_sections(
    index: StoredIndex, documents: Mapping[str, Document], admits: Callable[[Document], bool]
) -> set[str]:
    """The ids of patients' sections that something disputes which patients may not be shown, or is itself withheld."""

    def is_given(document: Document) -> bool:
        """A packaged document is reviewed where its very text is, in the clinic's own copy."""
        own = documents.get(document.id)
        given = own if own is not None and own.text == document.text else document
        return given.audience == "patient" and admits(given)

    disputing: dict[str, dict[str, Document]] = {}  # section id → the sections that dispute it, by id
    for passage in index.passages.passages.values():
        if documents[passage.document.id].audience == "patient":
            found = {p.section.id: p.document for p in disputes_of(passage, passage.start, passage.end, index)}
            disputing.setdefault(passage.section.id, {}).update(found)
    withheld: set[str] = set()
    while more := {
        section_id
        for section_id, its in disputing.items()
        if section_id not in withheld
        and any(other in withheld or not is_given(document) for other, document in its.items())
    }:
        withheld |= more
    return withheld
