"""The web server around the application, which can be stopped while somebody has its pages open."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from fastapi import FastAPI
from starlette.routing import Mount

from chatbot.settings import Settings
from chatbot.web.doors import server_options


class WebServer(uvicorn.Server):
    """As uvicorn's, which waits for every connection to end: Gradio's pages are told to let go of theirs.

    A page that is open keeps one, for as long as it is open.
    """

    def __init__(self, server: FastAPI, settings: Settings, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(uvicorn.Config(server, host=host, port=port, **server_options(settings)))
        self._server = server

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for route in self._server.routes:
            stop = getattr(route.app, "stop_event", None) if isinstance(route, Mount) else None
            if isinstance(stop, asyncio.Event):
                stop.set()
        await super().shutdown(sockets)
