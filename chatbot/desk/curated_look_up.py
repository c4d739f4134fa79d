"""Curated answers for staff: found as they type, for patients or for staff only; and why a question would match."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from chatbot.bot import Bot, Part, parts_of
from chatbot.desk.curated_check import tidy
from chatbot.desk.curated_live import index_of
from chatbot.desk.curated_match import CuratedIndex, CuratedMatch, match
from chatbot.desk.curated_wording import Version, Wording
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.question import Question
from chatbot.triage import triage
from index.encode import Vectors
from index.terms import distinct_terms, key_terms

WORDS_SHARE = 0.3  # what the share of the key terms that an answer has is worth in cosine
TRIED = "tried"  # the id of a wording that is not saved


@dataclass(frozen=True, slots=True)
class CuratedHit:
    """An approved answer with its score, higher is better: the cosine of its nearest variant or its text, -1 to 1, and
    0.3 times the share of the text's key terms that it has. `variant` is the nearest one.
    """

    version: Version
    variant: str
    score: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of a question: what triage makes of it, and the nearest curated answers to each of its parts.

    `matches` are for patients, the likeliest first; the first of them is given if it `is_sure`, and where triage does
    not answer first (`triage` is "urgent", "refused" or "smalltalk"). `least` is the cut-off.
    """

    triage: str
    rule: str | None
    parts: tuple[tuple[str, tuple[CuratedMatch, ...]], ...]
    least: float


def look_up_curated(desk: Desk, text: str, vector: Vectors, k: int, by: Person) -> list[CuratedHit]:
    """The best `k` approved answers for a text and its vector, shape (dim,), best first, patients' and staff's.

    Raises NotAllowedError.
    """
    by.must("look_up")
    index = desk.bot.curated.current()
    if not index.rows or not text.strip():
        return []
    keys = key_terms(text)
    cosines = np.maximum(index.in_full @ vector, index.texts @ vector)
    best: dict[str, CuratedHit] = {}
    for (version, variant), cosine in zip(index.rows, cosines.tolist(), strict=True):
        own = distinct_terms("\n".join([*version.wording.questions, version.wording.text]))
        share = sum(not key.terms.isdisjoint(own) for key in keys) / len(keys) if keys else 0.0
        hit = CuratedHit(version, variant, cosine + WORDS_SHARE * share)
        if version.id not in best or hit.score > best[version.id].score:
            best[version.id] = hit
    return sorted(best.values(), key=lambda hit: -hit.score)[:k]


def try_question(
    desk: Desk, question: Question, by: Person, wording: Wording | None = None, edited: str | None = None
) -> Tried:
    """What would become of a question if `wording`, which need not be saved, were approved beside the others, in place
    of the one with the id `edited`.

    Raises NotAllowedError, QuestionError.
    """
    by.must("edit")
    question.check()
    bot = desk.bot
    said = triage(question, bot.rules, bot.meaning)
    current = bot.curated.current()
    index = _with(current, tidy(wording, bot), bot, edited) if wording else current
    documents = bot.index.current()
    parts = parts_of(documents, question) if said.kind != "personal" else [_whole(bot, question)]
    found = tuple(
        (part.text, tuple(match(index, part.text, part.about, documents.treatments, bot.encoder, bot.cross_encoder)))
        for part in parts
    )
    return Tried(said.kind, said.rule, found, index.gate.min_probability)


def in_words(one: CuratedMatch) -> str:
    """What speaks for a match and against it."""
    if not one.features:
        return "the same words"
    if not one.probability:
        return "asks for another thing: a price, a time, before or after, who should not"
    said = [f"meaning {one.features['of_subject']:.2f}"]
    said += ["words of the question that it lacks"] if one.features["left"] else []
    said += ["words of its own that the question lacks"] if one.features["missed"] else []
    said += ["another kind of answer"] if one.features["wants"] else []
    return ", ".join(said)


def _whole(bot: Bot, question: Question) -> Part:
    """A question about oneself is not divided."""
    parts = parts_of(bot.index.current(), question)
    return replace(parts[0], text=question.text)


def _with(current: CuratedIndex, wording: Wording, bot: Bot, edited: str | None) -> CuratedIndex:
    """The approved answers and one more, in place of the one that is edited."""
    at = datetime.now(UTC).replace(tzinfo=None)
    more = index_of([Version(TRIED, 0, wording, "", at)], bot.encoder, current.gate)
    kept = [row for row, (version, _) in enumerate(current.rows) if version.id != edited]
    if not kept or not more.rows:
        return more if more.rows else current
    return CuratedIndex(
        (*(current.rows[row] for row in kept), *more.rows),
        np.concatenate([current.in_full[kept], more.in_full]),
        np.concatenate([current.subjects[kept], more.subjects]),
        np.concatenate([current.texts[kept], more.texts]),
        current.gate,
    )
