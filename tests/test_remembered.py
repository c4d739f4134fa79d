"""What was answered a short while ago is not worked out again, and is never an answer of other documents."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Semaphore

import pytest
from conftest import LetterEncoder, SharedWords

from chatbot import remembered
from chatbot.bot import Bot, ask
from chatbot.question import Question
from chatbot.remembered import Remembered
from index.build import build_index

REDNESS = Question("How long does redness last?")


@pytest.fixture
def reader() -> SharedWords:
    return SharedWords()


@pytest.fixture
def bot(rose_bot: Bot, reader: SharedWords) -> Bot:
    return replace(rose_bot, cross_encoder=reader, remembered=Remembered())


def test_the_same_question_is_answered_alike_and_read_once(bot: Bot, reader: SharedWords) -> None:
    first = ask(bot, REDNESS)
    read = len(reader.read)
    assert read > 0
    assert ask(bot, Question(REDNESS.text)) == first
    assert len(reader.read) == read


@pytest.mark.parametrize(
    ("question", "earlier"),
    [
        (Question("How long does REDNESS last?"), ()),
        (Question(REDNESS.text, "Chemical peel"), ()),
        (REDNESS, (Question("What about a chemical peel?"),)),
    ],
)
def test_other_words_another_page_and_another_conversation_are_other_questions(
    question: Question, earlier: tuple[Question, ...], bot: Bot, reader: SharedWords
) -> None:
    ask(bot, REDNESS)
    read = len(reader.read)
    assert ask(bot, question, earlier).question == question.text
    assert len(reader.read) > read


def test_an_answer_of_the_documents_as_they_were_is_not_given_any_more(
    bot: Bot, clinic_folder: Path, home: Path, encoder: LetterEncoder
) -> None:
    assert "seven days" in ask(bot, REDNESS).text
    file = next(file for file in clinic_folder.rglob("*.md") if "seven days" in file.read_text(encoding="utf-8"))
    file.write_text(file.read_text(encoding="utf-8").replace("seven days", "nine days"), encoding="utf-8")
    build_index(clinic_folder, home, encoder)
    assert "nine days" in ask(bot, REDNESS).text


def test_an_emergency_is_heard_each_time_and_none_is_remembered(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Remembered, "once", lambda *_: pytest.fail("an emergency waits for nothing"))
    assert ask(bot, Question("I cannot breathe")).status == "urgent"


def test_what_is_remembered_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "KEPT_S", 0.0)
    kept, made = Remembered(), iter(range(9))
    assert [kept.once("question", (), lambda: next(made)) for _ in range(2)] == [0, 1]


def test_only_so_many_answers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MAX_KEPT", 2)
    kept, made = Remembered(), iter(range(9))
    assert [kept.once(name, (), lambda: next(made)) for name in ("a", "b", "c", "a", "c")] == [0, 1, 2, 3, 2]


def test_who_asks_the_same_meanwhile_waits_for_the_one_answer() -> None:
    kept, began, may_end = Remembered(), Event(), Event()

    def make() -> object:
        began.set()
        assert may_end.wait(20)
        return object()

    with ThreadPoolExecutor(2) as visitors:
        first = visitors.submit(kept.once, "question", (), make)
        assert began.wait(20)
        second = visitors.submit(kept.once, "question", (), lambda: pytest.fail("worked out twice"))
        may_end.set()
        assert first.result(20) is second.result(20)


def test_no_more_are_worked_out_at_once_than_there_are_cores_and_what_is_known_does_not_wait() -> None:
    kept, busy, may_end = Remembered(), Semaphore(0), Event()
    kept.once("known", (), lambda: "at once")

    def make() -> None:
        busy.release()
        assert may_end.wait(20)

    with ThreadPoolExecutor(remembered.AT_ONCE + 1) as visitors:
        for number in range(remembered.AT_ONCE + 1):
            visitors.submit(kept.once, number, (), make)
        for _ in range(remembered.AT_ONCE):
            assert busy.acquire(timeout=20)
        assert kept.once("known", (), lambda: "worked out again") == "at once"
        assert not busy.acquire(timeout=0.2)
        may_end.set()
        assert busy.acquire(timeout=20)


def test_an_error_is_raised_and_not_remembered() -> None:
    kept = Remembered()
    with pytest.raises(ZeroDivisionError):
        kept.once("question", (), lambda: 1 // 0)
    assert kept.once("question", (), lambda: 1) == 1
