"""Who is logged in: sessions in the store, of whose secret only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, Engine, ForeignKey, Integer, String, Table, delete, insert, select, update

from chatbot.desk.people import folded, people, utc
from chatbot.desk.permissions import Person
from chatbot.store import metadata, transaction

TOKEN_BYTES = 32  # 256 bits: not to be guessed
IDLE = timedelta(hours=2)  # a desk that nobody uses is left
SEEN = timedelta(minutes=1)  # a session is written at most so often

sessions = Table(
    "sessions",
    metadata,
    Column("token", String(64), primary_key=True),  # its SHA-256: whoever reads the table cannot log in with it
    Column("person", ForeignKey(people.c.key), nullable=False, index=True),
    Column("epoch", Integer, nullable=False),  # the person's when it began
    Column("begun_at", DateTime, nullable=False),  # UTC, as all times here
    Column("seen_at", DateTime, nullable=False),
)


class Sessions:
    """A table of the store. Several processes may share it. Every method raises StoreError; each `now` has a zone."""

    def __init__(self, store: Engine, hours: int) -> None:
        self._store = store
        self.life = timedelta(hours=hours)

    def begin(self, person: Person, now: datetime) -> str:
        """A new session, and the secret that is all there is to know it by. Old ones are cleared away."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with transaction(self._store) as connection:
            is_over = (sessions.c.begun_at <= utc(now - self.life)) | (sessions.c.seen_at <= utc(now - IDLE))
            connection.execute(delete(sessions).where(is_over))
            of = select(people.c.key, people.c.epoch).where(people.c.folded == folded(person.name))
            key, epoch = connection.execute(of).one()
            row = {"token": _hashed(token), "person": key, "epoch": epoch, "begun_at": utc(now), "seen_at": utc(now)}
            connection.execute(insert(sessions).values(row))
        return token

    def person(self, token: str, now: datetime) -> Person | None:
        """Who holds this secret, with the role that they have now; None once the session is over."""
        is_this = sessions.c.token == _hashed(token)
        with transaction(self._store) as connection:
            found = connection.execute(
                select(people.c.name, people.c.role, sessions.c.seen_at)
                .join(people, people.c.key == sessions.c.person)
                .where(is_this, people.c.active, people.c.epoch == sessions.c.epoch)
                .where(sessions.c.begun_at > utc(now - self.life), sessions.c.seen_at > utc(now - IDLE))
            ).first()
            if found is not None and found.seen_at <= utc(now - SEEN):
                connection.execute(update(sessions).where(is_this).values(seen_at=utc(now)))
        return Person(found.name, found.role) if found is not None else None

    def end(self, token: str) -> None:
        """Log out, whether the session was there or not."""
        with transaction(self._store) as connection:
            connection.execute(delete(sessions).where(sessions.c.token == _hashed(token)))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", errors="replace")).hexdigest()
