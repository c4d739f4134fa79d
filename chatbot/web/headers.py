"""What browsers are told of every response: what a page may load, and who may show it in a frame."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'"
)
# Gradio writes scripts and styles into its page and compiles functions; Swagger's page has a script in it, too.
LOOSER = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'"
)
LOOSER_PATHS = ("/", "/docs", "/staff/")
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # none at all would let a form of our own page come from the origin "null"
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HTTPS_FOR_A_YEAR = "max-age=31536000"


class Headers:
    """The door that adds them. A policy that a path has for itself stays; who may frame it is said in all cases."""

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str]) -> None:
        self._app = app
        self._framing = " ".join(["frame-ancestors 'self'", *allowed_origins])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, receive, guarded)

    def _add(self, headers: MutableHeaders, scope: Scope) -> None:
        headers.update(ALWAYS)
        headers.setdefault("Content-Security-Policy", LOOSER if scope["path"] in LOOSER_PATHS else STRICT)
        framing = "frame-ancestors 'self'" if is_staff(scope["path"]) else self._framing
        headers.append("Content-Security-Policy", framing)
        if framing == "frame-ancestors 'self'":
            headers["X-Frame-Options"] = "SAMEORIGIN"  # which cannot name origins: elsewhere it would contradict
        if scope["scheme"] == "https":
            headers["Strict-Transport-Security"] = HTTPS_FOR_A_YEAR


def is_staff(path: str) -> bool:
    """Whether a path is for staff only."""
    return path == "/staff" or path.startswith("/staff/")
