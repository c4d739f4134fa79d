"""Is this question one that the clinic has answered itself? Asked by meaning, before any document is looked at.

How near two questions are says little: "how long do results last" and "how long until I can work" share most of their
words. So variants whose treatment, kind of answer or side of the treatment differs are left out, and of the nearest
that remain a logistic regression weighs the cosines, the key terms that either question has alone, and what the
cross-encoder says of the variant and of the text. `benchmarks/curated.py` fits it and writes `curated_gate.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from chatbot.desk.curated_reading import Reading, read, repaired, spelling_of
from chatbot.desk.curated_wording import Version
from chatbot.reading.cross_encoder import CrossEncoder, Said
from chatbot.reading.spelling import Spelling
from chatbot.scope import Scope
from chatbot.verify import Gate
from index.encode import Encoder, Vectors
from index.terms import distinct_terms
from kb.document import Audience
from kb.treatment import Treatments

GATE = Path(__file__).with_name("curated_gate.json")
N_READ = 8  # variants that are read closely: the right one is among them for 98 of 100 questions of the benchmark
CERTAIN = 0.99  # the very words of a variant
MAX_WORDS = 30  # of a question; more say no more about how long a story is
MAX_LEFT = 4  # key terms


@dataclass(frozen=True, slots=True)
class CuratedMatch:
    """An approved answer that a question comes nearest to. `probability` is that it answers the question, 0 to 1.

    `features` is what the gate saw of the question and the variant; none where the words are the same.
    """

    version: Version
    variant: str
    probability: float
    is_sure: bool
    features: dict[str, float]


@dataclass(frozen=True)
class CuratedIndex:
    """The approved answers, in memory. Row i of each of the vectors, float32 (variants, dim), is `rows[i]`'s.

    `in_full` are vectors of the variants with treatments under their one name, `subjects` of the variants without
    them, `texts` of the answers.
    """

    rows: tuple[tuple[Version, str], ...]
    in_full: Vectors
    subjects: Vectors
    texts: Vectors
    gate: Gate

    @cached_property
    def spelling(self) -> Spelling:
        """Made at the first question after a change."""
        return spelling_of([variant for _, variant in self.rows])

    @property
    def versions(self) -> list[Version]:
        """Each approved answer once."""
        return list({version.id: version for version, _ in self.rows}.values())


class Curated(Protocol):
    """Hands out what is approved now."""

    def current(self) -> CuratedIndex:
        """The approved answers; cheap where nothing was approved or retired since the last call."""
        ...


class NoCurated:
    """A bot without a desk: nothing is curated."""

    def current(self) -> CuratedIndex:
        return NOTHING


@cache
def load_curated_gate() -> Gate:
    """The fitted gate that the program ships."""
    return Gate.model_validate_json(GATE.read_text(encoding="utf-8"))


NONE = np.zeros((0, 0), dtype=np.float32)
NOTHING = CuratedIndex((), NONE, NONE, NONE, Gate(weights={}, bias=0.0, min_probability=1.0, reason="nothing to match"))


def match(
    index: CuratedIndex,
    text: str,
    about: Scope,
    treatments: Treatments,
    encoder: Encoder,
    cross_encoder: CrossEncoder,
    audience: Audience = "patient",
) -> list[CuratedMatch]:
    """The approved answers nearest to a stand-alone question of a scope, the likeliest first, each once.

    Those of another audience and of other treatments are never among them.
    """
    if not index.rows or not text.strip():
        return []
    asked = read(repaired(text, index.spelling), treatments)
    rows = [
        row
        for row, (version, variant) in enumerate(index.rows)
        if version.wording.audience == audience and _is_about(version, read_variant(variant, treatments), asked, about)
    ]
    if not rows:
        return []
    nearest = _nearest(index, rows, encoder.encode([asked.in_full, asked.subject or asked.in_full]))
    readings = [read_variant(index.rows[row][1], treatments) for row, _ in nearest]
    logits = cross_encoder.logits(asked.in_full, _said(index, nearest, readings)).reshape(2, -1)
    found: dict[str, CuratedMatch] = {}
    for place, ((row, cosines), reading) in enumerate(zip(nearest, readings, strict=True)):
        version, variant = index.rows[row]
        features = _features(asked, reading, version, cosines, (float(logits[0, place]), float(logits[1, place])))
        one = _judged(index.gate, asked, reading, CuratedMatch(version, variant, 0.0, False, features))
        if version.id not in found or one.probability > found[version.id].probability:
            found[version.id] = one
    return sorted(found.values(), key=lambda one: -one.probability)


def is_overdue(version: Version, today: date) -> bool:
    """Whether it should have been reviewed before today."""
    return version.wording.review_due < today


@lru_cache(maxsize=16384)  # the same variants are compared with every question
def read_variant(variant: str, treatments: Treatments) -> Reading:
    """A variant as it is compared."""
    return read(variant, treatments)


def _is_about(version: Version, variant: Reading, asked: Reading, about: Scope) -> bool:
    """An answer of a treatment is for questions of this treatment alone; one of none is for all questions."""
    own = variant.named | ({version.wording.treatment} if version.wording.treatment else frozenset())
    wanted = (about.covered | about.missing) or asked.named
    return not own or own == wanted


def _nearest(index: CuratedIndex, rows: Sequence[int], vectors: Vectors) -> list[tuple[int, tuple[float, ...]]]:
    """The rows with the highest cosine, closest first, each with its cosines: in full, of the subject, of the text."""
    every = np.stack(
        [index.in_full[rows] @ vectors[0], index.subjects[rows] @ vectors[1], index.texts[rows] @ vectors[0]], axis=1
    )
    best = np.argsort(-every[:, :2].max(axis=1), kind="stable")[:N_READ]
    return [(rows[place], tuple(map(float, every[place]))) for place in best]


def _said(index: CuratedIndex, nearest: Sequence[tuple[int, object]], readings: Sequence[Reading]) -> list[Said]:
    """The variants, then the texts, each under its variant, as the cross-encoder reads them."""
    texts = [index.rows[row][0].wording.text for row, _ in nearest]
    return [
        *(Said(reading.in_full, "") for reading in readings),
        *(Said(text, reading.in_full) for text, reading in zip(texts, readings, strict=True)),
    ]


def _features(
    asked: Reading, variant: Reading, version: Version, cosines: Sequence[float], logits: tuple[float, float]
) -> dict[str, float]:
    """What the gate sees. Cosines -1 to 1; `same` and `answers` are the cross-encoder's logits of the variant and of
    the text; `left` and `missed` are how many key terms only the question, only the variant has, `shared` how many
    both have; `wants` how many kinds of answer only one of them asks for; `length` that of the question, 0 to 1.
    """
    known = variant.terms | distinct_terms(version.wording.text)
    missed = variant.left_by(asked.terms)
    return {
        "cosine": cosines[0],
        "of_subject": cosines[1],
        "of_text": cosines[2],
        "same": logits[0] / 5,
        "answers": logits[1] / 5,
        "left": min(asked.left_by(variant.terms), MAX_LEFT) / MAX_LEFT,
        "left_by_text": min(asked.left_by(known), MAX_LEFT) / MAX_LEFT,
        "missed": min(missed, MAX_LEFT) / MAX_LEFT,
        "shared": min(len(variant.keys) - missed, MAX_LEFT) / MAX_LEFT,
        "wants": len(asked.wants ^ variant.wants) / 2,
        "sides": float(asked.sides != variant.sides),
        "denies": float(asked.denies != variant.denies),
        "length": min(len(asked.words), MAX_WORDS) / MAX_WORDS,
    }


def _judged(gate: Gate, asked: Reading, variant: Reading, one: CuratedMatch) -> CuratedMatch:
    if asked.words == variant.words:
        return CuratedMatch(one.version, one.variant, CERTAIN, True, {})
    if asked.contradicts(variant):
        return one
    probability = gate.probability(one.features)
    return CuratedMatch(one.version, one.variant, probability, probability >= gate.min_probability, one.features)
