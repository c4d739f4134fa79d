"""VectorIndex: the nearest vectors, with the cosines that can be worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.encode import Vectors
from index.vectors import VectorIndex

EAST, NORTH_EAST, NORTH, WEST = [1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]


def rows(*vectors: list[float]) -> Vectors:
    return np.array(vectors, dtype=np.float32)


def random_units(n: int, dim: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    units: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


@pytest.fixture
def compass() -> VectorIndex:
    return VectorIndex.build(["west", "north", "north-east", "east"], rows(WEST, NORTH, NORTH_EAST, EAST))


def test_the_scores_are_cosines_and_the_closest_comes_first(compass: VectorIndex) -> None:
    # (1, 0) with (1, 0): 1 · with (0.6, 0.8): 0.6 · with (0, 1): 0 · with (-1, 0): -1
    found = compass.search(rows(EAST)[0], k=4)
    assert [name for name, _ in found] == ["east", "north-east", "north", "west"]
    assert [score for _, score in found] == pytest.approx([1.0, 0.6, 0.0, -1.0])


def test_each_cosine_stands_beside_the_id_it_belongs_to(compass: VectorIndex) -> None:
    # (0.6, 0.8) with (0, 1): 0.8 · with (1, 0): 0.6 · with (-1, 0): -0.6
    found = dict(compass.search(rows(NORTH_EAST)[0], k=4))
    assert found == pytest.approx({"north-east": 1.0, "north": 0.8, "east": 0.6, "west": -0.6})


def test_only_k_are_returned(compass: VectorIndex) -> None:
    assert [name for name, _ in compass.search(rows(EAST)[0], k=2)] == ["east", "north-east"]
    assert compass.search(rows(EAST)[0], k=0) == []


def test_all_are_returned_when_k_is_larger_than_their_number(compass: VectorIndex) -> None:
    assert len(compass.search(rows(EAST)[0], k=100)) == 4
    assert len(compass.search(rows(EAST)[0], k=100, among=["west", "north"])) == 2


def test_among_leaves_only_these_ids_in_the_search(compass: VectorIndex) -> None:
    found = compass.search(rows(EAST)[0], k=1, among={"west", "north"})
    assert dict(found) == pytest.approx({"north": 0.0})
    assert compass.search(rows(EAST)[0], k=3, among=[]) == []


def test_an_id_named_twice_in_among_is_found_once(compass: VectorIndex) -> None:
    ((name, score),) = compass.search(rows(EAST)[0], k=3, among=["west", "west"])
    assert name == "west"
    assert score == pytest.approx(-1.0)


@pytest.mark.parametrize("dim", [2, 384])
@pytest.mark.parametrize("k", [2, 60, 150, 300])  # FAISS keeps its best in another way from 100 on
def test_equal_vectors_come_in_the_order_of_their_ids(k: int, dim: int) -> None:
    vector = random_units(1, dim, seed=0)
    names = [f"{number:03}" for number in range(300)]
    vectors = VectorIndex.build(names, np.repeat(vector, 300, axis=0))
    assert [name for name, _ in vectors.search(vector[0], k)] == names[:k]


@pytest.mark.parametrize("k", [1, 10, 100, 101, 500, 1000])
@pytest.mark.parametrize("every", [1, 3])
def test_the_search_agrees_with_brute_force_on_random_vectors(k: int, every: int) -> None:
    vectors, questions = random_units(1000, 64, seed=1), random_units(5, 64, seed=2)
    index = VectorIndex.build([str(row) for row in range(1000)], vectors)
    allowed = np.arange(0, 1000, every)
    for question in questions:
        cosines = vectors @ question
        found = index.search(question, k, among=[str(row) for row in allowed] if every > 1 else None)
        # Positions with nearly the same cosine may change places: so the cosines are compared, then each id's own.
        best = np.sort(cosines[allowed])[::-1][:k]
        assert [score for _, score in found] == pytest.approx(best, abs=1e-6)
        assert [score for _, score in found] == pytest.approx([cosines[int(name)] for name, _ in found], abs=1e-6)
        assert len({name for name, _ in found}) == min(k, len(allowed))


@pytest.mark.parametrize("bad", [[2.0, 0.0], [0.0, 0.0], [float("nan"), 0.0]])
def test_a_vector_that_is_not_of_length_one_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="length 1"):
        VectorIndex.build(["east", "bad"], rows(EAST, bad))


def test_ids_that_do_not_match_the_vectors_are_refused(tmp_path: Path, compass: VectorIndex) -> None:
    with pytest.raises(ValueError, match="1 ids but 2 vectors"):
        VectorIndex.build(["east"], rows(EAST, WEST))
    compass.save(tmp_path / "vectors.faiss")
    with pytest.raises(ValueError, match="3 ids but 4 vectors"):
        VectorIndex.load(tmp_path / "vectors.faiss", ["west", "north", "east"])


def test_two_vectors_under_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        VectorIndex.build(["east", "east"], rows(EAST, WEST))


def test_a_saved_index_is_read_back_the_same(tmp_path: Path) -> None:
    vectors = random_units(50, 16, seed=3)
    names = [f"passage {number}" for number in range(50)]
    saved = VectorIndex.build(names, vectors)
    saved.save(tmp_path / "vectors.faiss")
    read = VectorIndex.load(tmp_path / "vectors.faiss", names)
    np.testing.assert_array_equal(read.vectors, vectors)
    assert read.search(vectors[7], k=50) == saved.search(vectors[7], k=50)
    assert dict(read.search(vectors[7], k=1)) == pytest.approx({"passage 7": 1.0})
