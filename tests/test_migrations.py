"""Migrations: a store of any age becomes this program's, with its rows; one of a newer program is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from chatbot.database import Database
from chatbot.migrations import FOLDER, STATE, bring_up_to_date, migrate, newest, tables_at, version_of, versions
from chatbot.migrations.draft import declare_all
from chatbot.store import StoreError, make_ready, metadata, open_store

ROOT = Path(__file__).parent.parent
ROWS = """
INSERT INTO turns (key, at, conversation, id, question, status, confidence, passages, "index", ms)
VALUES (7, '2026-01-31 12:00:00.000000', 'c', 't', 'is it red?', 'answered', 0.5, '["laser#1"]', 'v1', 1.5);
INSERT INTO votes (key, at, turn, helpful, status, confidence, passages)
VALUES (3, '2026-01-31 12:00:01.000000', 7, {true}, 'answered', 0.5, '[]');
INSERT INTO messages (key, receipt, at, name, contact, text, tries, due_at)
VALUES ('k', 'K7F-2QX', '2026-01-31 12:00:02.000000', 'Jo', '01 234', 'call me', 0, '2026-01-31 12:00:02.000000')
"""
SHOWN = """
SELECT turns.question, turns.passages, votes.helpful, messages.text FROM turns, votes, messages
WHERE votes.turn = turns.key
"""


@pytest.fixture
def engine(where: Path | Database) -> Iterator[Engine]:
    engine = open_store(where)
    yield engine
    engine.dispose()


def add_rows(connection: Connection) -> None:
    true = "true" if connection.dialect.name == "postgresql" else "1"
    for statement in ROWS.format(true=true).split(";"):
        connection.execute(text(statement))


def rows(engine: Engine) -> list[tuple[object, ...]]:
    with engine.begin() as connection:
        return [tuple(str(value) for value in row) for row in connection.execute(text(SHOWN))]


def test_the_tables_that_migrations_make_are_those_that_are_declared(engine: Engine) -> None:
    declare_all()
    make_ready(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_version_follows_the_one_before() -> None:
    steps = list(ScriptDirectory(str(FOLDER)).walk_revisions())[::-1]
    assert [step.revision for step in steps] == versions() == [f"{number:04}" for number in range(1, len(steps) + 1)]
    assert [step.down_revision for step in steps] == [None, *versions()[:-1]]


def test_a_store_of_the_first_version_is_brought_up_to_date_with_its_rows(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection, "0001")
        add_rows(connection)
        assert version_of(connection) == "0001"
    before = rows(engine)
    make_ready(engine)
    assert rows(engine) == before
    assert len(before) == 1
    with engine.begin() as connection:
        assert version_of(connection) == newest()


@pytest.mark.parametrize("missing", [["messages"], []], ids=["older", "old"])
def test_a_store_from_before_there_were_versions_is_adopted_with_its_rows(missing: list[str], engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection, "0001")
        add_rows(connection)
        for table in [STATE, *missing]:
            connection.execute(text(f"DROP TABLE {table}"))
    make_ready(engine)
    with engine.begin() as connection:
        assert version_of(connection) == newest()
        assert set(tables_at(newest()).tables) <= set(inspect(connection).get_table_names())
        assert connection.execute(text("SELECT question FROM turns")).scalars().all() == ["is it red?"]
        assert connection.execute(text("SELECT count(*) FROM votes WHERE turn = 7")).scalar() == 1
        assert connection.execute(text("SELECT count(*) FROM messages")).scalar() == ("messages" not in missing)


def test_a_store_of_a_newer_program_is_refused_and_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection, newest())
        connection.execute(text(f"UPDATE {STATE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"it has version 9999 of the tables, and this program knows .* Install that"):
        make_ready(engine)
    with engine.begin() as connection:
        assert version_of(connection) == "9999"


def test_a_step_that_fails_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE turns (key INTEGER)"))  # another's: it lacks what is to be indexed
    with pytest.raises(StoreError):
        make_ready(engine)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["turns"]


def test_a_store_that_is_up_to_date_is_opened_without_alembic(where: Path | Database, engine: Engine) -> None:
    make_ready(engine)
    names = "import sys; from pathlib import *; from chatbot.database import *; from chatbot.store import *"
    code = f"{names}; make_ready(open_store({where!r})); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.slow
def test_processes_that_open_a_new_store_at_once_all_find_it_whole(where: Path | Database) -> None:
    address = str(where) if isinstance(where, Path) else where.url
    command = [sys.executable, __file__, address]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in processes] == [f"{newest()}\n"] * 4


def open_when_told(address: str) -> None:
    """The program that several of are started."""
    engine = open_store(Database(address) if "://" in address else Path(address))
    print("ready", flush=True)
    sys.stdin.readline()
    bring_up_to_date(engine)
    with engine.begin() as connection:
        print(version_of(connection), flush=True)


if __name__ == "__main__":
    open_when_told(sys.argv[1])
