"""People: who may log in, with which passwords, and who may change that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from conftest import rows_of, written
from sqlalchemy import Engine, text
from staffed import NAMES, PASSWORD, ROLES, add_staff, person

from chatbot.desk import audit, people
from chatbot.desk.login import log_in
from chatbot.desk.passwords import PasswordError, check_password, hashed, is_right
from chatbot.desk.people import OWNER, PersonError
from chatbot.desk.permissions import NotAllowedError, Role
from chatbot.store import StoreError, transaction

ADMIN = person("admin")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OTHER = "a kettle on the hill"

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def staff(store: Engine) -> Engine:
    """A store with one person of each role."""
    add_staff(store)
    return store


def told(store: Engine, name: str) -> list[tuple[str | None, str, dict[str, object]]]:
    with transaction(store) as connection:
        return [(e.person, e.action, e.details) for e in audit.told(connection, people.subject_of(name))]


def test_who_was_added_may_log_in_in_small_letters_too(store: Engine) -> None:
    people.add(store, OWNER, "  Rose   Keller ", "editor", PASSWORD)
    found = log_in(store, "rose keller", PASSWORD, NOW)
    assert (found.name, found.role) == ("Rose Keller", "editor") if found else False
    assert told(store, "Rose Keller")[0] == ("python app.py", "person.added", {"role": "editor"})


@pytest.mark.parametrize("name", ["ada birch", "ADA BIRCH", "Ada  Birch", "Ａda Birch"])
def test_a_name_is_given_once_however_it_is_written(name: str, staff: Engine) -> None:
    with pytest.raises(PersonError, match="There is somebody called Ada Birch already"):
        people.add(staff, ADMIN, name, "reader", PASSWORD)


@pytest.mark.parametrize(
    "name", ["", " ", "x", "a" * 61, "Rose\u202eKeller", "Rose\x00", "python app.py", "Python APP.py"]
)
def test_what_is_no_name_is_refused(name: str, store: Engine) -> None:
    with pytest.raises(PersonError, match="is no name to log in with"):
        people.add(store, OWNER, name, "reader", PASSWORD)


def test_an_unknown_role_is_refused(staff: Engine) -> None:
    sent: Any = "owner"  # a page may send any text
    with pytest.raises(PersonError, match="'owner' is no role"):
        people.change_role(staff, ADMIN, NAMES["reader"], sent)


@pytest.mark.parametrize(
    "password",
    ["short one", "password1234", "qwertyuiop12", "123456789012", "aaaaaaaaaaaaaaaa", "passwordpassword",
     "iloveyou1234", "Rose Keller 1", "xxKELLERxx2026", "r o s e k e l l e r", "x" * 257],
)  # fmt: skip
def test_a_password_that_is_short_common_or_made_of_the_name_is_refused(password: str, store: Engine) -> None:
    with pytest.raises(PasswordError):
        people.add(store, OWNER, "Rose Keller", "reader", password)
    assert rows_of(store, people.people) == []


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery",
        "nurlangekleinewörter",
        "雨の中で私たちは出会った日",
        "a" * 8 + "?kettle up" * 20,
    ],
)
def test_long_words_are_enough_whatever_characters_they_have(password: str) -> None:
    check_password(password, "Rose Keller")


def test_no_password_stands_in_the_store(staff: Engine) -> None:
    assert all(row["password"].startswith("$argon2id$") for row in rows_of(staff, people.people))
    assert NAMES["reader"].encode() in written(staff)
    assert PASSWORD.encode() not in written(staff)


def test_a_password_is_the_same_however_a_keyboard_composes_its_letters() -> None:
    assert is_right(hashed("nur kleine wo\u0308rter"), "nur kleine w\u00f6rter")
    assert not is_right(hashed("nur kleine worter"), "nur kleine w\u00f6rter")
    assert not is_right(hashed(PASSWORD), "\ud800" * 5)


def test_a_new_role_counts_at_the_next_login_and_is_in_the_log(staff: Engine) -> None:
    people.change_role(staff, ADMIN, "rea hall", "editor")
    found = log_in(staff, NAMES["reader"], PASSWORD, NOW)
    assert found is not None
    assert found.role == "editor"
    assert told(staff, NAMES["reader"])[1] == (ADMIN.name, "person.changed", {"role": "editor"})


def test_a_new_password_takes_the_place_of_the_old_one(staff: Engine) -> None:
    people.set_password(staff, ADMIN, NAMES["reader"], OTHER)
    assert log_in(staff, NAMES["reader"], PASSWORD, NOW) is None
    assert log_in(staff, NAMES["reader"], OTHER, NOW) is not None
    assert told(staff, NAMES["reader"])[1] == (ADMIN.name, "person.changed", {"password": "set"})


def test_ones_own_password_is_changed_by_who_knows_the_old_one(staff: Engine) -> None:
    reader = person("reader")
    with pytest.raises(PersonError, match="was not right"):
        people.change_own_password(staff, reader, OTHER, OTHER)
    people.change_own_password(staff, reader, PASSWORD, OTHER)
    assert log_in(staff, reader.name, OTHER, NOW) is not None
    with pytest.raises(PasswordError):
        people.change_own_password(staff, reader, OTHER, "rea hall rea hall")


def test_who_is_deactivated_cannot_log_in_and_stays_in_the_list(staff: Engine) -> None:
    people.deactivate(staff, ADMIN, NAMES["editor"])
    assert log_in(staff, NAMES["editor"], PASSWORD, NOW) is None
    assert [(one.name, one.active) for one in people.listed(staff, ADMIN)][2] == (NAMES["editor"], False)
    people.activate(staff, ADMIN, NAMES["editor"])
    assert log_in(staff, NAMES["editor"], PASSWORD, NOW) is not None


def test_the_last_admin_is_neither_demoted_nor_deactivated(staff: Engine) -> None:
    with pytest.raises(PersonError, match="is the only admin"):
        people.change_role(staff, ADMIN, ADMIN.name, "approver")
    with pytest.raises(PersonError, match="is the only admin"):
        people.deactivate(staff, ADMIN, ADMIN.name)
    people.change_role(staff, ADMIN, NAMES["reader"], "admin")
    people.deactivate(staff, ADMIN, NAMES["reader"])
    with pytest.raises(PersonError, match="only admin"):  # one who may not log in does not count
        people.change_role(staff, ADMIN, ADMIN.name, "reader")


def test_two_admins_who_demote_each_other_at_once_leave_one(staff: Engine) -> None:
    people.change_role(staff, ADMIN, NAMES["approver"], "admin")
    start, refused = Barrier(2), []

    def demote(name: str) -> None:
        start.wait()
        try:
            people.change_role(staff, ADMIN, name, "reader")
        except PersonError:
            refused.append(name)

    threads = [Thread(target=demote, args=(name,)) for name in (ADMIN.name, NAMES["approver"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [row["role"] for row in rows_of(staff, people.people)].count("admin") == 1


def test_nobody_unknown_is_changed(staff: Engine) -> None:
    with pytest.raises(PersonError, match="There is nobody called 'Zoe'"):
        people.unlock(staff, ADMIN, "Zoe")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_only_an_admin_looks_after_people(role: Role, staff: Engine) -> None:
    by, name = person(role), NAMES["reader"]
    before = rows_of(staff, people.people)
    for act in (
        lambda: people.listed(staff, by),
        lambda: people.add(staff, by, "New One", "reader", PASSWORD),
        lambda: people.change_role(staff, by, name, "admin"),
        lambda: people.set_password(staff, by, name, OTHER),
        lambda: people.deactivate(staff, by, name),
        lambda: people.activate(staff, by, name),
        lambda: people.unlock(staff, by, name),
    ):
        with pytest.raises(NotAllowedError, match="it takes the role admin"):
            act()
    assert rows_of(staff, people.people) == before


def test_what_cannot_be_noted_is_not_done(staff: Engine) -> None:
    with transaction(staff) as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO another"))
    with pytest.raises(StoreError, match="audit"):
        people.change_role(staff, ADMIN, NAMES["reader"], "admin")
    assert rows_of(staff, people.people)[0]["role"] == "reader"


def test_a_lock_is_listed_until_it_ends(staff: Engine) -> None:
    for _ in range(5):
        log_in(staff, NAMES["reader"], "wrong", NOW)
    reader = next(one for one in people.listed(staff, ADMIN) if one.name == NAMES["reader"])
    assert reader.is_locked(NOW)
    assert not reader.is_locked(NOW + timedelta(minutes=2))
