"""A role can do exactly what it may: every action, and every address of the server, for every role and for nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from staffed import ROLES, add_staff, logged_in, person, staff_server, visitor
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from chatbot.bot import Bot
from chatbot.desk.permissions import Action, NotAllowedError, Role
from chatbot.settings import Limits
from chatbot.web.origins import READING

# What each role may do: reader, editor, approver, admin.
MAY: dict[Action, tuple[bool, bool, bool, bool]] = {
    "look_up": (True, True, True, True),
    "see_insights": (True, True, True, True),
    "see_gaps": (False, True, True, True),
    "edit": (False, True, True, True),
    "approve": (False, False, True, True),
    "read_audit": (False, False, True, True),
    "administer": (False, False, False, True),
}


@pytest.mark.parametrize("action", get_args(Action))
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_it_may_and_nothing_else(role: Role, action: Action) -> None:
    by, may = person(role), MAY[action][ROLES.index(role)]
    assert by.may(action) is may
    if may:
        by.must(action)
        return
    with pytest.raises(NotAllowedError, match=f"As {role} you may not do that"):
        by.must(action)


# Who reaches an address: everybody, from which role on, or nobody, since it is closed. Of the program's own addresses
# each must stand here; of Gradio's, those that are open, and all others are closed.
EVERYBODY, CLOSED = "everybody", "closed"
OWN_ADDRESSES: dict[tuple[str, str], str] = {
    ("GET", "/openapi.json"): EVERYBODY,
    ("HEAD", "/openapi.json"): EVERYBODY,
    ("GET", "/docs"): EVERYBODY,
    ("GET", "/docs/oauth2-redirect"): EVERYBODY,
    ("POST", "/api/ask"): EVERYBODY,
    ("POST", "/api/search"): EVERYBODY,
    ("GET", "/api/health"): EVERYBODY,
    ("POST", "/api/chat"): EVERYBODY,
    ("POST", "/api/feedback"): EVERYBODY,
    ("DELETE", "/api/conversations/{conversation}"): EVERYBODY,
    ("POST", "/api/messages"): EVERYBODY,
    ("GET", "/api/widget"): EVERYBODY,
    ("GET", "/widget.js"): EVERYBODY,
    ("GET", "/demo"): EVERYBODY,
    ("GET", "/demo.css"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,  # and its endpoint answers programs on this machine alone
    ("GET", "/staff/login"): EVERYBODY,
    ("POST", "/staff/login"): EVERYBODY,
    ("GET", "/staff/login.css"): EVERYBODY,
    ("POST", "/staff/logout"): "reader",
    ("GET", "/staff/account"): "reader",
    ("POST", "/staff/account"): "reader",
    ("GET", "/staff/session.js"): "reader",
}
PAGE_ADDRESSES = [
    ("GET", "/"), ("HEAD", "/"), ("GET", "/config"), ("GET", "/theme.css"), ("GET", "/favicon.ico"),
    ("GET", "/robots.txt"), ("GET", "/manifest.json"), ("GET", "/static/{path:path}"), ("GET", "/assets/{path:path}"),
    ("GET", "/gradio_api/app_id"),
    ("GET", "/gradio_api/startup-events"), ("GET", "/gradio_api/theme.css"), ("POST", "/gradio_api/queue/join"),
    ("GET", "/gradio_api/queue/data"), ("GET", "/gradio_api/heartbeat/{session_hash}"), ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"),
]  # fmt: skip
STAFF_PAGE_ADDRESSES = {
    ("POST", "/gradio_api/run/{api_name}"): "reader",  # of which only run/predict is open
    ("GET", "/gradio_api/upload_progress"): "reader",
    ("POST", "/gradio_api/upload"): "editor",
    ("GET", "/gradio_api/file={path_or_url:path}"): CLOSED,  # except to whom the file belongs: test_guard.py
    ("HEAD", "/gradio_api/file={path_or_url:path}"): CLOSED,
}
REACHED = 299  # no part of the program answers with it


def least(method: str, path: str, mounted_at: str | None) -> str:
    """From which role on somebody reaches an address, as the tables above have it."""
    if mounted_at is None or (method, path) in OWN_ADDRESSES:  # the program's own come before Gradio's
        return OWN_ADDRESSES[method, path]
    own = (method, path.removeprefix(mounted_at))
    if mounted_at == "":
        return EVERYBODY if own in PAGE_ADDRESSES else CLOSED
    return STAFF_PAGE_ADDRESSES.get(own, "reader" if own in PAGE_ADDRESSES else CLOSED)


def addresses(routes: Sequence[Any], mounted_at: str | None = None) -> Iterator[tuple[str, str, str | None]]:
    """(method, path, where Gradio's server is mounted that has it) of every route, however deep."""
    for route in routes:
        if isinstance(route, Mount):
            assert mounted_at is None, "a server inside of Gradio's: decide who may reach it"
            yield from addresses(route.routes, route.path)
        elif hasattr(route, "original_router"):
            yield from addresses(route.original_router.routes, mounted_at)
        else:
            yield from ((method, f"{mounted_at or ''}{route.path}", mounted_at) for method in sorted(route.methods))


async def reached(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=REACHED)(scope, receive, send)


@pytest.fixture
def server(rose_bot: Bot, store: Engine, quick_hashes: object) -> FastAPI:
    add_staff(store)
    return staff_server(rose_bot, store, Limits(per_visitor_per_minute=10_000, overall_per_minute=10_000))


def probed(server: FastAPI) -> FastAPI:
    """The server, whose every endpoint but the login's says only that it was reached."""
    for route in server.router.routes:
        if getattr(route, "path", None) != "/staff/login":
            assert hasattr(route, "app")
            route.app = reached
    return server


def concrete(path: str, who: str) -> str:
    """An address; a page's key in it is one's own."""
    return re.sub(r"\{[^}]+\}", who, path.replace("/run/{api_name}", "/run/predict"))


@pytest.mark.slow
def test_every_address_is_reached_from_its_role_on_and_by_nobody_else(server: FastAPI) -> None:
    found = [*addresses(server.router.routes)]
    assert {(method, path) for method, path, mounted_at in found if mounted_at is None} == OWN_ADDRESSES.keys()
    assert {mounted_at for _, _, mounted_at in found} == {None, "", "/staff"}
    opened = {(method, path.removeprefix("/staff")) for method, path, at in found if at == "/staff"}
    assert opened >= {*PAGE_ADDRESSES, *STAFF_PAGE_ADDRESSES}  # no entry for an address that is not there
    clients: dict[str, TestClient] = {"nobody": visitor(server), **{role: logged_in(server, role) for role in ROLES}}
    server.middleware_stack = None
    probed(server)
    wrong = []
    for method, path, mounted_at in found:
        if path == "/staff/login":
            continue  # by whoever: it is how they all came in
        lowest = least(method, path, mounted_at)
        for position, (who, client) in enumerate(clients.items()):
            status = client.request(method, concrete(path, who)).status_code
            if lowest == EVERYBODY:
                expected = {REACHED}
            elif who == "nobody" and path.startswith("/staff"):
                expected = {401, 303}
            elif lowest == CLOSED:
                expected = {307, 404, 405}  # 307: without the slash at the end it is another address
            else:
                expected = {REACHED} if position > ROLES.index(lowest) else {403}
            if status not in expected:
                wrong.append((method, path, who, status, expected))
    assert wrong == [], "\n".join(map(str, wrong))


@pytest.mark.slow
def test_no_page_of_another_site_reaches_an_address_that_changes_something(server: FastAPI) -> None:
    found = [*addresses(server.router.routes)]
    admin = logged_in(server, "admin")
    del admin.headers["Sec-Fetch-Site"]
    server.middleware_stack = None
    probed(server)
    changing = [(method, concrete(path, "admin")) for method, path, _ in found if method not in READING]
    assert {("POST", "/staff/gradio_api/run/predict"), ("POST", "/staff/gradio_api/queue/join")} <= {*changing}
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.testserver"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        let_in = [one for one in changing if admin.request(*one, headers=headers).status_code != 403]
        assert let_in == []


def test_a_path_that_nobody_has_thought_of_is_closed_to_who_is_not_logged_in(server: FastAPI) -> None:
    nobody = visitor(server)
    for path in (
        "/staff/x",
        "/staff//",
        "/staff/%2e%2e/api/health",
        "/staff/login/",
        "/staff/login.css/x",
        "/staff/Login",
    ):
        assert nobody.get(path).status_code == 401, path
    for path in ("/Staff/", "//staff/", "/staff%2f", "/./staff/", "/x/../staff/"):
        assert nobody.get(f"http://testserver{path}").status_code in (303, 401, 404), path
