"""Checking a login: what is wrong is told to nobody, takes the same time, and soon has to wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from argon2 import PasswordHasher
from conftest import rows_of
from sqlalchemy import Engine
from staffed import NAMES, PASSWORD, add_staff, person

from chatbot.desk import login, passwords, people
from chatbot.desk.audit import entries
from chatbot.desk.login import FREE_TRIES, PAUSES, log_in
from chatbot.desk.people import people as table
from chatbot.desk.permissions import Person

NAME, ADMIN = NAMES["editor"], person("admin")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def staff(store: Engine, quick_hashes: PasswordHasher) -> Engine:
    add_staff(store)
    return store


def fail(store: Engine, times: int, now: datetime = NOW) -> None:
    assert [log_in(store, NAME, "wrong words here", now) for _ in range(times)] == [None] * times


def actions(store: Engine) -> Iterator[tuple[str, str, object]]:
    for row in rows_of(store, entries):
        if row["action"] != "person.added":
            yield row["action"], row["subject"], row["details"].get("why")


def test_a_right_password_lets_in_and_is_in_the_log(staff: Engine) -> None:
    assert log_in(staff, NAME, PASSWORD, NOW) == Person(NAME, "editor")
    assert list(actions(staff)) == [("person.logged_in", f"person:{NAME}", None)]


def test_what_was_typed_for_an_unknown_name_is_not_kept_since_it_may_be_a_password(staff: Engine) -> None:
    assert log_in(staff, PASSWORD, NAME, NOW) is None
    assert list(actions(staff)) == [("person.login_failed", "person:?", "unknown")]


def test_after_five_wrong_passwords_the_right_one_has_to_wait(staff: Engine) -> None:
    fail(staff, FREE_TRIES)
    assert log_in(staff, NAME, PASSWORD, NOW + 0.9 * MINUTE) is None
    assert log_in(staff, NAME, PASSWORD, NOW + 1.1 * MINUTE) is not None
    assert [action for action, _, _ in actions(staff)].count("person.locked") == 1


def test_each_further_wrong_password_costs_more_up_to_a_quarter_of_an_hour(staff: Engine) -> None:
    fail(staff, FREE_TRIES - 1)
    now, waits = NOW, []
    for _ in range(len(PAUSES) + 2):
        fail(staff, 1, now)
        until = next(row["locked_until"] for row in rows_of(staff, table) if row["name"] == NAME).replace(tzinfo=UTC)
        waits.append((until - now) / MINUTE)
        now = until + timedelta(seconds=1)
    assert waits == [1, 2, 4, 8, 15, 15, 15]


def test_a_try_while_waiting_does_not_make_the_wait_longer(staff: Engine) -> None:
    fail(staff, FREE_TRIES)
    fail(staff, 20, NOW + 0.5 * MINUTE)
    assert log_in(staff, NAME, PASSWORD, NOW + 1.1 * MINUTE) is not None


def test_a_right_password_starts_the_count_anew(staff: Engine) -> None:
    fail(staff, FREE_TRIES - 1)
    assert log_in(staff, NAME, PASSWORD, NOW) is not None
    fail(staff, FREE_TRIES - 1)
    assert log_in(staff, NAME, PASSWORD, NOW) is not None


def test_an_admin_ends_the_wait(staff: Engine) -> None:
    fail(staff, FREE_TRIES)
    people.unlock(staff, ADMIN, NAME)
    assert log_in(staff, NAME, PASSWORD, NOW) is not None


def test_one_name_that_waits_keeps_nobody_else_out(staff: Engine) -> None:
    fail(staff, FREE_TRIES + 3)
    assert log_in(staff, NAMES["reader"], PASSWORD, NOW) is not None


def test_many_tries_at_the_same_time_are_counted_one_by_one(staff: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def slow(kept: str | None, password: str) -> bool:
        read.append("kept" if kept else "nobody's")
        time.sleep(0.05)
        return False

    monkeypatch.setattr(login, "is_right", slow)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: log_in(staff, NAME, "wrong words here", NOW), range(16)))
    assert read.count("kept") == FREE_TRIES  # the others read nobody's password


def test_a_password_kept_with_old_parameters_is_renewed_at_the_next_login(
    staff: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    before = {row["name"]: row["password"] for row in rows_of(staff, table)}
    assert log_in(staff, NAME, PASSWORD, NOW) is not None
    after = {row["name"]: row["password"] for row in rows_of(staff, table)}
    assert {name for name in after if after[name] != before[name]} == {NAME}
    assert "m=16,t=2" in after[NAME]
    assert log_in(staff, NAME, PASSWORD, NOW) is not None


def test_the_programs_own_parameters_are_those_that_the_owasp_asks_for_or_more() -> None:
    assert passwords.HASHER.memory_cost >= 19 * 1024
    assert passwords.HASHER.time_cost >= 2


def test_an_unknown_name_takes_as_long_as_a_wrong_password(staff: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1))
    passwords._nobodys.cache_clear()
    people.set_password(staff, ADMIN, NAME, PASSWORD)  # kept with these
    people.deactivate(staff, ADMIN, NAMES["reader"])
    taken: dict[str, list[float]] = {NAME: [], "Nobody Known": [], NAMES["reader"]: []}
    log_in(staff, "Nobody Known", "wrong words here", NOW)  # nobody's password is made once
    for _ in range(15):
        for name, seconds in taken.items():
            people.unlock(staff, ADMIN, NAME)
            started = time.perf_counter()
            log_in(staff, name, "wrong words here", NOW)
            seconds.append(time.perf_counter() - started)
    known, unknown, inactive = (median(seconds) for seconds in taken.values())
    assert 0.5 < unknown / known < 2
    assert 0.5 < inactive / known < 2
