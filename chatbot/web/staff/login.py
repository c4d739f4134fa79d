"""The staff's plain pages, which need no script: logging in and out, and one's own account."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine

from chatbot.desk.login import log_in
from chatbot.desk.passwords import MIN_LENGTH, PasswordError
from chatbot.desk.people import PersonError, anybody, change_own_password
from chatbot.desk.permissions import Person
from chatbot.desk.sessions import Sessions
from chatbot.settings import PLACEHOLDER, Clinic
from chatbot.web.rates import wait_of
from chatbot.web.staff.cookies import FORM, SESSION, clear_cookie, cookie_of, set_cookie
from chatbot.web.staff.guard import LOGIN, person_in

FOLDER = Path(__file__).parent
HOME, ACCOUNT = "/staff/", "/staff/account"
HEAD = '<script src="/staff/session.js"></script>'  # for the head of the staff's page: says when the session has ended
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
SAID = {  # what an address may make the login say
    "ended": "Your session has ended. Please log in again.",
    "out": "You are logged out.",
    "changed": "Your password is changed. Please log in with the new one.",
}
WRONG = "That name and password do not go together. After five wrong passwords in a row, a name has to wait a while."
OLD_FORM = "This form was out of date. Please try again."
NOBODY = (
    "Nobody can log in yet. Whoever looks after this program makes the first admin on its machine: "
    "<code>python app.py person add NAME --role admin</code>"
)
FORM_FIELD = '<input type="hidden" name="form" value="{token}">'
FIELDS = """<form method="post" action="/staff/login">
{form}
<label for="name">Name</label>
<input id="name" name="name" value="{name}" autocomplete="username" autocapitalize="none"
  spellcheck="false" required {first}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required {second}>
<button>Log in</button>
</form>"""
ACCOUNT_BODY = """<p>You are logged in as <strong>{name}</strong> ({role}).</p>
<p><a class="button" href="/staff/">To the staff desk</a></p>
<form method="post" action="/staff/logout"><button class="quiet">Log out</button></form>
<h2>Change your password</h2>
<form method="post" action="/staff/account">
<input type="hidden" name="name" value="{name}" autocomplete="username">
<label for="old">Password now</label>
<input id="old" name="old" type="password" autocomplete="current-password" required>
<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" required aria-describedby="rule">
<p class="hint" id="rule">At least {length} characters: a few words will do. You are then logged out everywhere.</p>
<label for="again">New password once more</label>
<input id="again" name="again" type="password" autocomplete="new-password" required>
<button>Change it</button>
</form>"""


def add_login(server: FastAPI, store: Engine, sessions: Sessions, clinic: Clinic) -> None:
    """Add the pages, before the staff's page is mounted over them. The guard is one of the doors."""
    name = "" if clinic.name == PLACEHOLDER else clinic.name

    def login_page(request: Request, said: str = "", typed: str = "", status: int = 200) -> Response:
        if not anybody(store):
            return _page("Log in", name, _said(NOBODY, is_wrong=True, is_html=True), "")
        token = cookie_of(request.scope, FORM) or secrets.token_urlsafe(16)
        first, second = ("", "autofocus") if typed else ("autofocus", "")
        hidden = FORM_FIELD.format(token=escape(token))
        body = FIELDS.format(form=hidden, name=escape(typed), first=first, second=second)
        page = _page("Log in", name, _said(said, is_wrong=status != 200), body, status)
        set_cookie(page, request.scope, FORM, token)
        return page

    @server.get(LOGIN, include_in_schema=False)
    def get_login(request: Request, said: str = "") -> Response:
        if person_in(request.scope) is not None:
            return RedirectResponse(HOME, status_code=303)
        return login_page(request, SAID.get(said, ""))

    @server.post(LOGIN, include_in_schema=False)
    def post_login(
        request: Request,
        name: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        form: Annotated[str, Form()] = "",
    ) -> Response:
        if wait_s := wait_of(request.scope):
            late = login_page(request, f"Too many tries. Please wait {wait_s} seconds.", name, 429)
            late.headers["Retry-After"] = str(wait_s)
            return late
        if not secrets.compare_digest(form.encode(), (cookie_of(request.scope, FORM) or secrets.token_hex()).encode()):
            return login_page(request, OLD_FORM, name, 403)
        now = datetime.now(UTC)
        person = log_in(store, name, password, now)
        if person is None:
            return login_page(request, WRONG, name, 401)
        if (before := cookie_of(request.scope, SESSION)) is not None:
            sessions.end(before)
        welcome = RedirectResponse(HOME, status_code=303)
        set_cookie(welcome, request.scope, SESSION, sessions.begin(person, now))
        clear_cookie(welcome, request.scope, FORM)
        return welcome

    @server.post("/staff/logout", include_in_schema=False)
    def post_logout(request: Request) -> Response:
        return _logged_out(request, sessions, "out")

    @server.get(ACCOUNT, include_in_schema=False)
    def get_account(request: Request) -> Response:
        return _account_page(_somebody(request), name)

    @server.post(ACCOUNT, include_in_schema=False)
    def post_account(
        request: Request,
        old: Annotated[str, Form()] = "",
        new: Annotated[str, Form()] = "",
        again: Annotated[str, Form()] = "",
    ) -> Response:
        person = _somebody(request)
        if new != again:
            return _account_page(person, name, "The new password was not typed the same twice.")
        try:
            change_own_password(store, person, old, new)
        except (PasswordError, PersonError) as error:
            return _account_page(person, name, str(error))
        return _logged_out(request, sessions, "changed")

    @server.get("/staff/login.css", include_in_schema=False)
    def get_style() -> Response:
        return Response((FOLDER / "login.css").read_bytes(), media_type="text/css")

    @server.get("/staff/session.js", include_in_schema=False)
    def get_script() -> Response:
        return Response((FOLDER / "session.js").read_bytes(), media_type="text/javascript")


def _somebody(request: Request) -> Person:
    """Who asks: the guard lets nobody else as far as this."""
    person = person_in(request.scope)
    assert person is not None
    return person


def _logged_out(request: Request, sessions: Sessions, said: str) -> Response:
    if (token := cookie_of(request.scope, SESSION)) is not None:
        sessions.end(token)
    out = RedirectResponse(f"{LOGIN}?said={said}", status_code=303)
    clear_cookie(out, request.scope, SESSION)
    return out


def _account_page(person: Person, clinic: str, wrong: str = "") -> Response:
    body = ACCOUNT_BODY.format(name=escape(person.name), role=person.role, length=MIN_LENGTH)
    return _page("Your account", clinic, _said(wrong, is_wrong=True), body, 422 if wrong else 200)


def _said(words: str, is_wrong: bool, is_html: bool = False) -> str:
    """What is announced at once by a screen reader."""
    if not words:
        return ""
    kind, role = ("wrong", "alert") if is_wrong else ("note", "status")
    return f'<p class="{kind}" role="{role}">{words if is_html else escape(words)}</p>'


def _page(heading: str, clinic: str, said: str, body: str, status: int = 200) -> Response:
    template = (FOLDER / "login.html").read_text(encoding="utf-8")
    title = f"{heading}: {clinic or 'staff desk'}"
    named = {"title": escape(title), "clinic": escape(clinic), "heading": escape(heading), "said": said, "body": body}
    return HTMLResponse(template.format(**named), status_code=status, headers={"Content-Security-Policy": POLICY})
