"""VectorIndex: the nearest vectors, with the cosines that can be worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index import vectors as module
from index.encode import Vectors
from index.vectors import MIN_SHARE, VectorIndex

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


# Above a size: the search through a graph


@pytest.fixture(scope="module")
def graph() -> tuple[VectorIndex, Vectors]:
    """An index of 3000 vectors for which 3000 is large enough to have a graph, and the vectors."""
    vectors = random_units(3000, 16, seed=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "APPROXIMATE_FROM", 3000)
        return VectorIndex.build([str(row) for row in range(3000)], vectors), vectors


def recall(index: VectorIndex, vectors: Vectors, allowed: list[int] | None) -> float:
    """The share of the ten closest by brute force that a search finds, over 50 questions."""
    rows_allowed = np.arange(len(vectors)) if allowed is None else np.array(allowed)
    among = None if allowed is None else [str(row) for row in allowed]
    found = 0
    for question in random_units(50, vectors.shape[1], seed=5):
        best = rows_allowed[np.argsort(-(vectors[rows_allowed] @ question))[:10]]
        found += len({str(row) for row in best} & {name for name, _ in index.search(question, 10, among)})
    return found / 500


def test_the_graph_finds_nearly_all_of_the_closest(graph: tuple[VectorIndex, Vectors]) -> None:
    index, vectors = graph
    assert recall(index, vectors, None) >= 0.98


@pytest.mark.parametrize("share", [0.9, MIN_SHARE])
def test_the_graph_finds_nearly_all_of_the_closest_among_many(graph: tuple[VectorIndex, Vectors], share: float) -> None:
    index, vectors = graph
    assert recall(index, vectors, list(range(int(3000 * share)))) >= 0.98


@pytest.mark.parametrize("every", [3, 100, 1500])
def test_among_few_the_search_is_exact_above_the_size_too(graph: tuple[VectorIndex, Vectors], every: int) -> None:
    index, vectors = graph
    assert recall(index, vectors, list(range(0, 3000, every))) == pytest.approx(min(10, 3000 // every) / 10)
    assert index.search(vectors[0], 10, among=[]) == []


def test_a_walk_that_meets_too_few_is_made_up_for_by_exact_search(
    graph: tuple[VectorIndex, Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, vectors = graph
    monkeypatch.setattr(module, "SEARCH_BREADTH", 1)
    monkeypatch.setattr(module, "MIN_SHARE", 0.0)
    cosines = vectors @ vectors[0]
    farthest = np.argsort(cosines)[:20]
    found = index.search(vectors[0], 20, among=[str(row) for row in farthest])
    assert [name for name, _ in found] == [str(row) for row in farthest[::-1]]


def test_each_cosine_of_the_graph_stands_beside_its_id_and_the_closest_comes_first(
    graph: tuple[VectorIndex, Vectors],
) -> None:
    index, vectors = graph
    found = index.search(vectors[7], 100)
    assert found[0][0] == "7"
    assert found[0][1] == pytest.approx(1.0)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert [score for _, score in found] == pytest.approx([vectors[int(n)] @ vectors[7] for n, _ in found], abs=1e-6)


def test_below_the_size_the_search_is_exact_and_no_graph_is_written(
    graph: tuple[VectorIndex, Vectors], tmp_path: Path
) -> None:
    index, vectors = graph
    small = VectorIndex.build([str(row) for row in range(2999)], vectors[:2999])
    assert recall(small, vectors[:2999], None) == 1.0
    small.save(tmp_path / "small")
    index.save(tmp_path / "large")
    assert (tmp_path / "small").stat().st_size < 1.01 * vectors.nbytes
    assert (tmp_path / "large").stat().st_size > 1.5 * vectors.nbytes


def test_a_saved_graph_is_read_back_the_same_with_the_vectors_that_went_in(
    graph: tuple[VectorIndex, Vectors], tmp_path: Path
) -> None:
    index, vectors = graph
    index.save(tmp_path / "vectors.faiss")
    read = VectorIndex.load(tmp_path / "vectors.faiss", [str(row) for row in range(3000)])
    np.testing.assert_array_equal(read.vectors, vectors)
    for question in random_units(20, 16, seed=6):
        assert read.search(question, 50) == index.search(question, 50)
    assert recall(read, vectors, list(range(0, 3000, 2))) >= 0.98
    assert recall(read, vectors, [3, 5, 8]) == pytest.approx(0.3)
