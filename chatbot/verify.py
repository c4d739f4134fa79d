"""Does this passage answer this question? The gate between Hits and an answer.

Each sentence of each Hit is scored by meaning and by words; the best ones are the evidence. A logistic
regression over a few features of the evidence gives the probability that the documents answer the question;
`benchmarks/fit_gate.py` fits it and writes `gate.json`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from chatbot.retrieve import asks_for_list
from chatbot.scope import Keep
from index.encode import Vectors
from index.search import Hit, PassageIndex
from index.terms import KeyTerm, key_terms, terms
from kb.document import Passage

GATE = Path(__file__).with_name("gate.json")

# A sentence's score = its cosine + these parts of the share of the question's key terms that it has under its
# headings, and that its passage has.
SENTENCE_SHARE = 0.4
PASSAGE_SHARE = 0.2
# Who asks for all that should not be treated wants the list, and sentences about single cases stand nearer in meaning.
LIST_BONUS = 0.25
N_BEST = 3  # pieces of evidence that are looked at together,
CLOSE_SCORE = 0.9  # for what they give, if their scores have at least this share of the best one

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
            r"\bhow much (is (it|this|the|a|an)|for|do you|would .* be)\b|\b(price|cost|fee|discount|deposit)s?\b|[£$€]"
        ),
        re.compile(r"[£$€]|\b(price|cost|fee|discount|deposit)s?\b"),
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

    `evidence` is sorted, best first, and `features` is what the gate saw of it; both are there whatever the verdict.
    """

    probability: float
    is_answered: bool
    evidence: tuple[Evidence, ...]
    unknown: tuple[str, ...]
    features: Mapping[str, float] = field(default_factory=dict)


@cache
def load_gate() -> Gate:
    """The fitted gate that the program ships."""
    return Gate.model_validate_json(GATE.read_text(encoding="utf-8"))


def verify(
    subject: str,
    vector: Vectors,
    hits: Sequence[Hit],
    index: PassageIndex,
    gate: Gate,
    keep: Keep = lambda *_: True,
) -> Verdict:
    """Weigh the hits of a question; `vector` is the encoded question, shape (dim,).

    `subject` is the question without the names of treatments: a passage is no answer because it has the right name.
    `keep` says which sentences may be evidence; a list is kept or left as a whole.
    """
    asked = [_Asked(key.surface, known, index.keywords.weight(known)) for key, known in _known_keys(subject, index)]
    if not asked:
        return Verdict(0.0, False, (), ())
    wants_list = asks_for_list(subject)
    read = [_Read(hit.passage, frozenset(terms(hit.passage.context))) for hit in hits]
    found = [evidence for one in read for evidence in _evidence(asked, vector, one, index, keep, wants_list)]
    evidence = sorted(found, key=lambda e: -e.score)
    unknown = tuple(key.surface for key in asked if all(key.known.isdisjoint(one.terms) for one in read))
    if not evidence:
        return Verdict(0.0, False, (), unknown)
    features = _features(subject, asked, evidence, unknown)
    probability = gate.probability(features)
    return Verdict(probability, probability >= gate.min_probability, tuple(evidence), unknown, features)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A key term of the question: the index's terms for it, and its weight."""

    surface: str
    known: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage and the terms of its text and headings."""

    passage: Passage
    terms: frozenset[str]


def _known_keys(subject: str, index: PassageIndex) -> list[tuple[KeyTerm, frozenset[str]]]:
    return [(key, index.keywords.known(key)) for key in key_terms(subject)]


def _features(
    subject: str, asked: Sequence[_Asked], evidence: Sequence[Evidence], unknown: Sequence[str]
) -> dict[str, float]:
    """What the gate sees of a question's evidence, sorted best first.

    `stands_out` is how much the best score is above the average one: 0 upwards, and the same for few documents as
    for many. The others are 0 to 1: the shares of the question that the best passages cover and that any passage
    found knows, and whether a time, number or price was asked for that none of the best sentences gives.
    """
    said = subject.lower()
    close = [e for e in evidence[:N_BEST] if e.score >= CLOSE_SCORE * evidence[0].score]
    given = " ".join(_quoted(e) for e in close).lower()
    known = sum(key.weight for key in asked if key.surface not in unknown)
    return {
        "stands_out": evidence[0].score - sum(e.score for e in evidence) / len(evidence),
        "covered": max(_share(asked, frozenset(terms(e.passage.context))) for e in evidence[:N_BEST]),
        "known": known / _weight(asked),
        "not_given": float(any(q.search(said) and not s.search(given) for q, s in ASKED_FOR.values())),
    }


def _quoted(evidence: Evidence) -> str:
    passage = evidence.passage
    return passage.text if passage.is_list else passage.document.text[evidence.start : evidence.end]


def _evidence(
    asked: Sequence[_Asked],
    vector: Vectors,
    read: _Read,
    index: PassageIndex,
    keep: Keep,
    wants_list: bool,
) -> list[Evidence]:
    passage = read.passage
    rows = index.sentence_vectors[passage.id]
    cosines = np.asarray(rows @ vector, dtype=float)
    wanted_list = passage.is_list and wants_list and _share(asked, read.terms) == 1.0
    of_passage = PASSAGE_SHARE * _share(asked, read.terms) + LIST_BONUS * wanted_list
    headings = frozenset(terms("\n".join(passage.headings)))  # they name the subject of each sentence below them
    found = []
    for (start, end), cosine, row in zip(passage.sentences, cosines, rows, strict=True):
        sentence = passage.document.text[start:end]
        own = frozenset(terms(sentence))
        if keep(passage, *((passage.start, passage.end) if passage.is_list else (start, end))):
            score = float(cosine) + SENTENCE_SHARE * _share(asked, headings | own) + of_passage
            covers = frozenset(key.surface for key in _covered(asked, own))
            found.append(Evidence(passage, start, end, score, float(cosine), row, covers))
    return found


def _share(asked: Sequence[_Asked], own: frozenset[str]) -> float:
    """The share of the key terms, by weight, that a text of these terms has: 0 to 1."""
    return sum(key.weight for key in _covered(asked, own)) / _weight(asked)


def _covered(asked: Sequence[_Asked], own: frozenset[str]) -> list[_Asked]:
    return [key for key in asked if not key.known.isdisjoint(own)]


def _weight(asked: Sequence[_Asked]) -> float:
    return sum(key.weight for key in asked) or 1e-9
