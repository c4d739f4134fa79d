"""The store in a PostgreSQL database, with the promises that it makes in a file: one writer at a time, nothing lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types.string import StrDumper
from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text

from chatbot.database import Database

BUSY_SECONDS = 1.0  # how long a write waits for another process: a patient waits as long for the answer
CONNECT_SECONDS = 2  # the least that libpq knows
LOST_SECONDS = 60  # a process that is gone, or stuck, in the middle of a transaction keeps the others back no longer
WRITING = 0x53544F5245  # the name of the lock that a transaction holds, among all locks of the database ("STORE")
ERRORS = (psycopg.Error,)
REMEDY = "Check the server, its address in `database`, and the user's rights and password."


class PasswordError(Exception):
    """The environment has no password where the settings say that it is."""


def engine_of(database: Database) -> Engine:
    """Nothing is connected to before the first transaction. Raises PasswordError."""
    url = make_url(database.url)
    if database.password_variable is not None:
        password = os.environ.get(database.password_variable)
        if not password:
            raise PasswordError(f"the environment variable {database.password_variable} is not set")
        url = url.set(password=password)
    times = {"lock_timeout": BUSY_SECONDS, "idle_in_transaction_session_timeout": LOST_SECONDS}
    own = [f"-c {name}={seconds * 1000:.0f}" for name, seconds in times.items()]
    options = " ".join([str(url.query.get("options", "")), *own])
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",  # what is read after the lock was taken is what its last holder left
        pool_pre_ping=True,  # a server that was started again is found
        hide_parameters=True,  # the text of an error, which is logged, must not have the words that were not written
        connect_args={"options": options, "connect_timeout": CONNECT_SECONDS},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def said(engine: Engine, error: BaseException) -> str:
    """Which store, and what is wrong, without what was to be written: PostgreSQL likes to quote it.

    Its own words are given only about connections, rights, room and locks.
    """
    url = engine.url
    what = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        of = error.diag.constraint_name or error.diag.column_name or error.diag.table_name
        if error.sqlstate[:2] in ("08", "25", "28", "3D", "40", "42", "53", "55", "57", "58"):
            what = error.diag.message_primary or what
        else:
            what = f"{type(error).__name__} ({error.sqlstate}{f', {of}' if of else ''})"
    return f"{url.host or 'PostgreSQL'}/{url.database}: {what.rstrip('.')}"


def flush_every_commit(engine: Engine) -> None:
    """Each commit survives a power cut already: see `_set_up`."""


def scrub(engine: Engine) -> None:
    """What was deleted is out of reach. When its bytes go is the server's own affair, and nothing here can hurry it."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that reads everything as it was at one moment; nobody who writes waits for it."""
    with engine.connect() as connection:
        reading = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True, is_snapshot=True
        )
        with reading.begin():
            reading.execute(text("SELECT 1"))  # the moment: it would be that of the first thing read
            yield reading


def number_on(connection: Connection, table: Table) -> None:
    """Have rows numbered from the highest number on, after rows were written with theirs."""
    quoted = connection.dialect.identifier_preparer.quote
    for column in table.primary_key.columns:
        sequence = connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": quoted(table.name), "column": column.name}
        )
        if sequence is not None:
            after = f"SELECT coalesce(max({quoted(column.name)}), 0) + 1 FROM {quoted(table.name)}"
            connection.execute(text(f"SELECT setval(:sequence, ({after}), false)"), {"sequence": sequence})


class _WithoutNul(StrDumper):
    """Writes U+FFFD for the one character that PostgreSQL's texts cannot have."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def _set_up(connection: psycopg.Connection[Any], _: object) -> None:
    connection.adapters.register_dumper(str, _WithoutNul)
    # What a receipt was given for must survive a power cut, whatever this server does by default.
    sure = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    connection.execute(sure)
    connection.commit()


def _begin(connection: Connection) -> None:
    """Take the right to write at once, as in a file: what is read first is still so when it is written.

    The lock goes with the transaction, however that ends.
    """
    options = connection.get_execution_options()
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    if options.get("is_snapshot"):
        return
    if "wait_s" in options:
        driver.execute(f"SET LOCAL lock_timeout = {options['wait_s'] * 1000:.0f}")
    driver.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])
