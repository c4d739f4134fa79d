"""A day told afterwards: "5 days ago", in reply to "how long ago was your treatment?", completes the question."""

from __future__ import annotations

from chatbot.bot import Bot
from chatbot.question import Question
from chatbot.reading.days import days_since
from chatbot.triage import triage

MAX_WORDS = 8  # "it was about 5 days ago, I think"; more words say something else as well


def with_day(text: str, asked: str | None, bot: Bot) -> str:
    """`asked`, the question whose answer asked for the day, completed with a text that is just a day; else the text.

    `asked` is None where the last answer asked for no day. A question that has one is not given another; a text that
    begins with the question, as those of the page's buttons do, is whole.
    """
    if asked is None or text.startswith(asked) or days_since(asked.lower()) is not None:
        return text
    if not _is_day(text) or _is_alarming(bot, text):
        return text
    return f"{asked} ({text.strip()})"


def _is_day(text: str) -> bool:
    return len(text.split()) <= MAX_WORDS and "?" not in text and days_since(text.lower()) is not None


def _is_alarming(bot: Bot, text: str) -> bool:
    """Whether a text has the words of an urgent rule. In the question before, they could be taken for a supposition."""
    said = triage(Question.parse(text), bot.rules, bot.meaning)
    return said.kind == "urgent" and said.by == "words"  # what so few words seem to mean is not enough
