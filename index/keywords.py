"""KeywordIndex: BM25 over the same passages, by the bm25s library."""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import bm25s
import numpy as np
from rapidfuzz import fuzz, process

from index.terms import KeyTerm, terms

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it logs each build at DEBUG

MIN_MISSPELT_LETTERS = 5  # "bed" is not "red"
MIN_SPELLING_RATIO = 84.0  # 0-100: one wrong letter in seven, one letter missing or too many in five


class KeywordIndex:
    """BM25 scores (Robertson, in Lucene's form: never negative) of texts under their ids."""

    def __init__(self, ids: Sequence[str], retriever: bm25s.BM25, frequencies: Mapping[str, int]) -> None:
        self._ids = list(ids)
        self._rows = {passage_id: row for row, passage_id in enumerate(self._ids)}
        self._retriever = retriever
        self._frequencies = frequencies
        self._long_terms = [term for term in frequencies if len(term) >= MIN_MISSPELT_LETTERS and term[0] != "="]

    @classmethod
    def build(cls, ids: Sequence[str], texts: Sequence[str]) -> KeywordIndex:
        """Index one text an id. Raises ValueError when their numbers differ."""
        if len(ids) != len(texts):
            raise ValueError(f"{len(ids)} ids but {len(texts)} texts")
        retriever = bm25s.BM25(method="lucene")
        tokens = [terms(text) or [""] for text in texts]  # bm25s cannot index texts that are all without a term
        retriever.index(tokens, show_progress=False)
        return cls(ids, retriever, Counter(term for text in tokens for term in set(text)))

    @classmethod
    def load(cls, folder: Path, ids: Sequence[str]) -> KeywordIndex:
        """Read what `save` wrote; `ids` are those it was built with, in their order."""
        frequencies = json.loads((folder / "frequencies.json").read_text(encoding="utf-8"))
        return cls(ids, bm25s.BM25.load(folder), frequencies)

    def save(self, folder: Path) -> None:
        """Write the index as a folder of files."""
        self._retriever.save(folder, show_progress=False)
        (folder / "frequencies.json").write_text(json.dumps(self._frequencies), encoding="utf-8")

    def search(self, text: str, k: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The `k` ids with the highest scores above 0, highest first; `among` leaves only these ids."""
        scores = self.scores(text)
        if among is not None:
            allowed = np.zeros(len(self._ids), dtype=bool)
            allowed[[self._rows[i] for i in among]] = True
            scores = np.where(allowed, scores, 0.0)
        best = np.argsort(-scores, kind="stable")[:k]
        return [(self._ids[row], float(scores[row])) for row in best if scores[row] > 0]

    def known(self, key: KeyTerm) -> frozenset[str]:
        """The terms of these texts that stand for a key term; for a misspelt word, the one spelt nearest to it."""
        if known := key.terms & self._frequencies.keys():
            return known
        stem = min(key.terms)
        if " " in key.surface or len(stem) < MIN_MISSPELT_LETTERS:
            return frozenset()
        nearest = process.extractOne(stem, self._long_terms, scorer=fuzz.ratio, score_cutoff=MIN_SPELLING_RATIO)
        return frozenset([nearest[0]]) if nearest else frozenset()

    def weight(self, known: Collection[str]) -> float:
        """How much a key term tells texts apart: BM25's inverse document frequency, highest for an unknown one."""
        frequency = max((self._frequencies[term] for term in known), default=0)
        return math.log(1 + (len(self._ids) - frequency + 0.5) / (frequency + 0.5))

    def scores(self, text: str) -> np.ndarray:
        """The score of every text, shape (n,), in the order of the ids. A word asked twice counts once."""
        known = [token for token in dict.fromkeys(terms(text)) if token in self._retriever.vocab_dict]
        if not known:
            return np.zeros(len(self._ids), dtype=np.float32)
        scores: np.ndarray = self._retriever.get_scores(known)
        return scores
