"""The doors of the whole server: what it counts, its chat page, and real connections to it."""

from __future__ import annotations

import re
import socket

import pytest
from conftest import ServerOf
from door_clients import ALLOWED, BREATHE, CLINIC, CONVERSATION, FADES, OTHER, add_paths, client_of, shared
from fastapi.testclient import TestClient
from ports import listening

from chatbot.settings import Limits, Settings


def counts(client: TestClient) -> dict[str, float]:
    """The lines of /metrics."""
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_metrics_count_requests_and_answers_without_anybodys_words(server_of: ServerOf) -> None:
    server = server_of(Settings())
    add_paths(server)
    here = client_of(server, "127.0.0.1")
    before = counts(here)
    here.post("/api/ask", json=FADES)
    here.post("/api/ask", json=BREATHE)
    here.post("/api/ask", json={"question": ""})
    here.post("/api/ask", json=FADES, headers={"Origin": OTHER})
    here.delete(CONVERSATION)
    here.get("/jane-example?has=a-rash")
    after = counts(here)

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert more('http_requests_total{path="/api/ask",status="200"}') == 2
    assert more('http_requests_total{path="/api/ask",status="422"}') == 1
    assert more('http_requests_total{path="/api/ask",status="403"}') == 1
    assert more('http_requests_total{path="/api/conversations/{conversation}",status="204"}') == 1
    assert more('http_requests_total{path="other",status="404"}') == 1
    assert more('answers_total{status="answered"}') == 1
    assert more('answers_total{status="urgent"}') == 1
    assert more("answer_seconds_count") == 2
    text = here.get("/metrics").text
    assert not re.search(r"redness|breathe|jane|rash|8e8fe0b1", text)


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.1", {}, 404),
        ("testclient", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 404),
    ],
    ids=["this machine", "IPv6", "elsewhere", "no address", "through a proxy", "through another proxy"],
)
def test_metrics_are_shown_on_this_machine_alone(
    address: str, headers: dict[str, str], status: int, server_of: ServerOf
) -> None:
    client = client_of(server_of(ALLOWED), address)
    assert client.get("/metrics", headers=headers).status_code == status
    assert shared(client.get("/metrics", headers={"Origin": CLINIC})) == {}


@pytest.mark.slow
def test_the_chat_page_is_served_and_what_it_does_not_need_is_closed(server_of: ServerOf) -> None:
    paged = client_of(server_of(Settings(), with_page=True))
    assert paged.get("/").status_code == 200
    assert "'unsafe-inline'" in paged.get("/").headers["content-security-policy"]
    assert paged.get("/config").json()["run_history"] is False
    for method, path in [
        ("POST", "/gradio_api/upload"), ("GET", "/gradio_api/file=/etc/passwd"), ("GET", "/gradio_api/info"),
        ("GET", "/gradio_api/proxy=https://other.example"), ("POST", "/gradio_api/run/reply"), ("GET", "/monitoring"),
        ("POST", "/gradio_api/call/reply"), ("GET", "/gradio_api/runs"), ("POST", "/login"),
        ("POST", "/gradio_api/component_server"), ("GET", "/gradio_api/openapi.json"), ("GET", "/api/nothing"),
    ]:  # fmt: skip
        response = paged.request(method, path)
        assert (path, response.status_code, response.headers["content-type"]) == (path, 404, "application/problem+json")
    assert paged.get("/api/ask").status_code == 405
    assert shared(paged.get("/config", headers={"Origin": OTHER, "Host": "clinic-server.example"})) == {}


def asked_on_page(client: TestClient, text: str) -> str:
    """All that the chat page's server sends for a question typed into its box."""
    config = client.get("/config").json()
    box = next(one["id"] for one in config["components"] if one["props"].get("label") == "Your question")
    (asking,) = (one for one in config["dependencies"] if [box, "submit"] in one["targets"])
    body = {"data": [text, None, [], None], "fn_index": asking["id"], "session_hash": "abc", "trigger_id": box}
    assert client.post("/gradio_api/queue/join", json=body).status_code == 200
    return client.get("/gradio_api/queue/data", params={"session_hash": "abc"}).text


@pytest.mark.slow
def test_on_the_chat_page_too_an_emergency_is_answered_beyond_the_limit(server_of: ServerOf) -> None:
    settings = Settings(limits=Limits(per_visitor_per_minute=1))
    with client_of(server_of(settings, with_page=True)) as client:
        assert "Redness fades within seven days" in asked_on_page(client, FADES["question"])
        beyond = asked_on_page(client, FADES["question"])
        assert "Too many questions came at once" in beyond
        assert "Redness fades within seven days" not in beyond
        assert ">999</a> now" in asked_on_page(client, BREATHE["question"])


def said_to(port: int, request: bytes) -> str:
    """What comes back for the bytes of a request."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while block := connection.recv(65536):
            received += block
        return received.decode()


def test_over_a_real_connection_sizes_hold_and_no_header_moves_a_visitor(server_of: ServerOf) -> None:
    settings = Settings(limits=Limits(per_visitor_per_minute=2))
    head = "POST /api/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with listening(server_of(settings), settings) as port:
        chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        chunked = said_to(port, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk + b"1\r\na\r\n")
        assert chunked.startswith("HTTP/1.1 413 ")
        assert "\r\nserver:" not in chunked
        body = b'{"question": "hello"}'
        for last in range(4):
            lines = f"X-Forwarded-For: 192.0.2.{last}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            found = said_to(port, f"{head}{lines}".encode() + body)
            assert found.startswith("HTTP/1.1 200 " if last < 2 else "HTTP/1.1 429 ")


def test_a_trusted_proxy_tells_visitors_apart_and_https_from_http(server_of: ServerOf) -> None:
    settings = Settings(trusted_proxies=("127.0.0.1",), limits=Limits(per_visitor_per_minute=1))
    with listening(server_of(settings), settings) as port:

        def asked(*addresses: str) -> str:
            body = b'{"question": "hello"}'
            head = (
                "POST /api/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Forwarded-Proto: https\r\n"
                f"X-Forwarded-For: {', '.join(addresses)}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            return said_to(port, head.encode() + body)

        assert "strict-transport-security: max-age=31536000" in asked("192.0.2.1")
        assert asked("192.0.2.2").startswith("HTTP/1.1 200 ")
        assert asked("192.0.2.1").startswith("HTTP/1.1 429 ")
        assert asked("made-up", "192.0.2.1").startswith("HTTP/1.1 429 ")  # what the visitor wrote before the proxy
