"""Look-up for staff, while they type: places in all documents, curated answers, and what must be said above them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from chatbot.answer import Answer
from chatbot.coverage import load_topics
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.on_topic import on_topic
from chatbot.place import Place
from chatbot.question import Question, QuestionError
from chatbot.shelf import Filters, Shelf
from chatbot.triage import triage
from chatbot.typed import read_typed
from chatbot.urgent import urgent
from index.encode import Vectors
from index.store import StoredIndex

K_PLACES = 8
MAX_VECTORS = 512  # "pregn" and the two letters after it are all read as "pregnancy": that is encoded once
# Curated answers for a person's text and its vector, shape (dim,), best first, each a place in a document of its own.
LookUpCurated = Callable[[Person, str, Vectors, Filters], list[Place]]


def no_curated(by: Person, text: str, vector: Vectors, filters: Filters) -> list[Place]:  # noqa: ARG001
    """Where there are no curated answers."""
    return []


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What is shown for a text. `now` is what to do where it is urgent; nothing here is an answer for a patient yet.

    `is_personal` says that it asks of one person's suitability, which no document decides.
    """

    text: str
    now: Answer | None
    is_personal: bool
    curated: tuple[Place, ...]
    places: tuple[Place, ...]


class LookUp:
    """The look-up over a desk. It keeps its shelf until another index is served, and makes the new one once."""

    def __init__(self, desk: Desk, curated: LookUpCurated = no_curated) -> None:
        self._bot = desk.bot
        self._curated = curated
        self._topics = {topic.name: topic for topic in load_topics()}
        self._making = Lock()
        self._vector_of = lru_cache(maxsize=MAX_VECTORS)(self._encoded)
        self._shelf: Shelf | None = None

    @property
    def topics(self) -> list[str]:
        """What can be filtered by."""
        return list(self._topics)

    @property
    def shelf(self) -> Shelf:
        """That of the index that is served. While one caller makes a new one, the others get the old one."""
        index, shelf = self._bot.index.current(), self._shelf
        if shelf is not None and (shelf.index is index or not self._making.acquire(blocking=False)):
            return shelf
        if shelf is None:
            self._making.acquire()
        try:
            if self._shelf is None or self._shelf.index is not index:
                self._shelf = self._made(index)
            return self._shelf
        finally:
            self._making.release()

    def _made(self, index: StoredIndex) -> Shelf:
        def on(name: str) -> frozenset[str]:
            return on_topic(self._topics[name], index, self._bot.encoder)

        return Shelf(index, on, self._bot.rules.never_quoted_patterns)

    def _encoded(self, text: str) -> Vectors:
        vector: Vectors = self._bot.encoder.encode([text])[0]
        return vector

    def find(self, by: Person, text: str, filters: Filters, k: int = K_PLACES) -> LookedUp:
        """The best `k` places for what is typed so far, and the curated answers; for nothing but a topic, those on it.

        Raises NotAllowedError, and QuestionError for what is no text.
        """
        by.must("look_up")
        question = Question.parse(text if text.strip() else filters.topic or "")
        said = triage(question, self._bot.rules, self._bot.meaning)
        now = urgent(question, said, self._bot.clinic)
        try:
            question.check()
        except QuestionError:
            if now is None:
                raise
            return LookedUp(text, now, False, (), ())
        shelf = self.shelf
        typed = read_typed(question.text, shelf.vocabulary)
        vector = self._vector_of(typed.meaning)
        return LookedUp(
            text=question.text,
            now=now,
            is_personal=said.kind == "personal",
            curated=tuple(self._curated(by, typed.meaning, vector, filters)),
            places=tuple(shelf.places(typed, vector, k, filters)),
        )
