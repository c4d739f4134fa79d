"""Where what must be kept is written: one SQLite file, through SQLAlchemy, so that it can be another database later."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

BUSY_SECONDS = 1.0  # how long a write waits for another process: a patient waits as long for the answer
PAUSE_SECONDS = 0.002  # between two tries
metadata = MetaData()  # every table of the store is declared on it; what is missing is made with the next transaction


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do, and has nobody's words."""


def open_store(path: Path) -> Engine:
    """The store in a file. Nothing is touched, and so nothing can fail, before the first transaction."""
    one_at_a_time = Lock()  # SQLite does not wait where two threads make a file write-ahead at once

    def connect() -> sqlite3.Connection:
        with one_at_a_time:
            return _connect(path)

    # hide_parameters: the text of an error, which is logged, must not have the words that could not be written
    engine = create_engine(URL.create("sqlite", database=str(path)), creator=connect, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A connection whose changes are all made at the end, or none. Raises StoreError."""
    with _said_plainly(engine), engine.begin() as connection:
        metadata.create_all(connection)
        yield connection


def scrub(engine: Engine) -> None:
    """Carry deletions into the file, after which no byte of what was deleted is left in any. Raises StoreError."""
    with _said_plainly(engine), closing(engine.raw_connection()) as connection:
        until = time.monotonic() + BUSY_SECONDS
        while connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:  # somebody reads or writes
            if time.monotonic() > until:
                raise sqlite3.OperationalError("deleted, but its bytes are still in the write-ahead file")
            time.sleep(PAUSE_SECONDS)


@contextmanager
def _said_plainly(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StoreError(f"{engine.url.database}: {reason}. Check the disk, or move the file away.") from error


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # for whoever runs the program only; SQLite gives its other files the same mode
    except OSError as error:
        raise sqlite3.OperationalError(str(error)) from error
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    # Write-ahead: nobody waits for a reader. secure_delete: deleted bytes are overwritten, not only forgotten.
    for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}")
    return connection


def _begin(connection: Connection) -> None:
    """Take the right to write at once: a transaction that first reads could not wait for it later.

    Asked for often: SQLite itself soon asks ten times a second only, and one of many threads would go without.
    """
    driver, until = connection.connection.driver_connection, time.monotonic() + BUSY_SECONDS
    assert isinstance(driver, sqlite3.Connection)
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)
