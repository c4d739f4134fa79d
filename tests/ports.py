"""Servers on ports of this machine: one of ours in a thread, and another site with one page."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from fastapi import FastAPI

from chatbot.settings import Settings
from chatbot.web.serving import WebServer


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def listening(server: FastAPI, settings: Settings, port: int = 0) -> Iterator[int]:
    """The server on a real port, as the program starts it; gives the port. At the end it must stop."""
    web_server = WebServer(server, settings, port=port)
    thread = Thread(target=web_server.run, daemon=True)
    thread.start()
    while not web_server.started:
        time.sleep(0.01)
    try:
        yield web_server.servers[0].sockets[0].getsockname()[1]
    finally:
        web_server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive(), "the server does not stop"


@contextmanager
def other_site(page: str = "<title>A clinic</title><body>", headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """Another site, whose every path is one page; gives its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<!doctype html><html lang=en>{page}".encode()
            self.send_response(200)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Write no line for each request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
