"""Visitors' messages that wait for staff; answering them ends with Outbox.done."""

from __future__ import annotations

from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.mailing.message import Message
from chatbot.mailing.outbox import Unsent
from chatbot.triage import LEVELS


def waiting(by: Person, desk: Desk) -> list[Unsent]:
    """The most urgent first, then the oldest; without their words. Raises NotAllowedError, StoreError."""
    by.must("edit")
    return sorted(desk.outbox.waiting(), key=lambda one: LEVELS.index(one.urgency) if one.urgency else len(LEVELS))


def opened(by: Person, desk: Desk, receipt: str) -> Message:
    """One of them, words and all. Raises UnknownReceiptError, NotAllowedError, StoreError."""
    by.must("edit")
    return desk.outbox.read(receipt)
