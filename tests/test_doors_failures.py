"""The doors against what is too large, too slow or breaks: it is cut off, and nobody's words are in a log."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from conftest import ROSE
from fastapi import Request
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from chatbot.web.bodies import MAX_BODY, MAX_PAGE_BODY, Bodies
from chatbot.web.failures import where
from chatbot.web.times import Times


def test_a_body_that_is_too_large_is_refused_whatever_its_header_says(closed: TestClient) -> None:
    def chunks(size: int) -> Iterator[bytes]:
        yield b'{"question": "'
        for _ in range(size // 1024):
            yield b"a" * 1024
        yield b'"}'

    declared = closed.post("/api/ask", content=b" " * (MAX_BODY + 1))
    assert declared.status_code == 413
    assert "more than 64 kB" in declared.json()["detail"]
    chunked = closed.post("/api/ask", content=chunks(MAX_BODY))
    assert (chunked.status_code, chunked.headers["connection"]) == (413, "close")
    assert closed.post("/api/ask", content=b" " * MAX_BODY).status_code == 422
    smaller = closed.post("/api/ask", content=chunks(MAX_BODY - 1024), headers={"content-type": "application/json"})
    assert "characters; the most is 2,000" in smaller.json()["detail"]


def sent_by(app: ASGIApp, messages: list[dict[str, Any]], path: str = "/") -> list[MutableMapping[str, Any]]:
    """What an app sends to a visitor who sends these messages and then nothing more."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.sleep(3600)
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 5))
    return sent


async def say_length(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse(str(len(await Request(scope, receive).body())))(scope, receive, send)


def part(size: int, is_last: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": b"a" * size, "more_body": not is_last}


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    sent = sent_by(Bodies(say_length, read_s=0.05), [part(1)])
    assert (sent[0]["status"], (b"connection", b"close") in sent[0]["headers"]) == (408, True)


def test_a_body_in_parts_is_given_whole_and_one_that_breaks_off_not_at_all() -> None:
    assert sent_by(Bodies(say_length), [part(3), part(0), part(4, is_last=True)])[1]["body"] == b"7"
    assert sent_by(Bodies(say_length), [part(3), {"type": "http.disconnect"}]) == []


def test_the_chat_page_may_send_its_whole_conversation() -> None:
    join = "/gradio_api/queue/join"
    assert sent_by(Bodies(say_length), [part(MAX_PAGE_BODY, is_last=True)], join)[0]["status"] == 200
    assert sent_by(Bodies(say_length), [part(MAX_PAGE_BODY), part(1, is_last=True)], join)[0]["status"] == 413


def test_an_answer_that_does_not_come_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.to_thread(time.sleep, 0.3)
        await PlainTextResponse("late")(scope, receive, send)

    sent = sent_by(Times(slow, ROSE, answer_s=0.05), [])
    assert [message.get("status") for message in sent] == [503, None]
    assert b"In an emergency call 999 now" in sent[1]["body"]
    assert "/: no answer within 0.05 seconds" in caplog.text


def test_an_answer_that_has_begun_may_go_on() -> None:
    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"end"})

    assert sent_by(Times(stream, ROSE, answer_s=0.05), [])[-1]["body"] == b"end"


def test_a_failure_is_a_problem_and_its_log_has_nobodys_words(
    closed: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = closed.get("/broken")
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert "Traceback" not in response.text
    assert "builtins.RuntimeError" in caplog.text
    assert "door_clients.py" in caplog.text
    assert "Jane" not in f"{response.text}{caplog.text}"


def test_a_failure_in_the_middle_of_an_answer_is_logged_without_words_too(
    closed: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    closed.get("/half")
    assert "RuntimeError" in caplog.text
    assert "Jane" not in caplog.text


def test_what_led_to_a_failure_is_logged_as_well() -> None:
    try:
        try:
            raise KeyError("Jane")
        except KeyError as error:
            raise RuntimeError("Jane") from error
    except RuntimeError as error:
        said = where(error)
    assert re.findall(r"builtins\.\w+", said) == ["builtins.RuntimeError", "builtins.KeyError"]
    assert "Jane" not in said
