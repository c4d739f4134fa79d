"""The HTTP API over a tiny clinic: answers, hits and health; whatever is refused is a problem in JSON."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import MEND, LetterEncoder, SharedWords, UndecidedMeaning, rows_of
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from chatbot.bot import Bot, ask
from chatbot.question import Question
from chatbot.records import Records, turns
from chatbot.rules import load_rules
from chatbot.settings import Clinic
from chatbot.verify import Gate
from chatbot.web.api import make_api
from index.build import build_index
from index.live import LiveIndex

ALL_KNOWN = Gate(weights={"known": 20.0}, bias=-18.0, min_probability=0.5, reason="test")  # as in test_bot.py
FADES = {"question": "when does redness fade?"}
CLINIC = Clinic(
    name="Rose Clinic", phone="01 234", emergency_number="999", urgent_care_line="111", poison_line="111",
    crisis_line="116 123",
)  # fmt: skip


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """The API is the same whatever the store is."""
    return tmp_path / "var" / "records.sqlite3"


@pytest.fixture
def bot(clinic_folder: Path, home: Path, encoder: LetterEncoder, meaning: UndecidedMeaning) -> Bot:
    build_index(clinic_folder, home, encoder)
    return Bot(CLINIC, encoder, LiveIndex(home, MEND), load_rules(), meaning, ALL_KNOWN, SharedWords())


@pytest.fixture
def client(bot: Bot, store: Engine) -> TestClient:
    return TestClient(make_api(bot, Records(store, keep_days=30)), raise_server_exceptions=False)


def refusal_of(client: TestClient, path: str, body: Any) -> str:
    """The reason in the body of a 422, which holds nothing else and no trace."""
    content = body if isinstance(body, bytes) else json.dumps(body)
    response = client.post(path, content=content, headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.json()) == {"type", "title", "status", "detail"}
    reason: str = response.json()["detail"]
    assert "Traceback" not in reason
    assert ".py" not in reason
    return reason


def test_ask_gives_the_answer_object_of_the_program(client: TestClient, bot: Bot) -> None:
    response = client.post("/api/ask", json=FADES)
    assert response.status_code == 200
    assert response.json() == ask(bot, Question.parse(FADES["question"])).to_json()
    assert response.json()["status"] == "answered"


def test_ask_takes_the_treatment_of_the_page(client: TestClient) -> None:
    cited = client.post("/api/ask", json={"question": "recovery?", "treatment": "Chemical peel"}).json()["citations"]
    assert {citation["document_id"] for citation in cited} == {"peel"}


def cited_by(client: TestClient, **body: Any) -> set[str]:
    """The documents that an answer cites."""
    return {citation["document_id"] for citation in client.post("/api/ask", json=body).json()["citations"]}


def test_a_follow_up_is_about_the_treatment_asked_about_before(client: TestClient) -> None:
    earlier = ["when does redness fade after a chemical peel?"]
    assert cited_by(client, question="recovery?", earlier=earlier) == {"peel"}
    assert cited_by(client, question="recovery?", earlier=["is it red after CO2 laser?"]) == {"laser"}


def test_the_question_of_a_follow_up_is_given_back_as_it_was_typed(client: TestClient) -> None:
    body = {"question": "recovery?", "earlier": ["when does redness fade after a chemical peel?"]}
    assert client.post("/api/ask", json=body).json()["question"] == "recovery?"


def test_an_emergency_is_heard_whatever_was_asked_before(client: TestClient) -> None:
    earlier = ["<b>redness</b>", "", "\u0000", "red " * 2000, *["when does redness fade?"] * 200]
    answer = client.post("/api/ask", json={"question": "I cannot breathe", "earlier": earlier}).json()
    assert (answer["status"], answer["urgency"]) == ("urgent", "emergency")


def test_an_emergency_before_does_not_make_a_question_urgent(client: TestClient) -> None:
    answer = client.post("/api/ask", json={**FADES, "earlier": ["I cannot breathe"]}).json()
    assert answer["status"] == "answered"


def test_earlier_texts_that_are_no_questions_are_left_out(client: TestClient) -> None:
    earlier = ["when does redness fade after a chemical peel?", "<b>co2 laser</b>", "!", "co2 laser \u0000"]
    assert cited_by(client, question="recovery?", earlier=earlier) == {"peel"}


def test_a_refused_answer_comes_with_the_contact(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": "hiccups?"}).json()
    assert answer["status"] == "abstained"
    assert answer["contact"] == {
        "name": "Rose Clinic", "phone": "01 234", "emergency_number": "999", "urgent_care_line": "111",
        "poison_line": "111", "crisis_line": "116 123",
    }  # fmt: skip


def test_each_answer_is_recorded_with_its_index_and_what_is_refused_is_not(
    client: TestClient, bot: Bot, store: Engine
) -> None:
    client.post("/api/ask", json=FADES)
    client.post("/api/ask", json={"question": ""})
    (row,) = rows_of(store, turns)
    assert row["index"] == bot.index.current().version


def test_no_file_has_a_word_of_a_question_without_a_conversation(client: TestClient, tmp_path: Path) -> None:
    client.post("/api/ask", json={"question": "When does redness fade? Florence Nightingale, 07700 900123, fishtank"})
    written = b"".join(file.read_bytes() for file in (tmp_path / "var").rglob("*"))
    assert b"answered" in written or b"abstained" in written
    assert [word for word in (b"Nightingale", b"900123", b"fishtank", b"fade") if word in written] == []


@pytest.mark.parametrize(
    "text",
    [
        "I cannot breathe",
        "<b>I cannot breathe</b>",
        "I cannot breathe\u0007",
        "I cannot breathe \ud83d",
        "I cannot breathe. " * 200,
    ],
    ids=["plain", "HTML", "control character", "half a character", "3 600 characters"],
)
def test_an_emergency_is_heard_in_whatever_form_it_is_written(text: str, client: TestClient) -> None:
    body = json.dumps({"question": text})
    response = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 200
    answer = response.json()
    assert (answer["status"], answer["urgency"]) == ("urgent", "emergency")
    assert answer["text"].startswith("Call 999 now")
    assert answer["contact"]["phone"] == "01 234"
    assert answer["question"] == " ".join(text.replace("\ud83d", "?").split())


@pytest.mark.parametrize("becomes_a_file", [False, True], ids=["gone", "a file"])
def test_an_emergency_needs_no_index(
    becomes_a_file: bool, client: TestClient, home: Path, store: Engine, encoder: LetterEncoder
) -> None:
    encoded = encoder.encoded
    shutil.rmtree(home)
    if becomes_a_file:
        home.write_text("no folder")
    answer = client.post("/api/ask", json={"question": "my tongue is swelling"}).json()
    assert (answer["status"], answer["citations"], encoder.encoded) == ("urgent", [], encoded)
    (row,) = rows_of(store, turns)
    assert (row["index"], row["urgency"]) == ("", "emergency")


def test_search_gives_the_nearest_passages_best_first(client: TestClient) -> None:
    hits = client.post("/api/search", json={"text": "redness days", "k": 2}).json()
    assert hits[0]["section"] == "Recovery"
    assert len(hits) == 2
    assert hits[0]["score"] >= hits[1]["score"]
    assert " ".join(hits[0]) == "passage_id document_title section page text caveats score cosine bm25"
    assert hits[0]["text"] == "Redness fades within seven days. Crusts fall off after a week."
    assert hits[0]["bm25"] > 0


def test_what_only_staff_may_read_is_in_no_answer_and_no_hit(client: TestClient) -> None:
    asked = "is the price of a laser session a deposit of fifty pounds?"
    hits = client.post("/api/search", json={"text": asked, "k": 50}).json()
    assert len(hits) == 5
    assert "fifty" not in json.dumps(hits)
    answer = client.post("/api/ask", json={"question": asked}).json()
    assert "telephone" not in json.dumps(answer)
    assert "booked with" not in answer["text"]


@pytest.mark.parametrize(
    ("sentence", "is_given"),
    [
        ("Crusts are darker in the second week.", True),
        ("Take 500 mg of valaciclovir for crusts.", False),
        ("Crusts are worse at 20 mJ.", False),
        ("The laser does not burn the skin under crusts.", False),
    ],
    ids=["harmless", "dose", "settings", "unrepeatable claim"],
)
def test_search_gives_no_passage_that_no_patient_may_be_shown(
    sentence: str, is_given: bool, client: TestClient, clinic_folder: Path, home: Path, encoder: LetterEncoder
) -> None:
    head = "---\n{id: crusts, title: Crusts, treatment: Fractional CO2 laser}\n---\n# Crusts\n## Crusts\n"
    (clinic_folder / "crusts.md").write_text(f"{head}{sentence}\n", encoding="utf-8")
    build_index(clinic_folder, home, encoder)
    hits = client.post("/api/search", json={"text": sentence, "k": 50}).json()
    assert (sentence in [hit["text"] for hit in hits]) == is_given


def test_health_names_the_index_and_its_size(client: TestClient, bot: Bot) -> None:
    response = client.get("/api/health")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "index": bot.index.current().version, "documents": 3, "passages": 6}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no question yet"),
        ("?!", "no question yet"),
        ("a" + "scab " * 10_000, "50,000 characters"),
        ("red\u0000ness", "control characters"),
        ("red \ud83d", "control characters"),
        ("<script>alert(1)</script>", "HTML tags"),
    ],
    ids=["empty", "punctuation", "50 000 characters", "control character", "half a character", "script"],
)
def test_what_is_no_question_is_refused_for_the_reason_that_the_patient_reads(
    text: str, reason: str, client: TestClient
) -> None:
    assert reason in refusal_of(client, "/api/ask", {"question": text})
    assert reason in refusal_of(client, "/api/search", {"text": text})


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/api/ask", {"question": 5}, "body.question: input should be a valid string"),
        ("/api/ask", {"question": "a?", "treatment": "x" * 201}, "body.treatment: string should have at most 200"),
        ("/api/ask", {"question": "a?", "treatment": ["x"]}, "body.treatment: input should be a valid string"),
        ("/api/ask", {"question": "a?", "kb": "/etc"}, "body.kb: extra inputs are not permitted"),
        ("/api/ask", {"question": "a?", "earlier": "b?"}, "body.earlier: input should be a valid list"),
        ("/api/ask", {"question": "a?", "earlier": [5]}, "body.earlier.0: input should be a valid string"),
        ("/api/ask", {}, "body.question: field required"),
        ("/api/ask", ["a?"], "body: input should be a valid dictionary"),
        ("/api/ask", b'{"question": ', "json decode error"),
        ("/api/search", {"text": "a?", "k": "many"}, "body.k: input should be a valid integer"),
        ("/api/search", {"text": "a?", "k": 51}, "body.k: input should be less than or equal to 50"),
        ("/api/search", {"text": "a?", "k": 0}, "body.k: input should be greater than or equal to 1"),
    ],
    ids=[
        "number",
        "long text",
        "list",
        "unknown field",
        "earlier text",
        "earlier number",
        "nothing",
        "no object",
        "half JSON",
        "word",
        "51",
        "0",
    ],
)
def test_a_request_of_another_form_is_refused_with_the_field_and_the_reason(
    path: str, body: Any, reason: str, client: TestClient
) -> None:
    assert reason in refusal_of(client, path, body)


def test_a_treatment_that_is_no_text_is_refused(client: TestClient) -> None:
    body = {"question": "is it red?", "treatment": "half \ud83d"}
    assert "body.treatment: input should be a valid string" in refusal_of(client, "/api/ask", body)


@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"question": "\xff"}'], ids=["no text", "no UTF-8"])
def test_bytes_that_are_no_text_are_refused_without_a_trace(body: bytes, client: TestClient) -> None:
    response = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
    assert 400 <= response.status_code < 500
    assert "Traceback" not in response.text


def test_the_pages_of_the_api_load_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+", page) == []
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 2
    assert all(client.get(asset).status_code == 200 for asset in assets)


def test_the_description_of_the_api_has_every_field_of_an_answer(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    answer = client.post("/api/ask", json={"question": "does one session remove every scar?"}).json()
    assert list(schemas["AnswerObject"]["properties"]) == list(answer)
    assert list(schemas["CitationObject"]["properties"]) == list(answer["citations"][0])
    assert list(schemas["SourceObject"]["properties"]) == list(answer["citations"][0]["source"])


def test_the_description_of_the_api_says_how_to_follow_up(client: TestClient) -> None:
    asked = client.get("/openapi.json").json()["components"]["schemas"]["AskRequest"]
    assert "oldest first" in asked["properties"]["earlier"]["description"]
    assert asked["required"] == ["question"]
