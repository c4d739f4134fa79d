"""Search: the fusion worked by hand, and what a Hit's scores say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from conftest import IndexOf, LetterEncoder

from index import search as module
from index.encode import Vectors
from index.search import FUSION_DEPTH, LEAN, TEMPERATURE, WORDS_WEIGHT, fuse, search, search_vector
from index.vectors import VectorIndex
from kb.document import Passage


def is_for_patients(passage: Passage) -> bool:
    return passage.document.audience == "patient"


# Fusion. East, north-east and north as the points of the compass: (1, 0), (0.6, 0.8), (0, 1).
EAST, NORTH_EAST, NORTH = [1.0, 0.0], [0.6, 0.8], [0.0, 1.0]


def compass() -> VectorIndex:
    return VectorIndex.build(["east", "north-east", "north"], np.array([EAST, NORTH_EAST, NORTH], dtype=np.float32))


def unit(vector: list[float]) -> Vectors:
    row: Vectors = np.array(vector, dtype=np.float32)
    return row / np.linalg.norm(row)


def test_without_a_lean_the_score_is_the_cosine_and_the_worth_of_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAN", 0.0)
    # From the east: cosines 1, 0.6 and 0. Words bring north-east 5 points and north, which is not among the nearest, 2.
    fused = fuse(compass(), unit(EAST), [("east", 1.0), ("north-east", 0.6)], [("north-east", 5.0), ("north", 2.0)])
    expected = {"east": 1.0, "north-east": 0.6 + 5 * WORDS_WEIGHT, "north": 2 * WORDS_WEIGHT}
    assert dict(fused) == pytest.approx(expected)
    assert [name for name, _ in fused] == ["east", "north-east", "north"]
    assert fuse(compass(), unit(EAST), [("east", 1.0)], [("north-east", 11.0)])[0][0] == "north-east"


def test_a_question_moves_towards_the_passages_that_are_likely_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAN", 1.0)
    monkeypatch.setattr(module, "TEMPERATURE", 0.1)
    # From the north: cosines 1 and 0.8, without words. North-east is e^(-0.2 / 0.1) = 0.135 times as likely as north:
    # 0.881 and 0.119. The question becomes (0, 1) + 0.881 (0, 1) + 0.119 (0.6, 0.8) = (0.0715, 1.9762), at length 1
    # (0.0362, 0.9993), whose cosines are 0.9993 and 0.6 · 0.0362 + 0.8 · 0.9993 = 0.8212.
    fused = dict(fuse(compass(), unit(NORTH), [("north", 1.0), ("north-east", 0.8)], []))
    assert fused == pytest.approx({"north": 0.9993, "north-east": 0.8212}, abs=1e-4)


def test_what_is_like_the_likely_passages_comes_before_what_is_as_near_to_the_question() -> None:
    # From between north-east and north, both as near, words decide for north; "north again" has none of them.
    vectors = np.array([NORTH, NORTH_EAST, NORTH], dtype=np.float32)
    index = VectorIndex.build(["north", "north-east", "north again"], vectors)
    between = unit([0.6, 1.8])
    cosines = index.search(between, 3)
    fused = fuse(index, between, cosines, [("north", 5.0)])
    assert [name for name, _ in fused] == ["north", "north again", "north-east"]


def test_equal_scores_keep_the_order_of_the_first_ranking() -> None:
    index = VectorIndex.build(["a", "b"], np.array([EAST, EAST], dtype=np.float32))
    for cosines in ([("b", 1.0), ("a", 1.0)], [("a", 1.0), ("b", 1.0)]):
        assert [name for name, _ in fuse(index, unit(EAST), cosines, [])] == [name for name, _ in cosines]
        found = fuse(index, unit(EAST), cosines, [("a", 1.0), ("b", 1.0)])
        assert [name for name, _ in found] == [name for name, _ in cosines]


def test_with_one_of_the_rankings_alone_it_decides() -> None:
    cosines = compass().search(unit(NORTH), 3)
    assert [name for name, _ in fuse(compass(), unit(NORTH), cosines, [])] == ["north", "north-east", "east"]
    assert [name for name, _ in fuse(compass(), unit(NORTH), [], [("east", 30.0), ("north", 1.0)])] == ["east", "north"]
    assert fuse(compass(), unit(NORTH), [], []) == []


@pytest.mark.parametrize("seed", range(20))
def test_the_fusion_agrees_with_brute_force(seed: int) -> None:
    draw = np.random.default_rng(seed)
    names, vectors = [str(number) for number in range(50)], draw.normal(size=(50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index, question = VectorIndex.build(names, vectors), unit(draw.normal(size=8).tolist())
    keywords = [(name, float(draw.uniform(0, 5))) for name in names[20:40]]
    cosines = index.search(question, 25)
    reached = sorted(int(name) for name in {name for name, _ in [*cosines, *keywords]})
    points = {row: WORDS_WEIGHT * dict(keywords).get(str(row), 0.0) for row in reached}

    first = {row: float(vectors[row] @ question) + points[row] for row in reached}
    total = sum(math.exp(score / TEMPERATURE) for score in first.values())
    moved = question + LEAN * sum(math.exp(first[row] / TEMPERATURE) / total * vectors[row] for row in reached)
    moved /= np.linalg.norm(moved)
    expected = {str(row): float(vectors[row] @ moved) + points[row] for row in reached}

    fused = fuse(index, question, cosines, keywords)
    assert dict(fused) == pytest.approx(expected, abs=1e-5)
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)


# Search


def test_a_hit_has_its_cosine_its_bm25_and_what_they_are_fused_to(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    # Only the list of contraindications has the word "six". It has one x ("six"), one y ("you") and no z, as the
    # question does: both are (0.71, 0.71, 0, 0).
    (hit,) = search(index_of(clinic_folder).passages, encoder, "Would you wait six?", k=1)
    assert hit.passage.id == "peel#who-should-not-have-a-peel"
    assert hit.cosine == pytest.approx(1.0)
    assert hit.bm25 is not None
    assert hit.bm25 > 0
    # The question is moved, but hardly away from the one passage that is likely meant.
    assert hit.score == pytest.approx(1 + WORDS_WEIGHT * hit.bm25, abs=0.01)


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


def test_a_search_by_vector_finds_the_same_as_one_by_text(
    index_of: IndexOf, clinic_folder: Path, encoder: LetterEncoder
) -> None:
    index = index_of(clinic_folder)
    by_text = search(index.passages, encoder, "seven days", k=3)
    encoded = encoder.encoded
    by_vector = search_vector(index.passages, np.array([0, 1, 0, 0], dtype=np.float32), "seven days", k=3)
    assert by_vector == by_text  # "seven days" has one letter y: (0, 1, 0, 0)
    assert encoder.encoded == encoded
