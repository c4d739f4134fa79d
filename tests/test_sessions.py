"""Sessions: who is logged in, until when, and what ends it at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import rows_of
from sqlalchemy import Engine
from staffed import PASSWORD, add_staff, person

from chatbot.desk import people
from chatbot.desk.permissions import Person
from chatbot.desk.sessions import IDLE, Sessions, sessions

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADMIN, EDITOR = person("admin"), person("editor")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def kept(store: Engine) -> Sessions:
    """Sessions of 12 hours."""
    add_staff(store)
    return Sessions(store, hours=12)


def test_a_session_knows_its_person_by_its_secret_alone(kept: Sessions) -> None:
    token = kept.begin(EDITOR, NOW)
    assert kept.person(token, NOW) == EDITOR
    for other in ("", token[:-1], token.swapcase(), "\ud800", "x" * 43):
        assert kept.person(other, NOW) is None


def test_every_session_has_a_secret_of_256_bits_of_its_own(kept: Sessions) -> None:
    tokens = {kept.begin(EDITOR, NOW) for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}


def test_who_reads_the_store_cannot_log_in_with_it(kept: Sessions, store: Engine, tmp_path: Path) -> None:
    token = kept.begin(EDITOR, NOW)
    (row,) = rows_of(store, sessions)
    assert kept.person(row["token"], NOW) is None
    assert not [path for path in tmp_path.rglob("records*") if token.encode() in path.read_bytes()]


def used_until(kept: Sessions, token: str, end: datetime) -> Person | None:
    """Use a session once an hour."""
    now = NOW
    while now < end:
        kept.person(token, now)
        now += HOUR
    return kept.person(token, end)


def test_a_session_ends_after_its_hours_however_much_it_is_used(kept: Sessions) -> None:
    token = kept.begin(EDITOR, NOW)
    assert used_until(kept, token, NOW + 12 * HOUR - SECOND) == EDITOR
    assert kept.person(token, NOW + 12 * HOUR) is None


def test_a_session_that_nobody_uses_ends_sooner(kept: Sessions) -> None:
    token = kept.begin(EDITOR, NOW)
    assert kept.person(token, NOW + IDLE - SECOND) == EDITOR
    assert kept.person(token, NOW + 2 * IDLE - 2 * SECOND) == EDITOR
    assert kept.person(token, NOW + 4 * IDLE) is None


def test_logging_out_ends_this_session_and_no_other(kept: Sessions) -> None:
    here, elsewhere = kept.begin(EDITOR, NOW), kept.begin(EDITOR, NOW)
    kept.end(here)
    kept.end("unknown")
    assert (kept.person(here, NOW), kept.person(elsewhere, NOW)) == (None, EDITOR)


def test_a_new_role_counts_in_a_session_that_has_begun(kept: Sessions, store: Engine) -> None:
    token = kept.begin(EDITOR, NOW)
    people.change_role(store, ADMIN, EDITOR.name, "reader")
    assert kept.person(token, NOW) == Person(EDITOR.name, "reader")


def test_a_new_password_ends_all_sessions_of_the_person_alone(kept: Sessions, store: Engine) -> None:
    tokens, other = [kept.begin(EDITOR, NOW) for _ in range(2)], kept.begin(ADMIN, NOW)
    people.change_own_password(store, EDITOR, PASSWORD, "a kettle on the hill")
    assert [kept.person(token, NOW) for token in tokens] == [None, None]
    assert kept.person(other, NOW) == ADMIN
    tokens = [kept.begin(EDITOR, NOW)]
    people.set_password(store, ADMIN, EDITOR.name, PASSWORD)
    assert kept.person(tokens[0], NOW) is None


def test_a_session_does_not_come_back_with_a_person_who_may_log_in_again(kept: Sessions, store: Engine) -> None:
    token = kept.begin(EDITOR, NOW)
    people.deactivate(store, ADMIN, EDITOR.name)
    assert kept.person(token, NOW) is None
    people.activate(store, ADMIN, EDITOR.name)
    assert kept.person(token, NOW) is None


def test_what_is_over_is_cleared_away_at_the_next_login(kept: Sessions, store: Engine) -> None:
    kept.begin(EDITOR, NOW)
    kept.begin(person("reader"), NOW + 13 * HOUR)
    assert len(rows_of(store, sessions)) == 1


def test_two_processes_share_the_sessions(kept: Sessions, store: Engine) -> None:
    token = kept.begin(EDITOR, NOW)
    again = Sessions(store, hours=12)
    assert again.person(token, NOW) == EDITOR
    again.end(token)
    assert kept.person(token, NOW) is None
