"""What the documents did not answer well enough: abstained, thumbed down, or sent by the form; redacted, no names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, or_, select

from chatbot.mailing.outbox import messages
from chatbot.question import Question
from chatbot.records import turns, votes
from chatbot.redact import WITHHELD, redact

Why = Literal["abstained", "thumbed_down", "message"]
NO_FOLLOW_UP = ("urgent", "smalltalk")  # what a later question of the same conversation does not go on from


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question as redaction left it. `at` is in UTC, without saying so.

    `id` is "turn:KEY" or "message:RECEIPT". `who` is the same for all that came in one conversation: whoever asks three
    times is one person. `reason` and `remark` are those of a thumb down.
    """

    id: str
    text: str
    at: datetime
    who: str
    why: Why
    reason: str | None = None
    remark: str | None = None


def unanswered(connection: Connection, redacted: dict[str, str]) -> list[Unanswered]:
    """All that is kept, newest first. Neither what was urgent nor what is never answered here is one.

    `redacted` keeps the redacted texts of messages, by receipt, from one call to the next: a text takes milliseconds.
    """
    found = [*_of_turns(connection), *_of_messages(connection, redacted)]
    return sorted((one for one in found if one.text != WITHHELD), key=lambda one: one.at, reverse=True)


def _of_turns(connection: Connection) -> Iterable[Unanswered]:
    """A refusal, such as of a dose, has a rule: no answer that the clinic writes is given in its place."""
    is_abstained = (turns.c.status == "abstained") & turns.c.rule.is_(None)
    is_gap = (turns.c.status != "urgent") & or_(is_abstained, votes.c.helpful.is_(False))
    columns = [turns.c[name] for name in ("key", "question", "at", "conversation", "status")]
    joined = turns.outerjoin(votes, votes.c.turn == turns.c.key)
    rows = connection.execute(
        select(*columns, votes.c.helpful, votes.c.reason, votes.c.remark)
        .select_from(joined)
        .where(turns.c.question.is_not(None), is_gap)
    )
    for row in rows:
        why: Why = "abstained" if row.status == "abstained" else "thumbed_down"
        said = (row.reason, row.remark) if row.helpful is False else (None, None)
        yield Unanswered(f"turn:{row.key}", row.question, row.at, row.conversation, why, *said)


def _of_messages(connection: Connection, redacted: dict[str, str]) -> Iterable[Unanswered]:
    """Those whose words are here: that wait, or were sent or done and can still be deleted by who asked."""
    columns = [messages.c[name] for name in ("receipt", "text", "at", "conversation")]
    is_gap = messages.c.text.is_not(None) & messages.c.urgency.is_(None)
    rows = connection.execute(select(*columns).where(is_gap)).all()
    for gone in redacted.keys() - {row.receipt for row in rows}:
        del redacted[gone]
    for row in rows:
        text = redacted.setdefault(row.receipt, "") or redact(row.text)
        redacted[row.receipt] = text
        id = f"message:{row.receipt}"
        yield Unanswered(id, text, row.at, row.conversation or id, "message")


def earlier_of(connection: Connection, id: str) -> list[Question]:
    """What the same person had asked before, oldest first, as `ask` takes it; nothing for a message."""
    kind, _, key = id.partition(":")
    if kind != "turn":
        return []
    this = select(turns.c.conversation).where(turns.c.key == int(key)).scalar_subquery()
    rows = connection.execute(
        select(turns.c.question)
        .where(turns.c.conversation == this, turns.c.key < int(key), turns.c.status.not_in(NO_FOLLOW_UP))
        .order_by(turns.c.key)
    ).scalars()
    return [question for question in map(Question.parse, rows) if question.is_one]
