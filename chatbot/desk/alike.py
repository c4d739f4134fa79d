"""Which questions ask the same thing: by meaning, and by the words that carry their subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.encode import Encoder, Vectors
from index.store import StoredIndex
from index.terms import key_terms

Likeness = NDArray[np.float32]

# Two questions are as alike as their cosine, without the names of treatments, plus this part of the share of their key
# terms that they have in common. docs/decisions/0021-gaps-and-insights.md has what each value gives.
WORDS_SHARE = 0.3
# Questions are one cluster whose likeness is this on average: the value that finds the labelled clusters best on one
# half of tests/data/gaps.jsonl (adjusted Rand index 0.72; 0.73 on the other half).
MIN_ALIKE = 0.48
# A topic's name is shown from here on: of the labelled questions 31 then get one, 28 of them the right one. A wrong
# name is worse than none.
MIN_TOPIC = 0.8
MOST = 1 + WORDS_SHARE  # the likeness of two that are the same
MAX_CLUSTERED = 3000  # different questions, which take 0.6 s; the newest


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A question's vector, its key terms and the treatments that it names."""

    vector: Vectors
    terms: frozenset[str]
    treatments: frozenset[str]


class Reading:
    """Questions as they were read over one version of the index; what was encoded once is not encoded again.

    Nothing is kept of a question once `keep` was called without it.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._version = ""
        self._bare: dict[str, str] = {}  # a question without the names of treatments
        self._vectors: dict[str, Vectors] = {}  # of such a text
        self._read: dict[str, Read] = {}

    def read(self, texts: Sequence[str], index: StoredIndex) -> list[Read]:
        """Each text as it is compared, in their order."""
        if index.version != self._version:  # its documents may name other treatments
            self._version, self._bare, self._read = index.version, {}, {}
        new = [text for text in dict.fromkeys(texts) if text not in self._read]
        self._bare |= {text: _bare(text, index) for text in new}
        self._encode([self._bare[text] for text in new])
        for text in new:
            bare = self._bare[text]
            terms = frozenset(term for key in key_terms(bare) for term in key.terms)
            self._read[text] = Read(self._vectors[bare], terms, frozenset(index.treatments.named(text)))
        return [self._read[text] for text in texts]

    def keep(self, texts: Sequence[str]) -> None:
        """Forget all questions but these."""
        kept = set(texts)
        self._read = {text: read for text, read in self._read.items() if text in kept}
        self._bare = {text: bare for text, bare in self._bare.items() if text in kept}
        needed = set(self._bare.values())
        self._vectors = {bare: vector for bare, vector in self._vectors.items() if bare in needed}

    def _encode(self, bare: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(bare) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._encoder.encode(new), strict=True))


def _bare(text: str, index: StoredIndex) -> str:
    """What a question asks of whichever treatment; a question that is nothing but a name stays as it is."""
    bare = " ".join(index.treatments.without(text).split())
    return bare if any(char.isalnum() for char in bare) else text


@dataclass(frozen=True)
class Clusters:
    """Questions that were read, and how alike they are."""

    read: Sequence[Read]

    @cached_property
    def likeness(self) -> Likeness:
        """How alike each is to each, -1 to MOST, shape (questions, questions)."""
        return alike(self.read, self.read)

    @cached_property
    def groups(self) -> list[list[int]]:
        """The positions of the questions of each cluster. Every question is in one, often alone."""
        if len(self.read) < 2:
            return [[position] for position in range(len(self.read))]
        from sklearn.cluster import AgglomerativeClustering

        clustering = AgglomerativeClustering(
            n_clusters=None, metric="precomputed", linkage="average", distance_threshold=MOST - MIN_ALIKE
        )
        found: dict[int, list[int]] = {}
        for position, label in enumerate(clustering.fit_predict(np.maximum(MOST - self.likeness, 0))):
            found.setdefault(int(label), []).append(position)
        return list(found.values())

    def central(self, group: Sequence[int], weights: Sequence[int]) -> int:
        """The position of the question that is most like the others, each as often as its weight says."""
        sums = self.likeness[np.ix_(group, group)] @ np.asarray(weights, dtype=np.float32)
        return group[int(np.argmax(sums))]


def alike(some: Sequence[Read], others: Sequence[Read]) -> Likeness:
    """How alike each of some is to each of the others, -1 to MOST, shape (some, others)."""
    likeness = _shared([one.terms for one in some], [one.terms for one in others])
    likeness *= WORDS_SHARE
    likeness += np.array([one.vector for one in some]) @ np.array([one.vector for one in others]).T
    return likeness


def _shared(some: Sequence[frozenset[str]], others: Sequence[frozenset[str]]) -> Likeness:
    """Of the key terms of the shorter of two questions, the share that the other has too: 0 to 1."""
    from sklearn.preprocessing import MultiLabelBinarizer

    columns = MultiLabelBinarizer(sparse_output=True, classes=sorted(frozenset().union(*some, *others)))
    rows = columns.fit_transform([*some, *others]).astype(np.float32)
    shares: Likeness = (rows[: len(some)] @ rows[len(some) :].T).toarray()
    lengths = np.array([max(len(own), 1) for own in [*some, *others]], dtype=np.float32)
    shares /= np.minimum.outer(lengths[: len(some)], lengths[len(some) :])
    return shares
