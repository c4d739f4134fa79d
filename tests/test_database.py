"""The store, in a file and in a database: what many share, what is deleted is gone, errors have nobody's words."""

from __future__ import annotations

import sqlite3
import stat
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import written
from postgres_server import PASSWORD, PostgresServer
from sqlalchemy import Column, Engine, ForeignKey, Integer, MetaData, String, Table, delete, func, insert, select, text

from chatbot.database import Database
from chatbot.migrations import bring_up_to_date
from chatbot.store import StoreError, make_ready, open_store, scrub, snapshot, transaction

TABLES = MetaData()
VISITS = Table("test_visits", TABLES, Column("id", Integer, primary_key=True), Column("said", String, unique=True))
PAGES = Table("test_pages", TABLES, Column("visit", ForeignKey("test_visits.id"), nullable=False))


@pytest.fixture(autouse=True)
def _made_with_the_tables_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def make_all(engine: Engine) -> None:
        bring_up_to_date(engine)
        with engine.begin() as connection:
            TABLES.create_all(connection)

    monkeypatch.setattr("chatbot.store.bring_up_to_date", make_all)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "records.sqlite3"


@pytest.fixture
def file_store(path: Path) -> Engine:
    return open_store(path)


def count(store: Engine) -> int:
    with transaction(store) as connection:
        return connection.execute(select(func.count()).select_from(VISITS)).scalar_one()


def test_opening_touches_nothing(path: Path) -> None:
    open_store(path)
    assert not path.parent.exists()


def test_the_first_transaction_makes_all_that_is_missing(store: Engine, where: Path | Database) -> None:
    with transaction(store) as connection:
        connection.execute(insert(VISITS).values(said="hello"))
    again = open_store(where)
    assert count(again) == 1
    again.dispose()


def test_only_whoever_runs_the_program_can_read_the_files(file_store: Engine, path: Path) -> None:
    count(file_store)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["records.sqlite3", "records.sqlite3-shm", "records.sqlite3-wal"], 0o600)


def test_a_transaction_that_fails_changes_nothing(store: Engine) -> None:
    def fail() -> None:
        with transaction(store) as connection:
            connection.execute(insert(VISITS).values(said="hello"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert count(store) == 0


def test_a_row_that_belongs_to_nothing_is_refused(store: Engine) -> None:
    with pytest.raises(StoreError, match=r"(?i)foreign ?key"), transaction(store) as connection:
        connection.execute(insert(PAGES).values(visit=99))


def test_threads_that_write_at_once_lose_nothing(store: Engine) -> None:
    def write(number: int) -> None:
        with transaction(store) as connection:
            connection.execute(insert(VISITS).values(said=str(number)))

    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(write, range(400)))
    assert count(store) == 400


def test_what_was_read_in_a_transaction_is_still_so_when_it_is_written(store: Engine) -> None:
    def add_one(_: int) -> None:
        with transaction(store) as connection:
            known = connection.execute(select(func.count()).select_from(VISITS)).scalar_one()
            connection.execute(insert(VISITS).values(said=str(known)))  # twice the same would be refused

    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(add_one, range(80)))
    assert count(store) == 80


def test_a_snapshot_stays_as_it_was_while_others_write(store: Engine) -> None:
    with transaction(store) as connection:
        connection.execute(insert(VISITS).values(said="before"))
    with snapshot(store) as reading:
        with transaction(store) as connection:
            connection.execute(insert(VISITS).values(said="after"))
        assert reading.execute(select(VISITS.c.said)).scalars().all() == ["before"]
    assert count(store) == 2


def test_after_a_scrub_no_byte_of_what_was_deleted_is_left(file_store: Engine) -> None:
    with transaction(file_store) as connection:
        connection.execute(insert(VISITS).values(said="Nightingale"))
    scrub(file_store)
    assert b"Nightingale" in written(file_store)
    with transaction(file_store) as connection:
        connection.execute(delete(VISITS))
    scrub(file_store)
    assert b"Nightingale" not in written(file_store)


def test_a_scrub_that_a_reader_is_in_the_way_of_says_so(file_store: Engine, path: Path) -> None:
    count(file_store)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM test_visits").fetchall()
        with transaction(file_store) as connection:
            connection.execute(insert(VISITS).values(said="hello"))
        with pytest.raises(StoreError, match="still in the write-ahead file"):
            scrub(file_store)
    scrub(file_store)


def test_an_error_has_the_store_the_reason_and_a_remedy_but_nobodys_words(store: Engine) -> None:
    def twice() -> None:
        with transaction(store) as connection:
            connection.execute(insert(VISITS), [{"said": "Nightingale"}, {"said": "Nightingale"}])

    with pytest.raises(StoreError) as caught:
        twice()
    assert f"{store.url.database}: " in str(caught.value)
    assert "unique" in str(caught.value).lower()
    assert "Check the " in str(caught.value)
    assert "Nightingale" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("broken", ["no database", "a folder for the file", "a file for the folder", "locked"])
def test_a_store_that_cannot_be_used_says_so(broken: str, path: Path) -> None:
    path.parent.mkdir()
    if broken == "no database":
        path.write_text("This is a letter. " * 1000)
    elif broken == "a folder for the file":
        path.mkdir()
    elif broken == "a file for the folder":
        path.touch()
        path /= "records.sqlite3"
    with closing(sqlite3.connect(path if broken == "locked" else ":memory:")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError), transaction(open_store(path)):
            pass


def test_no_character_keeps_a_text_from_being_written(store: Engine) -> None:
    with transaction(store) as connection:
        connection.execute(insert(VISITS).values(said="red\0ness 🌹"))
        (said,) = connection.execute(select(VISITS.c.said)).scalars()
    assert said in ("red\0ness 🌹", "red\N{REPLACEMENT CHARACTER}ness 🌹")


@pytest.fixture
def guarded(postgres_server: PostgresServer) -> Iterator[Database]:
    """A database whose user needs a password, which CLINIC_DATABASE_PASSWORD names."""
    with postgres_server.fresh(user="clinic") as database:
        yield replace(database, password_variable="CLINIC_DATABASE_PASSWORD")


def test_the_password_of_a_database_comes_from_the_environment(
    guarded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_DATABASE_PASSWORD", PASSWORD)
    store = open_store(guarded)
    assert count(store) == 0
    assert PASSWORD not in f"{store} {store.url}"
    store.dispose()


@pytest.mark.parametrize("password", [None, "", "wrong-horses"])
def test_a_password_that_is_missing_or_wrong_is_said_without_it(
    password: str | None, guarded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if password is None:
        monkeypatch.delenv("CLINIC_DATABASE_PASSWORD", raising=False)
    else:
        monkeypatch.setenv("CLINIC_DATABASE_PASSWORD", password)
    with pytest.raises(StoreError) as caught, transaction(open_store(guarded)):
        pass
    said = "".join(traceback.format_exception(caught.value))
    assert "password authentication failed" in said if password else "CLINIC_DATABASE_PASSWORD is not set" in said
    assert "wrong-horses" not in said


def test_a_server_that_is_not_there_says_so() -> None:
    nowhere = Database("postgresql+psycopg://clinic@127.0.0.1:1/records")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1/records: .*refused.*Check the server"):
        make_ready(open_store(nowhere))


@pytest.mark.parametrize("where", ["postgresql"], indirect=True)
def test_a_server_that_throws_everybody_out_is_found_again(where: Path | Database, store: Engine) -> None:
    count(store)
    other = open_store(where)
    with transaction(other) as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.execute(text(f"{others} AND application_name = current_setting('application_name')"))
    other.dispose()
    assert count(store) == 0
