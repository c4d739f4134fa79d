"""Records: what was answered and how it was judged, one line an event, and nobody's words."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chatbot.answer import Answer
from chatbot.citation import Citation
from chatbot.records import Records
from chatbot.settings import Clinic
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


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "var" / "records")


def lines_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "var/records/events.jsonl").read_text(encoding="utf-8").splitlines()]


def test_an_answer_leaves_one_line_with_what_it_was_made_from(records: Records, tmp_path: Path) -> None:
    records.answered(ANSWERED, index_version="20260131T120000-abc", seconds=0.01234)
    (line,) = lines_in(tmp_path)
    assert datetime.fromisoformat(line.pop("at")).utcoffset() is not None
    assert line == {
        "event": "answer", "ms": 12.3, "index": "20260131T120000-abc",
        "status": "answered", "urgency": None, "rule": None, "confidence": 0.8765, "passages": ["laser#recovery-2"],
    }  # fmt: skip


def test_an_urgent_answer_is_recorded_with_its_urgency_and_the_rule_that_led_to_it(
    records: Records, tmp_path: Path
) -> None:
    records.answered(URGENT, index_version="", seconds=0.002)
    (line,) = lines_in(tmp_path)
    assert [line[key] for key in ("index", "status", "urgency", "rule")] == ["", "urgent", "emergency", "eye"]


@pytest.mark.parametrize("helpful", [True, False], ids=["up", "down"])
def test_a_vote_leaves_one_line_with_the_answer_it_is_about(helpful: bool, records: Records, tmp_path: Path) -> None:
    records.voted(ABSTAINED, helpful)
    (line,) = lines_in(tmp_path)
    del line["at"]
    assert line == {
        "event": "vote", "helpful": helpful,
        "status": "abstained", "urgency": None, "rule": None, "confidence": 0.1, "passages": [],
    }  # fmt: skip


def test_lines_are_added_to_those_of_an_earlier_run(records: Records, tmp_path: Path) -> None:
    records.answered(ANSWERED, "v1", 0.1)
    Records(tmp_path / "var" / "records").voted(ANSWERED, helpful=True)
    assert [line["event"] for line in lines_in(tmp_path)] == ["answer", "vote"]


def test_nothing_that_was_said_or_shown_is_written(records: Records, tmp_path: Path) -> None:
    records.answered(ANSWERED, "v1", 0.1)
    records.answered(ABSTAINED, "v1", 0.1)
    records.answered(URGENT, "v1", 0.1)
    records.voted(ABSTAINED, helpful=False)
    written = (tmp_path / "var/records/events.jsonl").read_text(encoding="utf-8").lower()
    said = f"{ANSWERED.question} {ABSTAINED.text} {ANSWERED.text} {URGENT.question} sauna rose 01 234 a@rose.example"
    words = {word.strip("?“”[]") for word in said.lower().split()} - {"1"}
    assert [word for word in words if len(word) > 3 and word in written] == []


def test_threads_that_write_at_once_leave_whole_lines(records: Records, tmp_path: Path) -> None:
    def write_200(thread: int) -> None:
        for number in range(200):
            records.answered(ANSWERED, f"{thread}-{number}", 0.1)

    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(write_200, range(8)))
    written = {line["index"] for line in lines_in(tmp_path)}
    assert written == {f"{thread}-{number}" for thread in range(8) for number in range(200)}
    assert len(lines_in(tmp_path)) == 1600


@pytest.mark.parametrize("broken", ["a file for the folder", "a folder for the file"])
def test_a_write_that_fails_is_logged_with_the_remedy_and_keeps_no_answer_from_the_patient(
    broken: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if broken == "a file for the folder":
        (tmp_path / "records").write_text("")
    else:
        (tmp_path / "records/events.jsonl").mkdir(parents=True)
    records = Records(tmp_path / "records")
    records.answered(URGENT, "", 0.1)
    records.voted(ANSWERED, helpful=True)
    assert len(caplog.records) == 2
    assert all(f"{tmp_path / 'records/events.jsonl'}: an event was not rec" in line for line in caplog.messages)
    assert all(line.endswith("Check the disk.") for line in caplog.messages)
    assert "nightingale" not in caplog.text.lower()
