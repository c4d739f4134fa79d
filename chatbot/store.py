"""Where what must be kept is written: one SQLite file, or a PostgreSQL database, with the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import ModuleType
from weakref import WeakSet

from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from chatbot import postgres, sqlite
from chatbot.database import Database
from chatbot.migrations import NewerStoreError, bring_up_to_date

metadata = MetaData()  # every table of the store is declared on it; chatbot/migrations makes them
_ready: WeakSet[Engine] = WeakSet()
_one_at_a_time = Lock()  # threads wait for the tables, which take longer to make than a write waits


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do, and has nobody's words and no password."""


def open_store(where: Path | Database) -> Engine:
    """The store in a file or a database. Nothing is touched before the first transaction.

    Raises StoreError where the password of the database is not in the environment.
    """
    if isinstance(where, Path):
        return sqlite.engine_of(where)
    try:
        return postgres.engine_of(where)
    except postgres.PasswordError as error:
        reason = f"The password of the database is missing: {error}"
        raise StoreError(f"{reason}. Set it, or correct `database_password_variable`.") from error


@contextmanager
def opened_store(where: Path | Database) -> Iterator[Engine]:
    """The store until the end of the block, for what is done once. Raises StoreError, as `open_store`."""
    engine = open_store(where)
    try:
        yield engine
    finally:
        engine.dispose()


def make_ready(engine: Engine) -> None:
    """Bring the tables up to date, as the first transaction does otherwise. Raises StoreError.

    Several processes may do so at once. A store that a newer program has written is refused.
    """
    if engine in _ready:
        return
    with _one_at_a_time, _said_plainly(engine):
        if engine not in _ready:
            bring_up_to_date(engine)
        _ready.add(engine)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A connection whose changes are all made at the end, or none. Raises StoreError.

    There is one at a time, of all processes: what it reads stays so until it ends.
    """
    make_ready(engine)
    with _said_plainly(engine), engine.begin() as connection:
        yield connection


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that reads the store as it is now, for as long as that takes; others write. Raises StoreError."""
    make_ready(engine)
    with _said_plainly(engine), _kind(engine).snapshot(engine) as connection:
        yield connection


def scrub(engine: Engine) -> None:
    """Carry deletions out. Raises StoreError.

    In a file no byte of what was deleted is left then; when it goes from a database is up to its server.
    """
    with _said_plainly(engine):
        _kind(engine).scrub(engine)


def flush_every_commit(engine: Engine) -> None:
    """Have each commit from now on survive a power cut, which the store does not promise of all that it holds."""
    _kind(engine).flush_every_commit(engine)


def _kind(engine: Engine) -> ModuleType:
    return postgres if engine.dialect.name == "postgresql" else sqlite


@contextmanager
def _said_plainly(engine: Engine) -> Iterator[None]:
    kind = _kind(engine)
    try:
        yield
    except (SQLAlchemyError, *kind.ERRORS) as error:
        reason = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        plainly = StoreError(f"{kind.said(engine, reason)}. {kind.REMEDY}")
        raise plainly from None  # what PostgreSQL says may quote what was to be written
    except NewerStoreError as error:
        raise StoreError(
            f"{kind.said(engine, error)}. Install that program, or restore a backup of this one."
        ) from error
