"""ask(): the whole pipeline, from a question to a cited answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chatbot.answer import Answer, abstain, answer, refuse, smalltalk
from chatbot.fidelity import faithful
from chatbot.follow_up import standalone
from chatbot.question import Question
from chatbot.reading.asked import asked
from chatbot.reading.cross_encoder import CrossEncoder
from chatbot.reading.meaning import Meaning
from chatbot.refer import refer
from chatbot.retrieve import retrieve
from chatbot.rules import Rules
from chatbot.scope import Scope, scope
from chatbot.settings import Clinic
from chatbot.triage import triage
from chatbot.urgent import urgent
from chatbot.verify import Gate, Verdict, verify
from chatbot.withheld import may_be_shown
from index.encode import Encoder, Vectors
from index.live import LiveIndex
from index.search import Hit
from index.store import StoredIndex


@dataclass(frozen=True, slots=True)
class Bot:
    """What is made once and handed in: nothing here is loaded on import."""

    clinic: Clinic
    encoder: Encoder
    index: LiveIndex
    rules: Rules
    meaning: Meaning
    gate: Gate
    cross_encoder: CrossEncoder


def ask(bot: Bot, question: Question, earlier: Sequence[Question] = ()) -> Answer:
    """Say what to do now, answer from the documents, refer to the clinic, or say that the documents do not answer.

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
    alone = standalone(question, earlier, index.treatments)
    about = scope(alone, index.treatments, index.covered)
    if said.kind == "personal" and not said.conditions and alone.text != question.text:
        # "and for IPL?" sounds personal by itself; whether it is shows with what it goes on from.
        whole = triage(alone, bot.rules, bot.meaning)
        said = whole if whole.kind == "answerable" else said
    if said.kind == "personal":
        vector, subject = bot.encoder.encode([alone.text])[0], index.treatments.without(alone.text)
        keep = may_be_shown(about.keep(index.treatments), bot.rules.never_quoted_patterns)
        given = refer(alone, said, subject, vector, index, about, bot.gate, bot.cross_encoder, keep, bot.clinic)
        return _checked(given, question, alone, bot)
    verdicts = find(bot, index, alone)
    if not any(verdict.is_answered for verdict in verdicts):
        return abstain(question, said, verdicts, about, bot.clinic)
    given = answer(question, said, verdicts, index, about, bot.clinic)
    return _checked(given, question, alone, bot)


def _checked(given: Answer, question: Question, alone: Question, bot: Bot) -> Answer:
    """What may be said of an answer: its note may name figures of earlier questions, which stand in `alone`."""
    checked = faithful(replace(given, question=alone.text), bot.clinic, bot.rules.never_quoted_patterns)
    return replace(checked, question=question.text)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One thing that a question asks, and the passages that may answer it.

    `subject` is `text` without the names of treatments, `vector` the encoded text, shape (dim,).
    """

    text: str
    subject: str
    vector: Vectors
    about: Scope
    hits: list[Hit]


def find(bot: Bot, index: StoredIndex, alone: Question) -> list[Verdict]:
    """The verdict on each thing that a stand-alone question asks, in its order."""
    return [judge(bot, index, part) for part in parts(bot, index, alone)]


def parts(bot: Bot, index: StoredIndex, alone: Question) -> Iterator[Part]:
    """Each thing that a stand-alone question asks, in its order.

    A part that names no treatment is about the one named before it, or about those of the question that there are
    documents on.
    """
    whole = scope(alone, index.treatments, index.covered)
    about = (
        Scope(whole.covered, frozenset())
        if whole.covered
        else scope(Question("", alone.treatment), index.treatments, index.covered)
    )
    texts = asked(alone.text)
    for text, vector in zip(texts, bot.encoder.encode(texts), strict=True):
        own = scope(Question(text), index.treatments, index.covered)
        about = own if own.is_named else about
        subject = index.treatments.without(text)
        yield Part(text, subject, vector, about, retrieve(text, subject, vector, index.passages, about))


def judge(bot: Bot, index: StoredIndex, part: Part) -> Verdict:
    """Whether the passages of a part answer it."""
    keep = may_be_shown(part.about.keep(index.treatments), bot.rules.never_quoted_patterns)
    in_full = index.treatments.in_full(part.text)
    verdict = verify(in_full, part.subject, part.vector, part.hits, index.passages, bot.gate, bot.cross_encoder, keep)
    return replace(verdict, question=part.text)
