"""Answers are worked out a few at a time, and the same question, of the same documents, not again for a short while.

Many visitors ask the same: the examples, the topics, and what an answer suggests stand on the page to be clicked. What
is remembered is in memory only, and for as long as an answer is kept for a retry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

from cachetools import TTLCache

MAX_KEPT = 2000  # answers, each a few kilobytes
KEPT_S = 600.0
# Each keeps a core busy: more at once would all take longer, and hold up what is already known.
AT_ONCE = os.cpu_count() or 1

Made = TypeVar("Made")


class Remembered:
    """Answers by question. What they were made from is compared by identity: a new index is another one."""

    def __init__(self) -> None:
        self._kept: TTLCache[Hashable, tuple[tuple[object, ...], Future[Any]]] = TTLCache(MAX_KEPT, KEPT_S)
        self._lock = Lock()
        self._workers = ThreadPoolExecutor(AT_ONCE, "answers")

    def once(self, question: Hashable, made_from: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """What `make` gives, or gave for the same question made from the very same things; whoever comes first, first.

        Two who ask the same at once wait for one answer. An error is raised to both, and not remembered.
        """
        with self._lock:
            known = self._kept.get(question)
            if known is None or not all(one is other for one, other in zip(known[0], made_from, strict=True)):
                known = self._kept[question] = made_from, self._workers.submit(make)
        try:
            made: Made = known[1].result()
        except BaseException:
            with self._lock:
                if self._kept.get(question) is known:
                    del self._kept[question]
            raise
        return made
