"""The noun Database: where the store is when it is not a file. Its password stands in no file."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

FORM = '"postgresql+psycopg://user@host/name"'


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a PostgreSQL server, and the environment variable with its password; without one, none is sent."""

    url: str
    password_variable: str | None = None


def checked_database(url: str) -> str:
    """The URL, if it is one of PostgreSQL without a password. Raises ValueError, which never repeats the URL."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ValueError(f"this is no URL of a database. Write it as {FORM}") from error
    if parsed.password is not None or any("password" in name for name in parsed.query):
        raise ValueError(
            "take the password out, and let `database_password_variable` name the environment variable that holds it"
        )
    if parsed.drivername != "postgresql+psycopg" or not parsed.database:
        raise ValueError(f"only PostgreSQL is known here. Write it as {FORM}")
    return url
