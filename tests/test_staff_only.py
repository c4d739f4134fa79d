"""What is written for staff reaches no patient, by whatever way a patient can ask; staff find it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from conftest import LetterEncoder
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from staffed import add_staff, person

from chatbot.bot import Bot, ask
from chatbot.coverage import Topic, coverage
from chatbot.desk.desk import Desk
from chatbot.desk.look_up import LookUp
from chatbot.examples import example_questions
from chatbot.mailing.outbox import Outbox
from chatbot.question import Question
from chatbot.records import Records
from chatbot.settings import Settings
from chatbot.shelf import Filters
from chatbot.web.patient import make_page, replies
from chatbot.web.server import make_server
from index.build import build_index

# Whatever a patient asks, none of this may come back: words, titles, headings, ids and treatment of staff documents.
SECRET = ("deposit", "fifty pounds", "on the telephone", "price", "telephone#", "lift#", "secret lift", "a tenth",
          "is booked with a", "for friends")  # fmt: skip
QUESTIONS = [
    "What deposit of fifty pounds is a laser session booked with?", "laser session deposit", "what is the price?",
    "price of fractional CO2 laser", "on the telephone", "which discount does the secret lift have?", "secret lift",
]  # fmt: skip
HIDDEN = """---
id: lift
title: Secret lift
treatment: Secret lift
audience: staff
---

## Price

The discount of a tenth is for friends.

> Questions: Which discount does the secret lift have? · what is the price of the secret lift
"""


@pytest.fixture
def bot(rose_bot: Bot, clinic_folder: Path, home: Path, encoder: LetterEncoder) -> Bot:
    """Rose Clinic's, with a treatment that only a staff document is about."""
    (clinic_folder / "lift.md").write_text(HIDDEN, encoding="utf-8")
    build_index(clinic_folder, home, encoder)
    return rose_bot


@pytest.fixture
def desk(bot: Bot, store: Engine, quick_hashes: PasswordHasher) -> Desk:
    add_staff(store)
    return Desk(bot, store, Outbox(store, None, keep_days=30), Settings())


@pytest.fixture
def client(desk: Desk, store: Engine) -> TestClient:
    return TestClient(make_server(desk, Records(store, keep_days=30)))


def without_the_question(said: str, question: str) -> str:
    """What came back, without what the patient named: an answer repeats that."""
    said = said.lower()
    for form in (question, question.replace("?", ""), *(name for name in SECRET if name in question.lower())):
        said = said.replace(form.lower(), "")
    return said


def has_secret(said: str, question: str = "") -> list[str]:
    return [secret for secret in SECRET if secret in without_the_question(said, question)]


def on_the_page(bot: Bot, store: Engine, question: str, treatment: str | None = None) -> str:
    *_, last = replies(bot, Records(store, keep_days=30), question, treatment, [], [])
    return str(last[0][1:])


ENTRANCES: dict[str, Callable[[TestClient, str], str]] = {
    "/api/ask": lambda client, text: client.post("/api/ask", json={"question": text}).text,
    "/api/ask about the treatment": lambda client, text: (
        client.post("/api/ask", json={"question": text, "treatment": "Secret lift"}).text
    ),
    "/api/ask as a follow-up": lambda client, text: (
        client.post("/api/ask", json={"question": "and the price?", "earlier": [text]}).text
    ),
    "/api/search": lambda client, text: client.post("/api/search", json={"text": text, "k": 50}).text,
    "/api/chat": lambda client, text: (
        client.post(
            "/api/chat",
            json={"id": str(uuid4()), "conversation": str(uuid4()), "question": text},
        ).text
    ),
}


# What an entrance names beside the question.
NAMED = {"/api/ask about the treatment": "secret lift", "/api/ask as a follow-up": "price"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_staff_find_it_and_it_is_marked(question: str, desk: Desk) -> None:
    found = LookUp(desk).find(person("reader"), question, Filters())
    secret = [place for place in found.places if place.document.id in ("telephone", "lift")]
    assert secret
    assert all(place.is_staff_only and not place.is_for_patients for place in secret)


@pytest.mark.parametrize("question", QUESTIONS)
def test_ask_never_quotes_or_suggests_it(question: str, bot: Bot) -> None:
    for treatment in (None, "Fractional CO2 laser", "Secret lift"):
        answer = ask(bot, Question.parse(question, treatment))
        said = json.dumps({**answer.to_json(), "question": ""}, ensure_ascii=False)
        assert has_secret(said, f"{question} {treatment}") == []


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_no_entrance_of_the_api_gives_it(entrance: str, client: TestClient) -> None:
    for question in QUESTIONS:
        said = ENTRANCES[entrance](client, question)
        assert said
        assert has_secret(said, question + NAMED.get(entrance, "")) == [], question


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_page_never_shows_it(question: str, bot: Bot, store: Engine) -> None:
    for treatment in (None, "Fractional CO2 laser", "Secret lift"):
        assert has_secret(on_the_page(bot, store, question, treatment), f"{question} {treatment}") == []


def test_neither_examples_nor_the_pages_choices_nor_the_widgets_settings_name_it(
    bot: Bot, store: Engine, client: TestClient
) -> None:
    assert has_secret(str(example_questions(bot) + example_questions(bot, "Secret lift"))) == []
    page: Any = make_page(bot, Records(store, keep_days=30)).get_config_file()
    choices = [
        str(part["props"].get("choices", "")) + str(part["props"].get("examples", "")) for part in page["components"]
    ]
    assert has_secret(" ".join(choices)) == []
    settings = client.get("/api/widget")
    assert settings.status_code == 200
    assert has_secret(settings.text) == []
    assert has_secret(client.get("/widget.js").text.split("</script>")[0]) == []


def test_coverage_counts_only_what_patients_are_answered_from(bot: Bot) -> None:
    found = coverage(bot, [Topic("the price", ("What is the price of {treatment}?", "deposit for {treatment}"))])
    assert {one.treatment for one in found} == {"Fractional CO2 laser", "Chemical peel"}
    cited = [put.section_id for one in found for topic in one.topics for put in topic.put]
    assert not [section for section in cited if section and section.startswith(("telephone", "lift"))]


def test_nobody_who_is_not_logged_in_gets_anything_of_the_staffs_page(client: TestClient) -> None:
    for path in (
        "/staff",
        "/staff/",
        "/staff/config",
        "/staff/theme.css",
        "/staff/gradio_api/queue/data?session_hash=x",
    ):
        reply = client.get(path, follow_redirects=False)
        assert reply.status_code in (303, 401), path
        assert has_secret(reply.text) == []
        assert "look-up-box" not in reply.text
