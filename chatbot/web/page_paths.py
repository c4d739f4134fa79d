"""Which addresses of Gradio's servers the patients' and the staff's pages need. The others are closed.

Gradio also takes uploads, reads files, calls functions by name, fetches other addresses and shows its logs. Staff, who
are logged in there, upload documents and read back their own files, and what they type is looked up without a queue.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.routing import Match, Mount
from starlette.types import Scope

SHOWN = (
    r"/|/config|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(assets|static)/.+"
    r"|/gradio_api/(app_id|startup-events|theme\.css|queue/(join|data)|heartbeat/[^/]+|cancel|reset)"
)
OPEN = {
    "": re.compile(SHOWN),
    "/staff": re.compile(rf"/staff({SHOWN}|/gradio_api/(upload|upload_progress|run/predict|file=.+))"),
}


class PageMount(Mount):
    """A page, without what it does not need: there the server's own answer is given."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_open = scope["type"] == "http" and OPEN[self.path].fullmatch(scope["path"])
        return super().matches(scope) if is_open else (Match.NONE, {})


def close_page(server: FastAPI) -> None:
    """Close what the pages at / and /staff do not need, where they are mounted."""
    routes = server.router.routes
    for position, route in enumerate(routes):
        if isinstance(route, Mount) and route.path in OPEN:
            routes[position] = PageMount(route.path, app=route.app)
