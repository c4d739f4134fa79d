"""The desk's tabs of gaps, messages and insights on a page of their own, as seen by a person of a role."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.web.staff.guard import PERSON


class LoggedIn:
    """The door that knows who asks, here always the same person."""

    def __init__(self, app: ASGIApp, person: Person) -> None:
        self._app = app
        self._person = person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})[PERSON] = self._person
        await self._app(scope, receive, send)


@contextmanager
def served_to(person: Person, desk: Desk, tabs: Mapping[str, Callable[[Desk], None]]) -> Iterator[str]:
    """The address of a page with these tabs."""
    with gr.Blocks(analytics_enabled=False) as page, gr.Tabs():
        with gr.Tab("First"):
            gr.HTML("Choose a tab.")
        for title, fill in tabs.items():
            with gr.Tab(title):
                fill(desk)
    mounted = gr.mount_gradio_app(FastAPI(), page, path="/staff", footer_links=[], ssr_mode=False)
    mounted.add_middleware(LoggedIn, person=person)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(mounted, port=port, log_level="warning", ws="none"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}/staff/"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
