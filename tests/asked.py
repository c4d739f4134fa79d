"""Questions of made-up patients, as tests of the desk put them into a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import Engine, insert

from chatbot.mailing.message import Message
from chatbot.mailing.outbox import Outbox
from chatbot.records import turns, votes
from chatbot.rules import Urgency
from chatbot.store import transaction

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
numbers = count()


def ask_once(
    store: Engine,
    text: str | None,
    who: str | None = None,
    days_ago: float = 1.0,
    status: str = "abstained",
    rule: str | None = None,
    helpful: bool | None = None,
    reason: str | None = None,
    remark: str | None = None,
    passages: tuple[str, ...] = (),
    ms: float = 50.0,
    at: datetime | None = None,
) -> str:
    """A turn, with a thumb if `helpful` is given; returns its id at the desk. Without `who` everybody is another."""
    number = next(numbers)
    moment = (at or NOW - timedelta(days=days_ago)).astimezone(UTC).replace(tzinfo=None)
    described = {"status": status, "urgency": None, "rule": rule, "confidence": 0.2, "passages": list(passages)}
    conversation = None if text is None else who or f"somebody {number}"
    with transaction(store) as connection:
        row = {"at": moment, "conversation": conversation, "id": str(number), "question": text, "index": "v", "ms": ms}
        key: int = connection.execute(insert(turns).values(**row, **described).returning(turns.c.key)).scalar_one()
        if helpful is not None:
            said = {"at": moment, "turn": key, "helpful": helpful, "reason": reason, "remark": remark}
            connection.execute(insert(votes).values(**said, **described))
    return f"turn:{key}"


def send(outbox: Outbox, text: str, conversation: str | None = None, urgency: Urgency | None = None) -> str:
    """A message by the form; returns its receipt."""
    return outbox.post(
        Message(
            id=f"message {next(numbers)}",
            conversation=conversation,
            name="Florence Nightingale",
            contact="07700 900123",
            text=text,
            transcript=(),
            consented_at=NOW,
            urgency=urgency,
        )
    )
