"""Gaps: what patients ask that the documents do not answer, clustered by meaning, ranked by how many asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from textwrap import shorten
from threading import Lock

import numpy as np

from chatbot.coverage import GAP, load_topics
from chatbot.desk.alike import MAX_CLUSTERED, MIN_TOPIC, Clusters, Reading, alike
from chatbot.desk.desk import Desk
from chatbot.desk.gap_topics import How, Topic, reopen, topics_of, write_topic
from chatbot.desk.permissions import Person
from chatbot.desk.unanswered import Unanswered, unanswered
from chatbot.store import transaction

WEEK = timedelta(days=7)
MAX_TITLE = 200  # characters
MAX_VARIANT = 300  # characters: longer is a story, not a question
MAX_VARIANTS = 10  # wordings to begin an answer or a document with
REDACTED = re.compile(r"\[\w+\]")


class GapError(Exception):
    """What was asked cannot be done with a gap; the message says why, in words for staff."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A cluster of questions, newest first. All counts are of people, each counted once.

    `exemplar` is the question most like the others. `treatments` are those that the questions name, with how many name
    each; `topic` is the one of topics.yaml that is most like them, if any is. `decided` is what staff made of it last;
    `is_closed` says that nobody has asked since, or too few to look again.
    """

    exemplar: Unanswered
    questions: tuple[Unanswered, ...]
    asked: int
    this_week: int
    week_before: int
    treatments: tuple[tuple[str, int], ...]
    topic: str | None
    decided: Topic | None
    is_closed: bool

    @property
    def title(self) -> str:
        """The exemplar on one line, cut where it is a long message."""
        return shorten(self.exemplar.text, MAX_TITLE, placeholder=" …")

    @property
    def variants(self) -> list[str]:
        """The different ways in which it was asked, on one line each, the most central first, then the newest.

        What redaction left a hole in is nothing to ask by.
        """
        found: dict[str, str] = {}
        for one in (self.exemplar, *self.questions):
            line = " ".join(one.text.split())
            if not REDACTED.search(line) and len(line) <= MAX_VARIANT:
                found.setdefault(line.casefold(), line)
        return list(found.values())[:MAX_VARIANTS]

    @property
    def treatment(self) -> str | None:
        """The treatment, where all questions that name one name the same."""
        return self.treatments[0][0] if len(self.treatments) == 1 else None


class Gaps:
    """The gaps of a desk. Made once: what was read is kept in memory, so that only new questions are encoded."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._reading = Reading(desk.bot.encoder)
        self._redacted: dict[str, str] = {}
        self._last: _Compared | None = None
        self._topics = load_topics()

    def ranked(self, by: Person, now: datetime) -> list[Gap]:
        """Those that most people asked first, then the newest; closed ones last. `now` has a time zone.

        Raises NotAllowedError, StoreError.
        """
        by.must("see_gaps")
        with self._lock:
            with transaction(self._desk.store) as connection:
                asked, decided = unanswered(connection, self._redacted), topics_of(connection)
            found = self._found(asked, decided, now.astimezone(UTC).replace(tzinfo=None))
        return sorted(found, key=lambda gap: (gap.is_closed, -gap.asked, -gap.questions[0].at.timestamp()))

    def gap_of(self, by: Person, question_id: str, now: datetime) -> Gap:
        """The gap that a question belongs to now. Raises GapError where it was deleted since."""
        for gap in self.ranked(by, now):
            if any(one.id == question_id for one in gap.questions):
                return gap
        raise GapError("These questions are no longer kept. Refresh the list.")

    def gap_titled(self, by: Person, title: str, is_closed: bool, now: datetime) -> Gap:
        """The open, or the closed, gap with this title. Raises GapError where its questions changed since."""
        for gap in self.ranked(by, now):
            if gap.is_closed is is_closed and gap.title == title:
                return gap
        raise GapError("These questions have changed since. Refresh the list.")

    def begun(self, by: Person, gap: Gap, how: How, subject: str) -> None:
        """An answer or a document was begun: once patients get it, the gap is closed. Raises NotAllowedError."""
        self._decide(by, gap, how, subject=subject)

    def answered(self, by: Person, gap: Gap) -> None:
        """The questions are answered by what was written elsewhere. Raises NotAllowedError, StoreError."""
        self._decide(by, gap, "answered")

    def not_for_us(self, by: Person, gap: Gap, label: str, reason: str) -> None:
        """The clinic does not answer this, and `reason` says why; `label` says in words of staff what it is about.

        Raises GapError where one of the two is missing, NotAllowedError, StoreError.
        """
        by.must("edit")
        label, reason = " ".join(label.split()), " ".join(reason.split())
        if not label or not reason:
            raise GapError("Say in your own words what it is about, and why the clinic does not answer it.")
        self._decide(by, gap, "not_for_us", label=label, reason=reason)

    def reopen(self, by: Person, gap: Gap) -> None:
        """Take back what was decided last about a gap. Raises NotAllowedError, StoreError."""
        by.must("edit")
        if gap.decided is not None:
            with transaction(self._desk.store) as connection:
                reopen(connection, by, gap.decided.key)

    def _decide(
        self,
        by: Person,
        gap: Gap,
        how: How,
        subject: str | None = None,
        label: str | None = None,
        reason: str | None = None,
    ) -> None:
        by.must("edit")
        ids = [one.id for one in gap.questions]
        with transaction(self._desk.store) as connection:
            write_topic(connection, by, how, ids, gap.asked, subject=subject, label=label, reason=reason)

    def _found(self, asked: Sequence[Unanswered], decided: Sequence[Topic], now: datetime) -> list[Gap]:
        """The gaps of these questions; a label takes part in the clustering as if it were a question."""
        by_text: dict[str, list[Unanswered]] = {}
        for one in asked:
            if one.text in by_text or len(by_text) < MAX_CLUSTERED:
                by_text.setdefault(one.text, []).append(one)
        labels = [topic.label for topic in decided if topic.label is not None]
        compared = self._compared(tuple(dict.fromkeys([*by_text, *labels])))
        found = []
        for group in compared.clusters.groups:
            named = {compared.texts[position] for position in group}
            cluster = [one for text in named for one in by_text.get(text, ())]
            cluster.sort(key=lambda one: one.at, reverse=True)
            about = [topic for topic in decided if _is_about(topic, cluster, named)]
            is_settled = [any(_settles(topic, one, cluster) for topic in about) for one in cluster]
            for is_closed in (False, True):
                part = [one for one, is_so in zip(cluster, is_settled, strict=True) if is_so is is_closed]
                if part:
                    last = max(about, key=lambda topic: topic.at, default=None)
                    found.append(_gap(part, compared, last, is_closed, now))
        return found

    def _compared(self, texts: tuple[str, ...]) -> _Compared:
        """The texts in their clusters; the same texts are not compared twice over one version of the index."""
        index = self._desk.bot.index.current()
        if self._last is None or (self._last.version, self._last.texts) != (index.version, texts):
            named = [(topic.name, question.replace(GAP, " ")) for topic in self._topics for question in topic.questions]
            questions = [question for _, question in named]
            self._reading.keep([*texts, *questions])
            read = self._reading.read(texts, index)
            likeness = alike(read, self._reading.read(questions, index)) if texts else np.zeros((0, len(named)))
            best = zip(likeness.argmax(axis=1), likeness.max(axis=1), strict=True)
            topics = [named[column][0] if most >= MIN_TOPIC else None for column, most in best]
            position = {text: number for number, text in enumerate(texts)}
            self._last = _Compared(index.version, texts, position, Clusters(read), topics)
        return self._last


@dataclass(frozen=True, slots=True)
class _Compared:
    """Texts, their clusters by the texts' positions, and the topic of topics.yaml that each is most like, if any."""

    version: str
    texts: tuple[str, ...]
    position: dict[str, int]
    clusters: Clusters
    topics: Sequence[str | None]


def _gap(
    questions: Sequence[Unanswered], compared: _Compared, decided: Topic | None, is_closed: bool, now: datetime
) -> Gap:
    texts = Counter(one.text for one in questions)
    positions = {text: compared.position[text] for text in texts}
    central = compared.clusters.central(list(positions.values()), list(texts.values()))
    read = compared.clusters.read
    named = {(name, one.who) for one in questions for name in read[positions[one.text]].treatments}
    return Gap(
        exemplar=next(one for one in questions if one.text == compared.texts[central]),
        questions=tuple(questions),
        asked=_people(questions),
        this_week=_people(one for one in questions if one.at > now - WEEK),
        week_before=_people(one for one in questions if now - 2 * WEEK < one.at <= now - WEEK),
        treatments=tuple(Counter(name for name, _ in sorted(named)).most_common()),
        topic=compared.topics[central],
        decided=decided,
        is_closed=is_closed,
    )


def _people(questions: Iterable[Unanswered]) -> int:
    return len({one.who for one in questions})


def _is_about(topic: Topic, questions: Sequence[Unanswered], texts: set[str]) -> bool:
    return topic.label in texts or any(one.id in topic.questions for one in questions)


def _settles(topic: Topic, one: Unanswered, cluster: Sequence[Unanswered]) -> bool:
    """Whether a question of the cluster needs no more work, as it was decided on.

    What is asked after a gap was closed opens it again. What is not for the clinic is asked again in any case: it
    comes back when more people have asked since than had before.
    """
    if topic.closed_at is None:
        return False
    if one.at <= topic.closed_at:  # asked before what was begun was approved, or one of those decided on
        return topic.label is not None or one.at > topic.at or one.id in topic.questions
    since = _people(other for other in cluster if other.at > topic.closed_at)
    return topic.how == "not_for_us" and since <= topic.asked
