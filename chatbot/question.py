"""The noun Question, and what is refused before it becomes one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from chatbot.reading.message import HTML_TAG

MAX_CHARS = 2000  # a long story with the question at its end fits; a pasted document does not


class QuestionError(ValueError):
    """What was typed is no question; the message says why, in words for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked. `treatment` is the one that the page is about, if any."""

    text: str
    treatment: str | None = None

    @classmethod
    def parse(cls, text: str, treatment: str | None = None) -> Question:
        """A question from what was typed, spaces collapsed, lines kept: "no fever" on one says nothing of the next.

        Anything at all may be in it until `check` is called.
        """
        lines = (" ".join(line.split()) for line in text.splitlines())
        return cls("\n".join(line for line in lines if line), " ".join((treatment or "").split()) or None)

    def check(self) -> None:
        """Raise QuestionError for what is no question. Triage reads it first: an emergency is heard in any form."""
        text = self.text
        if len(text) > MAX_CHARS:
            raise QuestionError(
                f"Your question has {len(text):,} characters; the most is {MAX_CHARS:,}. Please shorten it."
            )
        if any(unicodedata.category(char) in ("Cc", "Cs") and char != "\n" for char in text):
            raise QuestionError("Your question contains control characters. Please type it, or paste it as plain text.")
        if HTML_TAG.search(text):
            raise QuestionError("Your question contains HTML tags. Please write it as plain text, without < and >.")
        if not any(char.isalnum() for char in text):
            raise QuestionError("There is no question yet. Please type what you would like to know.")

    @property
    def is_one(self) -> bool:
        """Whether `check` finds nothing wrong."""
        try:
            self.check()
        except QuestionError:
            return False
        return True
