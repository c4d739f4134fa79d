"""The store: one file that threads share, that forgets what is deleted, and whose errors have nobody's words."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, ForeignKey, Integer, String, Table, delete, func, insert, select

from chatbot.store import StoreError, metadata, open_store, scrub, transaction

VISITS = Table("test_visits", metadata, Column("id", Integer, primary_key=True), Column("said", String, unique=True))
PAGES = Table("test_pages", metadata, Column("visit", ForeignKey("test_visits.id"), nullable=False))


def count(store: Engine) -> int:
    with transaction(store) as connection:
        return connection.execute(select(func.count()).select_from(VISITS)).scalar_one()


def all_bytes(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_opening_touches_nothing(path: Path) -> None:
    open_store(path)
    assert not path.parent.exists()


def test_the_first_transaction_makes_the_folder_the_file_and_the_tables(store: Engine, path: Path) -> None:
    with transaction(store) as connection:
        connection.execute(insert(VISITS).values(said="hello"))
    assert count(open_store(path)) == 1


def test_only_whoever_runs_the_program_can_read_the_files(store: Engine, path: Path) -> None:
    count(store)
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
    with pytest.raises(StoreError, match="FOREIGN KEY"), transaction(store) as connection:
        connection.execute(insert(PAGES).values(visit=99))


def test_threads_that_write_at_once_lose_nothing(store: Engine) -> None:
    def write(number: int) -> None:
        with transaction(store) as connection:
            connection.execute(insert(VISITS).values(said=str(number)))

    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(write, range(400)))
    assert count(store) == 400


def test_after_a_scrub_no_byte_of_what_was_deleted_is_left(store: Engine, path: Path) -> None:
    with transaction(store) as connection:
        connection.execute(insert(VISITS).values(said="Nightingale"))
    scrub(store)
    assert b"Nightingale" in all_bytes(path)
    with transaction(store) as connection:
        connection.execute(delete(VISITS))
    scrub(store)
    assert b"Nightingale" not in all_bytes(path)


def test_a_scrub_that_a_reader_is_in_the_way_of_says_so(store: Engine, path: Path) -> None:
    count(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM test_visits").fetchall()
        with transaction(store) as connection:
            connection.execute(insert(VISITS).values(said="hello"))
        with pytest.raises(StoreError, match="still in the write-ahead file"):
            scrub(store)
    scrub(store)


def test_an_error_has_the_file_the_reason_and_a_remedy_but_nobodys_words(store: Engine, path: Path) -> None:
    def twice() -> None:
        with transaction(store) as connection:
            connection.execute(insert(VISITS), [{"said": "Nightingale"}, {"said": "Nightingale"}])

    with pytest.raises(StoreError) as caught:
        twice()
    assert str(path) in str(caught.value)
    assert "UNIQUE constraint failed" in str(caught.value)
    assert "Check the disk" in str(caught.value)
    assert "Nightingale" not in f"{caught.value} {caught.value.__cause__}"


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
