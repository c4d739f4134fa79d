"""Insights: days, shares, topics and times of what was asked, in this computer's time zone, and none of its words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from asked import NOW, ask_once
from sqlalchemy import Engine, insert

from chatbot.bot import Bot
from chatbot.desk.desk import Desk
from chatbot.desk.insights import GONE, OUR_ANSWERS, insights
from chatbot.desk.permissions import Person
from chatbot.mailing.outbox import Outbox
from chatbot.records import turns
from chatbot.settings import Settings
from chatbot.store import transaction
from chatbot.web.staff import insights_pane

READER = Person("Ben", "reader")


@pytest.fixture
def desk(rose_bot: Bot, store: Engine) -> Desk:
    return Desk(rose_bot, store, Outbox(store, None, 30), Settings())


@pytest.fixture
def auckland(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This computer stands in Auckland, 12 hours before UTC in May."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_day_without_questions_is_there_with_none(desk: Desk, store: Engine) -> None:
    ask_once(store, "a", days_ago=2)
    ask_once(store, "b", days_ago=0.01)
    found = insights(READER, desk, 4, NOW)
    assert [(day.on, day.total) for day in found.days] == [
        (date(2026, 5, 17), 0), (date(2026, 5, 18), 1), (date(2026, 5, 19), 0), (date(2026, 5, 20), 1),
    ]  # fmt: skip


def test_what_is_older_than_the_days_asked_for_does_not_count(desk: Desk, store: Engine) -> None:
    ask_once(store, "a", days_ago=8, status="answered", helpful=True)
    found = insights(READER, desk, 7, NOW)
    assert (found.total, found.helpful) == (0, 0)


def test_shares_are_of_all_questions_with_and_without_a_conversation(desk: Desk, store: Engine) -> None:
    for status in ("answered", "answered", "referred", "abstained"):
        ask_once(store, None, status=status)
    found = insights(READER, desk, 7, NOW)
    assert {status: found.share(status) for status in ("answered", "referred", "abstained", "urgent")} == {
        "answered": 0.5, "referred": 0.25, "abstained": 0.25, "urgent": 0.0,
    }  # fmt: skip


@pytest.mark.usefixtures("auckland")
def test_days_and_hours_are_those_of_this_computer(desk: Desk, store: Engine) -> None:
    ask_once(store, "a", at=datetime(2026, 5, 19, 12, 30, tzinfo=UTC))  # half past midnight on the 20th, there
    ask_once(store, "b", at=datetime(2026, 5, 19, 11, 30, tzinfo=UTC))  # half past eleven at night on the 19th
    found = insights(READER, desk, 2, NOW)  # it is the 21st, there
    assert [(day.on, day.total) for day in found.days] == [(date(2026, 5, 20), 1), (date(2026, 5, 21), 0)]
    assert found.busiest_hours == [0]


def test_an_answer_counts_once_for_each_treatment_and_section_that_it_cites(desk: Desk, store: Engine) -> None:
    ask_once(store, "a", status="answered", passages=("laser#recovery", "laser#results", "peel#recovery"))
    ask_once(store, "b", status="answered", passages=("peel#recovery",))
    found = insights(READER, desk, 7, NOW)
    assert found.treatments == (("Chemical peel", 2), ("Fractional CO2 laser", 1))
    assert found.sections[0] == ("Chemical peel › Recovery", 2)


def test_passages_of_an_older_index_and_curated_answers_have_a_line_of_their_own(desk: Desk, store: Engine) -> None:
    ask_once(store, "a", status="answered", passages=("gone#for-good", "curated:7#answer"))
    found = insights(READER, desk, 7, NOW)
    assert found.treatments == ((GONE, 1), (OUR_ANSWERS, 1))


def test_thumbs_and_their_reasons_are_counted(desk: Desk, store: Engine) -> None:
    ask_once(store, "a", status="answered", helpful=True)
    for reason in ("wrong", "unclear", "wrong"):
        ask_once(store, "b", status="answered", helpful=False, reason=reason)
    found = insights(READER, desk, 7, NOW)
    assert (found.helpful, found.not_helpful, found.reasons) == (1, 3, (("wrong", 2), ("unclear", 1)))


def test_the_median_and_the_95th_percentile_of_the_times(desk: Desk, store: Engine) -> None:
    for ms in range(0, 101):
        ask_once(store, "a", ms=float(ms))
    found = insights(READER, desk, 7, NOW)
    assert found.median_ms == 50.0
    assert found.p95_ms == pytest.approx(95.0)


def test_time_saved_is_the_clinics_own_assumption_times_the_answers(desk: Desk, store: Engine, rose_bot: Bot) -> None:
    for status in ("answered", "answered", "referred", "abstained", "urgent"):
        ask_once(store, "a", status=status)
    assert insights(READER, desk, 7, NOW).minutes_saved is None
    assuming = Desk(rose_bot, store, desk.outbox, Settings(minutes_saved_per_answer=2.5))
    found = insights(READER, assuming, 7, NOW)
    assert found.minutes_saved == 5.0
    assert "your clinic&#x27;s own assumption of 2.5 minutes" in insights_pane.tiles(found, 2.5)
    assert "assumption" not in insights_pane.tiles(insights(READER, desk, 7, NOW), None)


def test_an_empty_store_and_a_single_question_are_shown(desk: Desk, store: Engine) -> None:
    empty = insights(READER, desk, 1, NOW)
    assert (empty.total, empty.share("answered"), empty.median_ms, empty.p95_ms) == (0, 0.0, None, None)
    assert empty.busiest_hours == []
    assert "Nothing was asked" in insights_pane.tiles(empty, None)
    assert insights_pane.day_rows(empty) == [["2026-05-20", 0, 0, 0, 0, 0, 0]]
    ask_once(store, "a", days_ago=0.01, ms=40.0)
    one = insights(READER, desk, 1, NOW)
    assert (one.total, one.median_ms, one.p95_ms) == (1, 40.0, 40.0)


def test_no_word_of_a_patients_is_in_them(desk: Desk, store: Engine) -> None:
    ask_once(store, "my secret", status="answered", helpful=False, reason="wrong", remark="secret too")
    found = insights(READER, desk, 7, NOW)
    assert "secret" not in repr(found) + insights_pane.tiles(found, 3) + insights_pane.tables(found)


def test_ten_thousand_turns_take_less_than_a_second(desk: Desk, store: Engine) -> None:
    rows: list[dict[str, Any]] = [
        {
            "at": (NOW - timedelta(minutes=4 * number)).replace(tzinfo=None), "conversation": None, "id": None,
            "question": None, "passages": ["laser#recovery", "peel#recovery"], "confidence": 0.9, "index": "v",
            "ms": 1.0, "status": "answered",
        }
        for number in range(10_000)
    ]  # fmt: skip
    with transaction(store) as connection:
        connection.execute(insert(turns), rows)
    started = time.process_time()  # whatever else this machine does
    assert insights(READER, desk, 30, NOW).total == 10_000
    assert time.process_time() - started < 1.0
