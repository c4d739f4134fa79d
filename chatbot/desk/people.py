"""Who may log in: names, roles and passwords. Nobody is ever deleted, since the audit log names them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args
from unicodedata import category, normalize

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    Row,
    String,
    Table,
    insert,
    select,
    update,
)

from chatbot.desk.audit import note
from chatbot.desk.passwords import check_password, hashed, is_right
from chatbot.desk.permissions import Person, Role
from chatbot.store import metadata, transaction

MAX_NAME = 60  # characters
OWNER = Person("python app.py", "admin")  # whoever may run the program on its own machine may do everything

people = Table(
    "people",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("folded", String, nullable=False, unique=True),  # the name without its capitals: "Rose" is "rose"
    Column("role", String, nullable=False),
    Column("password", String, nullable=False),  # hashed
    Column("failed", Integer, nullable=False, default=0),  # wrong passwords in a row
    Column("locked_until", DateTime),  # UTC, as all times here
    Column("active", Boolean, nullable=False, default=True),
    Column("epoch", Integer, nullable=False, default=0),  # rises to end every session that began before
    Column("added_at", DateTime, nullable=False),
)


class PersonError(Exception):
    """What was asked cannot be done to this person; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What an admin sees of a person. Times are in UTC, without saying so."""

    name: str
    role: Role
    active: bool
    failed: int
    locked_until: datetime | None
    added_at: datetime

    def is_locked(self, now: datetime) -> bool:
        """Whether the person cannot log in now, after too many wrong passwords. `now` has a time zone."""
        return self.locked_until is not None and self.locked_until > utc(now)


def anybody(store: Engine) -> bool:
    """Whether anybody may log in. Raises StoreError."""
    with transaction(store) as connection:
        return connection.execute(select(people.c.key).where(people.c.active).limit(1)).first() is not None


def listed(store: Engine, by: Person) -> list[Listed]:
    """Everybody, by name. Raises NotAllowedError, StoreError."""
    by.must("administer")
    columns = [people.c[name] for name in Listed.__slots__]
    with transaction(store) as connection:
        return [Listed(*row) for row in connection.execute(select(*columns).order_by(people.c.folded))]


def add(store: Engine, by: Person, name: str, role: Role, password: str) -> None:
    """Let somebody log in. Raises PersonError for a name that is taken or no name, PasswordError, NotAllowedError."""
    by.must("administer")
    name = _checked_name(name)
    _check_role(role)
    check_password(password, name)
    row = {"name": name, "folded": folded(name), "role": role, "password": hashed(password), "added_at": utc(_now())}
    with transaction(store) as connection:
        if (taken := _found(connection, name)) is not None:
            raise PersonError(f"There is somebody called {taken.name} already. Give another name, or change that one.")
        connection.execute(insert(people).values(row))
        note(connection, by.name, "person.added", subject_of(name), role=role)


def change_role(store: Engine, by: Person, name: str, role: Role) -> None:
    """Give somebody another role, from the next request on. Raises PersonError, NotAllowedError."""
    by.must("administer")
    _check_role(role)
    with _changing(store, name) as (connection, person):
        if role != "admin":
            _keep_an_admin(connection, person)
        _change(connection, by, person, {"role": role}, role=role)


def set_password(store: Engine, by: Person, name: str, password: str) -> None:
    """Give somebody a new password; their sessions end. Raises PersonError, PasswordError, NotAllowedError."""
    by.must("administer")
    with transaction(store) as connection:
        known = _known(connection, name).name
    check_password(password, known)
    kept = hashed(password)
    with _changing(store, known) as (connection, person):
        _change(connection, by, person, _with(person, kept), password="set")


def change_own_password(store: Engine, by: Person, old: str, new: str) -> None:
    """Change one's own password; every session of one's own ends. Raises PasswordError, PersonError for a wrong one."""
    by.must("look_up")
    check_password(new, by.name)
    with transaction(store) as connection:
        kept_before = _known(connection, by.name).password
    if not is_right(kept_before, old):
        raise PersonError("The password that you have now was not right. Type it again.")
    kept = hashed(new)
    with _changing(store, by.name) as (connection, person):
        if person.password != kept_before:
            raise PersonError("The password was changed by somebody else just now. Log in again.")
        _change(connection, by, person, _with(person, kept), password="changed")


def deactivate(store: Engine, by: Person, name: str) -> None:
    """Let somebody no longer log in; their sessions end. Raises PersonError for the last admin, NotAllowedError."""
    by.must("administer")
    with _changing(store, name) as (connection, person):
        _keep_an_admin(connection, person)
        _change(connection, by, person, {"active": False, "epoch": person.epoch + 1}, active=False)


def activate(store: Engine, by: Person, name: str) -> None:
    """Let somebody log in again who could not any more. Raises PersonError, NotAllowedError."""
    by.must("administer")
    with _changing(store, name) as (connection, person):
        _change(connection, by, person, {"active": True, "failed": 0, "locked_until": None}, active=True)


def unlock(store: Engine, by: Person, name: str) -> None:
    """Let somebody try again at once after too many wrong passwords. Raises PersonError, NotAllowedError."""
    by.must("administer")
    with _changing(store, name) as (connection, person):
        _change(connection, by, person, {"failed": 0, "locked_until": None}, unlocked=True)


def folded(name: str) -> str:
    """The same for the same name in small and capital letters."""
    return normalize("NFKC", " ".join(name.split())).casefold()


def subject_of(name: str) -> str:
    """What the audit log calls a person that something was done to."""
    return f"person:{name}"


def utc(moment: datetime) -> datetime:
    """As the store keeps it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@contextmanager
def _changing(store: Engine, name: str) -> Iterator[tuple[Connection, Row[Any]]]:
    with transaction(store) as connection:
        yield connection, _known(connection, name)


def _change(connection: Connection, by: Person, person: Row[Any], values: dict[str, Any], **details: Any) -> None:
    connection.execute(update(people).where(people.c.key == person.key).values(values))
    note(connection, by.name, "person.changed", subject_of(person.name), **details)


def _with(person: Row[Any], kept: str) -> dict[str, Any]:
    return {"password": kept, "epoch": person.epoch + 1, "failed": 0, "locked_until": None}


def _known(connection: Connection, name: str) -> Row[Any]:
    person = _found(connection, name)
    if person is None:
        raise PersonError(f"There is nobody called {name!r}. `python app.py person list` names everybody.")
    return person


def _found(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(people).where(people.c.folded == folded(name)).with_for_update()).first()


def _keep_an_admin(connection: Connection, person: Row[Any]) -> None:
    """Refuse what would leave nobody who can add people. The rows are held, so that two at once cannot get round it."""
    admins = select(people.c.key).where(people.c.role == "admin", people.c.active).with_for_update()
    keys = connection.execute(admins.order_by(people.c.key)).scalars().all()
    if list(keys) == [person.key]:
        raise PersonError(f"{person.name} is the only admin. Make somebody else admin first.")


def _checked_name(name: str) -> str:
    name = normalize("NFKC", " ".join(name.split()))
    is_readable = all(category(letter)[0] != "C" for letter in name)
    if not 2 <= len(name) <= MAX_NAME or not is_readable or folded(name) == folded(OWNER.name):
        raise PersonError(f"{name!r} is no name to log in with. Give 2 to {MAX_NAME} readable characters.")
    return name


def _check_role(role: str) -> None:
    if role not in get_args(Role):
        raise PersonError(f"{role!r} is no role. Give one of: {', '.join(get_args(Role))}.")


def _now() -> datetime:
    return datetime.now(UTC)
