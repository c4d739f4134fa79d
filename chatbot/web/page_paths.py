"""Which addresses of Gradio's server the chat page needs. The others are closed.

Gradio also takes uploads, reads files, calls functions by name, fetches other addresses and shows its logs.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.routing import Match, Mount
from starlette.types import Scope

OPEN = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(assets|static)/.+"
    r"|/gradio_api/(app_id|startup-events|theme\.css|queue/(join|data)|heartbeat/[^/]+|cancel|reset)"
)


class PageMount(Mount):
    """The page at /, without what it does not need: there the server's own answer is given."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_open = scope["type"] == "http" and OPEN.fullmatch(scope["path"])
        return super().matches(scope) if is_open else (Match.NONE, {})


def close_page(server: FastAPI) -> None:
    """Close what the page at / does not need, where a page is mounted."""
    routes = server.router.routes
    for position, route in enumerate(routes):
        if isinstance(route, Mount) and route.path == "":
            routes[position] = PageMount("", app=route.app)
