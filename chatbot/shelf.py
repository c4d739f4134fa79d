"""Shelf: an index made ready to be looked up in at each letter that somebody types."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chatbot.place import Beside, Place
from chatbot.quote import disputes_of, passages_of
from chatbot.typed import Typed
from chatbot.withheld import is_withheld
from index.encode import Vectors
from index.keywords import KeywordIndex
from index.search import search_among
from index.store import StoredIndex
from index.terms import distinct_terms, key_terms
from index.vocabulary import Vocabulary
from kb.document import Audience, Document, Passage, Section

# What it is worth in cosine that a sentence has all the words looked for; as the verifier has it.
SENTENCE_SHARE = 0.4
MOST_OF_SECTION = 3  # passages of one section among the first: it is shown once


@dataclass(frozen=True, slots=True)
class Filters:
    """What is left of the documents: one treatment, one topic, what one audience may read. None leaves all."""

    treatment: str | None = None
    topic: str | None = None
    audience: Audience | None = None


class Shelf:
    """Places in one index. Nothing in here goes past all passages when somebody types."""

    def __init__(
        self, index: StoredIndex, on_topic: Callable[[str], frozenset[str]], never_quoted: tuple[re.Pattern[str], ...]
    ) -> None:
        """`on_topic` gives the ids of the passages on a topic; it is asked once for each that is filtered by."""
        self.index = index
        self.vocabulary = Vocabulary.of(passage.context for passage in index.passages.passages.values())
        self.treatments = sorted({d.treatment for d in index.documents if d.treatment}, key=str.casefold)
        self._on_topic = on_topic
        self._never_quoted = never_quoted
        self._chosen: dict[tuple[Filters, frozenset[str]], list[str] | None] = {}
        self._disputes: dict[str, tuple[Passage, ...]] = {}

    def places(self, typed: Typed, vector: Vectors, k: int, filters: Filters) -> list[Place]:
        """The `k` best places for what is typed, best first, each section once; `vector` is its meaning, shape (dim,).

        A treatment that is named in it leaves what is about that one, or about all, where no treatment was chosen.
        """
        named = frozenset(self.index.treatments.named(typed.meaning)) & frozenset(self.treatments)
        among = self._among(filters, frozenset() if filters.treatment else named)
        hits = search_among(self.index.passages, vector, typed.words, k * MOST_OF_SECTION, among)
        first_of: dict[str, Passage] = {}
        for hit in hits:
            first_of.setdefault(hit.passage.section.id, hit.passage)
        wanted = _Wanted.of(self.index.treatments.without(typed.meaning), self.index.passages.keywords)
        return [self._place(passage, vector, wanted) for passage in list(first_of.values())[:k]]

    def _among(self, filters: Filters, named: frozenset[str]) -> list[str] | None:
        """The ids that are left by the filters; None for all of them."""
        if filters == Filters() and not named:
            return None
        key = filters, named
        if key not in self._chosen:
            on_topic = self._on_topic(filters.topic) if filters.topic else None
            self._chosen[key] = [
                passage_id
                for passage_id, passage in self.index.passages.passages.items()
                if _is_left(passage.document, filters, named) and (on_topic is None or passage_id in on_topic)
            ]
        return self._chosen[key]

    def _place(self, passage: Passage, vector: Vectors, wanted: _Wanted) -> Place:
        marked = self._best_sentence(passage, vector, wanted)
        start, end = (passage.start, passage.end) if passage.is_list else marked
        before, after = self._neighbours(passage)
        return Place(
            passage=passage,
            start=start,
            end=end,
            marked=marked,
            caveats=self._disputes_of(passage.section),
            is_withheld=is_withheld(passage.document, start, end, self._never_quoted),
            before=before,
            after=after,
        )

    def _best_sentence(self, passage: Passage, vector: Vectors, wanted: _Wanted) -> tuple[int, int]:
        """(start, end) of the sentence or item that fits best, by meaning and by words."""
        cosines = self.index.passages.sentence_vectors[passage.id] @ vector
        text = passage.document.text
        shares = [wanted.share(distinct_terms(text[start:end])) for start, end in passage.sentences]
        return passage.sentences[int(np.argmax(cosines + SENTENCE_SHARE * np.array(shares)))]

    def _neighbours(self, passage: Passage) -> tuple[Beside | None, Beside | None]:
        """The sections with text before and after a passage's own."""
        with_text = [section for section in passage.document.sections if section.paragraphs]
        own = next(row for row, section in enumerate(with_text) if section.id == passage.section.id)

        def beside(row: int) -> Beside | None:
            section = with_text[row] if 0 <= row < len(with_text) else None
            return Beside(section, self._disputes_of(section)) if section else None

        return beside(own - 1), beside(own + 1)

    def _disputes_of(self, section: Section) -> tuple[Passage, ...]:
        if section.id not in self._disputes:
            first = passages_of(section.id, self.index)[0]
            self._disputes[section.id] = tuple(disputes_of(first, section.start, section.end, self.index))
        return self._disputes[section.id]


def _is_left(document: Document, filters: Filters, named: frozenset[str]) -> bool:
    treatment = document.treatment
    if filters.treatment and treatment not in (filters.treatment, None):
        return False
    if named and treatment is not None and treatment not in named:
        return False
    return filters.audience in (document.audience, None)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The words looked for, beside the treatment: the terms for each, and how much it tells texts apart."""

    words: Sequence[tuple[frozenset[str], float]]

    @classmethod
    def of(cls, text: str, keywords: KeywordIndex) -> _Wanted:
        known = [keywords.known(key) for key in key_terms(text)]
        return cls([(its, keywords.weight(its)) for its in known if its])

    def share(self, own: frozenset[str]) -> float:
        """The share of the words, by weight, that a text of these terms has, 0 to 1."""
        whole = sum(weight for _, weight in self.words)
        return sum(weight for its, weight in self.words if not its.isdisjoint(own)) / whole if whole else 0.0
