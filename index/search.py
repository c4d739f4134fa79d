"""Hits: the passages nearest in meaning and in words, fused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.encode import Encoder, Vectors
from index.keywords import KeywordIndex
from index.section_questions import SectionQuestions
from index.vectors import VectorIndex
from kb.document import Passage

# Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009) with their constant: fused = Σ 1 / (60 + rank).
RANK_CONSTANT = 60
# How deep each ranking is read before fusion: deeper changes nothing in the first ten.
FUSION_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its scores: higher is better.

    `score` is the fused one, 0 to 2/61; `cosine` -1 to 1; `bm25` 0 upwards. A passage that one of the two
    rankings did not reach has None there.
    """

    passage: Passage
    score: float
    cosine: float | None
    bm25: float | None


@dataclass(frozen=True, slots=True)
class PassageIndex:
    """Passages, found by meaning and by words.

    `sentence_vectors` has, for each passage id, the vectors of its sentences: float32 (sentences, dim), unit rows.
    `questions` are those that the passages' sections answer.
    """

    passages: dict[str, Passage]
    vectors: VectorIndex
    keywords: KeywordIndex
    sentence_vectors: dict[str, Vectors]
    questions: SectionQuestions


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
    everything = None if len(among) == len(index.passages) else among
    cosines = index.vectors.search(vector, FUSION_DEPTH, everything)
    keywords = index.keywords.search(text, FUSION_DEPTH, everything)
    cosine, bm25 = dict(cosines), dict(keywords)
    return [
        Hit(index.passages[passage_id], score, cosine.get(passage_id), bm25.get(passage_id))
        for passage_id, score in fuse(cosines, keywords)[:k]
    ]


def fuse(*rankings: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Rankings (id, score), best first → one ranking (id, fused score), by reciprocal ranks.

    Worked: "a" first in one and second in the other has 1/61 + 1/62 = 0.0325.
    """
    fused: dict[str, float] = {}
    for ranking in rankings:
        for rank, (passage_id, _) in enumerate(ranking, start=1):
            fused[passage_id] = fused.get(passage_id, 0.0) + 1 / (RANK_CONSTANT + rank)
    return sorted(fused.items(), key=lambda item: -item[1])
