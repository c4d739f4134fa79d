"""Hits: the passages nearest in meaning and in words, fused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from index.encode import Encoder, Vectors
from index.keywords import KeywordIndex
from index.section_questions import SectionQuestions
from index.vectors import VectorIndex
from kb.document import Passage

# What a point of BM25 is worth in cosine. benchmarks/README.md has the values beside these three, and what each earns.
WORDS_WEIGHT = 0.04
# A passage whose score is 0.05 higher is e times as likely to be meant: the encoder was trained to tell the right text
# from others by exp(20 · cosine).
TEMPERATURE = 0.05
# How far a question is moved towards the passages that are likely meant; it itself weighs 1.
LEAN = 0.2
# How deep each ranking is read before fusion: deeper changes nothing in the first ten.
FUSION_DEPTH = 100
MAX_CHOICES = 64  # of passages that are remembered: what patients ask about is one treatment, or two


Ranking = Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its scores: higher is better.

    `score` is the fused one, which a cosine and BM25 add up to, -1 upwards; `cosine` -1 to 1; `bm25` 0 upwards. A
    passage that one of the two rankings did not reach has None there.
    """

    passage: Passage
    score: float
    cosine: float | None
    bm25: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Passages that may be found: their ids, None for all; their sections; and those of them that are lists."""

    ids: list[str] | None
    section_ids: frozenset[str]
    lists: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class PassageIndex:
    """Passages, found by meaning and by words.

    `sentence_vectors` has, for each passage id, the vectors of its sentences: float32 (sentences, dim), unit rows.
    `questions` are those that the passages' sections answer; `of_section` has the passages of each section id.
    """

    passages: dict[str, Passage]
    vectors: VectorIndex
    keywords: KeywordIndex
    sentence_vectors: dict[str, Vectors]
    questions: SectionQuestions
    of_section: dict[str, list[Passage]] = field(init=False, repr=False, compare=False)
    _choices: dict[Hashable, Choice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        of_section: dict[str, list[Passage]] = {}
        for passage in self.passages.values():
            of_section.setdefault(passage.section.id, []).append(passage)
        object.__setattr__(self, "of_section", of_section)
        object.__setattr__(self, "_choices", {})

    def choice(self, name: Hashable, keep: Callable[[Passage], bool]) -> Choice:
        """The passages that `keep` lets through. They are remembered by name: to ask each of ten thousand takes longer
        than to search them.
        """
        if name not in self._choices:
            if len(self._choices) >= MAX_CHOICES:
                self._choices.clear()
            kept = [passage for passage in self.passages.values() if keep(passage)]
            self._choices[name] = Choice(
                None if len(kept) == len(self.passages) else [passage.id for passage in kept],
                frozenset(passage.section.id for passage in kept),
                tuple(passage for passage in kept if passage.is_list),
            )
        return self._choices[name]


def search(
    index: PassageIndex,
    encoder: Encoder,
    text: str,
    k: int,
    keep: Callable[[Passage], bool] = lambda _: True,
) -> list[Hit]:
    """The best `k` passages for a text, best first, of those that `keep` lets through."""
    return search_vector(index, encoder.encode([text])[0], text, k, keep)


def search_vector(
    index: PassageIndex,
    vector: Vectors,
    text: str,
    k: int,
    keep: Callable[[Passage], bool] = lambda _: True,
) -> list[Hit]:
    """As `search`, for a text that is already encoded: `vector` has shape (dim,) and length 1."""
    among = [passage_id for passage_id, passage in index.passages.items() if keep(passage)]
    return search_among(index, vector, text, k, None if len(among) == len(index.passages) else among)


def search_among(index: PassageIndex, vector: Vectors, text: str, k: int, among: Collection[str] | None) -> list[Hit]:
    """As `search_vector`, of the passages with these ids; None leaves all of them in the search."""
    cosines = index.vectors.search(vector, FUSION_DEPTH, among)
    keywords = index.keywords.search(text, FUSION_DEPTH, among)
    cosine, bm25 = dict(cosines), dict(keywords)
    return [
        Hit(index.passages[passage_id], score, cosine.get(passage_id), bm25.get(passage_id))
        for passage_id, score in fuse(index.vectors, vector, cosines, keywords)[:k]
    ]


def fuse(index: VectorIndex, vector: Vectors, cosines: Ranking, keywords: Ranking) -> list[tuple[str, float]]:
    """The rankings (id, score) of a question, by meaning and by words → one (id, fused score), best first.

    Each is a cosine plus WORDS_WEIGHT · BM25, a linear combination (Bruch, Gai and Ingber 2023, arXiv:2210.11934). The
    question, `vector` of shape (dim,) and length 1, asks twice. The second time it is moved towards the first answers
    (Rocchio 1971), each as much as it is likely to be the one that is meant, by a softmax over all of them.
    """
    points = dict.fromkeys([passage_id for passage_id, _ in cosines], 0.0) | dict(keywords)
    if not points:
        return []
    ids = list(points)
    passages, words = index.vectors_of(ids), WORDS_WEIGHT * np.array([points[i] for i in ids], dtype=np.float32)
    scores = passages @ vector + words
    likely = np.exp((scores - scores.max()) / TEMPERATURE)
    moved = vector + LEAN * (likely / likely.sum()) @ passages
    scores = passages @ (moved / np.linalg.norm(moved)) + words
    return [(ids[row], float(scores[row])) for row in np.argsort(-scores, kind="stable")]
