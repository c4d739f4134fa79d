"""ask(): the whole pipeline, from a question to a cited answer."""

from __future__ import annotations

from dataclasses import dataclass

from chatbot.answer import Answer, abstain, answer, refuse, smalltalk
from chatbot.fidelity import faithful
from chatbot.question import Question
from chatbot.reading.meaning import Meaning
from chatbot.refer import refer
from chatbot.retrieve import retrieve
from chatbot.rules import Rules
from chatbot.scope import scope
from chatbot.settings import Clinic
from chatbot.triage import triage
from chatbot.urgent import urgent
from chatbot.verify import Gate, verify
from chatbot.withheld import may_be_shown
from index.encode import Encoder
from index.live import LiveIndex


@dataclass(frozen=True, slots=True)
class Bot:
    """What is made once and handed in: nothing here is loaded on import."""

    clinic: Clinic
    encoder: Encoder
    index: LiveIndex
    rules: Rules
    meaning: Meaning
    gate: Gate


def ask(bot: Bot, question: Question) -> Answer:
    """Say what to do now, answer from the documents, refer to the clinic, or say that the documents do not answer.

    Raises QuestionError for what is no question, once triage has read it.
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
    about = scope(question, index.treatments, index.covered)
    vector = bot.encoder.encode([question.text])[0]
    subject = index.treatments.without(question.text)
    keep = may_be_shown(about.keep(index.treatments), bot.rules.never_quoted_patterns)
    if said.kind == "personal":
        given = refer(question, said, subject, vector, index, about, bot.gate, keep, bot.clinic)
        return faithful(given, bot.clinic, bot.rules.never_quoted_patterns)
    hits = retrieve(question, subject, vector, index.passages, about)
    verdict = verify(subject, vector, hits, index.passages, bot.gate, keep)
    if not verdict.is_answered or (about.missing and not about.covered):
        return abstain(question, said, verdict, about, bot.clinic)
    given = answer(question, said, verdict, index, about, bot.clinic)
    return faithful(given, bot.clinic, bot.rules.never_quoted_patterns)
