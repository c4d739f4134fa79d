"""Do these passages answer this question? The gate between Hits and an answer.

Each sentence of each Hit is weighed by meaning and by words; the cross-encoder reads the best ones together with the
question. A logistic regression over what it makes of them, and over a few features of the words, gives the probability
that the documents answer; `benchmarks/fit_gate.py` fits it and writes `gate.json`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from chatbot.reading.cross_encoder import CrossEncoder, Said
from chatbot.retrieve import K_ASKED, asks_for_list
from chatbot.scope import Keep
from index.encode import Vectors
from index.search import Hit, PassageIndex
from index.terms import distinct_terms, key_terms
from kb.document import Passage

GATE = Path(__file__).with_name("gate.json")

N_READ = 8  # sentences that the cross-encoder reads; benchmarks/README.md has what fewer and more give
# A sentence's score before it is read = its cosine + these parts of the share of the question's key terms that it has
# under its headings, and that its passage has.
SENTENCE_SHARE = 0.4
PASSAGE_SHARE = 0.2
# Who asks for all that should not be treated wants the list, and sentences about single cases stand nearer in meaning.
LIST_BONUS = 0.25
# Beside a section its author may have written the questions that it answers. One nearer to this question than MIN_ASKED
# (cosine) speaks for the section's sentences: ASKED_WEIGHT is added to their logits for each 1.0 that it is nearer.
MIN_ASKED = 0.7
MIN_SPEAKING = 0.7  # of the key terms, by weight
ASKED_WEIGHT = 8.0
# A list that is asked for is quoted beside the best sentences, whatever its single items look like: all the reasons not
# to be treated, not those alone that are like the question.
WANTED_LIST = 0.9
N_BEST = 3  # pieces of evidence that are looked at together
# A sentence is quoted that is as likely as not to answer and not far behind the best one, by its logit. A list is long,
# as it is quoted whole: it is quoted if one of its items is best, or if a list was asked for.
MIN_ANSWERING = 0.5
MAX_BEHIND = 2.5

# What a question asks for, and what a sentence that gives it must hold.
ASKED_FOR = {
    "a time": (
        re.compile(r"\bhow (long|soon|many (hours|days|weeks|months|years))\b|\bhow much time\b|\bdowntime\b"),
        re.compile(r"\b(minute|hour|day|night|week|month|year)s?\b|\b(at once|immediately|straight away|permanent)"),
    ),
    "a number": (
        re.compile(r"\bhow (many|often)\b|\b(percent|percentage)\b|\bwhat (share|proportion|number)\b|%"),
        re.compile(r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|once|twice|half|third|quarter)\b"),
    ),
    "a price": (
        re.compile(
            r"\bhow much (is (it|this|the|a|an)|for|do you|would .* be)\b|\b(price|cost|fee|discount|deposit)s?\b|[£$€]"
        ),
        re.compile(r"[£$€]|\b(price|cost|fee|discount|deposit)s?\b"),
    ),
    "what is not": (
        re.compile(r"\b(what|which|who|where)\b.*\b(not|never|cant|cannot|[a-z]+n['’]t)\b"),
        re.compile(r"\b(no|not|none|never|cannot|without|except|avoid|unsuitable|contra-?indicat\w*)\b|n['’]t\b"),
    ),
    "a certain day": (
        re.compile(r"\bday \d|\b(first|second|third|fourth|fifth|next|\d(st|nd|rd|th)) (day|morning)\b"),
        re.compile(r"\b(day|night|week|hour|morning)s?\b"),
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
        return _sigmoid(logit)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage, document.text[start:end], and how well it fits the question.

    `score` is the probability that it answers, 0 to 1; before the cross-encoder has read it, `weigh`'s score. `covers`
    are the question's key terms, as asked, that the sentence itself speaks of. `is_wanted` says that it belongs to a
    list as the question asks for one, about all of its key terms.
    """

    passage: Passage
    start: int
    end: int
    score: float
    cosine: float
    vector: Vectors
    covers: frozenset[str]
    is_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the documents answer a question, with what, and which of its words they do not know.

    `evidence` is what was read, best first, and `features` is what the gate saw of it; both are there whatever the
    verdict.
    """

    question: str
    probability: float
    is_answered: bool
    evidence: tuple[Evidence, ...]
    unknown: tuple[str, ...]
    features: Mapping[str, float] = field(default_factory=dict)

    @property
    def answering(self) -> tuple[Evidence, ...]:
        """The evidence that answers, best first: the best sentence, and those that are nearly as likely to."""
        best, rest = self.evidence[:1], self.evidence[1:]
        least = max([MIN_ANSWERING, *(_sigmoid(_logit(e.score) - MAX_BEHIND) for e in best)])
        return best + tuple(e for e in rest if e.is_wanted or (e.score >= least and not e.passage.is_list))


@cache
def load_gate() -> Gate:
    """The fitted gate that the program ships."""
    return Gate.model_validate_json(GATE.read_text(encoding="utf-8"))


def verify(
    question: str,
    subject: str,
    vector: Vectors,
    hits: Sequence[Hit],
    index: PassageIndex,
    gate: Gate,
    cross_encoder: CrossEncoder,
    keep: Keep = lambda *_: True,
) -> Verdict:
    """Whether these hits answer a question; `vector` is the encoded question, shape (dim,).

    `question` has the names of treatments as the documents have them, which is how the cross-encoder knows them.
    `subject` is the question without them: a passage is no answer because it has the right name.
    `keep` says which sentences may be evidence; a list is kept or left as a whole.
    """
    asked = _asked(subject, index)
    weighed = weigh(subject, vector, hits, index, keep)
    unknown = tuple(
        key.surface for key in asked if all(key.known.isdisjoint(distinct_terms(h.passage.context)) for h in hits)
    )
    if not weighed:
        return Verdict(question, 0.0, False, (), unknown)
    nearer = _nearer(asked, vector, hits, index)
    weighed.sort(key=lambda e: -e.score - nearer.get(e.passage.section.id, 0.0))
    logits = cross_encoder.logits(question, [said_of(e.passage, e.start, e.end) for e in weighed[:N_READ]])
    read = [
        replace(one, score=_sigmoid(float(logit) + ASKED_WEIGHT * nearer.get(one.passage.section.id, 0.0)))
        for one, logit in zip(weighed, logits, strict=False)
    ]
    evidence = sorted(read, key=lambda e: -e.score)
    features = _features(subject, asked, weighed, evidence, unknown) | {"asked": max(nearer.values(), default=0.0)}
    probability = gate.probability(features)
    lists_first = sorted(
        (replace(e, score=max(e.score, WANTED_LIST)) if e.is_wanted else e for e in evidence), key=lambda e: -e.score
    )
    return Verdict(question, probability, probability >= gate.min_probability, tuple(lists_first), unknown, features)


def _nearer(asked: Sequence[_Asked], vector: Vectors, hits: Sequence[Hit], index: PassageIndex) -> dict[str, float]:
    """Section id → by how much one of its author's questions is nearer to the one asked than MIN_ASKED.

    Only of sections that speak of most of what is asked: "what is a peel?" is near to "what does a peel cost?".
    """
    speaking = {
        hit.passage.section.id
        for hit in hits
        if _share(asked, distinct_terms("\n".join([hit.passage.context, *hit.passage.section.questions])))
        >= MIN_SPEAKING
    }
    nearest = index.questions.nearest(vector, K_ASKED, speaking)
    return {section_id: cosine - MIN_ASKED for section_id, cosine in nearest if cosine > MIN_ASKED}


def weigh(
    subject: str, vector: Vectors, hits: Sequence[Hit], index: PassageIndex, keep: Keep = lambda *_: True
) -> list[Evidence]:
    """The sentences of the hits, those first that fit best by meaning and by words; none is read together with the
    question yet. The parameters are those of `verify`.
    """
    asked = _asked(subject, index)
    wants_list = asks_for_list(subject)
    found = [evidence for hit in hits for evidence in _evidence(asked, vector, hit.passage, index, keep, wants_list)]
    return sorted(found, key=lambda e: -e.score)


def said_of(passage: Passage, start: int, end: int) -> Said:
    """The sentence `document.text[start:end]` of a passage as the cross-encoder reads it: under its heading and what
    leads into its list or, without a heading, after the sentence before it.
    """
    text = passage.document.text
    before = [span for span in passage.sentences if span[1] <= start]
    context = passage.headings[-1] if passage.section.headings[-1:] != (passage.document.title,) else ""
    if not passage.section.headings:
        context = ""
    leads_in = [span for span in before if not _is_item(passage, span)] if passage.is_list else []
    if leads_in:
        lead_in = text[leads_in[0][0] : leads_in[-1][1]]
        context = f"{context}. {lead_in}" if context else lead_in
    elif not context and before:
        context = text[slice(*before[-1])]
    return Said(text[start:end], context)


def _is_item(passage: Passage, span: tuple[int, int]) -> bool:
    return any(p.is_item and p.start <= span[0] < p.end for p in passage.section.paragraphs)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A key term of the question: the index's terms for it, and its weight."""

    surface: str
    known: frozenset[str]
    weight: float


def _asked(subject: str, index: PassageIndex) -> list[_Asked]:
    keys = [(key, index.keywords.known(key)) for key in key_terms(subject)]
    return [_Asked(key.surface, known, index.keywords.weight(known)) for key, known in keys]


def _features(
    subject: str,
    asked: Sequence[_Asked],
    weighed: Sequence[Evidence],
    evidence: Sequence[Evidence],
    unknown: Sequence[str],
) -> dict[str, float]:
    """What the gate sees of a question's evidence; `weighed` and `evidence` are sorted best first.

    `answers` is the cross-encoder's logit of the best sentence. `stands_out` is how much the best score before reading
    is above the average one: 0 upwards, and the same for few documents as for many. `known`, 0 to 1, is the share of
    the question that the passages found know; `not_given`, 0 or 1, whether a time, a number, a price or another kind
    of answer was asked for that none of the best sentences gives. `verify` adds `asked`: by how much an author's
    question is nearer than MIN_ASKED, 0 to 0.3.
    """
    said = subject.lower()
    given = " ".join(_quoted(e) for e in evidence[:N_BEST]).lower()
    known = sum(key.weight for key in asked if key.surface not in unknown)
    return {
        "answers": _logit(evidence[0].score),
        "stands_out": max(e.score for e in weighed) - sum(e.score for e in weighed) / len(weighed),
        "known": known / _weight(asked) if asked else 1.0,
        "not_given": float(any(q.search(said) and not s.search(given) for q, s in ASKED_FOR.values())),
    }


def _quoted(evidence: Evidence) -> str:
    passage = evidence.passage
    return passage.text if passage.is_list else passage.document.text[evidence.start : evidence.end]


def _evidence(
    asked: Sequence[_Asked], vector: Vectors, passage: Passage, index: PassageIndex, keep: Keep, wants_list: bool
) -> list[Evidence]:
    rows = index.sentence_vectors[passage.id]
    cosines = np.asarray(rows @ vector, dtype=float)
    of_passage = _share(asked, distinct_terms(passage.context))
    wanted_list = passage.is_list and wants_list and of_passage == 1.0
    bonus = PASSAGE_SHARE * of_passage + LIST_BONUS * wanted_list
    headings = distinct_terms("\n".join(passage.headings))  # they name the subject of each sentence below them
    found = []
    for (start, end), cosine, row in zip(passage.sentences, cosines, rows, strict=True):
        if keep(passage, *((passage.start, passage.end) if passage.is_list else (start, end))):
            own = distinct_terms(passage.document.text[start:end])
            score = float(cosine) + SENTENCE_SHARE * _share(asked, headings | own) + bonus
            covers = frozenset(key.surface for key in _covered(asked, own))
            found.append(Evidence(passage, start, end, score, float(cosine), row, covers, wanted_list))
    return found


def _share(asked: Sequence[_Asked], own: frozenset[str]) -> float:
    """The share of the key terms, by weight, that a text of these terms has: 0 to 1. A question without any ("how deep
    does it go?") leaves nothing uncovered.
    """
    return sum(key.weight for key in _covered(asked, own)) / _weight(asked) if asked else 1.0


def _covered(asked: Sequence[_Asked], own: frozenset[str]) -> list[_Asked]:
    return [key for key in asked if not key.known.isdisjoint(own)]


def _weight(asked: Sequence[_Asked]) -> float:
    return sum(key.weight for key in asked)


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
