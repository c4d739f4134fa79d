"""What was answered and how it was judged; what was asked only within a conversation, and only redacted."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
)

from chatbot.answer import Answer
from chatbot.desk.audit import ANSWERED, note
from chatbot.desk.curated_uses import note_uses
from chatbot.metrics import count_answer
from chatbot.question import MAX_CHARS
from chatbot.redact import redact
from chatbot.store import StoreError, metadata, scrub, transaction

logger = logging.getLogger(__name__)

CURATED = "curated:"  # how the id of a document begins that is a curated answer
DESCRIPTION = ("status", "urgency", "rule", "confidence", "passages")  # of an answer: how it was judged


def _description() -> list[Column[Any]]:
    return [
        Column("status", String, nullable=False),
        Column("urgency", String),
        Column("rule", String),
        Column("confidence", Float, nullable=False),
        Column("passages", JSON, nullable=False),  # their ids, as cited
    ]


turns = Table(
    "turns",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),  # UTC
    Column("conversation", String, index=True),  # hashed; without one there is neither an id nor a question
    Column("id", String),
    Column("question", String),  # redacted
    *_description(),
    Column("index", String, nullable=False),
    Column("ms", Float, nullable=False),
)
votes = Table(
    "votes",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),  # UTC
    Column("turn", ForeignKey(turns.c.key, ondelete="CASCADE"), unique=True),  # none for a vote without a conversation
    Column("helpful", Boolean, nullable=False),
    Column("reason", String),
    Column("remark", String),  # redacted
    *_description(),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation. Whoever knows `conversation` can delete it: it is never stored or logged."""

    conversation: str
    id: str

    @property
    def is_this(self) -> Any:
        """The condition that a row of `turns` is this turn."""
        return (turns.c.conversation == _hashed(self.conversation)) & (turns.c.id == self.id)


class Records:
    """Two tables of the store. What cannot be recorded is logged, and keeps no answer from whoever waits for it."""

    def __init__(self, store: Engine, keep_days: int) -> None:
        self._store = store
        self._keep = timedelta(days=keep_days)

    def answered(self, answer: Answer, index_version: str, seconds: float, turn: Turn | None = None) -> None:
        """Record that an answer was given, from which index, and how long it took; the question only of a turn.

        A turn that is recorded already is left as it is. What stood behind the answer, without any words and without
        the conversation, also goes to the audit log, and stays there.
        """
        count_answer(answer.status, seconds)
        row = {"at": _now(), "index": index_version, "ms": round(seconds * 1000, 1), **_described(answer)}
        if turn:
            question = redact(answer.question)[:MAX_CHARS]
            row |= {"conversation": _hashed(turn.conversation), "id": turn.id, "question": question}

        def write(connection: Connection) -> None:
            if turn is None or connection.execute(select(turns.c.key).where(turn.is_this)).first() is None:
                (key,) = connection.execute(insert(turns).values(row)).inserted_primary_key or (None,)
                note_uses(connection, answer.matches, key)
                subject = f"answer:{secrets.token_hex(8)}"
                note(connection, None, ANSWERED, subject, **_audited(answer, index_version))

        self._attempt(write)

    def voted(self, about: Turn | Answer, helpful: bool, reason: str | None = None, remark: str | None = None) -> None:
        """Record a thumb up or down for a turn, in place of an earlier one, or for an answer outside a conversation.

        Nothing is recorded for a turn that is not: its conversation may have been deleted.
        """
        said = {"at": _now(), "helpful": helpful, "reason": reason, "remark": redact(remark) if remark else None}

        def write(connection: Connection) -> None:
            if isinstance(about, Answer):
                connection.execute(insert(votes).values(said | _described(about)))
                return
            columns = [turns.c.key, *(turns.c[name] for name in DESCRIPTION)]
            found = connection.execute(select(*columns).where(about.is_this)).mappings().first()
            if found is not None:
                described = {name: found[name] for name in DESCRIPTION}
                connection.execute(delete(votes).where(votes.c.turn == found["key"]))
                connection.execute(insert(votes).values(said | described | {"turn": found["key"]}))

        self._attempt(write)

    def forget(self, conversation: str) -> None:
        """Delete all that is stored of a conversation, whether there is anything or not.

        Raises StoreError where that cannot be done now: the person must not be told that it is gone.
        """
        with transaction(self._store) as connection:
            connection.execute(delete(turns).where(turns.c.conversation == _hashed(conversation)))
        scrub(self._store)

    def purge(self, now: datetime) -> None:
        """Delete what is older than the days that records are kept. `now` has a time zone."""
        oldest = (now - self._keep).astimezone(UTC).replace(tzinfo=None)
        try:
            with transaction(self._store) as connection:
                for table in (votes, turns):
                    connection.execute(delete(table).where(table.c.at < oldest))
            scrub(self._store)
        except StoreError as error:
            logger.error("Old records were not deleted: %s", error)

    def _attempt(self, write: Callable[[Connection], None]) -> None:
        try:
            with transaction(self._store) as connection:
                write(connection)
        except StoreError as error:
            logger.error("An answer or a vote was not recorded: %s", error)


def _described(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "urgency": answer.urgency,
        "rule": answer.rule,
        "confidence": round(answer.confidence, 4),
        "passages": [citation.passage.id for citation in answer.citations],
    }


def _audited(answer: Answer, index_version: str) -> dict[str, Any]:
    """What produced an answer."""
    documents = [citation.passage.document.id for citation in answer.citations]
    return {
        "index": index_version,
        "passages": [citation.passage.id for citation in answer.citations],
        "rule": answer.rule,
        "status": answer.status,
        "urgency": answer.urgency,
        "curated": [document.removeprefix(CURATED) for document in documents if document.startswith(CURATED)],
    }


def _hashed(conversation: str) -> str:
    return hashlib.sha256(conversation.encode("utf-8", errors="replace")).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
