"""The doors: whose pages are let in to what, and what browsers are told."""

from __future__ import annotations

import pytest
from conftest import ServerOf
from door_clients import ALLOWED, CLINIC, CONVERSATION, FADES, OTHER, PREFLIGHT, add_paths, client_of, shared
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from chatbot.settings import Settings


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
            opened.get("/staff/login", headers={"Origin": origin}),
            opened.post("/staff/login", headers={"Origin": origin}),
            opened.get("/staff/login", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
            opened.options("/staff/login", headers={"Origin": origin, **PREFLIGHT}),
        ):
            assert (response.status_code, shared(response)) == (403, {})
    link = opened.get("/staff/login", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert (link.status_code, link.headers["content-type"]) == (200, "text/html; charset=utf-8")
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
