"""POST /api/messages: a receipt for what is stored, a plain refusal for what is not, emergencies heard in both."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mail_server import MailServer
from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.mailing.outbox import Outbox
from chatbot.records import Records
from chatbot.web.api import make_api
from chatbot.web.messages import MAX_CHARS, MAX_EXCHANGE, MAX_EXCHANGES, add_messages
from chatbot.web.problems import add_problems

CALL = "Please ask Rose Clinic: call 01 234."
BREATHING = "I cannot breathe"
NOW = "Call 999 now and say that you have trouble breathing."


def body(**others: Any) -> dict[str, Any]:
    """What the form sends."""
    given = {
        "id": str(uuid4()),
        "conversation": str(uuid4()),
        "name": "Zoë Nightingale",
        "contact": "zoe@visitor.example",
        "message": "How much is a peel?\nPlease write.",
        "transcript": [{"question": "Is it red?", "answer": "Redness fades. [1]"}],
        "consent": True,
    }
    return given | others


@pytest.fixture
def api(rose_bot: Bot, store: Engine, outbox: Outbox) -> FastAPI:
    records = Records(store, keep_days=30)
    api = make_api(rose_bot, records)
    add_problems(api)
    add_messages(api, rose_bot, records, outbox)
    return api


@pytest.fixture
def client(api: FastAPI) -> TestClient:
    return TestClient(api, raise_server_exceptions=False)


def send(outbox: Outbox) -> int:
    return outbox.send_due(datetime.now(UTC) + timedelta(seconds=1))


def reason_of(client: TestClient, sent: dict[str, Any], status: int) -> str:
    """What problem details say of a request that was refused."""
    response = client.post("/api/messages", json=sent)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.json()) == {"type", "title", "status", "detail"}
    detail: str = response.json()["detail"]
    assert "Traceback" not in detail
    return detail


def test_a_message_gets_the_receipt_that_the_clinic_finds_in_its_mail(
    client: TestClient, outbox: Outbox, server: MailServer
) -> None:
    response = client.post("/api/messages", json=body())
    assert response.status_code == 202
    receipt = response.json()["receipt"]
    assert response.json() == {"receipt": receipt, "urgent": None}
    assert send(outbox) == 1
    (mail,) = server.taken
    assert receipt in mail["Subject"]
    text = mail.get_content().replace("\r\n", "\n")
    assert "Name: Zoë Nightingale\nContact: zoe@visitor.example\n" in text
    assert "How much is a peel?\nPlease write.\n" in text
    assert "The visitor asked:\nIs it red?\n\nThe program answered:\nRedness fades. [1]\n" in text


def test_a_second_try_is_the_same_message(client: TestClient, outbox: Outbox) -> None:
    again = body()
    first, second = (client.post("/api/messages", json=again).json() for _ in range(2))
    assert first == second
    assert len(outbox.waiting()) == 1


def test_conversation_and_transcript_may_be_left_out(client: TestClient, outbox: Outbox, server: MailServer) -> None:
    bare = body()
    del bare["conversation"], bare["transcript"]
    assert client.post("/api/messages", json=bare).status_code == 202
    assert client.post("/api/messages", json=body(conversation=None, transcript=None)).status_code == 202
    assert send(outbox) == 2
    assert "conversation" not in server.taken[0].get_content()


def test_of_a_long_conversation_the_last_part_goes_along(
    client: TestClient, outbox: Outbox, server: MailServer
) -> None:
    long = [{"question": f"Question {number}?", "answer": "x" * 9000} for number in range(MAX_EXCHANGES + 5)]
    assert client.post("/api/messages", json=body(transcript=long)).status_code == 202
    send(outbox)
    text = server.taken[0].get_content()
    assert "Question 4?" not in text
    assert "Question 5?" in text
    assert f"Question {MAX_EXCHANGES + 4}?" in text
    assert text.count("x") < MAX_EXCHANGES * MAX_EXCHANGE + 100


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"consent": False}, "please agree first to it going to the clinic"),
        ({"name": " \u0000 "}, "Please give your name"),
        ({"name": "x" * 201}, "Please give your name, with up to 200 characters."),
        ({"contact": "at home"}, "Please give a phone number or an e-mail address"),
        ({"contact": "zoe@visitor"}, "Please give a phone number or an e-mail address"),
        ({"contact": "1" * 201}, "Please give a phone number or an e-mail address"),
        ({"message": " \n ?! "}, "There is no message yet."),
        ({"message": "x" * (MAX_CHARS + 1)}, "Your message has 2,001 characters; the most is 2,000."),
    ],
    ids=["no consent", "no name", "long name", "no contact", "half an address", "long contact", "no words", "long"],
)
def test_what_cannot_be_sent_is_refused_in_plain_words_and_not_stored(
    change: dict[str, Any], reason: str, client: TestClient, outbox: Outbox
) -> None:
    assert reason in reason_of(client, body(**change), 422)
    assert outbox.waiting() == []


@pytest.mark.parametrize(
    "change",
    [{"id": "7"}, {"conversation": "x"}, {"consent": "perhaps"}, {"message": None}, {"transcript": [{}]}, {"to": "me"}],
    ids=lambda change: next(iter(change)),
)
def test_another_form_is_refused_with_the_name_of_what_is_wrong(
    change: dict[str, Any], client: TestClient, outbox: Outbox
) -> None:
    assert f"body.{next(iter(change))}" in reason_of(client, body(**change), 422)
    assert outbox.waiting() == []


@pytest.mark.parametrize("contact", ["020 7946 0000", "+44 (0)20-7946", "a@b.example", "ring 12345 after six"])
def test_whoever_can_be_reached_may_send(contact: str, client: TestClient) -> None:
    assert client.post("/api/messages", json=body(contact=contact)).status_code == 202


def test_a_message_that_tells_of_an_emergency_is_taken_and_answered_with_what_to_do_now(
    client: TestClient, outbox: Outbox, server: MailServer
) -> None:
    given = client.post("/api/messages", json=body(message=BREATHING)).json()
    assert given["receipt"]
    assert (given["urgent"]["status"], given["urgent"]["urgency"]) == ("urgent", "emergency")
    assert given["urgent"] == client.post("/api/ask", json={"question": BREATHING}).json()
    send(outbox)
    assert server.taken[0]["Subject"].endswith("[emergency]")


@pytest.mark.parametrize(
    "change",
    [{"consent": False}, {"contact": ""}, {"name": ""}, {"message": f"{BREATHING}. {'Please help me. ' * 200}"}],
    ids=["no consent", "no contact", "no name", "too long"],
)
def test_an_emergency_is_heard_even_where_the_message_is_refused(change: dict[str, Any], client: TestClient) -> None:
    detail = reason_of(client, body(message=BREATHING) | change, 422)
    assert detail.startswith(f"{NOW} ")


def test_an_emergency_is_recorded_with_its_rule(client: TestClient, store: Engine) -> None:
    client.post("/api/messages", json=body(message=BREATHING))
    with store.connect() as connection:
        assert connection.exec_driver_sql("SELECT urgency FROM turns").scalars().all() == ["emergency"]


@pytest.fixture
def broken(where: Path) -> None:
    """The store's file is no store."""
    where.parent.mkdir()
    where.write_text("This is a letter. " * 1000)


@pytest.mark.usefixtures("broken")
def test_a_message_that_cannot_be_stored_gets_no_receipt_but_the_clinics_number(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    detail = reason_of(client, body(), 503)
    assert detail == f"Your message was not sent. {CALL}"
    assert "Nightingale" not in caplog.text
    assert "A message to the clinic was refused: " in caplog.text


@pytest.mark.usefixtures("broken")
def test_an_emergency_is_heard_even_where_nothing_can_be_stored(client: TestClient) -> None:
    detail = reason_of(client, body(message=BREATHING), 503)
    assert detail == f"{NOW} Your message was not sent. {CALL}"


@pytest.mark.parametrize(
    "words",
    [
        "<script>window.hacked = 1</script>",
        "half \ud83d",
        "a\x00b\x1b[31mc\x85",
        "\u202egnirts\u200b",
        "'; DROP TABLE messages; --",
        "\r\nBcc: all@rose.example\r\n\r\n.\r\nQUIT\r\n",
    ],
    ids=["script", "half a character", "control characters", "direction", "SQL", "SMTP"],
)
def test_hostile_words_are_a_message_like_any_other(
    words: str, client: TestClient, outbox: Outbox, server: MailServer
) -> None:
    exchange = {"question": words, "answer": words}
    hostile = body(name=f"x {words}", contact=f"12345 {words}", message=f"x {words}", transcript=[exchange])
    given = client.post("/api/messages", content=json.dumps(hostile), headers={"content-type": "application/json"})
    assert given.status_code == 202
    assert send(outbox) == 1
    (mail,) = server.taken
    assert (mail["To"], mail["Bcc"], mail["Reply-To"]) == ("desk@rose.example", None, None)
    assert not set("\x00\x1b\x85") & set(mail.get_content())


def test_the_description_of_the_api_has_the_lengths_and_every_status(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    post = described["paths"]["/api/messages"]["post"]
    assert set(post["responses"]) >= {"202", "400", "422", "503"}
    assert "not stored" in post["responses"]["503"]["description"]
    fields = described["components"]["schemas"]["MessageRequest"]["properties"]
    assert fields["message"]["maxLength"] == MAX_CHARS
    assert fields["id"]["format"] == "uuid"
