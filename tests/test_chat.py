"""The conversation over HTTP: an answer as a stream, asked once however often it is sent, a vote, and deletion."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from conftest import UndecidedMeaning, rows_of
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from chatbot.bot import Bot, ask
from chatbot.mailing.outbox import Outbox
from chatbot.question import Question
from chatbot.records import Records, turns, votes
from chatbot.web.api import make_api
from chatbot.web.chat import add_chat

FADES = "when does redness fade?"
RED = "my face is still red"


class Talk:
    """One conversation with the server."""

    def __init__(self, client: TestClient, store: Engine) -> None:
        self.client = client
        self.conversation = str(uuid4())
        self.store = store

    def say(self, question: str, **more: Any) -> list[tuple[str, Any]]:
        """The events of the answer."""
        body = {"id": str(uuid4()), "conversation": self.conversation, "question": question, **more}
        response = self.client.post("/api/chat", json=body)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        blocks = [block.splitlines() for block in response.text.split("\n\n") if block]
        return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]

    def answer(self, question: str, **more: Any) -> dict[str, Any]:
        """What the event `answer` holds."""
        (whole,) = [data for event, data in self.say(question, **more) if event == "answer"]
        assert isinstance(whole, dict)
        return whole

    def recorded(self) -> list[dict[str, Any]]:
        """The turns that are stored."""
        return rows_of(self.store, turns)


@pytest.fixture
def talk(rose_bot: Bot, store: Engine) -> Talk:
    records = Records(store, keep_days=30)
    api = make_api(rose_bot, records)
    add_chat(api, rose_bot, records, Outbox(store, None, keep_days=30))
    return Talk(TestClient(api, raise_server_exceptions=False), store)


def test_an_answer_comes_piece_by_piece_then_whole_then_the_stream_is_done(talk: Talk, rose_bot: Bot) -> None:
    events = talk.say("does one session of CO2 laser remove every scar?")
    assert [name for name, _ in events] == ["part", "part", "part", "answer", "done"]
    assert [data["kind"] for name, data in events if name == "part"] == ["quote", "dispute", "dispute"]
    (whole,) = [data for name, data in events if name == "answer"]
    assert (
        whole["answer"] == ask(rose_bot, Question.parse("does one session of CO2 laser remove every scar?")).to_json()
    )


def test_every_number_in_the_parts_opens_to_a_source(talk: Talk) -> None:
    events = talk.say("does one session of CO2 laser remove every scar?")
    cited = [data["citation"] for name, data in events if name == "part"]
    (whole,) = [data for name, data in events if name == "answer"]
    assert cited == [source["number"] for source in whole["sources"]] == [1, 2, 3]
    assert whole["sources"][0] == {
        "number": 1,
        "title": "Fractional CO2 laser",
        "section": "Results",
        "page": None,
        "before": "",
        "quote": "One session removes every scar.",
        "after": "",
        "kind": "vendor",
        "names": [{"name": "The maker of the laser", "address": "https://maker.example"}],
        "reviewed_by": "Dr A. Example",
        "caveat": False,
    }


def test_an_emergency_says_first_what_to_do_now_with_numbers_to_tap(talk: Talk) -> None:
    name, first = talk.say("I cannot breathe")[0]
    assert (name, first["kind"]) == ("part", "now")
    assert {"text": "999", "tel": "999"} in first["runs"]


def test_the_treatment_of_the_page_scopes_the_answer(talk: Talk) -> None:
    titles = {source["title"] for source in talk.answer("recovery?", treatment="Chemical peel")["sources"]}
    assert titles == {"Chemical peel"}


def test_a_follow_up_is_about_the_treatment_asked_about_before(talk: Talk) -> None:
    earlier = ["when does redness fade after a chemical peel?"]
    assert {source["title"] for source in talk.answer("recovery?", earlier=earlier)["sources"]} == {"Chemical peel"}


@pytest.fixture
def expected(talk: Talk, meaning: UndecidedMeaning) -> Talk:
    """A conversation in which everything means a sign that is often expected: redness is asked for its day."""
    meaning.sure_of = "expected"
    return talk


def test_a_day_alone_completes_the_question_that_was_asked_for_it(expected: Talk) -> None:
    first = expected.answer(RED)
    assert first["day_asked"] is True
    given = expected.answer("5 days ago", earlier=[RED], day_asked=True)
    assert given["answer"]["question"] == f"{RED} (5 days ago)"
    assert given["day_asked"] is False


def test_a_day_that_nobody_asked_for_completes_nothing(expected: Talk) -> None:
    assert expected.answer("5 days ago", earlier=[RED])["answer"]["question"] == "5 days ago"
    assert expected.answer("5 days ago", day_asked=True)["answer"]["question"] == "5 days ago"


def test_a_day_that_is_chosen_is_asked_as_the_button_has_it(expected: Talk) -> None:
    choices = expected.answer(RED)["choices"]
    assert {"label": "3 days ago", "question": f"{RED} (3 days ago)"} in choices
    given = expected.answer(choices[1]["question"], earlier=[RED], day_asked=True)
    assert given["answer"]["question"] == f"{RED} (3 days ago)"


def test_a_retry_gets_the_same_answer_and_is_recorded_once(talk: Talk, home: Path) -> None:
    id_ = str(uuid4())
    first = talk.say(FADES, id=id_)
    assert talk.say(FADES, id=id_) == first
    assert len(talk.recorded()) == 1


def test_many_retries_at_once_are_one_question(talk: Talk) -> None:
    id_ = str(uuid4())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: talk.answer(FADES, id=id_), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len(talk.recorded()) == 1


def test_nobody_gets_the_answer_of_another_conversation(talk: Talk) -> None:
    id_ = str(uuid4())
    talk.say(FADES, id=id_)
    other = Talk(talk.client, talk.store)
    assert other.answer("I cannot breathe", id=id_)["answer"]["status"] == "urgent"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"question": "<b>red</b>"}, "HTML tags"),
        ({"question": "  "}, "There is no question yet"),
        ({"question": None}, "body.question"),
        ({"id": "1"}, "body.id"),
        ({"conversation": "mine"}, "body.conversation"),
        ({"earlier": "red"}, "body.earlier"),
        ({"treatment": "x" * 201}, "body.treatment"),
        ({"name": "Ann"}, "body.name"),
    ],
    ids=["tags", "empty", "no question", "no id", "no conversation", "no list", "long treatment", "unknown field"],
)
def test_what_is_refused_is_refused_before_the_stream_with_problem_details(
    change: dict[str, Any], reason: str, talk: Talk
) -> None:
    body = {"id": str(uuid4()), "conversation": str(uuid4()), "question": FADES, **change}
    response = talk.client.post("/api/chat", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert reason in response.json()["detail"]
    assert talk.recorded() == []


def test_half_a_character_is_answered(talk: Talk) -> None:
    body = json.dumps({"id": str(uuid4()), "conversation": str(uuid4()), "question": "I cannot breathe \ud83d"})
    response = talk.client.post("/api/chat", content=body, headers={"content-type": "application/json"})
    assert '"status": "urgent"' in response.text
    assert "I cannot breathe ?" in response.text


def test_a_vote_is_recorded_with_what_was_answered(talk: Talk) -> None:
    id_ = str(uuid4())
    talk.say(FADES, id=id_)
    body = {"conversation": talk.conversation, "id": id_, "helpful": False, "reason": "unclear"}
    response = talk.client.post("/api/feedback", json=body)
    assert (response.status_code, response.content) == (204, b"")
    (answered,), (voted,) = talk.recorded(), rows_of(talk.store, votes)
    assert (voted["helpful"], voted["reason"], voted["turn"]) == (False, "unclear", answered["key"])
    assert voted["passages"] == answered["passages"] != []


def test_a_vote_on_what_nobody_knows_of_is_passed_over(talk: Talk) -> None:
    body = {"conversation": talk.conversation, "id": str(uuid4()), "helpful": True}
    assert talk.client.post("/api/feedback", json=body).status_code == 204
    assert rows_of(talk.store, votes) == []


@pytest.mark.parametrize("change", [{"reason": "boring"}, {"remark": "x" * 501}, {"helpful": None}])
def test_a_vote_that_says_something_else_is_refused(change: dict[str, Any], talk: Talk) -> None:
    body = {"conversation": talk.conversation, "id": str(uuid4()), "helpful": False, **change}
    assert talk.client.post("/api/feedback", json=body).status_code == 422


def test_a_conversation_is_deleted_whether_there_is_one_or_not(talk: Talk) -> None:
    id_ = str(uuid4())
    talk.say(FADES, id=id_)
    for _ in range(2):
        response = talk.client.delete(f"/api/conversations/{talk.conversation}")
        assert (response.status_code, response.content) == (204, b"")
    talk.client.post("/api/feedback", json={"conversation": talk.conversation, "id": id_, "helpful": True})
    assert talk.recorded() == rows_of(talk.store, votes) == []  # nothing was left to vote on


def test_what_is_no_conversation_cannot_be_deleted(talk: Talk) -> None:
    assert talk.client.delete("/api/conversations/all").status_code == 422


def test_what_is_kept_of_a_question_is_redacted_and_the_key_is_not_kept(talk: Talk) -> None:
    talk.say("I am Karen Oneil, 07700 900123: when does redness fade?")
    (row,) = talk.recorded()
    assert "07700" not in row["question"]
    assert "Karen" not in row["question"]
    assert "redness fade" in row["question"]
    assert talk.conversation not in str(row)


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_a_store_that_is_broken_keeps_no_answer_but_nothing_is_said_to_be_deleted(talk: Talk) -> None:
    Path(str(talk.store.url.database)).parent.write_text("no folder")
    assert talk.answer(FADES)["answer"]["status"] == "answered"
    response = talk.client.delete(f"/api/conversations/{talk.conversation}")
    assert (response.status_code, response.headers["content-type"]) == (503, "application/problem+json")
    assert "was not deleted" in response.json()["detail"]
