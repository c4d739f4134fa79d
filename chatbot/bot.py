"""ask(): the whole pipeline, from a question to a cited answer."""

from __future__ import annotations

from dataclasses import dataclass

from chatbot.answer import Answer, abstain, answer, smalltalk
from chatbot.question import Question
from chatbot.retrieve import retrieve
from chatbot.scope import scope
from chatbot.settings import Clinic
from chatbot.triage import Rules, triage
from chatbot.verify import Gate, verify
from index.encode import Encoder
from index.live import LiveIndex


@dataclass(frozen=True, slots=True)
class Bot:
    """What is made once and handed in: nothing here is loaded on import."""

    clinic: Clinic
    encoder: Encoder
    index: LiveIndex
    rules: Rules
    gate: Gate


def ask(bot: Bot, question: Question) -> Answer:
    """Answer a question from the documents, or say that they do not answer it."""
    said = triage(question, bot.rules)
    if said.kind == "smalltalk":
        return smalltalk(question, said)
    index = bot.index.current()
    about = scope(question, index.treatments, index.covered)
    vector = bot.encoder.encode([question.text])[0]
    subject = index.treatments.without(question.text)
    hits = retrieve(question, subject, vector, index.passages, about)
    verdict = verify(subject, vector, hits, index.passages, bot.gate, about.keep(index.treatments))
    if not verdict.is_answered or (about.missing and not about.covered):
        return abstain(question, verdict, about, bot.clinic)
    return answer(question, verdict, index, about)
