"""The real page of the staff, whose handlers are called by name over HTTP, as the page calls them or an attacker."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from fastapi import FastAPI
from gradio.blocks import Blocks
from gradio.components import Button
from gradio.routes import App
from httpx import Client
from ports import listening
from staffed import PASSWORD, SAME_ORIGIN
from starlette.routing import Mount

from chatbot.settings import Settings

API = "/staff/gradio_api"
UPLOAD, JOIN, RUN, DATA = f"{API}/upload", f"{API}/queue/join", f"{API}/run/predict", f"{API}/queue/data"
keys = count()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call ended with: data, or the error that the page shows; what it said besides; and all that was sent."""

    data: list[Any] | None
    error: str | None
    notes: list[str]
    text: str


def staff_page(server: FastAPI) -> Blocks:
    """What is mounted at /staff."""
    (mount,) = (route for route in server.router.routes if isinstance(route, Mount) and route.path == "/staff")
    assert isinstance(mount.app, App)
    return mount.app.get_blocks()


def numbers_of(page: Blocks) -> dict[str, list[int]]:
    """The numbers by which each handler of the page is called. What has no function runs in the browser alone."""
    found: dict[str, list[int]] = {}
    for number, handler in page.fns.items():
        if handler.fn is not None:
            found.setdefault(_name(page, handler.fn, handler.targets), []).append(number)
    return found


def _name(page: Blocks, function: Callable[..., Any], targets: Sequence[tuple[int | None, str]]) -> str:
    """Its function, as curated_tab.save_draft; where one is made anew for each button, with the button's label."""
    name = function.__qualname__.replace(".<locals>", "")
    if not name.endswith(".on.handle"):
        return name
    ((number, _),) = targets
    button = page.blocks[number or 0]
    assert isinstance(button, Button)
    return f"{name}: {button.value}"


class Visit:
    """The page of the staff in the browser of one person, who is logged in."""

    def __init__(self, client: Client, page: Blocks, name: str) -> None:
        self.client = client
        self.page = page
        self.numbers = numbers_of(page)
        found = re.search(r'name="form" value="([^"]+)"', client.get("/staff/login").text)
        assert found is not None
        form = {"name": name, "password": PASSWORD, "form": found.group(1)}
        assert client.post("/staff/login", data=form).status_code == 303
        self.load()

    def load(self) -> None:
        """Open the page anew: nothing is chosen in it."""
        self._key = f"page{next(keys)}"

    def call(self, handler: str, *data: Any, event: Any = None) -> Reply:
        """Call a handler by its name, wherever on the page it is used first."""
        return self.queue(self.body(self.numbers[handler][0], data, event))

    def body(self, number: int, data: Any, event: Any = None) -> dict[str, Any]:
        """What is posted to call the handler with a number."""
        return {"fn_index": number, "data": list(data), "event_data": event, "session_hash": self._key}

    def queue(self, body: dict[str, Any]) -> Reply:
        """Call a handler as the page does, and wait for its end."""
        assert self.client.post(JOIN, json=body).status_code == 200
        text = self.client.get(DATA, params={"session_hash": self._key}).text
        messages = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]
        (ended,) = (message["output"] for message in messages if message["msg"] == "process_completed")
        notes = [message["log"] for message in messages if message["msg"] == "log"]
        return Reply(ended.get("data"), ended.get("error"), notes, text)

    def run(self, body: dict[str, Any]) -> Reply:
        """Call a handler past the queue."""
        ended = self.client.post(RUN, json=body)
        return Reply(ended.json().get("data"), ended.json().get("error"), [], ended.text)


@contextmanager
def visiting(server: FastAPI, name: str) -> Iterator[Visit]:
    """The page of a server as the person of a name has opened it."""
    with (
        listening(server, Settings()) as port,
        Client(base_url=f"http://127.0.0.1:{port}", headers=SAME_ORIGIN, timeout=30) as client,
    ):
        yield Visit(client, staff_page(server), name)
