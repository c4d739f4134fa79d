"""What may be written as a curated answer: refused when it is saved, with each reason, and not when a patient asks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from chatbot.bot import Bot
from chatbot.desk.curated_wording import Version, Wording
from chatbot.question import Question, QuestionError
from chatbot.reading.message import HTML_TAG
from chatbot.triage import triage
from chatbot.withheld import is_withheld
from index.terms import key_terms
from kb.document import Source

MAX_QUESTIONS = 30
MAX_QUESTION_CHARS = 300
MAX_TEXT_CHARS = 1500  # longer than anybody reads in a chat; what needs more is a document
MAX_NAME_CHARS = 200  # of the owner and the source
MAX_ADDRESS_CHARS = 1000
WEB = re.compile(r"https?://[^\s<>\"]+")
WITHHELD = (
    "The text holds what no patient is shown: a dose, a device setting, advice to stop or start a medicine, or a "
    "verdict that something is safe or normal. Leave it out, and say whom to ask"
)
# Triage is asked first, so a variant that it takes never comes as far as a curated answer.
TAKEN = {
    "urgent": "is urgent: patients are told what to do now, whatever is written here",
    "refused": "is never answered here: patients are told why",
    "smalltalk": "is a courtesy, which is answered as one",
}


class WordingError(ValueError):
    """A wording that may not be saved; the message has each reason and what to do, a line each."""


def tidy(wording: Wording, bot: Bot) -> Wording:
    """The wording without blanks around it, empty lines and repeated questions, the treatment under its one name."""
    lines = (" ".join(question.split()) for question in wording.questions)
    questions = tuple({line.casefold(): line for line in reversed(list(lines)) if line}.values())[::-1]
    text = "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", wording.text).splitlines()).strip()
    treatments = bot.index.current().treatments
    return replace(
        wording,
        questions=questions,
        text=re.sub(r"\n{3,}", "\n\n", text),
        treatment=treatments.canonical(wording.treatment) if wording.treatment else None,
        owner=wording.owner.strip(),
        source=wording.source.strip(),
        address=(wording.address or "").strip() or None,
    )


def check_wording(wording: Wording, bot: Bot, today: date) -> None:
    """Raise WordingError with everything that is wrong with a tidy wording."""
    reasons = [*_of_questions(wording, bot), *_of_text(wording, bot), *_of_rest(wording, today)]
    if reasons:
        raise WordingError("\n".join(f"{reason}." for reason in reasons))


def _of_questions(wording: Wording, bot: Bot) -> Iterator[str]:
    if not wording.questions:
        yield "There is no question. Write at least one, as a patient would ask it, one a line"
    if len(wording.questions) > MAX_QUESTIONS:
        yield f"There are {len(wording.questions)} questions; the most is {MAX_QUESTIONS}"
    for question in wording.questions[:MAX_QUESTIONS]:
        if (reason := _of_question(question, bot)) is not None:
            yield f"“{question[:80]}” {reason}"


def _of_question(text: str, bot: Bot) -> str | None:
    question = Question.parse(text)
    if len(text) > MAX_QUESTION_CHARS:
        return f"has {len(text)} characters; the most is {MAX_QUESTION_CHARS}"
    try:
        question.check()
    except QuestionError as error:
        return f"is no question: {str(error).rstrip('.')}"
    said = triage(question, bot.rules, bot.meaning)
    if said.kind in TAKEN:
        return f"{TAKEN[said.kind]} (rule {said.rule})"
    if not key_terms(bot.index.current().treatments.without(text)):
        return "does not say what it is about, beside the treatment. Add the word that it turns on"
    return None


def _of_text(wording: Wording, bot: Bot) -> Iterator[str]:
    text = wording.text
    if not any(char.isalnum() for char in text):
        yield "There is no text. Write what patients are to be told"
        return
    if len(text) > MAX_TEXT_CHARS:
        yield f"The text has {len(text):,} characters; the most is {MAX_TEXT_CHARS:,}. Put what is longer in a document"
    if HTML_TAG.search(text):
        yield "The text has HTML tags. Write it without < and >"
    if any(unicodedata.category(char) in ("Cc", "Cs") and char != "\n" for char in text):
        yield "The text has control characters. Type it, or paste it as plain text"
    # Read as if nobody vouched for it: what must never be repeated is no truer for being written by the clinic.
    passage = Version("draft", 0, wording, "", datetime.min).passage
    unvouched = replace(passage.document, sources=(("source", Source(wording.source)),))
    if is_withheld(unvouched, 0, len(text), bot.rules.never_quoted_patterns):
        yield WITHHELD


def _of_rest(wording: Wording, today: date) -> Iterator[str]:
    for name, value in {"owner": wording.owner, "source": wording.source}.items():
        if not value:
            yield f"The {name} is missing"
        elif len(value) > MAX_NAME_CHARS or HTML_TAG.search(value):
            yield f"The {name} is no plain text of up to {MAX_NAME_CHARS} characters"
    if wording.address and (len(wording.address) > MAX_ADDRESS_CHARS or not WEB.fullmatch(wording.address)):
        yield "The address of the source is no address of the web. Write it with https://, or leave it out"
    if wording.review_due <= today:
        yield "The day of the next review is not in the future"
