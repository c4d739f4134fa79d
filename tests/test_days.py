"""How long ago the treatment was, in the words of patients: the longest time that a message speaks of."""

from __future__ import annotations

import pytest

from chatbot.reading.days import DAYS, NUMBERS, days_since
from chatbot.reading.message import read
from chatbot.reading.spelling import Spelling

AGO = {
    "6 days ago": 6,
    "I had it 1 day ago": 1,
    "laser was three weeks ago": 21,
    "2 wks ago": 14,
    "10 nights ago": 10,
    "eleven days ago": 11,
    "a week ago": 7,
    "an hour ago": 0.04,
    "20 min ago": 0,
    "45 minutes ago": 0,
    "5 hrs ago": 0.2,
    "48 hours ago": 1.92,
    "1.5 weeks ago": 10.5,
    "two months ago": 60,
    "6 mths ago": 180,
    "a year ago": 365,
    "2 yrs ago": 730,
    "a few days ago": 3,
    "a couple of days ago": 2,
    "couple weeks ago": 14,
    "several days ago": 4,
    "2-3 days ago": 3,
    "2 to 4 weeks ago": 28,
}
SINCE = {
    "4 days after the peel": 4,
    "two days later": 2,
    "5 days out": 5,
    "3 days post laser": 3,
    "9 days since my session": 9,
    "2 weeks on and still pink": 14,
    "3 weeks in": 21,
    "10 days now": 10,
    "four days following treatment": 4,
    "the scabs are 8 days old": 8,
    "36 hours post": 1.44,
}
NAMED = {
    "day 6": 6,
    "Day 10 today": 10,
    "I am on day three": 3,
    "week 2": 14,
    "month 3": 90,
    "day 6: it weeps": 6,
    "day 0": 0,
}
ORDINAL = {
    "2nd day": 2,
    "the 3rd day": 3,
    "21st day": 21,
    "4 th day": 4,
    "my 2nd week": 14,
    "third day": 3,
    "the first evening": 1,
    "second night": 2,
    "the sixth week": 42,
    "tenth day": 10,
    "a 6 day scab": 6,
}
SAID = {
    "I had the laser today": 0,
    "had it done this morning": 0,
    "I was treated this afternoon": 0,
    "got my face zapped earlier": 0,
    "just had it": 0,
    "I just left you": 0,
    "straight after the laser": 0,
    "right after it": 0,
    "the same evening": 0,
    "I had my peel yesterday": 1,
    "my appointment was last night": 1,
    "lasered yesterday": 1,
    "the day after": 1,
    "next day": 1,
    "I had it done last week": 7,
    "my treatment was last month": 30,
    "I had a session last year": 365,
}
LONGEST = {
    "2 hours after the cream on day 5": 5,
    "I had it last month, and since 3 days ago it is sore": 30,
    "day 2, and the first night was bad": 2,
    "a week ago, so day 8": 8,
}
NONE = [
    "",
    "my face is red",
    "how many days does it take",
    "how many sessions do I need",
    "will it be gone by Monday",
    "is it better in the evening",
    "can I come back another day",
    "since the laser",
    "I was 6 when it began",
    "it costs 200",
    "38.5 this morning",
    "I feel worse today",
    "dayton 6",
    "birthday 6",
    "weekend",
]


def day(text: str) -> float | None:
    return read(text, Spelling([])).day


@pytest.mark.parametrize(("text", "days"), AGO.items(), ids=AGO)
def test_days_ago(text: str, days: float) -> None:
    assert day(text) == pytest.approx(days)


@pytest.mark.parametrize(("text", "days"), SINCE.items(), ids=SINCE)
def test_days_since_the_treatment(text: str, days: float) -> None:
    assert day(text) == pytest.approx(days)


@pytest.mark.parametrize(("text", "days"), NAMED.items(), ids=NAMED)
def test_a_day_or_week_with_its_number(text: str, days: float) -> None:
    assert day(text) == days


@pytest.mark.parametrize(("text", "days"), ORDINAL.items(), ids=ORDINAL)
def test_a_numbered_day_or_week(text: str, days: float) -> None:
    assert day(text) == days


@pytest.mark.parametrize(("text", "days"), SAID.items(), ids=SAID)
def test_a_day_without_a_number(text: str, days: float) -> None:
    assert day(text) == days


@pytest.mark.parametrize(("text", "days"), LONGEST.items(), ids=LONGEST)
def test_of_several_times_the_longest_counts(text: str, days: float) -> None:
    assert day(text) == days


@pytest.mark.parametrize("text", NONE)
def test_a_message_that_does_not_say_it_has_no_day(text: str) -> None:
    assert day(text) is None


@pytest.mark.parametrize("number", NUMBERS)
def test_each_number_in_words_is_read(number: str) -> None:
    assert days_since(f"{number} days ago") == NUMBERS[number]


@pytest.mark.parametrize("unit", DAYS)
def test_each_unit_is_read_alone_and_in_the_plural(unit: str) -> None:
    assert days_since(f"1 {unit} ago") == DAYS[unit]
    assert days_since(f"3 {unit}s ago") == 3 * DAYS[unit]
