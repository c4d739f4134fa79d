"""Spelling: a word that no dictionary knows is read as the word of the rules that it is nearest to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

from symspellpy import SymSpell, Verbosity

DICTIONARY = "frequency_dictionary_en_82_765.txt"  # comes with symspellpy; "word count" a line
SPELT_RIGHT = Path(__file__).with_name("spelt_right.txt")  # what people write that the dictionary lacks
MIN_LETTERS = 4  # shorter words are too near to each other
MIN_LETTERS_TWO_SLIPS = 7  # "tempreture" may have two slips, "pian" one
MIN_LETTERS_HALF = 3


class Spelling:
    """Repairs words towards a vocabulary: the words that the rules look for."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        counts = dictionary()
        self._known = counts.keys() | spelt_right()
        self._words = {word for word in vocabulary if word.isascii() and word.isalpha()}
        self._near = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
        for word in self._words:
            if len(word) >= MIN_LETTERS:
                self._near.create_dictionary_entry(word, counts.get(word, 1))

    def repair(self, word: str) -> str:
        """The word as it was probably meant, perhaps as two words; a word that cannot be mended stays as it is."""
        if word in self._words or word in self._known or not word.isascii() or not word.isalpha():
            return word
        if len(word) < MIN_LETTERS:
            return word
        slips = 2 if len(word) >= MIN_LETTERS_TWO_SLIPS else 1
        if near := self._near.lookup(word, Verbosity.TOP, max_edit_distance=slips):
            term: str = near[0].term
            return term
        return self._halves(word) or word

    def _halves(self, word: str) -> str | None:
        """Two known words, of which the rules know one: "cantbreathe" → "cant breathe"."""
        for cut in range(MIN_LETTERS_HALF, len(word) - MIN_LETTERS_HALF + 1):
            first, second = word[:cut], word[cut:]
            known = all(half in self._words or half in self._known for half in (first, second))
            if known and not self._words.isdisjoint((first, second)):
                return f"{first} {second}"
        return None


@cache
def dictionary() -> dict[str, int]:
    """Words of English, and how often each is written."""
    lines = (files("symspellpy") / DICTIONARY).read_text(encoding="utf-8-sig").splitlines()
    return {word: int(count) for word, count in (line.split() for line in lines)}


@cache
def spelt_right() -> frozenset[str]:
    """Contractions, slang, names of medicines and treatments."""
    return frozenset(SPELT_RIGHT.read_text(encoding="utf-8").split())
