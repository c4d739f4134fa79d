"""Questions to begin with: what patients often ask, where the documents answer it."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from chatbot.bot import Bot, ask
from chatbot.question import Question

OFTEN_ASKED = [
    "when can I go back to work?",
    "who should not have it?",
    "when can I wear make-up?",
    "is it painful?",
    "how do I protect my skin from the sun?",
    "how many sessions are needed?",
    "what is it used for?",
    "what are the side effects?",
]
MAX_EXAMPLES = 3


def example_questions(bot: Bot, treatment: str | None = None) -> list[str]:
    """What the documents answer of a treatment; where none is given, of the one with the most documents, named."""
    asked = [text[0].upper() + text[1:] for text in OFTEN_ASKED] if treatment else _named(bot)
    return list(islice((text for text in asked if _is_answered(bot, Question.parse(text, treatment))), MAX_EXAMPLES))


def _is_answered(bot: Bot, question: Question) -> bool:
    """A treatment's name may have in it what no question may."""
    return question.is_one and ask(bot, question).status == "answered"


def _named(bot: Bot) -> list[str]:
    documents = [document.treatment for document in bot.index.current().documents if document.audience == "patient"]
    most = Counter(treatment for treatment in documents if treatment).most_common(1)
    return [f"{treatment}: {question}" for treatment, _ in most for question in OFTEN_ASKED] or OFTEN_ASKED
