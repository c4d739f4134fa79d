"""ask(): the whole pipeline, from a question to a cited answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from chatbot.answer import Answer, abstain, answer, refuse, smalltalk
from chatbot.desk.curated_match import Curated, CuratedMatch, NoCurated, match
from chatbot.desk.curated_reply import best_to_give, refer_with
from chatbot.fidelity import faithful
from chatbot.follow_up import standalone
from chatbot.question import Question
from chatbot.reading.asked import asked
from chatbot.reading.cross_encoder import CrossEncoder
from chatbot.reading.meaning import Meaning
from chatbot.refer import refer
from chatbot.remembered import Remembered
from chatbot.retrieve import retrieve
from chatbot.rules import Rules
from chatbot.scope import Scope, scope
from chatbot.settings import Clinic
from chatbot.triage import Triage, triage
from chatbot.urgent import urgent
from chatbot.verify import Gate, Verdict, verify
from chatbot.withheld import may_be_shown
from index.encode import Encoder, Vectors
from index.live import CurrentIndex
from index.search import Hit
from index.store import StoredIndex


@dataclass(frozen=True, slots=True)
class Bot:
    """What is made once and handed in: nothing here is loaded on import."""

    clinic: Clinic
    encoder: Encoder
    index: CurrentIndex
    rules: Rules
    meaning: Meaning
    gate: Gate
    cross_encoder: CrossEncoder
    curated: Curated = field(default_factory=NoCurated)
    remembered: Remembered | None = None  # where many ask: a server


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that a stand-alone question asks, and the treatments that it is about."""

    text: str
    about: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """A part, and the passages that may answer it.

    `subject` is `text` without the names of treatments, `vector` the encoded text, shape (dim,).
    """

    text: str
    about: Scope
    subject: str
    vector: Vectors
    hits: list[Hit]


def ask(bot: Bot, question: Question, earlier: Sequence[Question] = ()) -> Answer:
    """Say what to do now, answer from the documents, refer to the clinic, or say that the documents do not answer.

    What the clinic has answered itself is quoted from there, and only the rest of a question is put to the documents.

    `earlier` is what the same person asked before, oldest first: "and how long does that last?" is then understood.
    Triage hears the question by itself. Raises QuestionError for what is no question, once triage has read it.
    """
    said = triage(question, bot.rules, bot.meaning)
    if (now := urgent(question, said, bot.clinic)) is not None:
        return now
    question.check()
    if said.kind == "refused":
        return refuse(question, said, bot.clinic)
    if said.kind == "smalltalk":
        return smalltalk(question, said)
    index = bot.index.current()

    def look_up() -> Answer:
        return _looked_up(bot, index, question, earlier, said)

    if bot.remembered is None:
        return look_up()
    return bot.remembered.once((question, *earlier), (index, bot.curated.current()), look_up)


def _looked_up(bot: Bot, index: StoredIndex, question: Question, earlier: Sequence[Question], said: Triage) -> Answer:
    """The answer to a question that may be answered from what the clinic has written."""
    alone = standalone(question, earlier, index.treatments)
    about = scope(alone, index.treatments, index.covered)
    if said.kind == "personal" and not said.conditions and alone.text != question.text:
        # "and for IPL?" sounds personal by itself; whether it is shows with what it goes on from.
        whole = triage(alone, bot.rules, bot.meaning)
        said = whole if whole.kind == "answerable" else said
    if said.kind == "personal":
        own = curated_match(bot, index, Part(alone.text, about))
        if own is not None and (referred := refer_with(question, said, own, bot.clinic)) is not None:
            return _checked(referred, question, alone, bot)
        vector, subject = bot.encoder.encode([alone.text])[0], index.treatments.without(alone.text)
        keep = may_be_shown(about.keep(index.treatments), bot.rules.never_quoted_patterns)
        given = refer(alone, said, subject, vector, index, about, bot.gate, bot.cross_encoder, keep, bot.clinic)
        return _checked(given, question, alone, bot)
    parts = parts_of(index, alone)
    matches = [curated_match(bot, index, part) for part in parts]
    left = [part for part, own in zip(parts, matches, strict=True) if own is None]
    verdicts = [judge(bot, index, one) for one in searched(bot, index, left)]
    own_answers = list({own.version.id: own for own in matches if own is not None}.values())
    if not own_answers and not any(verdict.is_answered for verdict in verdicts):
        return abstain(question, said, verdicts, about, bot.clinic)
    given = answer(question, said, verdicts, index, about, bot.clinic, own_answers)
    return _checked(given, question, alone, bot)


def _checked(given: Answer, question: Question, alone: Question, bot: Bot) -> Answer:
    """What may be said of an answer: its note may name figures of earlier questions, which stand in `alone`."""
    checked = faithful(replace(given, question=alone.text), bot.clinic, bot.rules.never_quoted_patterns)
    return replace(checked, question=question.text)


def curated_match(bot: Bot, index: StoredIndex, part: Part) -> CuratedMatch | None:
    """The clinic's own answer to a part, if there is one for patients."""
    return best_to_give(curated_matches(bot, index, part), bot.rules)


def curated_matches(bot: Bot, index: StoredIndex, part: Part) -> list[CuratedMatch]:
    """The clinic's own answers for patients that a part comes nearest to, the likeliest first, sure or not."""
    return match(bot.curated.current(), part.text, part.about, index.treatments, bot.encoder, bot.cross_encoder)


def find(bot: Bot, index: StoredIndex, alone: Question) -> list[Verdict]:
    """The documents' verdict on each thing that a stand-alone question asks, in its order."""
    return [judge(bot, index, one) for one in searched(bot, index, parts_of(index, alone))]


def parts_of(index: StoredIndex, alone: Question) -> list[Part]:
    """The things that a stand-alone question asks, in its order.

    A part that names no treatment is about the one named before it, or about those of the question that there are
    documents on.
    """
    whole = scope(alone, index.treatments, index.covered)
    about = (
        Scope(whole.covered, frozenset())
        if whole.covered
        else scope(Question("", alone.treatment), index.treatments, index.covered)
    )
    parts = []
    for text in asked(alone.text):
        own = scope(Question(text), index.treatments, index.covered)
        about = own if own.is_named else about
        parts.append(Part(text, about))
    return parts


def searched(bot: Bot, index: StoredIndex, parts: Sequence[Part]) -> Iterator[Searched]:
    """Each part with the passages that may answer it."""
    vectors = bot.encoder.encode([part.text for part in parts]) if parts else ()
    for part, vector in zip(parts, vectors, strict=True):
        subject = index.treatments.without(part.text)
        hits = retrieve(part.text, subject, vector, index.passages, part.about)
        yield Searched(part.text, part.about, subject, vector, hits)


def judge(bot: Bot, index: StoredIndex, part: Searched) -> Verdict:
    """Whether the passages of a part answer it."""
    keep = may_be_shown(part.about.keep(index.treatments), bot.rules.never_quoted_patterns)
    in_full = index.treatments.in_full(part.text)
    verdict = verify(in_full, part.subject, part.vector, part.hits, index.passages, bot.gate, bot.cross_encoder, keep)
    return replace(verdict, question=part.text)
