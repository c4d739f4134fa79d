"""The replies of the patients' page, without a browser: what is pinned, a day told afterwards, and what may fail."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import UndecidedMeaning, rows_of
from sqlalchemy import Engine

from chatbot.answer import Answer
from chatbot.bot import Bot
from chatbot.records import Records, turns
from chatbot.web.patient import replies

RED = "my face is still red"


class Visit:
    """One conversation on the page: `say` gives the last state of the page after a reply."""

    def __init__(self, bot: Bot, records: Records) -> None:
        self.bot = bot
        self.records = records
        self.messages: list[dict[str, Any]] = []
        self.answers: list[Answer | None] = []
        self.pinned = ""

    def say(self, text: str) -> Answer | None:
        *_, (self.messages, self.answers, pinned) = replies(
            self.bot, self.records, text, None, self.messages, self.answers
        )
        self.pinned = pinned if isinstance(pinned, str) else self.pinned  # otherwise it stays as it is
        return self.answers[-1]

    def asked(self) -> str:
        """What the page shows as asked last: text in a paragraph of HTML."""
        shown: str = self.messages[-2]["content"]
        return shown.removeprefix("<p>").removesuffix("</p>")


@pytest.fixture
def visit(rose_bot: Bot, store: Engine) -> Visit:
    return Visit(rose_bot, Records(store, keep_days=30))


@pytest.fixture
def expected(visit: Visit, meaning: UndecidedMeaning) -> Visit:
    """A visit in which everything means a sign that is often expected: redness is asked for its day."""
    meaning.sure_of = "expected"
    return visit


def test_what_is_urgent_stays_pinned_while_other_things_are_asked(visit: Visit) -> None:
    visit.say("when does redness fade?")
    assert visit.pinned == ""
    visit.say("I cannot breathe")
    assert "Call <a href='tel:999'>999</a> now" in visit.pinned
    visit.say("when does redness fade?")
    visit.say("<script>")
    assert "Call <a href='tel:999'>999</a> now" in visit.pinned


def test_what_is_more_urgent_replaces_what_is_pinned_and_not_the_other_way_round(visit: Visit) -> None:
    visit.say("there is pus on my cheek")
    assert "class='pinned same_day'" in visit.pinned
    visit.say("I cannot breathe")
    assert "class='pinned emergency'" in visit.pinned
    visit.say("there is pus on my cheek")
    assert "trouble breathing" in visit.pinned


def test_the_newer_of_two_equally_urgent_is_pinned(visit: Visit) -> None:
    visit.say("I cannot breathe")
    visit.say("my tongue is swelling")
    assert "anaphylaxis" in visit.pinned


@pytest.mark.parametrize("becomes_a_file", [False, True], ids=["gone", "a file"])
def test_an_emergency_is_answered_without_an_index_and_recorded_without_its_words(
    becomes_a_file: bool, visit: Visit, home: Path, store: Engine
) -> None:
    shutil.rmtree(home)
    if becomes_a_file:
        home.write_text("no folder")
    given = visit.say("I cannot breathe")
    assert given is not None
    assert given.status == "urgent"
    (row,) = rows_of(store, turns)
    assert row["index"] == ""
    assert "breathe" not in str(row)


def test_half_a_character_is_shown_as_a_question_mark(visit: Visit) -> None:
    visit.say("I cannot breathe \ud83d")
    assert visit.asked() == "I cannot breathe ?"


def test_what_is_asked_is_shown_as_text_in_which_nothing_is_html_or_markdown(visit: Visit) -> None:
    visit.say("**red**\n\n![scar](https://evil.example/x.png)\r\r<img src=x>")
    shown = visit.messages[-2]["content"]
    assert shown == "<p>**red**<br><br>![scar](https://evil.example/x.png)<br><br>&lt;img src=x&gt;</p>"
    assert "\n" not in shown  # a blank line would end the HTML, and begin Markdown


@pytest.mark.parametrize("day", ["5 days ago", "day 3", " it was about 5 days ago I think. "])
def test_a_day_alone_completes_the_question_that_was_asked_for_it(day: str, expected: Visit) -> None:
    first = expected.say(RED)
    assert first is not None
    assert first.asks_day
    given = expected.say(day)
    assert given is not None
    assert given.question == f"{RED} ({day.strip()})"
    assert not given.asks_day
    assert expected.asked() == f"{RED} ({day.strip()})"


def test_a_day_completes_nothing_twice(expected: Visit) -> None:
    expected.say(RED)
    expected.say("5 days ago")
    given = expected.say("day 3")
    assert given is not None
    assert given.question == "day 3"


def test_a_day_completes_only_the_question_just_before(expected: Visit) -> None:
    expected.say(RED)
    expected.say("Hello!")
    given = expected.say("day 3")
    assert given is not None
    assert given.question == "day 3"


@pytest.mark.parametrize(
    "text",
    ["when does redness fade?", "is day 3 the worst?", "day 3 and I wonder when I can go back to work"],
    ids=["no day", "a question", "more than a day"],
)
def test_what_is_more_than_a_day_is_asked_as_it_is(text: str, expected: Visit) -> None:
    expected.say(RED)
    given = expected.say(text)
    assert given is not None
    assert given.question == text


def test_an_emergency_told_with_the_day_stands_alone(expected: Visit, meaning: UndecidedMeaning) -> None:
    expected.say(f"what would happen if {RED}")  # "would" silences rules in its own sentence only
    meaning.sure_of = None
    given = expected.say("day 3 and I cannot breathe")
    assert given is not None
    assert (given.status, given.question) == ("urgent", "day 3 and I cannot breathe")


def test_the_buttons_of_a_question_about_the_day_show_the_day_and_ask_the_whole(expected: Visit) -> None:
    expected.say(RED)
    options = expected.messages[-1]["options"]
    assert {"value": f"{RED} (3 days ago)", "label": "3 days ago"} in options


def test_of_what_is_refused_nothing_is_recorded(visit: Visit, store: Engine) -> None:
    assert visit.say("red <b>face</b>") is None
    assert "class='refused'" in visit.messages[-1]["content"]
    assert rows_of(store, turns) == []


def cited(answer: Answer | None) -> set[str]:
    assert answer is not None
    return {citation.passage.document.id for citation in answer.citations}


def test_a_follow_up_is_about_the_treatment_asked_about_before(visit: Visit) -> None:
    visit.say("when does redness fade after a chemical peel?")
    given = visit.say("recovery?")
    assert cited(given) == {"peel"}
    assert given is not None
    assert given.question == "recovery?"
    visit.say("does redness fade after co2 laser?")
    assert cited(visit.say("recovery?")) == {"laser"}


def test_neither_an_emergency_nor_what_was_refused_is_followed_up(visit: Visit) -> None:
    visit.say("when does redness fade after a chemical peel?")
    visit.say("since the co2 laser I cannot breathe")
    visit.say("<b>co2 laser</b>")
    assert cited(visit.say("recovery?")) == {"peel"}
