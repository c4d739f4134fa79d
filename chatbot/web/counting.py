"""Counts the requests, and shows the counts on this machine alone."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.metrics import REQUESTS
from chatbot.web.here import is_from_here
from chatbot.web.origins import PUBLIC

OTHER = "other"  # an address made up by whoever asks must not become a label


class Counting:
    """The door that counts requests by the template of their path and their status."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(_template(scope), message["status"]).inc()
            await send(message)

        await self._app(scope, receive, counted)


def _template(scope: Scope) -> str:
    """The path as its route has it; of a request that was refused before, its own where that is known."""
    template = getattr(scope.get("route"), "path", None)
    if template is not None:
        return str(template)
    return scope["path"] if scope["path"] in PUBLIC else OTHER


def add_metrics(server: FastAPI) -> None:
    """Show the counts at /metrics to whoever asks from this machine, and to nobody through a proxy on it."""

    @server.get("/metrics", include_in_schema=False)
    def get_metrics(request: Request) -> Response:
        if not is_from_here(request.scope):
            raise HTTPException(404)
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
