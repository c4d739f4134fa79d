"""Personal access tokens: with one, an assistant looks things up for somebody of the staff, and does nothing else."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    String,
    Table,
    insert,
    select,
    update,
)

from chatbot.desk.audit import note
from chatbot.desk.people import PersonError, folded, people, utc
from chatbot.desk.permissions import Person
from chatbot.store import metadata, transaction

PREFIX = "desk_"  # by which somebody, or a program that looks for leaked secrets, knows it for what it is
TOKEN_BYTES = 32  # 256 bits: not to be guessed
LIFE = timedelta(days=90)
SEEN = timedelta(minutes=1)  # its last use is written at most so often
MAX_NAME = 60  # characters

tokens = Table(
    "tokens",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("name", String, nullable=False),  # what it is for: "assistant at the front desk"
    Column("person", ForeignKey(people.c.key), nullable=False, index=True),
    Column("sha256", String(64), nullable=False, unique=True),  # whoever reads the table cannot use it
    Column("created_at", DateTime, nullable=False),  # UTC, as all times here
    Column("expires_at", DateTime, nullable=False),
    Column("used_at", DateTime),
    Column("revoked_at", DateTime),
)


class TokenError(Exception):
    """What was asked cannot be done with a token; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is shown of a token: never the token itself. Times are in UTC, without saying so."""

    key: int
    name: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def make_token(store: Engine, by: Person, name: str, now: datetime | None = None) -> str:
    """A new token of one's own, shown this once and kept only as a hash. Raises TokenError, NotAllowedError."""
    by.must("look_up")
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise TokenError(f"Give the token a name of 1 to {MAX_NAME} readable characters, so that you know it again.")
    token, made_at = PREFIX + secrets.token_urlsafe(TOKEN_BYTES), now or datetime.now(UTC)
    row = {"name": name, "sha256": _hashed(token), "created_at": utc(made_at), "expires_at": utc(made_at + LIFE)}
    with transaction(store) as connection:
        owner = _key_of(connection, by)
        key = connection.execute(insert(tokens).values(row | {"person": owner}).returning(tokens.c.key)).scalar_one()
        note(connection, by.name, "token.made", f"token:{key}", name=name)
    return token


def own_tokens(store: Engine, by: Person, now: datetime | None = None) -> list[Listed]:
    """One's own tokens that still work, the newest first. Raises NotAllowedError."""
    by.must("look_up")
    columns = [tokens.c[name] for name in Listed.__slots__]
    with transaction(store) as connection:
        mine = tokens.c.person == _key_of(connection, by)
        working = tokens.c.revoked_at.is_(None) & (tokens.c.expires_at > utc(now or datetime.now(UTC)))
        rows = connection.execute(select(*columns).where(mine, working).order_by(tokens.c.key.desc())).all()
    return [Listed(*row) for row in rows]


def revoke_token(store: Engine, by: Person, key: int) -> None:
    """End one of one's own tokens at once. Raises TokenError for any other, NotAllowedError."""
    by.must("look_up")
    with transaction(store) as connection:
        is_this = (tokens.c.key == key) & (tokens.c.person == _key_of(connection, by)) & tokens.c.revoked_at.is_(None)
        done = connection.execute(update(tokens).where(is_this).values(revoked_at=utc(datetime.now(UTC))))
        if done.rowcount != 1:
            raise TokenError("You have no such token. Reload the page: it may have been ended already.")
        note(connection, by.name, "token.revoked", f"token:{key}")


def person_with(store: Engine, token: str, now: datetime) -> Person | None:
    """Who holds a token, as a reader, whatever their role: nobody's assistant edits or approves. `now` has a zone.

    None for a token that is unknown, ended or too old, and for somebody who may no longer log in.
    """
    with transaction(store) as connection:
        found = connection.execute(
            select(tokens.c.key, tokens.c.used_at, people.c.name)
            .join(people, people.c.key == tokens.c.person)
            .where(tokens.c.sha256 == _hashed(token), people.c.active)
            .where(tokens.c.revoked_at.is_(None), tokens.c.expires_at > utc(now))
        ).first()
        if found is not None and (found.used_at is None or found.used_at <= utc(now - SEEN)):
            connection.execute(update(tokens).where(tokens.c.key == found.key).values(used_at=utc(now)))
    return Person(found.name, "reader") if found is not None else None


def _key_of(connection: Connection, person: Person) -> int:
    is_this = (people.c.folded == folded(person.name)) & people.c.active
    key: int | None = connection.execute(select(people.c.key).where(is_this)).scalar()
    if key is None:
        raise PersonError(f"There is nobody called {person.name!r} who may log in. A token belongs to a person.")
    return key


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", errors="replace")).hexdigest()
