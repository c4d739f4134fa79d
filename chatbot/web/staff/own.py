"""What Gradio would show to everybody who is logged in, shown to its owner only: files, and what a page was answered.

Gradio gives a file to whoever knows its path, and a page's answers to whoever knows the page's key. Both are hard to
guess; but a path that is read over a shoulder, or stands in a log, must not be enough.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from cachetools import TTLCache
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.web.bodies import MAX_PAGE_BODY, replayed, whole
from chatbot.web.problems import problem
from chatbot.web.staff.guard import person_in

API = "/staff/gradio_api/"
UPLOAD, FILE, DATA, HEARTBEAT = f"{API}upload", f"{API}file=", f"{API}queue/data", f"{API}heartbeat/"
RUN = f"{API}run/predict"
ASKING = (RUN, f"{API}queue/join", f"{API}cancel", f"{API}reset")
PATH = re.compile(rb'"path": ?("(?:[^"\\]|\\.)*")')  # of a file, in an answer; words that quote this are escaped
MAX_KNOWN, KNOWN_S = 100_000, 24 * 60 * 60.0
NOT_YOURS = problem(404, "There is nothing at this address. If it was a file of yours, upload it again.")


class Own:
    """The door that remembers, until the program ends, whose file and page is whose. An unknown file is nobody's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files: TTLCache[tuple[str, str], bool] = TTLCache(MAX_KNOWN, KNOWN_S)  # (path, person)
        self._pages: TTLCache[str, str] = TTLCache(MAX_KNOWN, KNOWN_S)  # Gradio's key of a page → person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        person = person_in(scope) if scope["type"] == "http" else None
        if person is None or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        path, name = scope["path"], person.name
        if path == UPLOAD and not person.may("edit"):
            await problem(403, f"As {person.role} you may not upload files.")(scope, receive, send)
            return
        asked: Any = None
        if path in ASKING:
            body = await whole(receive, MAX_PAGE_BODY)
            if body is None:
                return
            asked, receive = _read(body), replayed(body, receive)
        if not self._is_own(path, scope, asked, name):
            await NOT_YOURS(scope, receive, send)
        elif path in (UPLOAD, DATA, RUN):
            await self._app(scope, receive, self._noting(name, is_upload=path == UPLOAD, send=send))
        else:
            await self._app(scope, receive, send)

    def _is_own(self, path: str, scope: Scope, asked: Any, name: str) -> bool:
        if path.startswith(FILE):
            return (path.removeprefix(FILE), name) in self._files
        keys = [*_values(asked, "session_hash")]
        if path == DATA:
            keys += parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        elif path.startswith(HEARTBEAT):
            keys.append(path.removeprefix(HEARTBEAT))
        is_own_page = all(self._pages.setdefault(key, name) == name for key in keys)
        return is_own_page and all((file, name) in self._files for file in _values(asked, "path"))

    def _noting(self, name: str, is_upload: bool, send: Send) -> Send:
        """Passes on what is answered, and remembers the files that are in it."""
        uploaded = bytearray()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.body":
                body = message.get("body", b"")
                paths = [json.loads(found) for found in PATH.findall(body)]
                if is_upload:
                    uploaded.extend(body)
                    given = [] if message.get("more_body") else _read(bytes(uploaded))
                    paths = [path for path in given if isinstance(path, str)] if isinstance(given, list) else []
                for path in paths:
                    self._files[path, name] = True
            await send(message)

        return noting


def _read(body: bytes) -> Any:
    """What a body says; nothing for what is no JSON, which Gradio itself refuses."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _values(said: Any, key: str) -> Iterator[str]:
    """The texts under a key, however deep."""
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get(key), str):
                yield one[key]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
