"""The audit log: it only grows, a change leaves a break, and every patient's answer is in it without a word."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from conftest import rows_of
from sqlalchemy import Engine, text
from staffed import ROLES, person

from chatbot.answer import Answer
from chatbot.bot import Bot, ask
from chatbot.database import Database
from chatbot.desk.audit import MAX_LINES, ONLY_GROWS, Wanted, broken_at, entries, lines, note, told
from chatbot.desk.permissions import NotAllowedError, Role
from chatbot.doctor import _store
from chatbot.question import Question
from chatbot.records import Records, Turn, turns
from chatbot.settings import Settings
from chatbot.store import StoreError, open_store, transaction

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
APPROVER = person("approver")


@pytest.fixture
def log(store: Engine) -> Engine:
    """A log of five lines."""
    for number in range(1, 6):
        with transaction(store) as connection:
            note(connection, "Ed Moss", "curated.edited", f"curated:{number}", was=["a", None, 1.5], now="é")
    return store


def broken(store: Engine) -> int | None:
    with transaction(store) as connection:
        return broken_at(connection)


def get_round_the_triggers(store: Engine, statement: str) -> None:
    """As somebody would who can write to the file."""
    with transaction(store) as connection:
        for change in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER audit_no_{change}"))
        connection.execute(text(statement))


def test_a_thing_tells_its_own_story_oldest_first(log: Engine) -> None:
    with transaction(log) as connection:
        note(connection, "Ava Pine", "curated.approved", "curated:3")
        story = told(connection, "curated:3")
    assert [(e.person, e.action) for e in story] == [("Ed Moss", "curated.edited"), ("Ava Pine", "curated.approved")]
    assert story[0].details == {"was": ["a", None, 1.5], "now": "é"}


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET person = 'x' WHERE key = 2", "DELETE FROM audit", "DELETE FROM audit WHERE key = 5"]
)
def test_the_database_refuses_to_change_or_delete_a_line(statement: str, log: Engine) -> None:
    before = rows_of(log, entries)
    said = {"sqlite": "the audit log only grows", "postgresql": "RaiseException"}[
        log.name
    ]  # whose words are not repeated
    with pytest.raises(StoreError, match=said), transaction(log) as connection:
        connection.execute(text(statement))
    assert rows_of(log, entries) == before


def test_a_line_stays_out_when_what_it_tells_of_is_undone(log: Engine) -> None:
    def broken_off() -> None:
        with transaction(log) as connection:
            note(connection, "Ed Moss", "curated.retired", "curated:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert len(rows_of(log, entries)) == 5


def test_a_log_that_nobody_touched_is_whole(log: Engine) -> None:
    assert broken(log) is None


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)  # whoever has the file can take its triggers away
@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE audit SET person = 'Ava Pine' WHERE key = 3", 3),
        ("UPDATE audit SET at = '2026-01-01 00:00:00.000000' WHERE key = 1", 1),
        ("UPDATE audit SET details = '{}' WHERE key = 5", 5),
        ("UPDATE audit SET action = 'curated.approved' WHERE key = 2", 2),
        ("UPDATE audit SET subject = 'curated:9' WHERE key = 4", 4),
        ("DELETE FROM audit WHERE key = 1", 2),
        ("DELETE FROM audit WHERE key = 3", 4),
        ("UPDATE audit SET hash = 'x' WHERE key = 2", 2),
    ],
)
def test_a_change_behind_the_databases_back_is_found_where_it_was_made(statement: str, line: int, log: Engine) -> None:
    get_round_the_triggers(log, statement)
    assert broken(log) == line


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)  # whoever has the file can take its triggers away
def test_a_line_slipped_in_is_found(log: Engine) -> None:
    get_round_the_triggers(
        log, "INSERT INTO audit SELECT 9, at, 'x', action, subject, details, 'forged' FROM audit WHERE key = 2"
    )
    assert broken(log) == 9


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)  # whoever has the file can take its triggers away
def test_doctor_finds_a_changed_log_and_says_what_to_do(log: Engine, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "var")
    assert list(_store(settings)) == []
    get_round_the_triggers(log, "DELETE FROM audit WHERE key = 3")
    (problem,) = _store(settings)
    assert "line 4 does not follow from the one before it" in problem.what
    assert "compare it with a backup" in problem.remedy
    assert list(_store(Settings(data=tmp_path / "nowhere"))) == []
    assert not (tmp_path / "nowhere").exists()


def test_many_writers_at_once_do_not_fork_the_log(store: Engine, where: Path | Database) -> None:
    with transaction(store) as connection:
        note(connection, "Ed Moss", "curated.written", "curated:0")

    def write(name: str) -> None:
        own = open_store(where)  # as another process has it
        for number in range(15):
            with transaction(own) as connection:
                note(connection, name, "curated.edited", f"curated:{number}")

    threads = [Thread(target=write, args=(name,)) for name in ("Ed Moss", "Ava Pine", "Ada Birch")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows_of(store, entries)) == 46
    assert broken(store) is None


def test_every_database_that_the_store_can_be_is_told_that_the_log_only_grows() -> None:
    assert set(ONLY_GROWS) == {"sqlite", "postgresql"}


# What patients were answered.


@pytest.fixture
def answer(rose_bot: Bot) -> Answer:
    """An answer with a citation."""
    return ask(rose_bot, Question("when does redness fade?"))


def test_what_stood_behind_an_answer_is_noted_without_a_word_of_it(
    answer: Answer, store: Engine, tmp_path: Path
) -> None:
    records = Records(store, keep_days=30)
    answer = replace(answer, question="when does redness fade? asks Jane")
    records.answered(answer, "v7", 0.1, Turn("the conversation's secret", "the turn's id"))
    (row,) = rows_of(store, entries)
    assert (row["person"], row["action"]) == (None, "answer.given")
    assert row["details"] == {
        "index": "v7",
        "passages": [citation.passage.id for citation in answer.citations],
        "rule": answer.rule,
        "status": "answered",
        "urgency": None,
        "curated": [],
    }
    said = json.dumps({**row, "at": ""})
    for word in ("redness", "Jane", "secret", "turn's", "fade", "seven days"):
        assert word not in said


def test_a_curated_answer_is_noted_by_its_id(answer: Answer, store: Engine) -> None:
    (citation, *_) = answer.citations
    document = replace(citation.passage.document, id="curated:12")
    curated = replace(citation, passage=replace(citation.passage, document=document))
    Records(store, keep_days=30).answered(replace(answer, citations=(curated,)), "v7", 0.1)
    assert rows_of(store, entries)[0]["details"]["curated"] == ["12"]


def test_the_line_stays_when_the_conversation_goes(answer: Answer, store: Engine) -> None:
    records = Records(store, keep_days=30)
    records.answered(answer, "v7", 0.1, Turn("one", "1"))
    records.answered(answer, "v7", 0.1, Turn("two", "1"))
    records.forget("one")
    records.purge(datetime.now(UTC) + timedelta(days=31))
    assert rows_of(store, turns) == []
    assert len(rows_of(store, entries)) == 2
    assert broken(store) is None


def test_an_answer_that_is_recorded_already_is_not_noted_twice(answer: Answer, store: Engine) -> None:
    for _ in range(2):
        Records(store, keep_days=30).answered(answer, "v7", 0.1, Turn("one", "1"))
    assert len(rows_of(store, entries)) == 1


# Reading the log.


def test_the_newest_lines_come_first_and_filters_go_together(log: Engine, answer: Answer) -> None:
    Records(log, keep_days=30).answered(answer, "v7", 0.1)
    found = lines(log, APPROVER, Wanted(LONG_AGO))
    assert [entry.subject for entry in found[1:]] == [f"curated:{number}" for number in (5, 4, 3, 2, 1)]
    assert found[0].action == "answer.given"
    assert len(lines(log, APPROVER, Wanted(LONG_AGO, with_answers=False))) == 5
    assert len(lines(log, APPROVER, Wanted(LONG_AGO, person="ed", action="curated", subject="curated:4"))) == 1
    assert lines(log, APPROVER, Wanted(LONG_AGO, person="ava")) == []
    assert lines(log, APPROVER, Wanted(LONG_AGO, subject="%")) == []
    assert lines(log, APPROVER, Wanted(datetime.now(UTC) + timedelta(minutes=1))) == []


def test_of_a_long_log_only_so_much_is_read_at_once(store: Engine) -> None:
    with transaction(store) as connection:
        for number in range(MAX_LINES + 1):
            note(connection, "Ed Moss", "curated.edited", f"curated:{number}")
    found = lines(store, APPROVER, Wanted(LONG_AGO))
    assert (len(found), found[0].subject) == (MAX_LINES, f"curated:{MAX_LINES}")


@pytest.mark.parametrize("role", ROLES)
def test_the_log_is_read_by_approvers_and_admins(role: Role, log: Engine) -> None:
    by = person(role)
    if role in ("approver", "admin"):
        assert len(lines(log, by, Wanted(LONG_AGO))) == 5
        return
    with pytest.raises(NotAllowedError):
        lines(log, by, Wanted(LONG_AGO))
