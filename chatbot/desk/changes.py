"""What would change: questions asked of what is served and of what would be, by the same bot, side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from chatbot.answer import Answer
from chatbot.desk import saved
from chatbot.desk.candidate import Candidate
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.desk.publish import over, prepared
from chatbot.desk.saved import Saved, Truth
from index.build import Progress, silent
from index.store import StoredIndex
from kb.document import Document, Section

MAX_AUTHORS = 200  # questions that authors wrote beside changed sections: more would take minutes

Verdict = Literal["worse", "as good", "better"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question put to both, and what must be true of its answer."""

    question: Saved
    before: Answer
    after: Answer

    @property
    def is_changed(self) -> bool:
        """Whether a patient would see another answer."""
        return _seen(self.before) != _seen(self.after)

    @property
    def failures(self) -> list[str]:
        """What is not true of the new answer."""
        return self.question.truth.failures(self.after)

    @property
    def verdict(self) -> Verdict:
        """By the question's own truth alone: less of it is true now, or more."""
        before, after = len(self.question.truth.failures(self.before)), len(self.failures)
        return "as good" if before == after else "better" if after < before else "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every question that was asked; the saved ones, and those that authors wrote beside the changed sections."""

    saved: tuple[Asked, ...]
    authors: tuple[Asked, ...]

    @property
    def changed(self) -> list[Asked]:
        """Those whose answer would be another, the worse ones first."""
        both = [asked for asked in (*self.saved, *self.authors) if asked.is_changed]
        return sorted(both, key=lambda asked: get_args(Verdict).index(asked.verdict))

    @property
    def failing(self) -> list[Asked]:
        """The saved questions that would fail."""
        return [asked for asked in self.saved if asked.failures]

    def count(self, verdict: Verdict) -> int:
        """How many of the changed answers are better, worse or as good."""
        return sum(asked.verdict == verdict for asked in self.changed)


def compare(desk: Desk, by: Person, candidate: Candidate, progress: Progress = silent) -> Comparison:
    """Ask the saved questions, and the authors' of changed sections, of what is served and of a candidate.

    `progress` is called with (questions asked so far, questions to ask).
    """
    by.must("edit")
    before, after = over(desk, desk.bot.index.current()), over(desk, candidate.index)
    authors = list(_authors(before.index.current(), after.index.current()))[:MAX_AUTHORS]
    kept = saved.every(desk, by)
    found: list[Asked] = []
    for question in [*kept, *authors]:
        found.append(Asked(question, saved.answer_of(before, question), saved.answer_of(after, question)))
        progress(len(found), len(kept) + len(authors))
    return Comparison(tuple(found[: len(kept)]), tuple(found[len(kept) :]))


class Comparing:
    """A version prepared and compared in a thread of its own, however long the page stays open. One at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.said = ""
        self.result: tuple[Candidate, Comparison] | None = None
        self.error: Exception | None = None

    @property
    def is_running(self) -> bool:
        """Whether it still works."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, desk: Desk, by: Person) -> None:
        """Begin, unless somebody has begun already: then theirs is waited for."""
        by.must("edit")
        with self._lock:
            if not self.is_running:
                self.said, self.result, self.error = "Reading the drafts …", None, None
                self._thread = threading.Thread(target=self._work, args=(desk, by), daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has come."""
        if self._thread is not None:
            self._thread.join(seconds)
        return not self.is_running

    def _work(self, desk: Desk, by: Person) -> None:
        def show(what: str) -> Progress:
            def step(done: int, total: int) -> None:
                self.said = f"{what}: {done} of {total}"

            return step

        try:
            candidate = prepared(desk, by, show("Reading passages"))
            self.result = candidate, compare(desk, by, candidate, show("Asking questions"))
        except Exception as error:  # told to whoever waits
            self.error = error


def _authors(before: StoredIndex, after: StoredIndex) -> Iterator[Saved]:
    """The questions beside the sections of patients' documents that are new or changed: each is to cite its section."""
    known = {section.id: _text(document, section) for document in before.documents for section in document.sections}
    for document in after.documents:
        for section in document.sections if document.audience == "patient" else ():
            if known.get(section.id) != _text(document, section):
                for question in section.questions:
                    yield Saved(0, question, document.treatment, Truth(cites=section.id), "", after.manifest.built_at)


def _text(document: Document, section: Section) -> tuple[Any, ...]:
    return document.audience, document.treatment, section.headings, document.text[section.start : section.end]


def _seen(answer: Answer) -> tuple[Any, ...]:
    cited = [(c.passage.document.title, c.passage.section.id, c.quote, c.caveat) for c in answer.citations]
    return answer.status, answer.urgency, answer.text, cited
