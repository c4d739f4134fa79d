"""Search: reciprocal rank fusion worked by hand, and what a Hit's scores say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import IndexOf, LetterEncoder

from index.search import FUSION_DEPTH, fuse, search, search_vector
from kb.document import Passage


def is_for_patients(passage: Passage) -> bool:
    return passage.document.audience == "patient"


def test_the_fused_score_is_the_sum_of_the_reciprocal_ranks() -> None:
    # 1 / (60 + rank) in each ranking: a 1/61 + 1/62, b 1/62 + 1/61, c 1/63 + 1/64, d only 1/63
    fused = dict(fuse([("a", 9.0), ("b", 8.0), ("c", 7.0)], [("b", 0.9), ("a", 0.8), ("d", 0.7), ("c", 0.6)]))
    assert fused == pytest.approx({"a": 1 / 61 + 1 / 62, "b": 1 / 62 + 1 / 61, "c": 1 / 63 + 1 / 64, "d": 1 / 63})
    assert fused["a"] == pytest.approx(0.0325, abs=1e-4)


def test_the_best_fused_score_comes_first() -> None:
    # b: 1/62 + 1/61 = 0.0325; a: 1/61 = 0.0164; c: 1/62 = 0.0161
    assert [name for name, _ in fuse([("a", 1.0), ("b", 0.5)], [("b", 3.0), ("c", 2.0)])] == ["b", "a", "c"]


def test_ranks_decide_and_not_the_sizes_of_the_scores() -> None:
    small, large = [("a", 0.02), ("b", 0.01)], [("a", 2000.0), ("b", -1000.0)]
    assert fuse(small, small) == fuse(large, small)


def test_equal_fused_scores_keep_the_order_of_the_first_ranking() -> None:
    assert [name for name, _ in fuse([("a", 1.0), ("b", 0.5)], [("b", 1.0), ("a", 0.5)])] == ["a", "b"]
    assert fuse([], []) == []


def test_first_in_both_rankings_has_the_highest_score_there_is(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    # Only the list of contraindications has the word "six". It has one x ("six"), one y ("you") and no z, as the
    # question does: both are (0.71, 0.71, 0, 0).
    (hit,) = search(index_of(clinic_folder).passages, encoder, "Would you wait six?", k=1)
    assert hit.passage.id == "peel#who-should-not-have-a-peel"
    assert hit.score == pytest.approx(2 / 61)
    assert hit.cosine == pytest.approx(1.0)
    assert hit.bm25 is not None
    assert hit.bm25 > 0


def test_the_cosine_is_that_of_the_question_and_the_passage(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    index = index_of(clinic_folder)
    hits = search(index.passages, encoder, "x yy zzz", k=10)
    assert len(hits) == 6
    for hit in hits:
        expected = encoder.encode(["x yy zzz"])[0] @ encoder.encode([hit.passage.context])[0]
        assert hit.cosine == pytest.approx(float(expected))


def test_bm25_is_none_when_no_word_of_the_question_is_in_the_passage(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    hits = search(index_of(clinic_folder).passages, encoder, "deposit", k=10)
    assert [hit.passage.id for hit in hits if hit.bm25 is not None] == ["telephone#price"]
    assert all(hit.cosine is not None for hit in hits)


def test_the_cosine_is_none_when_the_passage_is_not_among_the_nearest(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    # Passages with an x (the x of "Extra") lie along (1, 0, 0, 0), a hundred and one nearer than the one with a z.
    sections = "".join(f"\n## Extra {number}\n\nExtra.\n" for number in range(FUSION_DEPTH + 1))
    (clinic_folder / "extra.md").write_text(f"# Extra\n{sections}", encoding="utf-8")
    (clinic_folder / "zebra.md").write_text("# Zebra\n\nZebra.\n", encoding="utf-8")
    index = index_of(clinic_folder)
    hits = {hit.passage.document.id: hit for hit in search(index.passages, encoder, "x zebra", k=200)}
    assert hits["zebra.md"].cosine is None
    assert hits["zebra.md"].bm25 is not None
    assert hits["zebra.md"].score == pytest.approx(1 / 61)  # first by its word, nowhere by meaning
    assert hits["extra.md"].cosine is not None
    assert hits["extra.md"].bm25 is None


def test_only_what_keep_lets_through_is_found(index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder) -> None:
    index = index_of(clinic_folder)
    everything = {hit.passage.id for hit in search(index.passages, encoder, "deposit laser", k=10)}
    for_patients = {
        hit.passage.id for hit in search(index.passages, encoder, "deposit laser", k=10, keep=is_for_patients)
    }
    assert "telephone#price" in everything
    assert for_patients == everything - {"telephone#price"}
    assert search(index.passages, encoder, "deposit laser", k=10, keep=lambda _: False) == []


def test_what_is_not_kept_takes_no_place_from_what_is(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    index = index_of(clinic_folder)
    (hit,) = search(index.passages, encoder, "peel laser deposit", k=1, keep=is_for_patients)
    assert is_for_patients(hit.passage)
    assert hit.score == pytest.approx(2 / 61) or hit.score < 2 / 61


def test_a_search_by_vector_finds_the_same_as_one_by_text(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    index = index_of(clinic_folder)
    by_text = search(index.passages, encoder, "seven days", k=3)
    encoded = encoder.encoded
    by_vector = search_vector(index.passages, np.array([0, 1, 0, 0], dtype=np.float32), "seven days", k=3)
    assert by_vector == by_text  # "seven days" has one letter y: (0, 1, 0, 0)
    assert encoder.encoded == encoded
