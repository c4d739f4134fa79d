"""Question → urgent · refused · personal · smalltalk · answerable, by the rules of rules.yaml and by meaning.

How rules and meaning vote is explained in docs/decisions/0007-triage.md; the shares that they need are in rules.yaml.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeVar

import numpy as np

from chatbot.question import Question
from chatbot.reading.meaning import MAX_PIECES, Meaning, Probabilities, is_readable, pieces
from chatbot.reading.message import Message, read
from chatbot.reading.wording import Reader
from chatbot.rules import MEANING, Rules, SmalltalkRule, Urgency, UrgentRule, WatchRule, WordedRule

logger = logging.getLogger(__name__)

LEVELS: tuple[Urgency, ...] = ("emergency", "same_day", "soon")  # most urgent first
Fired = TypeVar("Fired", bound=WordedRule)
CONDITIONS = ("ILLNESS", "GROUP", "PRESCRIBED")  # the families of what a personal question is about
PERSONAL, EXPECTED = "personal", "expected"  # classes of the exemplars that are no urgent rule


@dataclass(frozen=True, slots=True)
class Triage:
    """What a question is, which rule says so, and whether the rule's words or only the meaning led to it.

    `watch` is the rule of a sign that may become urgent, `asks_day` whether the person should say how long ago the
    treatment was. `conditions` are the illnesses, medicines, ages and skin types of a personal question, as typed, and
    `denied` those that it denies.
    """

    kind: Literal["urgent", "refused", "personal", "smalltalk", "answerable"]
    rule: str | None = None
    reply: str = ""
    urgent: UrgentRule | None = None
    by: Literal["words", "meaning"] = "words"
    watch: WatchRule | None = None
    asks_day: bool = False
    conditions: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


def triage(question: Question, rules: Rules, meaning: Meaning) -> Triage:
    """What to do with a question, decided before any document is looked at."""
    message = read(question.text, rules.spelling, rules.other_readings)
    reader = Reader(message, rules.families_compiled)
    judged = _Judged.of(message, meaning)
    if (urgent := _urgent(reader, judged, rules)) is not None:
        return urgent
    if (refused := _first(rules.refused, reader, rules)) is not None:
        return Triage("refused", refused.id, refused.reply)
    if (said := _smalltalk(question, rules)) is not None:
        return Triage("smalltalk", said.id, said.reply)
    if (personal := _personal(reader, judged, rules)) is not None:
        return personal
    watch = _first(rules.watch, reader, rules) if judged.share(EXPECTED) >= rules.votes.expected else None
    return Triage("answerable", watch=watch, asks_day=watch is not None and watch.asks_day and message.day is None)


@dataclass(frozen=True, slots=True)
class _Judged:
    """The classes of a message's pieces: shape (pieces, labels).

    A message in a script that the classifier was not trained on has no rows: then the rules decide alone. `is_whole`
    says whether all of the message was read.
    """

    labels: tuple[str, ...]
    rows: Probabilities
    is_whole: bool = True

    @classmethod
    def of(cls, message: Message, meaning: Meaning) -> _Judged:
        try:
            read_of = pieces(message) if is_readable(message) else []
            rows = meaning.probabilities(read_of[:MAX_PIECES]) if read_of else np.zeros((0, 0), dtype=np.float32)
            return cls(meaning.labels if read_of else (), rows, is_whole=len(read_of) <= MAX_PIECES)
        except Exception:  # whatever is broken there, an emergency that the rules hear must be answered
            logger.exception("The classifier could not read a message. The rules decide alone.")
            return cls((), np.zeros((0, 0), dtype=np.float32))

    @property
    def is_silent(self) -> bool:
        return not len(self.rows)

    def share(self, label: str) -> float:
        """How probable it is that some piece is of a class."""
        return self.most({label})[0]

    def most(self, ids: AbstractSet[str]) -> tuple[float, str]:
        """How probable it is that some piece is of one of these classes, and the likeliest of them."""
        columns = [position for position, label in enumerate(self.labels) if label in ids]
        if self.is_silent or not columns:
            return 0.0, ""
        sums = self.rows[:, columns].sum(axis=1)
        piece = int(np.argmax(sums))
        return float(sums[piece]), self.labels[columns[int(np.argmax(self.rows[piece, columns]))]]


def _urgent(reader: Reader, judged: _Judged, rules: Rules) -> Triage | None:
    """The most urgent level that has the votes: of a rule that fires, unless meaning is sure of the contrary, or of
    meaning alone.
    """
    anyhow, _ = judged.most(_ids(rules.urgent))
    is_calm = judged.is_whole and not judged.is_silent and anyhow < rules.votes.beside_rule
    listened = [rule for rule in rules.urgent if not (is_calm and MEANING in rule.cancelled_by)]
    fired = [rule for rule in listened if fires(rule, reader, rules)]
    likeliest_of_all = next((rule for rule in rules.urgent if rule.id == judged.most(_ids(rules.urgent))[1]), None)
    is_doubtful = likeliest_of_all is not None and _has_another_reason(likeliest_of_all, reader, rules)
    for level in LEVELS:
        if by_words := [rule for rule in fired if rule.urgency == level]:
            return Triage("urgent", by_words[0].id, urgent=by_words[0])
        _, likeliest = judged.most({rule.id for rule in rules.urgent if rule.urgency == level})
        meant = next((rule for rule in rules.urgent if rule.id == likeliest), None)
        if meant is not None and _is_meant(
            meant, judged, rules, is_doubtful or _has_another_reason(meant, reader, rules)
        ):
            return Triage("urgent", meant.id, urgent=meant, by="meaning")
    return None


def _ids(some: Sequence[UrgentRule]) -> frozenset[str]:
    return frozenset(rule.id for rule in some)


def _is_meant(rule: UrgentRule, judged: _Judged, rules: Rules, is_doubtful: bool) -> bool:
    """Whether meaning alone is sure enough of a rule's level; with a reason to doubt it must be surer."""

    def share(least: Urgency) -> float:
        reached = LEVELS[: LEVELS.index(least) + 1]
        return judged.most({rule.id for rule in rules.urgent if rule.urgency in reached})[0]

    votes = rules.votes
    if is_doubtful:
        return share(rule.urgency) >= votes.alone_in_doubt
    if rule.urgency == "emergency" and share("same_day") >= votes.alone["same_day"]:
        return share("emergency") >= votes.emergency_if_urgent
    return share(rule.urgency) >= votes.alone[rule.urgency]


def _has_another_reason(rule: UrgentRule, reader: Reader, rules: Rules) -> bool:
    """Whether the words are those of a personal question, or each sentence has what would cancel the rule."""
    if _first(rules.personal, reader, rules) is not None:
        return True
    return all(_is_cancelled(rule, sentence, reader, rules) for sentence in reader.message.sentences)


def fires(rule: WordedRule, reader: Reader, rules: Rules) -> bool:
    """Whether a wording of the rule is found in a sentence in which nothing cancels it."""
    return any(
        not _is_cancelled(rule, sentence, reader, rules)
        for wording in rule.wordings
        for sentence in reader.sentences_with(wording)
    )


def _is_cancelled(rule: WordedRule, sentence: str, reader: Reader, rules: Rules) -> bool:
    alone = Reader(Message(sentence, reader.message.day), reader.families)
    if any(alone.sentences_with(wording) for wording in rule.unless):
        return True
    present = rules.context_patterns.get("present")
    if present is not None and present.search(sentence):
        return False
    contexts = rule.cancelled_by - {MEANING}
    return any(rules.context_patterns[name].search(sentence) for name in contexts)


def _first(some: Sequence[Fired], reader: Reader, rules: Rules) -> Fired | None:
    return next((rule for rule in some if fires(rule, reader, rules)), None)


def _personal(reader: Reader, judged: _Judged, rules: Rules) -> Triage | None:
    rule = _first(rules.personal, reader, rules)
    needed = rules.votes.personal_alone if rule is None else rules.votes.personal_beside_rule
    if judged.share(PERSONAL) < needed and not (rule and judged.is_silent):
        return None
    said, denied = zip(*(reader.phrases(family) for family in CONDITIONS), strict=True)
    return Triage(
        "personal",
        PERSONAL if rule is None else rule.id,
        rule.note if rule else "",
        by="meaning" if rule is None else "words",
        conditions=tuple(dict.fromkeys(chain(*said))),
        denied=tuple(dict.fromkeys(chain(*denied))),
    )


def _smalltalk(question: Question, rules: Rules) -> SmalltalkRule | None:
    said = [word.replace("'", "") for word in re.findall(r"[\w']+", question.text.lower().replace("’", "'"))]
    return next((rule for rule in rules.smalltalk if _is_all(rule, said)), None)


def _is_all(rule: SmalltalkRule, said: list[str]) -> bool:
    by_words = rule.needs.intersection(said) and rule.needs.union(rule.words).issuperset(said)
    return bool(by_words) or any(re.fullmatch(pattern, " ".join(said)) for pattern in rule.patterns)
