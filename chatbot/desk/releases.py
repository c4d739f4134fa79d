"""Releases: each version that was prepared, published or rolled back to, by whom, and what was in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, Column, Connection, DateTime, Integer, String, Table, insert, select, update

from chatbot.desk.audit import note
from chatbot.desk.drafts import drafts
from chatbot.desk.library import KEPT_VERSIONS, Library
from chatbot.store import metadata

# prepared: nobody serves it. publishing: it is, if CURRENT names it. The others are done.
ReleaseState = Literal["prepared", "publishing", "published", "given up"]
Act = Literal["published", "rolled_back", "taken_over", "found"]

releases = Table(
    "releases",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("version", String, nullable=False, index=True),
    Column("base", String),  # the version that was served when it was prepared; none before the first
    Column("index_version", String, nullable=False),
    Column("state", String, nullable=False),
    Column("act", String, nullable=False),
    Column("person", String),  # none for what the program found by itself
    Column("at", DateTime, nullable=False),  # UTC
    Column("drafts", JSON, nullable=False),  # [key, revision] of each that is in it
    Column("documents", Integer, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("accepted", JSON, nullable=False),  # the saved questions that failed, and that the person let pass
)


@dataclass(frozen=True, slots=True)
class Release:
    """A line of the releases. `at` is in UTC, without saying so."""

    key: int
    version: str
    base: str | None
    index_version: str
    state: ReleaseState
    act: Act
    person: str | None
    at: datetime
    drafts: list[tuple[int, int]]
    documents: int
    passages: int
    accepted: list[int]


def add(connection: Connection, **fields: Any) -> Release:
    """A new line; what is not given of its fields is none."""
    row = {"base": None, "drafts": [], "accepted": [], "at": _now(), **fields}
    key = connection.execute(insert(releases).values(row).returning(releases.c.key)).scalar_one()
    return of(connection, releases.c.key == key)[0]


def change(connection: Connection, release: Release, **changes: Any) -> None:
    """Change a line."""
    connection.execute(update(releases).where(releases.c.key == release.key).values(changes))


def of(connection: Connection, condition: Any) -> list[Release]:
    """The lines of which a condition is true, newest first."""
    rows = connection.execute(select(releases).where(condition).order_by(releases.c.at.desc(), releases.c.key.desc()))
    return [Release(**row) for row in rows.mappings()]


def published(connection: Connection) -> list[Release]:
    """Every release, newest first."""
    return of(connection, releases.c.state == "published")


def kept(connection: Connection) -> set[str]:
    """The versions that can still be rolled back to."""
    versions = dict.fromkeys(release.version for release in published(connection))
    return set(list(versions)[:KEPT_VERSIONS])


def finish(connection: Connection, release: Release) -> None:
    """Write down that a version is served: the release, its drafts and the log, all at once."""
    change(connection, release, state="published", at=_now())
    action = "document.rolled_back" if release.act == "rolled_back" else "document.published"
    details = {"release": release.key, "index": release.index_version}
    note(connection, release.person, action, release.version, **details, accepted=release.accepted, act=release.act)
    for key, revision in release.drafts:
        is_it = (drafts.c.key == key) & (drafts.c.revision == revision)
        paths: Iterable[str] = connection.execute(select(drafts.c.path).where(is_it)).scalars()
        for path in list(paths):
            note(connection, release.person, action, path, **details, version=release.version, draft=key)
        done = {"state": "published", "open_path": None, "version": release.version}
        connection.execute(update(drafts).where(is_it).values(done))


def repair(connection: Connection, library: Library) -> None:
    """Bring the releases in line with CURRENT, which is the truth, whatever stopped in between."""
    current = library.current()
    for release in of(connection, releases.c.state == "publishing"):
        if release.version == current:
            finish(connection, release)
        else:
            change(connection, release, state="prepared" if release.act == "published" else "given up")
    latest = [release for release in published(connection) if release.act != "taken_over"]
    if current is not None and (not latest or latest[0].version != current):  # the store is an older one's backup
        fields = {"version": current, "index_version": "", "state": "publishing", "act": "found", "person": None}
        finish(connection, add(connection, **fields, documents=0, passages=0))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
