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
from chatbot.scope import Keep, scope
from chatbot.settings import Clinic
from chatbot.triage import triage
from chatbot.urgent import urgent
from chatbot.verify import Gate, verify
from index.encode import Encoder
from index.live import LiveIndex
from kb.claims import is_unrepeatable
from kb.document import Passage


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
    keep = _may_be_shown(about.keep(index.treatments), bot.rules)
    if said.kind == "personal":
        given = refer(question, said, subject, vector, index, about, bot.gate, keep, bot.clinic)
        return faithful(given, bot.clinic, bot.rules.never_quoted_patterns)
    hits = retrieve(question, subject, vector, index.passages, about)
    verdict = verify(subject, vector, hits, index.passages, bot.gate, keep)
    if not verdict.is_answered or (about.missing and not about.covered):
        return abstain(question, said, verdict, about, bot.clinic)
    given = answer(question, said, verdict, index, about, bot.clinic)
    return faithful(given, bot.clinic, bot.rules.never_quoted_patterns)


def _may_be_shown(is_about: Keep, rules: Rules) -> Keep:
    """Of the spans that are about what is asked, those that a patient may be shown at all."""

    def keep(passage: Passage, start: int, end: int) -> bool:
        span = passage.document.text[start:end].lower()
        if any(pattern.search(span) for pattern in rules.never_quoted_patterns):
            return False
        return not is_unrepeatable(passage.document, start, end) and is_about(passage, start, end)

    return keep
