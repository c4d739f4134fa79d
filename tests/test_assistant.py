"""The look-up as a tool (MCP), asked by a real client of a real server: for who has a token, and nothing else."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread
from typing import Any

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from sqlalchemy import Engine
from staffed import add_staff, person

from chatbot.bot import Bot
from chatbot.desk.desk import Desk
from chatbot.desk.tokens import make_token, own_tokens, revoke_token
from chatbot.mailing.outbox import Outbox
from chatbot.records import Records
from chatbot.settings import Settings
from chatbot.web.doors import server_options
from chatbot.web.server import make_server

EDITOR = person("editor")
TOOL = "/assistant/gradio_api/mcp/"


@dataclass(frozen=True)
class Served:
    address: str
    store: Engine

    def post(self, path: str, headers: dict[str, str]) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        accepted = {"Accept": "application/json, text/event-stream"}
        return httpx.post(self.address + path, json=body, headers=accepted | headers, timeout=20)


@pytest.fixture
def served(rose_bot: Bot, store: Engine, quick_hashes: PasswordHasher) -> Iterator[Served]:
    """The whole server on a port of its own."""
    add_staff(store)
    settings = Settings()
    desk = Desk(rose_bot, store, Outbox(store, None, keep_days=30), settings)
    app = make_server(desk, Records(store, keep_days=30))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **server_options(settings)))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield Served(f"http://127.0.0.1:{port}", store)
    server.should_exit = True
    thread.join(timeout=20)


def with_token(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def asked(served: Served, token: str, *calls: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """What a client finds: the names of the tools, and the result of each call of look_up."""

    async def ask() -> tuple[list[str], list[Any]]:
        async with (
            httpx.AsyncClient(headers=with_token(token), timeout=20) as client,
            streamable_http_client(served.address + TOOL, http_client=client) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            names = [tool.name for tool in (await session.list_tools()).tools]
            return names, [await session.call_tool("look_up", call) for call in calls]

    return asyncio.run(ask())


def found(result: Any) -> dict[str, Any]:
    assert not result.isError, result
    read: dict[str, Any] = json.loads(result.content[0].text)
    return read


def test_with_a_token_the_look_up_is_the_only_tool_and_gives_exact_quotes_with_all_that_belongs_to_them(
    served: Served,
) -> None:
    token = make_token(served.store, EDITOR, "assistant")
    names, (result, staff) = asked(served, token, {"text": "removes every scar"}, {"text": "y deposit fifty pounds"})
    assert names == ["look_up"]
    first = found(result)["places"][0]
    assert first["quote"] == "One session removes every scar."
    assert first["source"]["name"] == "The maker of the laser"
    assert first["review"] == "approved"
    assert "Most people need three sessions or more." in first["disputed_by"]
    only = found(staff)["places"][0]
    assert (only["document_id"], only["staff_only"], only["may_be_told_to_patients"]) == ("telephone", True, False)


def test_an_emergency_comes_first_and_nobody_is_cleared_for_anything(served: Served) -> None:
    token = make_token(served.store, EDITOR, "assistant")
    _, (urgent, personal) = asked(
        served, token, {"text": "I cannot breathe"}, {"text": "I am pregnant, may I have a peel?"}
    )
    assert found(urgent)["urgent"].startswith("Call 999 now")
    said = found(personal)
    assert "Only a clinician" in said["about_one_person"]
    assert set(said) == {"urgent", "about_one_person", "read_so", "curated_answers", "places"}


def test_filters_are_kept_and_what_cannot_be_looked_up_is_refused_with_the_reason(served: Served) -> None:
    token = make_token(served.store, EDITOR, "assistant")
    calls: list[dict[str, Any]] = [
        {"text": "y recovery", "treatment": "Chemical peel"}, {"text": "y deposit", "audience": "patient"},
        {"text": "y deposit", "audience": "everybody"}, {"text": "<b>peel</b>"},
    ]  # fmt: skip
    _, (peel, patients, nobody, tags) = asked(served, token, *calls)
    assert {place["document_id"] for place in found(peel)["places"]} == {"peel"}
    assert "telephone" not in {place["document_id"] for place in found(patients)["places"]}
    assert nobody.isError
    assert "give patient, staff or nothing" in nobody.content[0].text
    assert tags.isError
    assert "HTML tags" in tags.content[0].text


def test_without_a_token_that_works_nothing_is_told(served: Served) -> None:
    token = make_token(served.store, EDITOR, "assistant")
    assert served.post(TOOL, with_token(token)).status_code == 200
    for headers in ({}, {"Authorization": "Bearer"}, with_token("desk_wrong"), {"Authorization": f"Basic {token}"}):
        reply = served.post(TOOL, headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert "look_up" not in reply.text
    revoke_token(served.store, EDITOR, own_tokens(served.store, EDITOR)[0].key)
    assert served.post(TOOL, with_token(token)).status_code == 401


def test_a_token_opens_nothing_but_the_tool(served: Served) -> None:
    headers = with_token(make_token(served.store, EDITOR, "assistant"))
    closed = ["", "config", "info", "gradio_api/info", "gradio_api/mcp/schema", "gradio_api/mcp/sse",
              "gradio_api/run/look_up", "gradio_api/run/predict", "gradio_api/call/look_up", "gradio_api/queue/join",
              "gradio_api/upload", "gradio_api/file=/etc/passwd", "assets/x"]  # fmt: skip
    for path in closed:
        address = f"{served.address}/assistant/{path}"
        assert httpx.get(address, headers=headers).status_code == 404, path
        assert httpx.post(address, headers=headers, json={}).status_code in (404, 405), path
    for path in ("/staff/", "/staff/config", "/staff/gradio_api/run/predict"):
        assert httpx.get(served.address + path, headers=headers).status_code in (303, 401), path


def test_a_page_of_another_site_cannot_use_somebodys_token(served: Served) -> None:
    token = make_token(served.store, EDITOR, "assistant")
    reply = served.post(TOOL, with_token(token) | {"Origin": "https://evil.example"})
    assert reply.status_code == 403
