"""The store in one SQLite file: written ahead, one writer at a time, deletions overwritten."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

BUSY_SECONDS = 1.0  # how long a write waits for another process: a patient waits as long for the answer
PAUSE_SECONDS = 0.002  # between two tries
ERRORS = (sqlite3.Error,)
REMEDY = "Check the disk, or move the file away."


def engine_of(path: Path) -> Engine:
    """Nothing is touched, and so nothing can fail, before the first connection."""
    # hide_parameters: the text of an error, which is logged, must not have the words that could not be written
    engine = create_engine(
        URL.create("sqlite", database=str(path)), creator=partial(_connect, path), hide_parameters=True
    )
    event.listen(engine, "begin", _begin)
    return engine


def said(engine: Engine, error: BaseException) -> str:
    """Which store, and what is wrong. SQLite's own words have nobody's."""
    return f"{engine.url.database}: {error}"


def flush_every_commit(engine: Engine) -> None:
    """Have each commit from now on survive a power cut."""

    def flush(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA synchronous = FULL")

    event.listen(engine, "checkout", flush)


def scrub(engine: Engine) -> None:
    """Carry deletions into the file, after which no byte of what was deleted is left in any."""
    with closing(engine.raw_connection()) as connection:
        until = time.monotonic() + BUSY_SECONDS
        while connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:  # somebody reads or writes
            if time.monotonic() > until:
                raise sqlite3.OperationalError("deleted, but its bytes are still in the write-ahead file")
            time.sleep(PAUSE_SECONDS)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection to a copy as of one moment; nobody who writes waits for it, nor for longer than copying takes.

    The copy is a file without a name: it goes with the process, however that ends.
    """
    with closing(sqlite3.connect("", check_same_thread=False)) as copy:
        with closing(engine.raw_connection()) as connection:
            driver = connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(copy)
        copied = create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool, hide_parameters=True)
        with copied.connect() as reading:
            yield reading


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # for whoever runs the program only; SQLite gives its other files the same mode
    except OSError as error:
        raise sqlite3.OperationalError(str(error)) from error
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    # Write-ahead: nobody waits for a reader. secure_delete: deleted bytes are overwritten, not only forgotten.
    for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        _execute(connection, f"PRAGMA {setting}", BUSY_SECONDS)
    return connection


def _begin(connection: Connection) -> None:
    """Take the right to write at once: a transaction that first reads could not wait for it later."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    _execute(driver, "BEGIN IMMEDIATE", connection.get_execution_options().get("wait_s", BUSY_SECONDS))


def _execute(driver: sqlite3.Connection, statement: str, wait_s: float) -> None:
    """Execute it as soon as nobody else is in the way, which is asked often.

    SQLite itself soon asks ten times a second only, and one of many threads would go without; and where two make a
    file write-ahead at once, it does not wait at all.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            driver.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)
