"""The noun Message: what a visitor sends to the clinic on purpose."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from chatbot.rules import Urgency

RULE = "-" * 60


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

    def to_json(self) -> dict[str, Any]:
        """Everything that the clinic gets of it."""
        words = {"name": self.name, "contact": self.contact, "text": self.text}
        asked = [asdict(exchange) for exchange in self.transcript]
        at = self.consented_at.isoformat(timespec="seconds")
        return {**words, "transcript": asked, "consented_at": at, "urgency": self.urgency}


def as_text(message: Message, receipt: str) -> str:
    """The message as the clinic reads it, with the conversation below."""
    lines = [f"A visitor of your web site sends you message {receipt}."]
    if message.urgency:
        lines.append(f"The program took it for urgent ({message.urgency.replace('_', ' ')}), and told them what to do.")
    lines += [
        "",
        f"Name: {message.name}",
        f"Contact: {message.contact}",
        f"Agreed to sending this to you: {message.consented_at:%Y-%m-%d %H:%M %Z}",
        "",
        message.text,
    ]
    if message.transcript:
        lines += ["", RULE, "The conversation before it, as the visitor's browser gave it:"]
    for exchange in message.transcript:
        lines += ["", "The visitor asked:", exchange.question, "", "The program answered:", exchange.answer]
    return "\n".join([*lines, ""])
