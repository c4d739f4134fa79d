"""SectionQuestions: the sections whose questions are nearest to one that is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from index.encode import Vectors


@dataclass(frozen=True, slots=True)
class SectionQuestions:
    """The questions that sections answer, each as its own vector.

    `vectors` is float32 (n, dim), unit rows; question i belongs to the section `section_ids[i]`. A section may have
    several questions, and n may be 0. Sections of staff documents are among them: name those that may be found.
    """

    section_ids: tuple[str, ...]
    vectors: Vectors

    def nearest(self, vector: Vectors, k: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The `k` sections whose best question is closest to a unit vector of shape (dim,), each with its cosine.

        Closest first, each section once; cosines are -1 to 1. `among` leaves only these section ids in the search;
        equal ones come in the order of the questions.
        """
        allowed = None if among is None else frozenset(among)
        cosines = self.vectors @ vector
        best: dict[str, float] = {}
        for row in np.argsort(-cosines, kind="stable").tolist():
            section_id = self.section_ids[row]
            if allowed is None or section_id in allowed:
                best.setdefault(section_id, float(cosines[row]))
        return list(best.items())[:k]
