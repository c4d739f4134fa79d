"""A visitor's message, as the tests of the outbox post it, and when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chatbot.mailing.message import Exchange, Message
from chatbot.mailing.outbox import PAUSES

KEEP_DAYS = 30
AFTER_PAUSE = PAUSES[0] + timedelta(seconds=5)

MESSAGE = Message(
    id="5f0c",
    conversation="c-1",
    name="Zoë Nightingale",
    contact="zoe@visitor.example",
    text="Could you call me?",
    transcript=(Exchange("Is it red?", "Redness fades. [1]"),),
    consented_at=datetime(2026, 11, 24, 22, 5, tzinfo=UTC),
    urgency="same_day",
)


def soon() -> datetime:
    """A moment at which what was just posted is due."""
    return datetime.now(UTC) + timedelta(seconds=1)
