"""Problem details (RFC 9457): every refusal has the same form, and none has a trace or breaks on what was typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import ServerOf
from fastapi.testclient import TestClient

from chatbot.settings import Settings
from chatbot.web.problems import PROBLEM_JSON, problem

JSON = {"content-type": "application/json"}


@pytest.fixture
def client(server_of: ServerOf) -> TestClient:
    return TestClient(server_of(Settings()))


def test_a_problem_names_its_status_and_says_what_to_do() -> None:
    response = problem(422, "Say a little more.", {"X": "y"})
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank", "title": "Unprocessable Entity", "status": 422, "detail": "Say a little more.",
    }  # fmt: skip
    assert (response.headers["content-type"], response.headers["x"]) == (PROBLEM_JSON, "y")


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "reason"),
    [
        ("POST", "/api/ask", '{"question": ""}', 422, "no question yet"),
        ("POST", "/api/ask", '{"question": 5}', 422, "body.question: input should be a valid string"),
        ("POST", "/api/ask", '{"question": ', 422, "json decode error"),
        ("POST", "/api/ask", b'{"question": "\xff"}', 400, "error parsing the body"),
        ("POST", "/api/ask", "[" * 60_000, 400, "error parsing the body"),
        ("POST", "/api/ask", '{"question": "a?", "\\ud83d": 1}', 422, "unable to parse raw data as a unicode string"),
        ("GET", "/api/nothing", "", 404, "nothing at this address"),
        ("DELETE", "/api/ask", "", 405, "takes other methods"),
    ],
    ids=["no question", "number", "half JSON", "no UTF-8", "deep", "half a character", "no path", "no method"],
)
def test_every_refusal_is_a_problem(
    method: str, path: str, content: Any, status: int, reason: str, client: TestClient
) -> None:
    response = client.request(method, path, content=content, headers=JSON)
    body = response.json()
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM_JSON)
    assert (list(body), body["status"]) == (["type", "title", "status", "detail"], status)
    assert reason in body["detail"]
    assert "Traceback" not in body["detail"]


def test_a_method_that_is_not_taken_comes_with_those_that_are(client: TestClient) -> None:
    assert client.get("/api/ask").headers["allow"] == "POST"


def test_a_body_that_is_wrong_in_thousands_of_places_gets_a_short_answer(client: TestClient) -> None:
    body = {"question": "a?", **{f"{number}{'x' * 20}": 1 for number in range(2000)}}
    response = client.post("/api/ask", json=body)
    assert response.status_code == 422
    assert response.json()["detail"].count("extra inputs") == 5
    assert len(client.post("/api/ask", json={"x" * 60_000: 1}).json()["detail"]) < 1000


def test_the_description_names_problem_details_for_each_refusal(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]
    for path, statuses in {"/api/ask": "400 403 408 413 422 429 500 503", "/api/health": "408 413 429 500 503"}.items():
        (operation,) = described[path].values()
        refusals = {status: one for status, one in operation["responses"].items() if status != "200"}
        assert sorted(refusals) == statuses.split()
        assert {tuple(one["content"]) for one in refusals.values()} == {(PROBLEM_JSON,)}
