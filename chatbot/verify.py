"""Does this passage answer this question? The gate between Hits and an answer.

Each sentence of each Hit is scored by meaning and by words; the best ones are the evidence. A logistic
regression over a few features of the evidence gives the probability that the documents answer the question;
`benchmarks/fit_gate.py` fits it and writes `gate.json`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from index.encode import Vectors
from index.search import Hit, PassageIndex
from index.terms import key_terms, terms
from kb.document import Passage

GATE = Path(__file__).with_name("gate.json")

# A sentence's score = its cosine + these parts of the share of the question's key terms that it has under its
# heading, and that its passage has.
SENTENCE_SHARE = 0.4
PASSAGE_SHARE = 0.2

# What a question asks for, and what a sentence that gives it must hold.
ASKED_FOR = {
    "a time": (
        re.compile(r"\bhow (long|soon|many (hours|days|weeks|months|years))\b|\bhow much time\b|\bdowntime\b"),
        re.compile(r"\b(minute|hour|day|night|week|month|year)s?\b|\b(at once|immediately|straight away|permanent)"),
    ),
    "a number": (
        re.compile(r"\bhow (many|often)\b|\bwhat (percent|percentage|share|proportion|number)\b|%"),
        re.compile(r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|once|twice|half|third|quarter)\b"),
    ),
    "a price": (
        re.compile(
            r"\bhow much (is|are|does|do|will|would|for)\b|\b(price|cost|fee|discount|deposit|finance)s?\b|[£$€]"
        ),
        re.compile(r"[£$€]|\b(price|cost|fee|discount|deposit|finance)s?\b"),
    ),
}


class Gate(BaseModel):
    """A fitted logistic regression: probability = 1 / (1 + exp(-(bias + Σ weight · feature)))."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    weights: dict[str, float]
    bias: float
    min_probability: float
    reason: str

    def probability(self, features: dict[str, float]) -> float:
        """The probability, 0 to 1, that evidence with these features answers its question."""
        logit = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-logit))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage, document.text[start:end], and how well it fits the question.

    `covers` are the question's key terms, as asked, that the sentence itself speaks of.
    """

    passage: Passage
    start: int
    end: int
    score: float
    cosine: float
    vector: Vectors
    covers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the documents answer a question, with what, and which of its words they do not know.

    `evidence` is sorted, best first; it is there whatever the verdict.
    """

    probability: float
    is_answered: bool
    evidence: tuple[Evidence, ...]
    unknown: tuple[str, ...]


@cache
def load_gate() -> Gate:
    """The fitted gate that the program ships."""
    return Gate.model_validate_json(GATE.read_text(encoding="utf-8"))


def verify(question: str, vector: Vectors, hits: Sequence[Hit], index: PassageIndex, gate: Gate) -> Verdict:
    """Weigh the hits of a question; `vector` is the encoded question, shape (dim,)."""
    asked = _asked(question, index)
    evidence = sorted((e for hit in hits for e in _evidence(asked, vector, hit, index)), key=lambda e: -e.score)
    unknown = tuple(key.surface for key in asked if not key.known)
    if not evidence:
        return Verdict(0.0, False, (), unknown)
    probability = gate.probability(_features(question, asked, evidence))
    return Verdict(probability, probability >= gate.min_probability, tuple(evidence), unknown)


def features(question: str, evidence: Sequence[Evidence], index: PassageIndex) -> dict[str, float]:
    """What the gate sees of a question's evidence, sorted best first.

    `stands_out` is how much the best score is above the average one: 0 upwards, and the same for few documents as
    for many. The others are 0 to 1.
    """
    return _features(question, _asked(question, index), evidence)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A key term of the question: the index's terms for it, and its weight."""

    surface: str
    known: frozenset[str]
    weight: float


def _asked(question: str, index: PassageIndex) -> list[_Asked]:
    keys = [(key.surface, index.keywords.known(key)) for key in key_terms(question)]
    return [_Asked(surface, known, index.keywords.weight(known)) for surface, known in keys]


def _features(question: str, asked: Sequence[_Asked], evidence: Sequence[Evidence]) -> dict[str, float]:
    best = evidence[0]
    quote = best.passage.text if best.passage.is_list else best.passage.document.text[best.start : best.end]
    said, given = question.lower(), quote.lower()
    return {
        "stands_out": best.score - sum(e.score for e in evidence) / len(evidence),
        "covered": max(_share(asked, e.passage.context) for e in evidence[:3]),
        "known": sum(key.weight for key in asked if key.known) / _weight(asked),
        "not_given": float(any(q.search(said) and not s.search(given) for q, s in ASKED_FOR.values())),
    }


def _evidence(asked: Sequence[_Asked], vector: Vectors, hit: Hit, index: PassageIndex) -> list[Evidence]:
    passage = hit.passage
    rows = index.sentence_vectors[passage.id]
    cosines = np.asarray(rows @ vector, dtype=float)
    of_passage = PASSAGE_SHARE * _share(asked, passage.context)
    heading = passage.headings[-1]  # it names the subject of each sentence below it
    found = []
    for (start, end), cosine, row in zip(passage.sentences, cosines, rows, strict=True):
        sentence = passage.document.text[start:end]
        score = float(cosine) + SENTENCE_SHARE * _share(asked, f"{heading}\n{sentence}") + of_passage
        covers = frozenset(key.surface for key in _covered(asked, sentence))
        found.append(Evidence(passage, start, end, score, float(cosine), row, covers))
    return found


def _share(asked: Sequence[_Asked], text: str) -> float:
    """The share of the key terms, by weight, that a text has: 0 to 1."""
    return sum(key.weight for key in _covered(asked, text)) / _weight(asked)


def _covered(asked: Sequence[_Asked], text: str) -> list[_Asked]:
    own = set(terms(text))
    return [key for key in asked if not key.known.isdisjoint(own)]


def _weight(asked: Sequence[_Asked]) -> float:
    return sum(key.weight for key in asked) or 1e-9
