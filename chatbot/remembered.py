"""What was answered a short while ago: the same question, of the same documents, is not worked out again.

Many visitors ask the same: the examples, the topics, and what an answer suggests stand on the page to be clicked. What
is remembered is in memory only, and for as long as an answer is kept for a retry.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar, cast

from cachetools import TTLCache

MAX_KEPT = 2000  # answers, each a few kilobytes
KEPT_S = 600.0

Made = TypeVar("Made")


class Remembered:
    """Answers by question. What they were made from is compared by identity: a new index is another one."""

    def __init__(self) -> None:
        self._kept: TTLCache[Hashable, tuple[tuple[object, ...], object]] = TTLCache(MAX_KEPT, KEPT_S)
        self._lock = Lock()

    def once(self, question: Hashable, made_from: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """What `make` gives, or gave for the same question made from the very same things."""
        with self._lock:
            known = self._kept.get(question)
        if known is not None and all(one is other for one, other in zip(known[0], made_from, strict=True)):
            return cast(Made, known[1])
        made = make()
        with self._lock:
            self._kept[question] = made_from, made
        return made
