"""VectorIndex: the nearest vectors by cosine, over FAISS; exact for what a clinic has, approximate above that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.encode import Vectors

# From so many vectors on, the search goes through a graph of neighbours (HNSW: Malkov and Yashunin 2018,
# arXiv:1603.09320) instead of past every vector. benchmarks/README.md has the times and the recall it was chosen by.
APPROXIMATE_FROM = 20_000
# The graph: neighbours of a vector, and how many candidates a search keeps while it is built and while it is asked.
NEIGHBOURS = 32
BUILD_BREADTH = 100
SEARCH_BREADTH = 192
# The graph is walked whatever `among` says, so that a narrow choice is met too seldom on the way: then exact search
# over the chosen ones is better, and for few of them as fast.
MIN_SHARE = 0.5


def exact_index(vectors: Vectors) -> Any:
    """FAISS's index that compares a question with each of the vectors, shape (n, dim)."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def graph_index(vectors: Vectors) -> Any:
    """FAISS's index that walks from neighbour to neighbour towards the question; it holds the vectors unchanged."""
    index: Any = faiss.IndexHNSWFlat(vectors.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_BREADTH
    index.add(vectors)
    return index


class VectorIndex:
    """Unit vectors under the ids of what they stand for. FAISS's row numbers stay in here."""

    def __init__(self, ids: Sequence[str], index: Any) -> None:  # FAISS's own types lack what is used here
        if len(ids) != index.ntotal:
            raise ValueError(f"{len(ids)} ids but {index.ntotal} vectors")
        self._ids = list(ids)
        self._rows = {passage_id: row for row, passage_id in enumerate(self._ids)}
        if len(self._rows) != len(self._ids):
            raise ValueError("two vectors have the same id")
        self._flat, self._graph = index, None
        if isinstance(index, faiss.IndexHNSW):
            index.hnsw.efSearch = SEARCH_BREADTH
            self._flat, self._graph = faiss.downcast_index(index.storage), index

    @classmethod
    def build(cls, ids: Sequence[str], vectors: Vectors) -> VectorIndex:
        """Index `vectors`, float32 of shape (len(ids), dim) with unit rows. Raises ValueError otherwise."""
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.allclose(lengths, 1.0, atol=1e-3):
            raise ValueError("each vector must have length 1, so that inner products are cosines")
        make = exact_index if len(vectors) < APPROXIMATE_FROM else graph_index
        return cls(ids, make(np.ascontiguousarray(vectors)))

    @classmethod
    def load(cls, path: Path, ids: Sequence[str]) -> VectorIndex:
        """Read what `save` wrote; `ids` are those it was built with, in their order."""
        return cls(ids, faiss.read_index(str(path)))

    def save(self, path: Path) -> None:
        """Write the vectors, and the graph where there is one; the ids stand in the manifest."""
        faiss.write_index(self._graph or self._flat, str(path))

    @property
    def vectors(self) -> Vectors:
        """All vectors, shape (n, dim), in the order of the ids: exactly those that it was built with."""
        rows: Vectors = self._flat.reconstruct_n(0, self._flat.ntotal)
        return rows

    def vectors_of(self, ids: Sequence[str]) -> Vectors:
        """The vectors of these ids, shape (len(ids), dim), in their order."""
        rows: Vectors = self._flat.reconstruct_batch(np.array([self._rows[i] for i in ids], dtype=np.int64))
        return rows

    def search(self, vector: Vectors, k: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The `k` ids closest to a unit vector of shape (dim,), closest first, each with its cosine, -1 to 1.

        `among` leaves only these ids in the search; equal ones come in the order of the ids. Below APPROXIMATE_FROM
        vectors these are exactly the closest; from there on nearly always.
        """
        rows = range(len(self._ids)) if among is None else sorted({self._rows[passage_id] for passage_id in among})
        k = min(k, len(rows))
        if k == 0:
            return []
        selector = faiss.SearchParameters()
        if among is not None:
            selector.sel = faiss.IDSelectorBatch(np.array(rows, dtype=np.int64))
        found = np.array([[-1]])
        if self._graph and len(rows) >= MIN_SHARE * len(self._ids):
            scores, found = self._graph.search(vector[np.newaxis], k, params=selector)
        if found.min() < 0:  # no graph, or one in which the walk met fewer than k
            scores, found = self._flat.search(vector[np.newaxis], k, params=selector)
        # FAISS puts the last of equal ones first.
        nearest = sorted(zip((-scores[0]).tolist(), found[0].tolist(), strict=True))
        return [(self._ids[row], -negated) for negated, row in nearest]
