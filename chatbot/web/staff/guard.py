"""The login in front of everything under /staff: who asks is found out here, at each request, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.desk.permissions import Person
from chatbot.desk.sessions import Sessions
from chatbot.store import StoreError
from chatbot.web.headers import is_staff
from chatbot.web.origins import READING
from chatbot.web.problems import problem
from chatbot.web.staff.cookies import SESSION, cookie_of

if TYPE_CHECKING:
    import gradio as gr

PERSON = "person"  # of the request's state: who asks
LOGIN = "/staff/login"
WITHOUT_LOGIN = (LOGIN, "/staff/login.css")
PAGES = ("/staff", "/staff/", "/staff/account")
KEPT = ("/staff/assets/", "/staff/static/")  # Gradio's own files, the same for everybody: a browser may keep them
CLOSE = {"Connection": "close"}  # a body that was not read must not be taken for the next request
# The cookie is not sent where a link on another site, or in a mail, led here; to this page's own wish it is.
AGAIN = '<!doctype html><html lang="en"><title>Staff</title><meta http-equiv="refresh" content="0"><p>One moment …</p>'


class Guard:
    """The door that lets in who is logged in, and the login itself."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_staff(scope["path"]):
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        await (refusal or self._app)(scope, receive, _unkept(scope, send))

    async def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in READING and not _is_from_our_page(headers):
            return problem(403, "This did not come from a page of this server. Open /staff and try again.", CLOSE)
        token = cookie_of(scope, SESSION)
        try:
            person = await run_in_threadpool(self._sessions.person, token, datetime.now(UTC)) if token else None
        except StoreError:
            return problem(503, "Who is logged in cannot be read now. Please try again.", CLOSE)
        if person is not None:
            scope.setdefault("state", {})[PERSON] = person
        elif scope["path"] not in WITHOUT_LOGIN:
            return _to_login(scope, headers, had_session=token is not None)
        return None


def person_in(scope: Scope) -> Person | None:
    """Who asks, as the guard found out; None outside /staff and for nobody."""
    person: Person | None = scope.get("state", {}).get(PERSON)
    return person


def name_of(request: Request) -> str | None:
    """Who asks, for Gradio's `auth_dependency`."""
    person = person_in(request.scope)
    return person.name if person else None


def person_of(request: gr.Request) -> Person:
    """Who uses the page. Raises gr.Error where nobody is logged in."""
    person = person_in(request.request.scope) if request and request.request else None
    if person is None:
        import gradio as gr

        raise gr.Error("You are not logged in. Log in again.", print_exception=False)
    return person


def _is_from_our_page(headers: Headers) -> bool:
    """Whether a browser says that a page of this server asked. Silence is no answer: there is a login to abuse."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"
    origin = headers.get("origin", "")
    return origin.lower().partition("://")[2] == headers.get("host", "").lower() != ""


def _to_login(scope: Scope, headers: Headers, had_session: bool) -> Response:
    is_page = scope["path"] in PAGES or headers.get("sec-fetch-mode") == "navigate"
    if scope["method"] not in READING or not is_page:
        return problem(401, f"Nobody is logged in, or the session has ended. Log in at {LOGIN}.", CLOSE)
    if headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(AGAIN)
    return RedirectResponse(f"{LOGIN}?said=ended" if had_session else LOGIN, status_code=303)


def _unkept(scope: Scope, send: Send) -> Send:
    """Nothing for staff is kept by a browser or a proxy: the back button shows nothing after a logout."""
    if scope["path"].startswith(KEPT):
        return send

    async def unkept(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Cache-Control"] = "no-store"
        await send(message)

    return unkept
