"""Evaluation: a file of questions with labels → answers, shares and failures, worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import MEND, LetterEncoder, SharedWords, UndecidedMeaning

from chatbot.bot import Bot
from chatbot.evaluate import EvaluationError, Outcome, Row, evaluate, read_rows, summary, to_json
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.verify import Gate
from index.build import build_index
from index.live import LiveIndex

# Answers what has no unknown word, as in test_bot.py.
ALL_KNOWN = Gate(weights={"known": 20.0}, bias=-18.0, min_probability=0.5, reason="test")
KEYS = "id question status urgency text confidence citations suggestions contact"


@pytest.fixture
def bot(clinic_folder: Path, home: Path, encoder: LetterEncoder, meaning: UndecidedMeaning) -> Bot:
    build_index(clinic_folder, home, encoder)
    clinic = Clinic(name="Rose Clinic", phone="01 234", emergency_number="999")
    return Bot(clinic, encoder, LiveIndex(home, MEND), load_rules(), meaning, ALL_KNOWN, SharedWords())


def rows_of(tmp_path: Path, *rows: dict[str, Any] | str | bytes) -> list[Row]:
    path = tmp_path / "questions.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) if isinstance(row, dict) else row for row in rows]
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return read_rows(path)


def row_of(tmp_path: Path, **labels: Any) -> Row:
    return rows_of(tmp_path, {"id": "1", "question": "is it red?", **labels})[0]


def test_a_question_is_read_from_either_of_its_names(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, {"id": 7, "question": "a?"}, "", {"id": "b", "text": "b?", "topic": "work"})
    assert [(row.id, row.text, row.topic) for row in rows] == [("7", "a?", "no topic"), ("b", "b?", "work")]
    assert [(row.should_answer, row.statuses, row.sections) for row in rows] == [(None, frozenset(), ())] * 2


def test_a_row_ends_at_the_end_of_its_line_only(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, b"\xef\xbb\xbf" + '{"id": "1", "question": "red?\u2028sore?\x85"}\r'.encode())
    assert row.text == "red?\u2028sore?\x85"


@pytest.mark.parametrize(
    ("labels", "statuses", "should_answer", "sections"),
    [
        ({"status": "answered", "sections": ["a#b", "Redness"]}, {"answered"}, True, ("a#b", "Redness")),
        ({"status": ["referred", "abstained"]}, {"referred", "abstained"}, True, ()),
        ({"status": "abstained"}, {"abstained"}, False, ()),
        ({"behaviour": "CONTRA"}, {"referred"}, None, ()),  # triage decides it, whatever the documents hold
        ({"behaviour": "OOS", "seed_answerable": "NO", "seed_ref": ""}, {"abstained"}, False, ()),
        ({"behaviour": "E1", "seed_answerable": "PARTIAL"}, {"urgent"}, None, ()),
        (
            {
                "behaviour": "ANSWER",
                "seed_answerable": "FULL",
                "seed_ref": "S3 process L15, L17; S4.3 Repair scars L34",
            },
            {"answered"},
            True,
            ("process", "Repair scars"),
        ),
    ],
    ids=["status", "several", "abstained", "behaviour", "seed NO", "seed PARTIAL", "seed reference"],
)
def test_labels_are_read_in_both_forms(
    labels: dict[str, Any], statuses: set[str], should_answer: bool | None, sections: tuple[str, ...], tmp_path: Path
) -> None:
    row = row_of(tmp_path, **labels)
    assert (set(row.statuses), row.should_answer, row.sections) == (statuses, should_answer, sections)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"question": "a?"}', "no 'id'"),
        ('{"id": "2"}', "no 'text'"),
        ('{"id": "2", "question": null}', "the question is null, not a text"),
        ('{"id": "2", "question"', "Expecting"),
        ('["2", "a?"]', "'list' object"),
        (b'{"id": "2", "question": "\xff"}', "'utf-8' codec"),
    ],
    ids=["no id", "no question", "null", "half a row", "a list", "not UTF-8"],
)
def test_a_line_that_is_no_row_is_named_by_its_number(line: str | bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=rf"questions\.jsonl, line 3: {reason}.* needs `id` and `question`"):
        rows_of(tmp_path, {"id": "1", "question": "a?"}, "", line)


def test_a_file_without_rows_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no rows in it"):
        rows_of(tmp_path, "", " ")
    with pytest.raises(EvaluationError, match=r"none\.jsonl: no such file\. Give a JSON Lines file"):
        read_rows(tmp_path / "none.jsonl")


def outcomes_of(bot: Bot, tmp_path: Path, *rows: dict[str, Any]) -> list[Outcome]:
    return list(evaluate(bot, rows_of(tmp_path, *rows)))


def test_each_row_gives_its_id_and_the_answer_object_and_nothing_else(bot: Bot, tmp_path: Path) -> None:
    questions = ["when does redness fade?", "hiccups?", "Hello!", "", "<b>", "scab " * 10_000, "half \ud83d"]
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(json.dumps({"id": str(n), "text": text}) for n, text in enumerate(questions)))
    objects = [to_json(outcome) for outcome in evaluate(bot, read_rows(path))]
    assert {" ".join(one) for one in objects} == {KEYS}
    assert [one["id"] for one in objects] == [str(number) for number in range(len(questions))]
    assert [one["question"] for one in objects] == questions
    assert [one["status"] for one in objects] == ["answered", "abstained", "smalltalk", *["abstained"] * 4]
    assert objects[3]["text"].startswith("There is no question yet.")
    assert json.loads(json.dumps(objects)) == objects


@pytest.mark.parametrize(
    ("labels", "failure"),
    [
        ({"status": "answered", "sections": ["laser#recovery"]}, None),
        ({"status": "answered", "sections": ["Recovery time"]}, "cites another section"),  # half of its words
        ({"status": "answered", "sections": ["Recovery"]}, None),
        ({"status": "answered", "sections": ["laser#results"]}, "cites another section"),
        ({"status": "abstained"}, "should not be answered (was answered)"),
        ({"behaviour": "CONTRA"}, "should be referred (was answered)"),
        ({}, None),
    ],
    ids=["section", "half a heading", "heading", "other section", "not to answer", "referred", "no label"],
)
def test_an_answer_fails_by_the_labels_of_its_row(
    labels: dict[str, Any], failure: str | None, bot: Bot, tmp_path: Path
) -> None:
    (outcome,) = outcomes_of(bot, tmp_path, {"id": "1", "question": "when does redness fade?", **labels})
    assert outcome.failure == failure


def test_the_summary_counts_by_topic_and_names_every_failure(bot: Bot, tmp_path: Path) -> None:
    answered, refused = {"text": "when does redness fade?"}, {"text": "hiccups?"}
    outcomes = outcomes_of(
        bot,
        tmp_path,
        {"id": "A", **answered, "topic": "work", "status": "answered", "sections": ["laser#recovery"]},
        {"id": "B", **answered, "topic": "work", "status": "answered", "sections": ["laser#results"]},
        {"id": "C", **refused, "topic": "work", "status": "answered"},
        {"id": "D", **refused, "topic": "other", "behaviour": "OOS", "seed_answerable": "NO"},
        {"id": "E", **answered, "topic": "other"},
    )
    head, other, work, everything, _, count, *failures = summary(outcomes).splitlines()
    assert head.split() == "rows answered abstained right section right status quotes exact".split()
    assert other.split() == ["other", "2", "-", "1/1", "100%", "-", "1/1", "100%", "1/1", "100%"]
    assert work.split() == ["work", "3", "2/3", "67%", "-", "1/2", "50%", "2/3", "67%", "2/2", "100%"]
    assert everything.split() == ["all", "5", "2/3", "67%", "1/1", "100%", "1/2", "50%", "3/4", "75%", "3/3", "100%"]
    assert count == "2 failures:"
    assert failures == [
        "  B  cites another section: when does redness fade?",
        "  C  should be answered: hiccups?",
    ]


def test_the_summary_says_when_nothing_failed(bot: Bot, tmp_path: Path) -> None:
    assert summary(outcomes_of(bot, tmp_path, {"id": "1", "text": "Hello!"})).endswith("\n\nNo failures.")
