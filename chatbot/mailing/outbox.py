"""Visitors' messages to the clinic: kept in the store until the mail server has taken them."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, Literal

from sqlalchemy import JSON, Column, Connection, DateTime, Engine, Integer, String, Table, select

from chatbot.desk.audit import note
from chatbot.desk.permissions import Person
from chatbot.mailing.mail import WHOLE_S, Mail, MailError
from chatbot.mailing.message import Exchange, Message
from chatbot.redact import redact
from chatbot.rules import Urgency
from chatbot.store import StoreError, flush_every_commit, metadata, scrub, transaction

logger = logging.getLogger(__name__)

# Whoever takes a message to send it has it for the first of these pauses: longer than sending can take.
PAUSES = [timedelta(minutes=minutes) for minutes in (2, 4, 8, 16, 30)]
assert PAUSES[0].total_seconds() > WHOLE_S
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0, 1, I, L and O: a receipt is read out on the telephone

messages = Table(
    "messages",
    metadata,
    Column("key", String, primary_key=True),  # of the message's id and words
    Column("receipt", String, nullable=False, unique=True),
    Column("conversation", String, index=True),  # hashed
    Column("at", DateTime, nullable=False, index=True),  # UTC, as all times here
    Column("urgency", String),
    Column("name", String),  # from here on to `consented_at`: see _left_of, once it was sent or is done
    Column("contact", String),
    Column("text", String),
    Column("transcript", JSON),
    Column("consented_at", DateTime),
    Column("tries", Integer, nullable=False, default=0),
    Column("due_at", DateTime, nullable=False, index=True),  # not tried before
    Column("error", String),  # of the last try; nobody's words
    Column("sent_at", DateTime),
    Column("done_at", DateTime),  # by staff, who answered without a mail
)
WORDS = ("name", "contact", "text", "transcript", "consented_at")
is_open = messages.c.sent_at.is_(None) & messages.c.done_at.is_(None)


class UnknownReceiptError(Exception):
    """No message that waits has this receipt; the text says whether one that does not wait any more has."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """What staff are told of a message that was not sent and is not done, without its words. Times have a time zone.

    `error` is what went wrong at the last of so many tries, `due_at` when the next one is.
    """

    receipt: str
    at: datetime
    urgency: Urgency | None
    tries: int
    error: str | None
    due_at: datetime

    @property
    def state(self) -> Literal["waiting", "not_sent"]:
        """Whether it only waits, for its turn or for staff to read it here, or could not be sent so far."""
        return "not_sent" if self.error else "waiting"

    def to_json(self) -> dict[str, Any]:
        """A row of the staff's list."""
        times = {"at": self.at.isoformat(timespec="seconds"), "due_at": self.due_at.isoformat(timespec="seconds")}
        return {**asdict(self), **times, "state": self.state}


class Outbox:
    """A table of the store, and the mail server that its messages go to; without one they wait there for staff.

    Several threads and processes may share the table. `posted` is set whenever there may be something to send.
    """

    def __init__(self, store: Engine, mail: Mail | None, keep_days: int) -> None:
        self._store = store
        self._mail = mail
        self._keep = timedelta(days=keep_days)
        self.posted = Event()
        flush_every_commit(store)  # what a receipt was given for survives a power cut

    def post(self, message: Message) -> str:
        """Store a message, and only then give its receipt, such as "K7F-2QX". Raises StoreError if that cannot be.

        The same words under the same id are one message with one receipt. Other words are another: a receipt is never
        given for words that are not there.
        """
        key = _key(message)
        with transaction(self._store) as connection:
            known = select(messages.c.receipt).where(messages.c.key == key)
            receipt: str | None = connection.execute(known).scalar()
            if receipt is None:
                receipt = _new_receipt(connection)
                connection.execute(messages.insert().values(_row(message, key, receipt)))
        self.posted.set()
        return receipt

    def send_due(self, now: datetime, stop: Event | None = None) -> int:
        """Send what is due, oldest first, until `stop` is set; returns how many were sent. Raises StoreError.

        Each is taken for a while before it is sent, so that nobody else sends it at the same time, and nobody at once
        again if this process dies or cannot write that it was sent. A message that the server will not have does not
        keep the others back; a server that takes none is left alone until the next call.
        """
        sent, started = 0, time.monotonic()
        while self._mail is not None and not (stop and stop.is_set()):
            taken = self._take(now + timedelta(seconds=time.monotonic() - started))
            if taken is None:
                break
            message, receipt = taken
            try:
                self._mail.send(message, receipt)
            except MailError as error:
                self._failed(message, receipt, str(error))
                if not error.is_about_message:
                    break
            except Exception as error:  # whatever is wrong with this one must not keep the others back
                self._failed(message, receipt, f"The message cannot be made into an e-mail ({type(error).__name__}).")
            else:
                self._sent(message, now)
                sent += 1
        if sent:
            scrub(self._store)
        return sent

    def waiting(self) -> list[Unsent]:
        """The messages that were not sent and are not done, oldest first. Raises StoreError."""
        columns = [messages.c[name] for name in Unsent.__slots__]
        with transaction(self._store) as connection:
            rows = connection.execute(select(*columns).where(is_open).order_by(messages.c.at)).mappings().all()
        return [Unsent(**{**row, "at": _aware(row["at"]), "due_at": _aware(row["due_at"])}) for row in rows]

    def read(self, receipt: str) -> Message:
        """A message that waits, words and all. Raises UnknownReceiptError, StoreError."""
        with transaction(self._store) as connection:
            return _message(_waiting(connection, receipt))

    def done(self, receipt: str, by: Person) -> None:
        """Tick off a message that staff answered: it is not sent any more, and its words go as those of a sent one.

        Raises UnknownReceiptError, NotAllowedError, StoreError.
        """
        by.must("edit")
        with transaction(self._store) as connection:
            row = _waiting(connection, receipt)
            self._update(connection, row["key"], done_at=_utc(datetime.now(UTC)), error=None, **_left_of(row))
            note(connection, by.name, "message.done", f"message:{row['receipt']}", urgency=row["urgency"])
        scrub(self._store)

    def forget(self, conversation: str) -> None:
        """Delete the messages of a conversation; what was sent already is at the clinic. Raises StoreError."""
        with transaction(self._store) as connection:
            connection.execute(messages.delete().where(messages.c.conversation == _hashed(conversation)))
        scrub(self._store)

    def purge(self, now: datetime) -> None:
        """Delete what is older than the days that messages are kept, sent or not. `now` has a time zone."""
        is_old = messages.c.at < _utc(now - self._keep)
        try:
            with transaction(self._store) as connection:
                lost = connection.execute(select(messages.c.receipt).where(is_old, is_open)).scalars().all()
                connection.execute(messages.delete().where(is_old))
            scrub(self._store)
        except StoreError as error:
            logger.error("Old messages were not deleted: %s", error)
            return
        if lost and self._mail is not None:
            logger.error("Deleted after %d days without having been sent: %s.", self._keep.days, ", ".join(lost))

    def _take(self, now: datetime) -> tuple[Message, str] | None:
        """The message that is due longest, which now is due only after a pause, with its receipt."""
        due = select(messages).where(is_open, messages.c.due_at <= _utc(now)).order_by(messages.c.due_at).limit(1)
        with transaction(self._store) as connection:
            row = connection.execute(due).mappings().first()
            if row is None:
                return None
            pause = PAUSES[min(row["tries"], len(PAUSES) - 1)]
            self._update(connection, row["key"], tries=row["tries"] + 1, due_at=_utc(now + pause))
        return _message(row), row["receipt"]

    def _failed(self, message: Message, receipt: str, error: str) -> None:
        logger.warning("Message %s was not sent, and is tried again: %s", receipt, error)
        with transaction(self._store) as connection:
            self._update(connection, message.id, error=error)

    def _sent(self, message: Message, now: datetime) -> None:
        """That it was sent is kept: the same id is not sent again."""
        with transaction(self._store) as connection:
            row = connection.execute(select(messages).where(messages.c.key == message.id)).mappings().first()
            if row is not None:  # the visitor may have deleted the conversation meanwhile
                self._update(connection, message.id, sent_at=_utc(now), error=None, **_left_of(row))

    def _update(self, connection: Connection, key: str, **values: Any) -> None:
        connection.execute(messages.update().where(messages.c.key == key).values(**values))


def _waiting(connection: Connection, receipt: str) -> Mapping[Any, Any]:
    """The row of a message that waits. Raises UnknownReceiptError, also for one that does not wait any more."""
    wanted = receipt.strip().upper()
    row = connection.execute(select(messages).where(messages.c.receipt == wanted)).mappings().first()
    if row is None:
        reason = f"no message that waits has the receipt {wanted!r}"
    elif row["sent_at"] is not None:
        reason = f"message {wanted} went to the clinic by e-mail on {row['sent_at']:%Y-%m-%d}"
    elif row["done_at"] is not None:
        reason = f"message {wanted} has been done since {row['done_at']:%Y-%m-%d}"
    else:
        return row
    raise UnknownReceiptError(f"{reason}. `python app.py messages` lists those that wait.")


def _left_of(row: Mapping[Any, Any]) -> dict[str, str | None]:
    """What stays of the words of a message that waits no more: the question, redacted, and only where it was not urgent
    and whoever asked it can delete it with the conversation. It counts among what the documents do not answer.
    """
    is_kept = row["conversation"] is not None and row["urgency"] is None
    return dict.fromkeys(WORDS) | {"text": redact(row["text"]) if is_kept else None}


def _new_receipt(connection: Connection) -> str:
    while True:
        drawn = "".join(secrets.choice(ALPHABET) for _ in range(6))
        receipt = f"{drawn[:3]}-{drawn[3:]}"
        if connection.execute(select(messages.c.key).where(messages.c.receipt == receipt)).first() is None:
            return receipt


def _key(message: Message) -> str:
    """The same for the same words under the same id. Nothing of either can be guessed from it once both are gone."""
    words = [message.id, message.name, message.contact, message.text, *map(astuple, message.transcript)]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]


def _row(message: Message, key: str, receipt: str) -> dict[str, Any]:
    now = _utc(datetime.now(UTC))
    return {
        "key": key,
        "receipt": receipt,
        "conversation": _hashed(message.conversation) if message.conversation else None,
        "at": now,
        "urgency": message.urgency,
        "name": message.name,
        "contact": message.contact,
        "text": message.text,
        "transcript": [asdict(exchange) for exchange in message.transcript],
        "consented_at": _utc(message.consented_at),
        "due_at": now,
    }


def _message(row: Mapping[Any, Any]) -> Message:
    """A stored message; its key stands for its id, and of its conversation only the hash is known."""
    return Message(
        id=row["key"],
        conversation=None,
        name=row["name"],
        contact=row["contact"],
        text=row["text"],
        transcript=tuple(Exchange(**exchange) for exchange in row["transcript"]),
        consented_at=_aware(row["consented_at"]),
        urgency=row["urgency"],
    )


def _hashed(conversation: str) -> str:
    return hashlib.sha256(conversation.encode("utf-8", errors="replace")).hexdigest()


def _utc(moment: datetime) -> datetime:
    """As the store keeps it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _aware(stored: datetime) -> datetime:
    return stored.replace(tzinfo=UTC)
