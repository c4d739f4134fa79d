"""Whose pages may ask what: our own everything, those of the allowed origins the public paths, all others nothing."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.web.headers import is_staff
from chatbot.web.problems import problem

PUBLIC = (
    "/widget.js", "/api/widget", "/api/chat", "/api/feedback", "/api/messages", "/api/conversations", "/api/ask",
    "/api/search", "/api/health",
)  # fmt: skip
READING = ("GET", "HEAD", "OPTIONS")
FOREIGN = "A page of another site asked for this. `allowed_origins` in settings.toml names the sites that may."


class Origins:
    """The door that looks at where a request comes from. Browsers say it; what is no browser says nothing and may ask.

    It takes away what inner parts say about other origins: Gradio would let every one of them read with credentials.
    """

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed_origins)
        methods, exposed = ("GET", "POST", "DELETE"), ("Retry-After",)
        self._shared = CORSMiddleware(_unshared(app), allowed_origins, methods, expose_headers=exposed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_public = _is_public(scope["path"])
        is_allowed = is_public and headers.get("origin") in self._allowed
        if not (is_allowed or _is_own(headers) or _is_harmless(scope, headers)):
            await problem(403, FOREIGN)(scope, receive, send)
        elif is_public and self._allowed:
            await self._shared(scope, receive, send)
        else:
            await _unshared(self._app)(scope, receive, send)


def _is_public(path: str) -> bool:
    return path in PUBLIC or path.startswith("/api/conversations/")


def _is_own(headers: Headers) -> bool:
    """Whether one of our own pages, an address typed by hand, or no browser at all asks.

    A page cannot set Sec-Fetch-Site; older browsers, and pages without https, send only Origin. Only its host is
    compared: behind a proxy that ends https, we do not see the scheme.
    """
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower()


def _is_harmless(scope: Scope, headers: Headers) -> bool:
    """Whether a request changes nothing and no foreign script reads the answer: to a staff path, a link followed."""
    if scope["method"] not in READING or "access-control-request-method" in headers:
        return False
    return not is_staff(scope["path"]) or headers.get("sec-fetch-mode") == "navigate"


def _unshared(app: ASGIApp) -> ASGIApp:
    """The app without its own headers about other origins."""

    async def without(scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name in [name for name in headers if name.startswith("access-control-")]:
                    del headers[name]
            await send(message)

        await app(scope, receive, guarded)

    return without
