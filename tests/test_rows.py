"""The rows of a backup: every kind of value comes back as it was, and is written the same from either kind of store."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    null,
    select,
)

from chatbot.desk.rows import add_rows, lines_of, split_lines, tables_in
from chatbot.store import transaction

TABLES = MetaData()
DRAFTS = Table(
    "drafts_of_rows",
    TABLES,
    Column("index", Integer, primary_key=True),  # a word of SQL
    Column("before", ForeignKey("drafts_of_rows.index")),
    Column("name", String),
    Column("content", LargeBinary),
    Column("at", DateTime),
    Column("on", Date),
    Column("share", Float),
    Column("is_done", Boolean),
    Column("details", JSON),
)
ROWS: list[dict[str, Any]] = [
    {
        "index": 1, "before": None, "name": 'Zoë\n"🌹"\\', "content": bytes(range(256)),
        "at": datetime(2026, 1, 31, 12, 0, 0, 123456), "on": date(2026, 1, 31), "share": 0.1 + 0.2, "is_done": True,
        "details": {"b": [1, 2.5, None, "é"], "a": {}},
    },
    {
        "index": 7, "before": 1, "name": "", "content": b"", "at": datetime(2026, 1, 31), "on": None, "share": -0.0,
        "is_done": False, "details": "text",
    },
    {
        "index": 9, "before": 7, "name": None, "content": None, "at": None, "on": None, "share": None, "is_done": None,
        "details": None,
    },
]  # fmt: skip
WRITTEN = [
    ["index", "before", "name", "content", "at", "on", "share", "is_done", "details"],
    [7, 1, "", "", "2026-01-31T00:00:00", None, -0.0, False, '"text"'],
    [9, 7, None, None, None, None, None, None, "null"],
    [10, None, None, None, None, None, None, None, None],
]


@pytest.fixture
def filled(store: Engine) -> Engine:
    with transaction(store) as connection:
        TABLES.create_all(connection)
        connection.execute(insert(DRAFTS), ROWS)
        connection.execute(insert(DRAFTS).values(index=10, details=null()))  # the database's null, not JSON's
    return store


def test_every_kind_of_value_comes_back_as_it_was(filled: Engine) -> None:
    with transaction(filled) as connection:
        before = connection.execute(select(DRAFTS, DRAFTS.c.details.is_(null())).order_by(DRAFTS.c.index)).all()
        (table,) = tables_in(connection, [DRAFTS.name])
        lines = list(lines_of(connection, table))
        TABLES.drop_all(connection)
        TABLES.create_all(connection)
        assert add_rows(connection, table, split_lines(lines)) == 4
        after = connection.execute(select(DRAFTS, DRAFTS.c.details.is_(null())).order_by(DRAFTS.c.index)).all()
        assert after == before
        assert [dict(zip(ROWS[0], row, strict=False)) for row in after[:3]] == ROWS
        connection.execute(insert(DRAFTS).values(name="next"))
        assert connection.execute(select(DRAFTS.c.index).where(DRAFTS.c.name == "next")).scalar() == 11


def test_rows_are_written_the_same_from_either_kind_of_store(filled: Engine) -> None:
    with transaction(filled) as connection:
        lines = list(lines_of(connection, *tables_in(connection, [DRAFTS.name])))
    header, first, *others = [json.loads(line) for line in lines]
    assert [header, *others] == WRITTEN
    assert json.loads(first[-1]) == ROWS[0]["details"]
    assert first[6] == 0.1 + 0.2


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_are_whole_however_they_were_cut(size: int) -> None:
    text = b"one\n\ntwo\nwithout an end"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(split_lines(pieces)) == [b"one", b"", b"two", b"without an end"]
