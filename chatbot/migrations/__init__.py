"""The tables of the store, as they were made and changed: versions/0001…, each brought in once, in order.

To add one: declare the tables on `metadata`, run `python -m chatbot.migrations.draft "what changed"`, then read and
correct what it wrote into versions/. tests/test_migrations.py says whether the tables are now those that are declared.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine, MetaData, column, create_engine, inspect, select, table
from sqlalchemy.pool import StaticPool

FOLDER = Path(__file__).parent
WAIT_S = 60.0  # for another process that brings the same store up to date
STATE = "alembic_version"  # the table in which Alembic keeps the last version
_one_at_a_time = Lock()  # Alembic's `op` is the same for all threads


class NewerStoreError(Exception):
    """A newer program has changed the tables; the message says to which version."""


def versions() -> list[str]:
    """All that this program knows, oldest first: "0001", …"""
    return sorted(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def newest() -> str:
    """The version of the tables that this program works with."""
    return versions()[-1]


def version_of(connection: Connection) -> str | None:
    """The version of a store's tables; None for one that is new, or from before there were versions."""
    if not inspect(connection).has_table(STATE):
        return None
    version: str | None = connection.scalar(select(table(STATE, column("version_num"))))
    return version


def bring_up_to_date(engine: Engine) -> None:
    """Make or change the tables, all or none of them. Raises NewerStoreError, and what the database raises."""
    with engine.begin() as connection:
        version = version_of(connection)
    if version == newest():
        return
    if version is not None and version not in versions():
        raise NewerStoreError(f"it has version {version} of the tables, and this program knows {newest()} at most")
    import_module("alembic.command")  # slow: before others have to wait
    with engine.connect().execution_options(wait_s=WAIT_S) as connection, connection.begin():
        migrate(connection, newest())


def migrate(connection: Connection, version: str) -> None:
    """Bring the tables to a version, in the connection's transaction. Those that are there already are kept."""
    from alembic import command  # slow to import, and seldom needed

    from chatbot.migrations.setup import config_of

    with _one_at_a_time:
        command.upgrade(config_of(connection), version)


def tables_at(version: str) -> MetaData:
    """The tables that a store has at a version. Raises KeyError for one that is not known."""
    if version not in versions():
        raise KeyError(version)
    tables = MetaData()
    with create_engine("sqlite://", poolclass=StaticPool).begin() as connection:
        migrate(connection, version)
        tables.reflect(connection)
    tables.remove(tables.tables[STATE])
    return tables
