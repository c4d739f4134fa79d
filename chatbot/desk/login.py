"""Checking a login: the same time and the same words for every failure, and a growing wait after too many."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from chatbot.desk.audit import note
from chatbot.desk.passwords import hashed, is_outdated, is_right
from chatbot.desk.people import folded, people, subject_of, utc
from chatbot.desk.permissions import Person
from chatbot.store import transaction

FREE_TRIES = 5  # wrong passwords in a row; from then on each costs the next of these pauses
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15)]  # no longer: others could lock a desk for a day


def log_in(store: Engine, name: str, password: str, now: datetime) -> Person | None:
    """Who that is; None for whatever is wrong, which nobody is told. `now` has a time zone. Raises StoreError.

    A try counts as a wrong one before the password is read, so that many at the same time are not tried for one.
    """
    with transaction(store) as connection:
        person = _trying(connection, name, now)
    is_locked = person is not None and person.locked_until is not None and person.locked_until > utc(now)
    kept = person.password if person is not None and person.active and not is_locked else None
    is_let_in = is_right(kept, password)  # read in all cases: it takes longer than everything else
    renewed = hashed(password) if is_let_in and kept is not None and is_outdated(kept) else kept
    with transaction(store) as connection:
        if not is_let_in or person is None:
            _failed(connection, person, is_locked, now)
            return None
        values = {"failed": 0, "locked_until": None, "password": renewed}
        is_unchanged = (people.c.key == person.key) & (people.c.password == kept) & people.c.active
        if connection.execute(update(people).where(is_unchanged).values(values)).rowcount == 0:
            return None  # changed or no longer let in meanwhile
        note(connection, person.name, "person.logged_in", subject_of(person.name))
        role = connection.execute(select(people.c.role).where(people.c.key == person.key)).scalar_one()
        return Person(person.name, role)


def _trying(connection: Connection, name: str, now: datetime) -> Row[Any] | None:
    """The person as they were before this try, which counts unless they have to wait anyway."""
    person = connection.execute(select(people).where(people.c.folded == folded(name)).with_for_update()).first()
    if person is not None and (person.locked_until is None or person.locked_until <= utc(now)):
        failed, values = person.failed + 1, {"failed": person.failed + 1}
        pause = _pause(failed)
        connection.execute(
            update(people)
            .where(people.c.key == person.key)
            .values(values if pause is None else {**values, "locked_until": utc(now) + pause})
        )
    return person


def _failed(connection: Connection, person: Row[Any] | None, is_locked: bool, now: datetime) -> None:
    """Tell the log. What was typed for a name that is nobody's may be a password, and is not kept."""
    if person is None:
        note(connection, None, "person.login_failed", subject_of("?"), why="unknown")
        return
    why = "locked" if is_locked else "password" if person.active else "inactive"
    note(connection, None, "person.login_failed", subject_of(person.name), why=why)
    pause = None if is_locked else _pause(person.failed + 1)
    if pause is not None:
        until = (utc(now) + pause).isoformat(timespec="seconds")
        note(connection, None, "person.locked", subject_of(person.name), failed=person.failed + 1, until=until)


def _pause(failed: int) -> timedelta | None:
    """How long to wait after so many wrong passwords in a row."""
    return None if failed < FREE_TRIES else PAUSES[min(failed - FREE_TRIES, len(PAUSES) - 1)]
