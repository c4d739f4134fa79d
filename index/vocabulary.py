"""Vocabulary: the words of the passages, to complete one that is being typed, and to mend one that is misspelt."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rapidfuzz import fuzz, process

from index.keywords import MIN_MISSPELT_LETTERS, MIN_SPELLING_RATIO
from index.terms import words


class Vocabulary:
    """Words and how often each is written, in the order of the alphabet: those that begin alike stand together."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = dict(counts)
        self._words = sorted(counts)
        self._long = [word for word in self._words if len(word) >= MIN_MISSPELT_LETTERS]
        self._beginnings = lru_cache(maxsize=None)(self._beginnings_of)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """The words of these texts; numbers are none."""
        counts = Counter(word for text in texts for word in words(text))
        return cls({word: count for word, count in counts.items() if word.isalpha()})

    def __contains__(self, word: str) -> bool:
        return word in self._counts

    def completions(self, beginning: str, most: int) -> list[str]:
        """The words that begin so, the most frequent first; at most `most` of them."""
        first = bisect_left(self._words, beginning)
        last = bisect_left(self._words, beginning + "\uffff", first)
        return sorted(self._words[first:last], key=lambda word: -self._counts[word])[:most]

    def nearest(self, word: str, may_go_on: bool = False) -> str | None:
        """The word that a misspelt one is nearest to; None where none is near, or the word is short.

        `may_go_on` says that it may be only the beginning of one: "pregen" is near to that of "pregnancy".
        """
        if len(word) < MIN_MISSPELT_LETTERS:
            return None
        near = process.extractOne(word, self._long, scorer=fuzz.ratio, score_cutoff=MIN_SPELLING_RATIO)
        if near is not None or not may_go_on:
            return near[0] if near else None
        begun = self._beginnings(len(word))  # and with one letter fewer, as one may be too many
        near = process.extractOne(word, begun.keys(), scorer=fuzz.ratio, score_cutoff=MIN_SPELLING_RATIO)
        return begun[near[0]] if near else None

    def _beginnings_of(self, letters: int) -> dict[str, str]:
        """The first letters of each longer word, so many or one fewer, with the most frequent word that begins so."""
        longer = sorted((word for word in self._words if len(word) > letters), key=lambda word: self._counts[word])
        return {word[:n]: word for n in (letters - 1, letters) for word in longer}
