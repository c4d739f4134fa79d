"""How large a request may be, and how long it may take to come."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.web.problems import problem
from chatbot.web.staff.guard import person_in

MAX_BODY = 64 * 1024  # bytes
MAX_PAGE_BODY = 1024 * 1024  # the chat page sends its whole conversation along with each question
PAGE_PATHS = ("/gradio_api/queue/join", "/staff/gradio_api/queue/join", "/staff/gradio_api/run/predict")
MAX_UPLOAD = 20 * 1024 * 1024  # a document that somebody who is logged in uploads
UPLOAD_PATH = "/staff/gradio_api/upload"
READ_S = 10.0
UPLOAD_S = 120.0
CLOSE = {"Connection": "close"}  # what was not read must not be taken for the next request


class Bodies:
    """The door that takes in a request's whole body before anything else sees the request."""

    def __init__(self, app: ASGIApp, read_s: float = READ_S) -> None:
        self._app = app
        self._read_s = read_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, read_s = _bounds(scope, self._read_s)
        try:
            async with asyncio.timeout(read_s):
                body = await whole(receive, most)
        except TimeoutError:
            await problem(408, f"The request was not there after {read_s:g} seconds.", CLOSE)(scope, receive, send)
            return
        except _TooLargeError:
            await problem(413, f"The body has more than {most // 1024} kB. Send less.", CLOSE)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, replayed(body, receive), send)


def _bounds(scope: Scope, read_s: float) -> tuple[int, float]:
    """How many bytes may come, and within how many seconds."""
    if scope["path"] == UPLOAD_PATH and person_in(scope) is not None:
        return MAX_UPLOAD, UPLOAD_S
    return MAX_PAGE_BODY if scope["path"] in PAGE_PATHS else MAX_BODY, read_s


class _TooLargeError(Exception):
    """A body is larger than it may be."""


async def whole(receive: Receive, most: int) -> bytes | None:
    """The body, whatever length its header claims or leaves out; None where the visitor has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            raise _TooLargeError
        if not message.get("more_body", False):
            return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body, and then what comes after it: that the visitor has gone."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
