"""VectorIndex: the exact nearest vectors by cosine, over FAISS."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import faiss
import numpy as np

from index.encode import Vectors


class VectorIndex:
    """Unit vectors under the ids of what they stand for. FAISS's row numbers stay in here."""

    def __init__(self, ids: Sequence[str], flat: faiss.Index) -> None:
        if len(ids) != flat.ntotal:
            raise ValueError(f"{len(ids)} ids but {flat.ntotal} vectors")
        self._ids = list(ids)
        self._rows = {passage_id: row for row, passage_id in enumerate(self._ids)}
        if len(self._rows) != len(self._ids):
            raise ValueError("two vectors have the same id")
        self._flat = flat

    @classmethod
    def build(cls, ids: Sequence[str], vectors: Vectors) -> VectorIndex:
        """Index `vectors`, float32 of shape (len(ids), dim) with unit rows. Raises ValueError otherwise."""
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.allclose(lengths, 1.0, atol=1e-3):
            raise ValueError("each vector must have length 1, so that inner products are cosines")
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(np.ascontiguousarray(vectors))
        return cls(ids, flat)

    @classmethod
    def load(cls, path: Path, ids: Sequence[str]) -> VectorIndex:
        """Read what `save` wrote; `ids` are those it was built with, in their order."""
        return cls(ids, faiss.read_index(str(path)))

    def save(self, path: Path) -> None:
        """Write the vectors; the ids stand in the manifest."""
        faiss.write_index(self._flat, str(path))

    @property
    def vectors(self) -> Vectors:
        """All vectors, shape (n, dim), in the order of the ids."""
        rows: Vectors = self._flat.reconstruct_n(0, self._flat.ntotal)
        return rows

    def search(self, vector: Vectors, k: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The `k` ids closest to a unit vector of shape (dim,), closest first, each with its cosine, -1 to 1.

        `among` leaves only these ids in the search; equal ones come in the order of the ids.
        """
        selector = None
        k = min(k, len(self._ids))
        if among is not None:
            rows = np.array(sorted({self._rows[passage_id] for passage_id in among}), dtype=np.int64)
            selector = faiss.SearchParameters()
            selector.sel = faiss.IDSelectorBatch(rows)
            k = min(k, len(rows))
        if k == 0:
            return []
        scores, found = self._flat.search(vector[np.newaxis], k, params=selector)
        # FAISS puts the last of equal ones first.
        nearest = sorted(zip((-scores[0]).tolist(), found[0].tolist(), strict=True))
        return [(self._ids[row], -negated) for negated, row in nearest]
