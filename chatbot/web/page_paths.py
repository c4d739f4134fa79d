"""Which addresses of Gradio's servers our pages need. The others are closed.

Gradio also takes uploads, reads files, calls functions by name, fetches other addresses and shows its logs.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Scope

OPEN = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(assets|static)/.+"
    r"|/gradio_api/(app_id|startup-events|theme\.css|queue/(join|data)|heartbeat/[^/]+|cancel|reset)"
)
# The staff's page also takes documents, gives files that were made for whoever is logged in, and asks without a queue.
STAFF_OPEN = re.compile(
    rf"(?:{OPEN.pattern}|/gradio_api/(run/predict|upload|upload_progress|file=.+))"
)
OPEN_AT = {"": OPEN, "/staff": STAFF_OPEN}


class PageMount(Mount):
    """A page, without what it does not need: there the server's own answer is given."""

    def __init__(self, path: str, app: ASGIApp, is_open: re.Pattern[str]) -> None:
        super().__init__(path, app=app)
        self._open = is_open

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_open = scope["type"] == "http" and self._open.fullmatch(scope["path"].removeprefix(self.path))
        return super().matches(scope) if is_open else (Match.NONE, {})


def close_pages(server: FastAPI) -> None:
    """Close what the pages do not need, where they are mounted."""
    routes = server.router.routes
    for position, route in enumerate(routes):
        if isinstance(route, Mount) and route.path in OPEN_AT:
            routes[position] = PageMount(route.path, route.app, OPEN_AT[route.path])
