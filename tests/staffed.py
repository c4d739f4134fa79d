"""A clinic's staff, one person a role, the whole server with a small staff's page, and browsers that are logged in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import gradio as gr
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from chatbot.bot import Bot
from chatbot.desk.desk import Desk
from chatbot.desk.people import OWNER, add
from chatbot.desk.permissions import Person, Role
from chatbot.mailing.outbox import Outbox
from chatbot.records import Records
from chatbot.settings import Limits, Settings
from chatbot.web.page_paths import close_page
from chatbot.web.server import make_server
from chatbot.web.staff.audit_tab import audit_tab
from chatbot.web.staff.guard import name_of, person_of
from chatbot.web.staff.login import HEAD
from chatbot.web.staff.people_tab import people_tab

PASSWORD = "we met in the rain"
NAMES: dict[Role, str] = {"reader": "Rea Hall", "editor": "Ed Moss", "approver": "Ava Pine", "admin": "Ada Birch"}
ROLES: tuple[Role, ...] = get_args(Role)
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def person(role: Role) -> Person:
    """The person of a role."""
    return Person(NAMES[role], role)


def add_staff(store: Engine) -> None:
    """Let all of them log in with PASSWORD."""
    for role, name in NAMES.items():
        add(store, OWNER, name, role, PASSWORD)


def visitor(server: FastAPI, address: str = "192.0.2.1", scheme: str = "http") -> TestClient:
    """A browser on a page of this server, where nobody is logged in."""
    base = f"{scheme}://testserver"
    return TestClient(server, base, client=(address, 5000), headers=SAME_ORIGIN, follow_redirects=False)


def form_token(client: TestClient) -> str:
    """The hidden field of the login form."""
    found = re.search(r'name="form" value="([^"]+)"', client.get("/staff/login").text)
    assert found is not None
    return found.group(1)


def try_to_log_in(client: TestClient, name: str, password: str = PASSWORD) -> int:
    """The status that the login form gets."""
    form = {"name": name, "password": password, "form": form_token(client)}
    return client.post("/staff/login", data=form).status_code


def logged_in(server: FastAPI, role: Role, scheme: str = "http") -> TestClient:
    """A browser in which the person of a role is logged in."""
    client = visitor(server, scheme=scheme)
    assert try_to_log_in(client, NAMES[role]) == 303
    return client


def staff_server(bot: Bot, store: Engine, limits: Limits | None = None) -> FastAPI:
    """The whole server, with a page at /staff that has the tabs of this piece, one to upload with, and one to echo."""
    settings = Settings(clinic=bot.clinic, limits=limits or Limits())
    desk = Desk(bot, store, Outbox(store, None, keep_days=30), settings)
    server = make_server(desk, Records(store, keep_days=30))
    routes = server.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", None) != "/staff"]  # the small page stands for it
    page = _small_page(desk)
    gr.mount_gradio_app(
        server, page, path="/staff", auth_dependency=name_of, head=HEAD, footer_links=[], show_error=False,
        ssr_mode=False, run_history=False,
    )  # fmt: skip
    close_page(server)
    return server


def _small_page(desk: Desk) -> gr.Blocks:
    page: gr.Blocks
    with gr.Blocks(title="Staff desk", analytics_enabled=False) as page:
        gr.HTML("<form method='post' action='/staff/logout'><button>Log out</button></form>")
        with gr.Tab("Look up"):
            box, echo = gr.Textbox(label="Say"), gr.Textbox(label="Said")
            given, content = gr.File(label="File"), gr.Textbox(label="Content")
            made = gr.File(label="Made")

            def say(text: str, request: gr.Request) -> str:
                return f"{person_of(request).name} said {text}"

            def read(path: str | None) -> str:
                return Path(path).read_text(encoding="utf-8") if path else ""

            def make(path: str | None) -> str | None:
                if path is None:
                    return None
                copy = Path(path).with_name("made.txt")
                copy.write_text("made", encoding="utf-8")
                return str(copy)

            box.submit(say, box, echo, api_visibility="private")
            given.upload(read, given, content, api_visibility="private")
            given.upload(make, given, made, api_visibility="private")
        with gr.Tab("Audit log"):
            audit_tab(desk)
        with gr.Tab("People"):
            people_tab(desk)
    return page
