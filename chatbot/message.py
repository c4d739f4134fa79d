"""The noun Message: what a visitor sends to the clinic on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chatbot.rules import Urgency


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and the text that answered it, as the visitor's browser gives them back."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message with whom to answer, and the conversation before it, oldest first, if the visitor adds it.

    `contact` is a phone number or an e-mail address, `name` and `contact` have one line each. `consented_at`, with a
    time zone, is when the visitor agreed to it going to the clinic. `urgency` is what triage made of `text`.
    """

    id: str
    conversation: str | None
    name: str
    contact: str
    text: str
    transcript: tuple[Exchange, ...]
    consented_at: datetime
    urgency: Urgency | None = None
