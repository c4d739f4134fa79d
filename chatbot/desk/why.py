"""Why a question was answered as it was: the retrieval step by step, made by the functions that answer patients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chatbot.answer import Answer
from chatbot.bot import Bot, Part, Searched, ask, curated_matches, judge, parts_of, searched
from chatbot.desk.curated_match import CuratedMatch, NoCurated
from chatbot.desk.curated_reply import best_to_give
from chatbot.desk.permissions import Person
from chatbot.follow_up import standalone
from chatbot.question import Question
from chatbot.reading.cross_encoder import CrossEncoder, Logits, Said
from chatbot.reading.meaning import is_readable, pieces
from chatbot.reading.message import read
from chatbot.scope import scope
from chatbot.triage import Triage, triage
from chatbot.verify import Gate, Verdict
from index.store import StoredIndex

N_CLASSES = 3  # of the classifier's, the likeliest


@dataclass(frozen=True, slots=True)
class SentenceRead:
    """A sentence with what it stands under, as the cross-encoder read it; `logit` above 0 is for "it answers"."""

    said: Said
    logit: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a feature adds to the gate's sum: `points` = its weight · its value."""

    feature: str
    value: float
    weight: float

    @property
    def points(self) -> float:
        return self.weight * self.value


@dataclass(frozen=True, slots=True, eq=False)
class CuratedSeen:
    """A part of the question with the clinic's own answers nearest to it, the likeliest first.

    `sure` is the one that may be given, if any. `least` is the cut-off, 0 to 1.
    """

    text: str
    matches: tuple[CuratedMatch, ...]
    sure: CuratedMatch | None
    least: float


@dataclass(frozen=True, slots=True, eq=False)
class PartSeen:
    """A part of the question with the passages found, the sentences read, best first, and the verdict on them."""

    part: Searched
    read: tuple[SentenceRead, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Why:
    """Each step from a question to its answer.

    `classes` are what the classifier takes it for, with probabilities, likeliest first. `alone` is the question as it
    would be asked by itself. `curated` has every part of it; it is empty where nothing is curated, or was looked for.
    `parts` are those that the documents were asked about: none where nothing was searched, or where precautions were;
    then `warnings` are the sentences that were read.
    """

    question: Question
    said: Triage
    classes: tuple[tuple[str, float], ...]
    alone: Question
    curated: tuple[CuratedSeen, ...]
    parts: tuple[PartSeen, ...]
    warnings: tuple[SentenceRead, ...]
    answer: Answer
    gate: Gate

    def contributions(self, verdict: Verdict) -> list[Contribution]:
        """What makes up the gate's sum, besides its bias; nothing where no sentence could be read."""
        features = verdict.features
        return [Contribution(name, features[name], weight) for name, weight in self.gate.weights.items() if features]

    @property
    def least_sum(self) -> float:
        """The sum from which on the gate takes a question for answered."""
        return math.log(self.gate.min_probability / (1 - self.gate.min_probability))


class _Listening:
    """A cross-encoder that remembers what it read last."""

    def __init__(self, cross_encoder: CrossEncoder) -> None:
        self._cross_encoder = cross_encoder
        self.read: list[SentenceRead] = []

    def logits(self, question: str, said: Sequence[Said]) -> Logits:
        logits = self._cross_encoder.logits(question, said)
        read = [SentenceRead(one, float(logit)) for one, logit in zip(said, logits, strict=True)]
        self.read = sorted(read, key=lambda one: -one.logit)
        return logits


def why(by: Person, bot: Bot, question: Question, earlier: Sequence[Question] = ()) -> Why:
    """What happens to a question now, and at which step. Raises NotAllowedError, and QuestionError as `ask` does."""
    by.must("see_gaps")
    bot = replace(bot, remembered=None)
    answer = ask(bot, question, earlier)
    said = triage(question, bot.rules, bot.meaning)
    is_searched = answer.status not in ("urgent", "smalltalk") and said.kind != "refused"
    index = bot.index.current()
    alone = standalone(question, earlier, index.treatments) if is_searched else question
    curated: tuple[CuratedSeen, ...] = ()
    seen: tuple[PartSeen, ...] = ()
    warnings: tuple[SentenceRead, ...] = ()
    if answer.status == "referred":
        curated = _curated(bot, index, [Part(alone.text, scope(alone, index.treatments, index.covered))])
        warnings = () if answer.matches else _warnings(bot, question, earlier)
    elif is_searched:
        parts = parts_of(index, alone)
        curated = _curated(bot, index, parts)
        own = {one.text for one in curated if one.sure is not None}
        seen = tuple(_seen(bot, index, [part for part in parts if part.text not in own]))
    return Why(question, said, _classes(question, bot), alone, curated, seen, warnings, answer, bot.gate)


def _curated(bot: Bot, index: StoredIndex, parts: Sequence[Part]) -> tuple[CuratedSeen, ...]:
    own = bot.curated.current()
    if not own.rows:
        return ()
    found = ((part.text, tuple(curated_matches(bot, index, part))) for part in parts)
    return tuple(
        CuratedSeen(text, matches, best_to_give(matches, bot.rules), own.gate.min_probability)
        for text, matches in found
    )


def _seen(bot: Bot, index: StoredIndex, parts: Sequence[Part]) -> Iterator[PartSeen]:
    heard = _Listening(bot.cross_encoder)
    listening = replace(bot, cross_encoder=heard)
    for part in searched(listening, index, parts):
        heard.read = []
        verdict = judge(listening, index, part)
        yield PartSeen(part, tuple(heard.read), verdict)


def _warnings(bot: Bot, question: Question, earlier: Sequence[Question]) -> tuple[SentenceRead, ...]:
    """What is read for a question that is referred with the documents' precautions."""
    heard = _Listening(bot.cross_encoder)
    ask(replace(bot, cross_encoder=heard, curated=NoCurated()), question, earlier)
    return tuple(heard.read)


def _classes(question: Question, bot: Bot) -> tuple[tuple[str, float], ...]:
    """Of each class the highest probability that a piece of the message has; nothing where it cannot be read."""
    message = read(question.text, bot.rules.spelling, bot.rules.other_readings)
    if not is_readable(message):
        return ()
    shares = bot.meaning.probabilities(pieces(message)).max(axis=0)
    likeliest = sorted(zip(bot.meaning.labels, map(float, shares), strict=True), key=lambda one: -one[1])
    return tuple(likeliest[:N_CLASSES])
