"""What a person typed → Message: plain words, spelling repaired, cut into sentences, with the day since treatment."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from chatbot.reading.days import days_since
from chatbot.reading.spelling import Spelling

MAX_READ = 20_000  # characters; more than a person types, and a limit to the time that reading takes
HTML_TAG = re.compile(r"<\s*/?\s*[a-zA-Z!][^<>]*>")
# Only what is certainly a tag is taken out before reading: "<my throat is closing>" is somebody's words.
KNOWN_TAG = re.compile(
    r"<\s*/?\s*(?:a|b|body|br|button|code|div|em|font|form|h[1-6]|head|hr|html|i|iframe|img|input|li|link|meta|ol|p|pre|s|script"
    r"|small|span|strong|style|sub|sup|svg|table|tbody|td|th|tr|u|ul)"
    r"(?:\s+[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s<>]+))*\s*/?\s*>",
    re.IGNORECASE,
)
EMPTY_TAG = re.compile(r"<(\w+)></\1>")  # "ch<b></b>est"
APOSTROPHE = re.compile(r"(?<=\w)['’‘`´ʼ′＇](?=\w)")
CONTRACTED = [
    (re.compile(r"\b(?:can ?not|can nt|can no longer)\b"), "cant"),
    (re.compile(r"\bwill not\b"), "wont"),
    (re.compile(r"\b(could|would|should|does|did|do|has|have|had|is|are|was|were) not\b"), r"\1nt"),
]
SENTENCE_END = re.compile(r"(?<!\d)[.!?;:\n]+|[.!?]+(?!\d)|[。！？؟]")
TOKEN = re.compile(
    r"\d+(?:[.,]\d+)?|[^\W_]+|[,،，(]"
)  # numbers with their point, words; a comma ends the reach of a "no"
PHRASE_TOKEN = re.compile(r"\d+(?:[.,]\d+)?\*?|\*?[^\W_]+\*?")  # the same in a phrase of the rules, which may have "*"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the rules read it. `text` has repaired words, lower case, without apostrophes, a line a sentence.

    `day` is how many days ago the treatment was, or None where the message does not say.
    """

    text: str
    day: float | None

    @property
    def sentences(self) -> list[str]:
        return self.text.split("\n")


def read(text: str, spelling: Spelling, readings: Sequence[tuple[re.Pattern[str], str]] = ()) -> Message:
    """Read a message; each pattern of `readings` is read as the word beside it.

    Invisible characters and HTML tags are no way to hide a word from the rules.
    """
    sentences = [" ".join(_words(part, spelling)) for part in SENTENCE_END.split(plain(text))]
    repaired = "\n".join(sentence for sentence in sentences if sentence)
    day = days_since(repaired)
    for pattern, word in readings:
        repaired = pattern.sub(word, repaired)
    return Message(repaired, day)


def plain(text: str) -> str:
    """Lower case, one form for each character, no accents, apostrophes, invisible characters or HTML tags."""
    text = APOSTROPHE.sub("", unescape(text[:MAX_READ]))
    text = re.sub(r"[<>]", " ", KNOWN_TAG.sub(" ", EMPTY_TAG.sub("", text)))
    text = unicodedata.normalize("NFKD", text).lower()
    text = "".join(char for char in text if char.isspace() or unicodedata.category(char)[0] not in "CM")
    text = re.sub(r"[^\S\n]+", " ", text)
    for form, contraction in CONTRACTED:
        text = form.sub(contraction, text)
    return text


def as_read(phrase: str) -> str:
    """A phrase of the rules in the form in which messages are read, its "*" kept."""
    return " ".join(PHRASE_TOKEN.findall(plain(phrase)))


def _words(sentence: str, spelling: Spelling) -> list[str]:
    return [word for token in TOKEN.findall(sentence) for word in spelling.repair(token).split()]
