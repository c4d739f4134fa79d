"""The login in front of /staff under attack: fixation, forged requests, guessing, stolen and made-up cookies."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from conftest import ServerOf, rows_of
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from staffed import NAMES, PASSWORD, add_staff, form_token, logged_in, person, try_to_log_in, visitor

from chatbot.desk import people
from chatbot.desk.sessions import sessions
from chatbot.settings import Limits, Settings
from chatbot.web.staff.guard import person_of

ADMIN = person("admin")
OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
UPLOAD, JOIN = "/staff/gradio_api/upload", "/staff/gradio_api/queue/join"

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def server(server_of: ServerOf, store: Engine) -> FastAPI:
    """All but the pages, with one person of each role."""
    add_staff(store)
    return server_of(Settings())


def session_of(client: TestClient) -> str | None:
    return client.cookies.get("staff") or client.cookies.get("__Host-staff")


def is_in(client: TestClient) -> bool:
    return client.get("/staff/account").status_code == 200


# Logging in and out.


def test_who_is_not_logged_in_is_sent_to_the_login_and_a_program_gets_a_problem(server: FastAPI) -> None:
    nobody = visitor(server)
    page = nobody.get("/staff/")
    assert (page.status_code, page.headers["location"]) == (303, "/staff/login")
    config = nobody.get("/staff/config")
    assert (config.status_code, config.headers["content-type"]) == (401, "application/problem+json")
    assert "Log in at /staff/login" in config.json()["detail"]


def test_who_logs_in_is_known_until_they_log_out(server: FastAPI) -> None:
    editor = logged_in(server, "editor")
    assert editor.get("/staff/login").headers["location"] == "/staff/"
    assert NAMES["editor"] in editor.get("/staff/account").text
    out = editor.post("/staff/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/staff/login?said=out")
    assert "You are logged out." in editor.get("/staff/login?said=out").text
    assert not is_in(editor)


@pytest.mark.parametrize("name", [NAMES["editor"], "Nobody Known", "", "<b>", "x" * 5000])
def test_every_failure_is_told_in_the_same_words(name: str, server: FastAPI) -> None:
    client = visitor(server)
    failed = client.post("/staff/login", data={"name": name, "password": "wrong", "form": form_token(client)})
    assert failed.status_code == 401
    assert 'role="alert">That name and password do not go together.' in failed.text
    assert "<b>" not in failed.text
    assert session_of(client) is None


def test_a_login_page_says_only_what_it_knows(server: FastAPI) -> None:
    client = visitor(server)
    assert "Call 0900" not in client.get("/staff/login?said=Call 0900").text
    assert "<script" not in client.get("/staff/login").text


def test_before_there_is_anybody_the_page_says_how_to_make_the_first_admin(server_of: ServerOf) -> None:
    said = visitor(server_of(Settings())).get("/staff/login").text
    assert "python app.py person add NAME --role admin" in said
    assert "<form" not in said


def test_a_login_begins_a_new_session_whatever_cookie_the_browser_had(server: FastAPI, store: Engine) -> None:
    client = visitor(server)
    client.cookies.set("staff", "an-attackers-choice")
    assert try_to_log_in(client, NAMES["editor"]) == 303
    found = [cookie.value for cookie in client.cookies.jar if cookie.name == "staff" and cookie.domain != ""]
    assert "an-attackers-choice" not in found
    first = session_of(logged_in(server, "editor"))
    again = logged_in(server, "editor")
    assert session_of(again) not in (None, first)


def test_a_login_in_a_browser_ends_the_session_that_it_had(server: FastAPI, store: Engine) -> None:
    client = logged_in(server, "editor")
    before = session_of(client)
    token = "x" * 22
    client.cookies.set("staff-form", token)
    form = {"name": NAMES["admin"], "password": PASSWORD, "form": token}
    assert client.post("/staff/login", data=form).status_code == 303
    stolen = visitor(server)
    stolen.cookies.set("staff", before or "")
    assert not is_in(stolen)
    assert len(rows_of(store, sessions)) == 1


def flags(header: str) -> dict[str, Any]:
    (morsel,) = SimpleCookie(header).values()
    return {"name": morsel.key, **{key: value for key, value in morsel.items() if value}}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_for_this_host_alone_and_for_no_script(scheme: str, server: FastAPI) -> None:
    client = visitor(server, scheme=scheme)
    form = {"name": NAMES["editor"], "password": PASSWORD, "form": form_token(client)}
    welcome = client.post("/staff/login", data=form)
    cookies = [flags(header) for header in welcome.headers.get_list("set-cookie")]
    secure = {"secure": True} if scheme == "https" else {}
    name = "__Host-staff" if scheme == "https" else "staff"
    assert cookies[0] == {"name": name, "path": "/", "httponly": True, "samesite": "strict", **secure}
    assert cookies[1]["max-age"] == "0"  # the form's


def test_over_https_a_cookie_that_http_may_have_set_is_no_login(server: FastAPI) -> None:
    token = session_of(logged_in(server, "editor"))
    secure = visitor(server, scheme="https")
    secure.cookies.set("staff", token or "")
    assert not is_in(secure)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "' OR 1=1 --", "é", "\u0000"])
def test_no_made_up_secret_is_a_session(token: str, server: FastAPI) -> None:
    client = visitor(server)
    response = client.get("/staff/account", headers={b"Cookie": f"staff={token}".encode()})
    assert response.status_code == 303


def test_a_role_that_is_changed_and_a_person_who_is_deactivated_count_at_the_next_request(
    server: FastAPI, store: Engine
) -> None:
    editor = logged_in(server, "editor")
    people.change_role(store, ADMIN, NAMES["editor"], "reader")
    assert "(reader)" in editor.get("/staff/account").text
    people.deactivate(store, ADMIN, NAMES["editor"])
    assert editor.get("/staff/account").headers["location"] == "/staff/login?said=ended"


def test_ones_own_password_is_changed_on_a_page_and_every_session_ends(server: FastAPI) -> None:
    here, elsewhere = logged_in(server, "reader"), logged_in(server, "reader")
    new = "a kettle on the hill"

    def change(old: str, new: str, again: str) -> Any:
        return here.post("/staff/account", data={"old": old, "new": new, "again": again})

    assert "not typed the same twice" in change(PASSWORD, new, "other").text
    assert "was not right" in change("wrong", new, new).text
    assert "12 to 256 characters" in change(PASSWORD, "short", "short").text
    assert change(PASSWORD, new, new).headers["location"] == "/staff/login?said=changed"
    assert not is_in(elsewhere)
    assert try_to_log_in(elsewhere, NAMES["reader"], new) == 303


def test_a_store_that_cannot_be_read_lets_nobody_in_and_keeps_no_patient_from_an_answer(
    server: FastAPI, store: Engine, tmp_path: Path
) -> None:
    editor = logged_in(server, "editor")
    path = tmp_path / "var" / "records.sqlite3"
    store.dispose()
    path.rename(tmp_path / "away")
    path.mkdir()
    assert editor.get("/staff/account").status_code == 503
    assert editor.post("/api/ask", json={"question": "when does redness fade?"}).status_code == 200


# Requests that another site makes.


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://other.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver.other.example"},
        {"Origin": "testserver"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/staff/logout", "/staff/account", JOIN, UPLOAD, "/staff/login"])
def test_no_request_that_another_site_made_changes_anything(
    path: str, headers: dict[str, str], server: FastAPI
) -> None:
    editor = logged_in(server, "editor")
    del editor.headers["Sec-Fetch-Site"]
    assert editor.post(path, headers=headers).status_code == 403
    assert is_in(editor)


def test_an_older_browser_says_where_it_comes_from_by_its_origin(server: FastAPI) -> None:
    editor = logged_in(server, "editor")
    del editor.headers["Sec-Fetch-Site"]
    assert editor.post("/staff/logout", headers={"Origin": "https://testserver"}).status_code == 303


def test_nobody_is_logged_in_by_a_form_of_another_site_or_an_old_one(server: FastAPI) -> None:
    client = visitor(server)
    token = form_token(client)
    form = {"name": NAMES["editor"], "password": PASSWORD}
    for wrong in ({}, {"form": ""}, {"form": token[:-1]}, {"form": "\u00e9"}):
        refused = client.post("/staff/login", data={**form, **wrong})
        assert (refused.status_code, "out of date" in refused.text) == (403, True)
    client.cookies.clear()
    assert client.post("/staff/login", data={**form, "form": token}).status_code == 403
    assert client.post("/staff/login", data={**form, "form": ""}).status_code == 403
    assert session_of(client) is None


def test_a_link_in_a_mail_is_followed_once_more_by_our_own_page_which_has_the_cookie(server: FastAPI) -> None:
    nobody = visitor(server)  # browsers keep the cookie back
    again = nobody.get("/staff/", headers=OTHER_SITE)
    assert (again.status_code, 'http-equiv="refresh"' in again.text) == (200, True)
    assert nobody.get("/staff/").status_code == 303


def test_nothing_for_staff_is_kept_or_framed_by_others(server: FastAPI) -> None:
    editor = logged_in(server, "editor")
    for path in ("/staff/", "/staff/config", "/staff/account", "/staff/login", "/staff/x"):
        headers = editor.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert "access-control-allow-origin" not in headers
    policy = visitor(server).get("/staff/login").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


# Guessing.


def test_an_address_that_tries_too_often_has_to_wait_and_nobody_else_has(server_of: ServerOf, store: Engine) -> None:
    add_staff(store)
    server = server_of(Settings(limits=Limits(per_visitor_per_minute=3, overall_per_minute=100)))
    guesser = visitor(server)
    assert [try_to_log_in(guesser, f"Name {number}") for number in range(4)] == [401, 401, 401, 429]
    late = guesser.post("/staff/login", data={"name": NAMES["editor"], "password": PASSWORD, "form": "x"})
    assert int(late.headers["retry-after"]) > 0
    assert "Too many tries. Please wait" in late.text
    assert try_to_log_in(visitor(server, "192.0.2.9"), NAMES["editor"]) == 303


def test_a_program_on_this_machine_may_not_guess_without_end_either(server_of: ServerOf, store: Engine) -> None:
    add_staff(store)
    server = server_of(Settings(limits=Limits(per_visitor_per_minute=3, overall_per_minute=100)))
    here = visitor(server, "127.0.0.1")
    assert [try_to_log_in(here, f"Name {number}") for number in range(4)][-1] == 429


def test_whoever_is_logged_in_is_not_kept_waiting_by_visitors_of_the_same_address(
    server_of: ServerOf, store: Engine
) -> None:
    add_staff(store)
    server = server_of(Settings(limits=Limits(per_visitor_per_minute=3, overall_per_minute=3)))
    editor, visitors = logged_in(server, "editor"), visitor(server)
    asked = [visitors.post("/api/ask", json={"question": "when does redness fade?"}).status_code for _ in range(5)]
    assert asked[-1] == 429
    assert {editor.get("/staff/account").status_code for _ in range(200)} == {200}


def test_a_handler_without_anybody_behind_it_does_nothing() -> None:
    with pytest.raises(gr.Error, match="You are not logged in"):
        person_of(gr.Request())
