"""Who knocks at the doors in their tests, and paths behind them as other parts of the program have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import StreamingResponse

from chatbot.settings import Settings

CLINIC, OTHER = "https://clinic.example", "https://other.example"
ALLOWED = Settings(allowed_origins=(CLINIC,))
FADES = {"question": "when does redness fade?"}
BREATHE = {"question": "I cannot breathe"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
CONVERSATION = "/api/conversations/8e8fe0b1-0000-4000-8000-000000000000"


def client_of(server: FastAPI, address: str = "192.0.2.1", **more: Any) -> TestClient:
    return TestClient(server, client=(address, 5000), **more)


def shared(response: Any) -> dict[str, str]:
    """The headers of a response about other origins."""
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


def add_paths(server: FastAPI) -> None:
    """Paths as other parts of the program have them."""

    @server.get("/broken")
    def broken() -> None:
        raise RuntimeError("Jane Example has a rash")

    @server.get("/half")
    def half() -> StreamingResponse:
        def body() -> Iterator[str]:
            yield "half"
            raise RuntimeError("Jane Example has a rash")

        return StreamingResponse(body())
