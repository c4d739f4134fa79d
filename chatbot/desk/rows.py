"""The rows of any table as lines of JSON, and back: the same from either kind of store, and into either."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, MetaData, Table, Text, cast, event, insert, select
from sqlalchemy.types import TypeDecorator

from chatbot.postgres import number_on

AT_A_TIME = 500  # rows


class _AsWritten(TypeDecorator[str]):
    """JSON as it is written, so that JSON's null and the database's stay two things."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(column, Text)


class _AsWrittenInPostgres(_AsWritten):
    """PostgreSQL checks it, and has to be told that it is JSON."""

    cache_ok = True

    def bind_expression(self, bindparam: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(bindparam, JSON)


def tables_in(connection: Connection, names: Iterable[str]) -> list[Table]:
    """The tables of those names as the store has them, each after those that its rows point to."""
    as_written = _AsWrittenInPostgres() if connection.dialect.name == "postgresql" else _AsWritten()
    tables = MetaData()

    @event.listens_for(tables, "column_reflect")
    def read_as_written(_inspector: object, _table: object, column: dict[str, Any]) -> None:
        if isinstance(column["type"], JSON):
            column["type"] = as_written

    tables.reflect(connection, only=list(names))
    return tables.sorted_tables


def lines_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """The names of the columns, and then each row, oldest first."""
    yield _line([column.name for column in table.columns])
    rows = select(table).order_by(*table.primary_key)
    for row in connection.execute(rows, execution_options={"yield_per": AT_A_TIME}):
        yield _line([_written(value) for value in row])


def columns_in(lines: Iterator[bytes]) -> list[str]:
    """The names of the columns, which the first line has. Raises ValueError."""
    names = json.loads(next(lines, b"null"))
    if not isinstance(names, list):
        raise ValueError("there are no names of columns")
    return names


def add_rows(connection: Connection, table: Table, lines: Iterator[bytes]) -> int:
    """Write the rows of lines into a table that is empty; returns how many there were. Raises ValueError."""
    names, count = columns_in(lines), 0
    types = [table.columns[name].type.python_type for name in names]
    while batch := [_row(names, types, line) for line in islice(lines, AT_A_TIME)]:
        connection.execute(insert(table), batch)
        count += len(batch)
    if connection.dialect.name == "postgresql":
        number_on(connection, table)
    return count


def split_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, of pieces that end anywhere."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _line(values: list[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _written(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode()
    return value


def _row(names: list[str], types: list[type], line: bytes) -> dict[str, Any]:
    values = json.loads(line)
    if not isinstance(values, list):
        raise ValueError("a line is no row")
    return {name: _read(value, kind) for name, value, kind in zip(names, values, types, strict=True)}


def _read(value: Any, kind: type) -> Any:
    if value is None:
        return None
    if issubclass(kind, date):
        return kind.fromisoformat(value) if issubclass(kind, datetime) else date.fromisoformat(value)
    return b64decode(value, validate=True) if kind is bytes else value
