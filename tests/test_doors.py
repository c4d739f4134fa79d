"""The doors: who is let in, how much of what, what browsers are told; and an emergency is answered all the same."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from conftest import ROSE, ServerOf
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp

from chatbot.bot import Bot
from chatbot.records import Records
from chatbot.settings import Limits, Settings
from chatbot.web.bodies import MAX_BODY, MAX_PAGE_BODY, Bodies
from chatbot.web.doors import add_doors, server_options
from chatbot.web.failures import where
from chatbot.web.rates import READS_FOR_EACH_ASK, URGENT_FOR_EACH_ASK
from chatbot.web.times import Times

CLINIC, OTHER = "https://clinic.example", "https://other.example"
ALLOWED = Settings(allowed_origins=(CLINIC,))
FADES = {"question": "when does redness fade?"}
BREATHE = {"question": "I cannot breathe"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


def client_of(server: FastAPI, address: str = "192.0.2.1", **more: Any) -> TestClient:
    return TestClient(server, client=(address, 5000), **more)


def shared(response: Any) -> dict[str, str]:
    """The headers of a response about other origins."""
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


CONVERSATION = "/api/conversations/8e8fe0b1-0000-4000-8000-000000000000"


def add_paths(server: FastAPI) -> None:
    """Paths as other parts of the program have them."""

    @server.get("/staff/records")
    def get_staff() -> str:
        return "for staff"

    @server.post("/staff/records")
    def post_staff() -> str:
        return "changed"

    @server.get("/broken")
    def broken() -> None:
        raise RuntimeError("Jane Example has a rash")

    @server.get("/half")
    def half() -> StreamingResponse:
        def body() -> Iterator[str]:
            yield "half"
            raise RuntimeError("Jane Example has a rash")

        return StreamingResponse(body())


@pytest.fixture(name="where")
def in_a_file(tmp_path: Path) -> Path:
    """The doors are the same whatever the store is."""
    return tmp_path / "var" / "records.sqlite3"


@pytest.fixture
def closed(server_of: ServerOf) -> TestClient:
    """A server without the setting."""
    server = server_of(Settings())
    add_paths(server)
    return client_of(server)


@pytest.fixture
def opened(server_of: ServerOf) -> TestClient:
    """A server that the clinic's site may ask."""
    server = server_of(ALLOWED)
    add_paths(server)
    return client_of(server)


def test_without_the_setting_no_other_origin_is_told_anything(closed: TestClient) -> None:
    health = closed.get("/api/health", headers={"Origin": CLINIC})
    assert (health.status_code, shared(health)) == (200, {})
    assert health.headers["content-security-policy"].endswith(", frame-ancestors 'self'")
    asked = closed.post("/api/ask", json=FADES, headers={"Origin": CLINIC})
    assert (asked.status_code, shared(asked)) == (403, {})
    assert "`allowed_origins` in settings.toml names the sites that may" in asked.json()["detail"]
    assert closed.options("/api/ask", headers={"Origin": CLINIC, **PREFLIGHT}).status_code == 403


def test_an_allowed_origin_may_ask_the_public_paths(opened: TestClient) -> None:
    preflight = opened.options("/api/ask", headers={"Origin": CLINIC, **PREFLIGHT})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == CLINIC
    assert "access-control-allow-credentials" not in preflight.headers
    asked = opened.post("/api/ask", json=FADES, headers={"Origin": CLINIC, "Sec-Fetch-Site": "cross-site"})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, CLINIC)
    assert asked.headers["vary"] == "Origin"
    wanted = {"Origin": CLINIC, "Access-Control-Request-Method": "DELETE"}
    assert opened.options(CONVERSATION, headers=wanted).status_code == 200
    deleted = opened.delete(CONVERSATION, headers={"Origin": CLINIC})
    assert (deleted.status_code, deleted.headers["access-control-allow-origin"]) == (204, CLINIC)


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", "http://clinic.example", f"{CLINIC}:8443", "https://clinic.example.evil", "http://[", ""],
)
def test_no_other_origin_may_ask_or_read(origin: str, opened: TestClient) -> None:
    refused = opened.post("/api/ask", json=FADES, headers={"Origin": origin})
    assert (refused.status_code, shared(refused).get("access-control-allow-origin")) == (403, None)
    health = opened.get("/api/health", headers={"Origin": origin})
    assert "access-control-allow-origin" not in health.headers


def test_a_simple_request_of_another_site_is_refused_although_browsers_send_it_unasked(opened: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"Origin": OTHER, "Content-Type": kind}
        assert opened.post("/api/ask", content='{"question": "x"}', headers=headers).status_code == 403
    assert opened.post("/api/ask", json=FADES, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_our_own_pages_and_programs_may_ask(closed: TestClient) -> None:
    assert closed.post("/api/ask", json=FADES).status_code == 200
    assert closed.post("/api/ask", json=FADES, headers={"Origin": "http://testserver"}).status_code == 200
    behind_a_proxy = {"Origin": CLINIC, "Sec-Fetch-Site": "same-origin", "Host": "127.0.0.1:7860"}
    assert closed.post("/api/ask", json=FADES, headers=behind_a_proxy).status_code == 200


def test_a_staff_path_is_reached_from_no_page_of_another_site(opened: TestClient) -> None:
    for origin in (CLINIC, OTHER):
        for response in (
            opened.get("/staff/records", headers={"Origin": origin}),
            opened.post("/staff/records", headers={"Origin": origin}),
            opened.get("/staff/records", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
            opened.options("/staff/records", headers={"Origin": origin, **PREFLIGHT}),
        ):
            assert (response.status_code, shared(response)) == (403, {})
    link = opened.get("/staff/records", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert (link.status_code, link.json()) == (200, "for staff")
    assert link.headers["content-security-policy"].endswith(", frame-ancestors 'self'")
    assert link.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_part_that_lets_everybody_read_is_overruled(server_of: ServerOf) -> None:
    server = server_of(ALLOWED)
    everybody = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}

    @server.get("/careless")
    def careless() -> PlainTextResponse:
        return PlainTextResponse("x", headers=everybody)

    @server.get("/api/widget")
    def careless_public() -> PlainTextResponse:
        return PlainTextResponse("x", headers=everybody)

    assert shared(client_of(server).get("/careless", headers={"Origin": CLINIC})) == {}
    assert shared(client_of(server).get("/api/widget", headers={"Origin": OTHER})).keys() == {
        "access-control-expose-headers"
    }


def test_who_may_show_us_in_a_frame_is_who_may_ask(opened: TestClient, closed: TestClient) -> None:
    allowed = opened.get("/api/health")
    assert f"frame-ancestors 'self' {CLINIC}" in allowed.headers["content-security-policy"]
    assert "x-frame-options" not in allowed.headers  # it could not name the clinic's site
    assert closed.get("/api/health").headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["/api/health", "/nothing", "/broken", "/docs"])
def test_every_response_has_the_headers_of_safety(path: str, closed: TestClient) -> None:
    headers = closed.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "microphone=()" in headers["permissions-policy"]
    assert ("unsafe" in headers["content-security-policy"]) == (path == "/docs")
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_a_policy_that_a_page_has_for_itself_stays(opened: TestClient) -> None:
    policy = opened.get("/demo").headers["content-security-policy"]
    assert "script-src 'nonce-" in policy
    assert policy.endswith(f", frame-ancestors 'self' {CLINIC}")


def test_only_over_https_browsers_are_told_to_come_over_https(server_of: ServerOf) -> None:
    secure = client_of(server_of(Settings()), base_url="https://testserver")
    assert secure.get("/api/health").headers["strict-transport-security"] == "max-age=31536000"


@dataclass
class Clock:
    """The time, which stands still until it is moved."""

    now: float = 1_800_000_010.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture
def strict(server_of: ServerOf, clock: Clock) -> FastAPI:
    """A server that answers a visitor 2 questions a minute, and all of them 5."""
    return server_of(Settings(limits=Limits(per_visitor_per_minute=2, overall_per_minute=5)))


def statuses(client: TestClient, body: dict[str, str], times: int) -> list[int]:
    return [client.post("/api/ask", json=body).status_code for _ in range(times)]


def test_a_visitor_who_asks_too_much_is_told_when_to_ask_again(strict: FastAPI, clock: Clock) -> None:
    client = client_of(strict)
    assert statuses(client, FADES, 2) == [200, 200]
    refused = client.post("/api/ask", json=FADES)
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    wait_s = int(refused.headers["retry-after"])
    assert 0 < wait_s <= 60
    assert f"Please ask again in {wait_s} seconds. In an emergency call 999 now." in refused.json()["detail"]
    clock.now += 121
    assert statuses(client, FADES, 1) == [200]


def test_one_visitor_does_not_use_up_what_another_may_ask(strict: FastAPI) -> None:
    assert statuses(client_of(strict), FADES, 9) == [200] * 2 + [429] * 7
    assert statuses(client_of(strict, "192.0.2.2"), FADES, 3) == [200, 200, 429]


def test_a_program_on_this_machine_is_not_counted_unless_it_passes_on_what_others_ask(strict: FastAPI) -> None:
    here = client_of(strict, "127.0.0.1")
    assert statuses(here, FADES, 8) == [200] * 8
    passed_on = {"X-Forwarded-For": "192.0.2.1"}
    assert [here.post("/api/ask", json=FADES, headers=passed_on).status_code for _ in range(3)] == [200, 200, 429]


def test_all_visitors_together_may_ask_only_so_much(strict: FastAPI) -> None:
    asked = [statuses(client_of(strict, f"192.0.2.{last}"), FADES, 1)[0] for last in range(7)]
    assert asked == [200] * 5 + [429] * 2


def test_an_emergency_is_answered_when_a_visitor_has_asked_too_much(strict: FastAPI) -> None:
    client = client_of(strict)
    statuses(client, FADES, 3)
    answer = client.post("/api/ask", json=BREATHE)
    assert (answer.status_code, answer.json()["urgency"]) == (200, "emergency")
    assert answer.json()["text"].startswith("Call 999 now")


def test_of_a_visitor_who_has_asked_too_much_a_long_text_is_not_read_to_its_end(strict: FastAPI) -> None:
    client = client_of(strict)
    statuses(client, FADES, 2)
    assert client.post("/api/ask", json={"question": f"I cannot breathe. {'red ' * 1000}"}).status_code == 200
    assert client.post("/api/ask", json={"question": f"{'red ' * 1000}. I cannot breathe."}).status_code == 429


def test_an_emergency_is_answered_when_all_together_have_asked_too_much(strict: FastAPI) -> None:
    for last in range(6):
        statuses(client_of(strict, f"192.0.2.{last}"), FADES, 1)
    assert client_of(strict, "192.0.2.99").post("/api/ask", json=BREATHE).json()["status"] == "urgent"


def test_emergencies_are_no_way_round_the_limit(strict: FastAPI, rose_bot: Bot) -> None:
    client = client_of(strict)
    found = statuses(client, BREATHE, 2 + 2 * URGENT_FOR_EACH_ASK + 3)
    assert found == [200] * (2 + 2 * URGENT_FOR_EACH_ASK) + [429] * 3
    assert "In an emergency call 999 now" in client.post("/api/ask", json=BREATHE).json()["detail"]
    assert client_of(strict, "192.0.2.2").post("/api/ask", json=BREATHE).status_code == 200


def test_reading_has_a_wider_bound_of_its_own(strict: FastAPI) -> None:
    client = client_of(strict)
    assert {client.get("/api/health").status_code for _ in range(2 * READS_FOR_EACH_ASK)} == {200}
    assert client.get("/api/health").status_code == 429
    assert statuses(client, FADES, 1) == [200]


def test_a_household_with_many_addresses_is_one_visitor(strict: FastAPI) -> None:
    first, second, other = "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"
    assert statuses(client_of(strict, first), FADES, 2) == [200, 200]
    assert statuses(client_of(strict, second), FADES, 1) == [429]
    assert statuses(client_of(strict, "::ffff:192.0.2.1"), FADES, 2) == [200, 200]
    assert statuses(client_of(strict, "192.0.2.1"), FADES, 1) == [429]
    assert statuses(client_of(strict, other), FADES, 1) == [200]


def test_no_address_is_kept_or_logged(strict: FastAPI, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_of(strict, "198.51.100.77")
    statuses(client, FADES, 4)
    client.get("/broken")
    assert "198.51.100.77" not in caplog.text
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [one for one in written if b"198.51.100.77" in one]


def test_nobodys_word_about_a_visitors_address_is_believed_unless_it_is_a_trusted_proxys() -> None:
    assert server_options(Settings())["proxy_headers"] is False
    options = server_options(Settings(trusted_proxies=("127.0.0.1",)))
    assert (options["proxy_headers"], options["forwarded_allow_ips"]) == (True, ["127.0.0.1"])
    assert (options["server_header"], options["ws"]) == (False, "none")


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
    assert "test_doors.py" in caplog.text
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


def with_page(bot: Bot, store: Engine, limits: Limits) -> FastAPI:
    """The whole server with the chat page, behind its doors."""
    from chatbot.web.api import make_api
    from chatbot.web.patient import mount_page

    kept = Records(store, keep_days=30)
    server = mount_page(make_api(bot, kept), bot, kept)
    add_doors(server, Settings(clinic=ROSE, limits=limits))
    return server


@pytest.mark.slow
def test_the_chat_page_is_served_and_what_it_does_not_need_is_closed(rose_bot: Bot, store: Engine) -> None:
    paged = client_of(with_page(rose_bot, store, Limits()))
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
def test_on_the_chat_page_too_an_emergency_is_answered_beyond_the_limit(rose_bot: Bot, store: Engine) -> None:
    with client_of(with_page(rose_bot, store, Limits(per_visitor_per_minute=1))) as client:
        assert "Redness fades within seven days" in asked_on_page(client, FADES["question"])
        beyond = asked_on_page(client, FADES["question"])
        assert "Too many questions came at once" in beyond
        assert "Redness fades within seven days" not in beyond
        assert ">999</a> now" in asked_on_page(client, BREATHE["question"])


@contextmanager
def listening(server: FastAPI, settings: Settings) -> Iterator[int]:
    """The server on a real port, as the program starts it; gives the port."""
    uvicorn_server = uvicorn.Server(uvicorn.Config(server, port=0, **server_options(settings)))
    thread = Thread(target=uvicorn_server.run, daemon=True)
    thread.start()
    while not uvicorn_server.started:
        time.sleep(0.01)
    try:
        yield uvicorn_server.servers[0].sockets[0].getsockname()[1]
    finally:
        uvicorn_server.should_exit = True
        thread.join(timeout=10)


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
