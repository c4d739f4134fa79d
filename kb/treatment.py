"""Treatments and the words people use for them: which treatment does this text name?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml
from rapidfuzz import fuzz

from kb.document import Document

LEXICON = Path(__file__).with_name("treatments.yaml")
MIN_FUZZY_LETTERS = 6  # "botx" may be anything; "microneedeling" may not
MIN_FUZZY_RATIO = 88.0  # 0-100; one or two slips in a long word


class Treatments:
    """Canonical names of treatments and their other names."""

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        """`names` maps a canonical name to its other names; a name may belong to several treatments."""
        self._by_words: dict[tuple[str, ...], set[str]] = {}
        for canonical, others in names.items():
            for name in (canonical, *others):
                self._by_words.setdefault(words(name), set()).add(canonical)
        self._longest = max((len(name) for name in self._by_words), default=0)

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Treatments:
        """Those of `treatments.yaml` and of the documents, under all their names."""
        names = {canonical: set(others) for canonical, others in lexicon().items()}
        for document in documents:
            if document.treatment:
                names.setdefault(document.treatment, set()).update(document.other_names)
        return cls(names)

    def canonical(self, name: str) -> str:
        """The one name of a treatment; a name that is not known stands for itself."""
        return min(self._by_words.get(words(name), {name}))

    def named(self, text: str, exactly: bool = False) -> Counter[str]:
        """How often the text names each treatment. The longest name wins: hair removal is no removal.

        `exactly` leaves out names that are only spelt alike.
        """
        return Counter(treatment for _, _, treatments in self._mentions(text, exactly) for treatment in treatments)

    def without(self, text: str) -> str:
        """The text without the names of treatments: what it says of them."""
        for start, end, _ in reversed(list(self._mentions(text, exactly=False))):
            text = text[:start] + " " + text[end:]
        return text

    def in_full(self, text: str) -> str:
        """The text with the one name of each treatment in place of its other names: as its documents call it. A name
        that several treatments have stays.
        """
        for start, end, treatments in reversed(list(self._mentions(text, exactly=False))):
            if len(treatments) == 1:
                text = text[:start] + min(treatments) + text[end:]
        return text

    def _mentions(self, text: str, exactly: bool) -> Iterator[tuple[int, int, set[str]]]:
        """(start, end, treatments) of each name in the text."""
        found = list(_tokens(text))
        position = 0
        while position < len(found):
            rest = tuple(token[0] for token in found[position : position + max(self._longest, 1)])
            length, treatments = self._longest_at_start(rest, exactly)
            if treatments:
                yield found[position].start(), found[position + length - 1].end(), treatments
            position += length

    def _longest_at_start(self, rest: tuple[str, ...], exactly: bool) -> tuple[int, set[str]]:
        for length in range(len(rest), 0, -1):
            if exact := self._by_words.get(rest[:length]):
                return length, exact
        return 1, set() if exactly else self._misspelt(rest[0])

    def _misspelt(self, word: str) -> set[str]:
        if len(word) < MIN_FUZZY_LETTERS:
            return set()
        near = {
            name: fuzz.ratio(word, name[0])
            for name in self._by_words
            if len(name) == 1 and len(name[0]) >= MIN_FUZZY_LETTERS
        }
        best = max(near, key=lambda name: near[name], default=None)
        return self._by_words[best] if best and near[best] >= MIN_FUZZY_RATIO else set()


@cache
def known_treatments() -> Treatments:
    """The treatments of `treatments.yaml`."""
    return Treatments(lexicon())


@cache
def lexicon() -> dict[str, list[str]]:
    """Canonical name → other names, as `treatments.yaml` has them."""
    content: dict[str, list[str]] = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))
    return content


def words(name: str) -> tuple[str, ...]:
    """Lower-case words, punctuation aside: "Er:YAG" and "er yag" are the same."""
    return tuple(token[0] for token in _tokens(name))


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, lower-case, each at its place."""
    lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    return re.finditer(r"\w+", lowered.replace("₂", "2"))
