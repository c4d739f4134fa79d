"""A retry after a dropped connection gets the answer that was given, and is not asked or recorded twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from cachetools import TTLCache

from chatbot.answer import Answer

KEPT_S = 600
MAX_KEPT = 10_000  # answers of a few kB each; more than are given in ten minutes


@dataclass(frozen=True, slots=True)
class Key:
    """One question in one conversation. Both are made in the browser; who does not know them gets no answer of it."""

    conversation: UUID
    id: UUID


class Retries:
    """The answers of the last ten minutes, in memory only."""

    def __init__(self) -> None:
        self._given: TTLCache[Key, Future[Answer]] = TTLCache(MAX_KEPT, KEPT_S)
        self._lock = Lock()

    def once(self, key: Key, give: Callable[[], Answer]) -> Answer:
        """The answer of `give()`, or that of the call before, which a second call waits for. What `give` raises is
        raised to all that wait for it, and forgotten.
        """
        with self._lock:
            given = self._given.get(key)
            is_first = given is None
            given = self._given[key] = Future() if given is None else given
        if is_first:
            try:
                given.set_result(give())
            except BaseException as error:
                with self._lock:
                    self._given.pop(key, None)
                given.set_exception(error)
        return given.result()

    def forget(self, conversation: UUID) -> None:
        """Keep nothing of a conversation."""
        with self._lock:
            for key in [key for key in self._given if key.conversation == conversation]:
                self._given.pop(key, None)
