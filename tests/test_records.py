"""Records: what was answered and how it was judged; words only of a conversation, redacted, and deleted on request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import fill_disk, rows_of, written
from sqlalchemy import Engine

from chatbot.answer import Answer
from chatbot.citation import Citation
from chatbot.database import Database
from chatbot.records import Records, Turn, turns, votes
from chatbot.settings import Clinic
from chatbot.store import StoreError, open_store, transaction
from kb.document import Document, Passage, Section

CLINIC = Clinic(name="Rose Clinic", phone="01 234", emergency_number="999", email="a@rose.example")
SECTION = Section("laser#recovery", ("Recovery",), 0, 13, ())
PASSAGE = Passage(
    "laser#recovery-2", Document("laser", "L", "l.md", "Redness fades", (SECTION,)), SECTION, 0, 13, ((0, 13),)
)
ANSWERED = Answer(
    question="Can Mrs Nightingale swim while pregnant?",
    status="answered",
    text="Redness fades [1]",
    confidence=0.876543,
    citations=(Citation(1, PASSAGE, 0, 13),),
    suggestions=("Sauna",),
    contact=CLINIC,
)
URGENT = Answer("Mrs Nightingale's eye hurts", "urgent", "Call 999", 0.0, "emergency", contact=CLINIC, rule="eye")
ABSTAINED = Answer("Mrs Nightingale asks", "abstained", "nothing about “nightingale”", 0.1, contact=CLINIC)
KEY = "5f0c3c1e-5d0f-4a38-9c6e-0a4f3c1b7d11"
TURN = Turn(KEY, "turn-1")
LATER = Turn(KEY, "turn-2")
OTHER = Turn("another conversation", "turn-1")
JUDGED = {
    "status": "answered", "urgency": None, "rule": None, "confidence": 0.8765, "passages": ["laser#recovery-2"],
}  # fmt: skip
PLANTED = {
    "Nightingale": "I am Florence Nightingale, may I swim?",
    "07700 900123": "Can you ring me on 07700 900123?",
    "florence@lamp.example": "write to florence@lamp.example please",
    "12/05/1920": "My date of birth is 12/05/1920. Is a peel safe at my age?",
    "12 Scutari Road": "I live at 12 Scutari Road, Derby. Is there a clinic nearer?",
    "DE4 5XY": "the letter went to DE4 5XY by mistake",
    "943 476 5919": "my NHS number is 943 476 5919",
    "4111 1111 1111 1111": "charge 4111 1111 1111 1111 for the deposit",
}


@pytest.fixture
def records(store: Engine) -> Records:
    return Records(store, keep_days=30)


def test_an_answer_leaves_one_row_with_what_it_was_made_from_and_no_words(records: Records, store: Engine) -> None:
    records.answered(ANSWERED, index_version="20260131T120000-abc", seconds=0.01234)
    (row,) = rows_of(store, turns)
    assert abs(row.pop("at") - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)
    nothing = {"conversation": None, "id": None, "question": None}
    assert row == {"key": 1, "ms": 12.3, "index": "20260131T120000-abc", **JUDGED, **nothing}


def test_an_urgent_answer_is_recorded_with_its_urgency_and_the_rule_that_led_to_it(
    records: Records, store: Engine
) -> None:
    records.answered(URGENT, index_version="", seconds=0.002)
    (row,) = rows_of(store, turns)
    assert [row[key] for key in ("index", "status", "urgency", "rule")] == ["", "urgent", "emergency", "eye"]


def test_a_turn_of_a_conversation_has_its_id_and_the_redacted_question(records: Records, store: Engine) -> None:
    records.answered(ANSWERED, "v1", 0.1, TURN)
    (row,) = rows_of(store, turns)
    assert (row["id"], row["question"]) == ("turn-1", "Can Mrs [name] swim while pregnant?")


def test_a_turn_is_recorded_once_however_often_it_is_sent(records: Records, store: Engine) -> None:
    for index in ("v1", "v2"):
        records.answered(ANSWERED, index, 0.1, TURN)
    for turn in (LATER, OTHER):
        records.answered(ANSWERED, "v3", 0.1, turn)
    assert [row["index"] for row in rows_of(store, turns)] == ["v1", "v3", "v3"]


@pytest.mark.parametrize("helpful", [True, False], ids=["up", "down"])
def test_a_vote_outside_a_conversation_has_how_the_answer_was_judged(
    helpful: bool, records: Records, store: Engine
) -> None:
    records.voted(ABSTAINED, helpful)
    (row,) = rows_of(store, votes)
    del row["at"]
    assert row == {
        "key": 1, "turn": None, "helpful": helpful, "reason": None, "remark": None,
        "status": "abstained", "urgency": None, "rule": None, "confidence": 0.1, "passages": [],
    }  # fmt: skip


def test_a_vote_on_a_turn_has_its_reason_the_redacted_remark_and_how_the_turn_was_judged(
    records: Records, store: Engine
) -> None:
    records.answered(ANSWERED, "v1", 0.1, TURN)
    records.voted(TURN, False, "outdated", "My name is Florence Nightingale and this is old")
    (row,) = rows_of(store, votes)
    del row["at"]
    remark = "My name is [name] and this is old"
    assert row == {"key": 1, "turn": 1, "helpful": False, "reason": "outdated", "remark": remark, **JUDGED}


def test_whoever_votes_again_has_changed_their_mind(records: Records, store: Engine) -> None:
    records.answered(ANSWERED, "v1", 0.1, TURN)
    records.answered(ANSWERED, "v1", 0.1, OTHER)
    records.voted(OTHER, True)
    records.voted(TURN, False, "wrong")
    records.voted(TURN, True)
    assert [(row["turn"], row["helpful"], row["reason"]) for row in rows_of(store, votes)] == [
        (2, True, None),
        (1, True, None),
    ]


def test_a_vote_on_a_turn_that_is_not_recorded_is_not_recorded(records: Records, store: Engine) -> None:
    records.voted(TURN, True, remark="hello")
    assert rows_of(store, votes) == []


def test_rows_are_added_to_those_of_an_earlier_run(records: Records, store: Engine, where: Path | Database) -> None:
    records.answered(ANSWERED, "v1", 0.1)
    again = open_store(where)
    Records(again, keep_days=30).answered(ANSWERED, "v2", 0.1)
    again.dispose()
    assert [row["index"] for row in rows_of(store, turns)] == ["v1", "v2"]


def test_without_a_conversation_nothing_that_was_said_or_shown_is_written(records: Records, store: Engine) -> None:
    for answer in (ANSWERED, ABSTAINED, URGENT):
        records.answered(answer, "v1", 0.1)
        records.voted(answer, helpful=False)
    rows = written(store).lower()
    said = f"{ANSWERED.question} {ABSTAINED.text} {ANSWERED.text} {URGENT.question} sauna rose 01 234 a@rose.example"
    words = {word.strip("?“”[]") for word in said.lower().split()} - {"1"}
    assert [word for word in words if len(word) > 3 and word.encode() in rows] == []


@pytest.mark.parametrize("planted", PLANTED)
def test_no_file_has_a_byte_of_what_identifies_somebody(planted: str, records: Records, store: Engine) -> None:
    text = PLANTED[planted]
    records.answered(replace(ANSWERED, question=text), "v1", 0.1, TURN)
    records.voted(TURN, False, "other", text)
    assert b"laser#recovery-2" in written(store)
    assert planted.encode() not in written(store)


def test_the_key_of_a_conversation_is_not_in_any_file(records: Records, store: Engine) -> None:
    records.answered(ANSWERED, "v1", 0.1, TURN)
    assert KEY.encode() not in written(store)


def test_a_forgotten_conversation_is_gone_with_its_votes_and_no_other_is(records: Records, store: Engine) -> None:
    for turn in (TURN, LATER, OTHER):
        records.answered(ANSWERED, "v1", 0.1, turn)
        records.voted(turn, True)
    records.answered(ANSWERED, "v1", 0.1)
    records.forget(KEY)
    assert [(row["key"], row["id"]) for row in rows_of(store, turns)] == [(3, "turn-1"), (4, None)]
    assert [row["turn"] for row in rows_of(store, votes)] == [3]
    records.forget(KEY)


def test_no_file_has_a_byte_of_a_forgotten_conversation(records: Records, store: Engine) -> None:
    records.answered(replace(ANSWERED, question="is a fishtank in the waiting room?"), "v1", 0.1, TURN)
    records.voted(TURN, True, remark="lovely fishtank")
    assert b"fishtank" in written(store)
    records.forget(KEY)
    assert b"fishtank" not in written(store)


def test_records_go_after_the_days_that_they_are_kept(records: Records, store: Engine) -> None:
    for turn in (TURN, None):
        records.answered(ANSWERED, "v1", 0.1, turn)
    records.voted(TURN, True)
    records.voted(ANSWERED, True)
    records.purge(datetime.now(UTC) + timedelta(days=29.9))
    assert (len(rows_of(store, turns)), len(rows_of(store, votes))) == (2, 2)
    records.purge(datetime.now(UTC) + timedelta(days=30.1))
    assert (rows_of(store, turns), rows_of(store, votes)) == ([], [])


def test_threads_that_record_at_once_lose_nothing(records: Records, store: Engine) -> None:
    def record_50(thread: int) -> None:
        for number in range(50):
            records.answered(ANSWERED, f"{thread}-{number}", 0.1, Turn(str(thread), str(number)))

    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(record_50, range(8)))
    assert {row["index"] for row in rows_of(store, turns)} == {f"{t}-{n}" for t in range(8) for n in range(50)}


@contextmanager
def locked(where: Path | Database) -> Iterator[None]:
    """Another program holds the store, and does not let go."""
    other = open_store(where)
    with transaction(other):
        yield
    other.dispose()


def everything_fails(records: Records, caplog: pytest.LogCaptureFixture) -> None:
    """Each call comes back without an error, but says in the log what was not done, in nobody's words."""
    started = time.monotonic()
    records.answered(URGENT, "", 0.1, LATER)
    records.voted(TURN, False, "other", "Mrs Nightingale was here")
    records.purge(datetime.now(UTC))
    assert time.monotonic() - started < 10
    assert len(caplog.messages) == 3
    assert all("records.sqlite3: " in line or "/postgres: " in line for line in caplog.messages)
    assert all("Check the " in line for line in caplog.messages)
    assert "nightingale" not in caplog.text.lower()
    with pytest.raises(StoreError):
        records.forget(KEY)  # nobody is told that it is gone


def test_a_locked_store_is_logged_and_keeps_no_answer_from_the_patient(
    records: Records, store: Engine, where: Path | Database, caplog: pytest.LogCaptureFixture
) -> None:
    records.answered(ANSWERED, "v1", 0.1, TURN)
    with locked(where):
        everything_fails(records, caplog)
    records.answered(ANSWERED, "v2", 0.1)
    assert [row["index"] for row in rows_of(store, turns)] == ["v1", "v2"]


def test_a_broken_store_is_logged_and_keeps_no_answer_from_the_patient(
    where: Path | Database, caplog: pytest.LogCaptureFixture
) -> None:
    if isinstance(where, Path):
        where.parent.mkdir()
        where.write_text("This is a letter. " * 1000)
        everything_fails(Records(open_store(where), keep_days=30), caplog)
    else:
        nowhere = Database("postgresql+psycopg://clinic@127.0.0.1:1/postgres")
        everything_fails(Records(open_store(nowhere), keep_days=30), caplog)


def test_a_full_disk_is_logged_and_keeps_no_answer_from_the_patient(
    store: Engine, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    fill_disk(store, turns)
    for number in range(100):
        records.answered(replace(URGENT, question="Nightingale " * 150), "", 0.1, Turn(KEY, str(number)))
        if caplog.messages:
            break
    (line,) = caplog.messages
    assert "disk is full" in line
    assert number
    assert "nightingale" not in caplog.text.lower()
