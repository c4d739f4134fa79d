"""The frame of the staff's page: who is logged in, which tabs they have, what is served, what nobody has reviewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from conftest import IndexOf
from fastapi import FastAPI
from rose_documents import LASER, PEEL
from sqlalchemy import Engine
from staffed import ROLES, add_staff, logged_in, person, visitor

from chatbot.bot import Bot
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person, Role
from chatbot.mailing.outbox import Outbox
from chatbot.records import Records
from chatbot.settings import Settings
from chatbot.web.server import make_server
from chatbot.web.staff.page import TABS, TabOf, header_of, make_staff_page


@pytest.fixture
def desk(rose_bot: Bot, store: Engine, quick_hashes: PasswordHasher) -> Desk:
    add_staff(store)
    return Desk(rose_bot, store, Outbox(store, None, keep_days=30), Settings())


@pytest.fixture
def server(desk: Desk, store: Engine) -> FastAPI:
    return make_server(desk, Records(store, keep_days=30))


def function_of(config: dict[str, Any], event: str, elem_id: str | None = None) -> int:
    """The number of the function behind an event of the component with an id, or of that which greets whoever comes."""
    ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
    for one in config["dependencies"]:
        is_meant = (
            ids[elem_id] in [part for part, _ in one["targets"]] if elem_id else len(one["outputs"]) == 1 + len(TABS)
        )
        if is_meant and event in [name for _, name in one["targets"]]:
            number: int = one["id"]
            return number
    raise LookupError(event)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_greeted_by_name_and_has_the_tabs_that_it_may_use(role: Role, server: FastAPI) -> None:
    client = logged_in(server, role)
    config = client.get("/staff/config").json()
    body = {"data": [], "fn_index": function_of(config, "load"), "session_hash": "page"}
    header, *tabs = client.post("/staff/gradio_api/run/predict", json=body).json()["data"]
    assert person(role).name in header
    assert f"({role})" in header
    assert "<form method='post' action='/staff/logout'>" in header
    assert [tab["visible"] for tab in tabs] == [person(role).may(tab.least) for tab in TABS]


def test_a_tab_is_hidden_until_it_is_known_who_looks(desk: Desk) -> None:
    tabs = [TabOf("Look up", "look_up", lambda _: None), TabOf("People", "administer", lambda _: None)]
    config: Any = make_staff_page(desk, tabs).get_config_file()
    shown = {p["props"]["label"]: p["props"]["visible"] for p in config["components"] if p["type"] == "tabitem"}
    assert shown == {"Look up": True, "People": False}


def test_who_types_sees_places_and_nobody_else_does(server: FastAPI) -> None:
    client = logged_in(server, "reader")
    config = client.get("/staff/config").json()
    body = {
        "data": ["recovery redn", "Any treatment", "Any topic", "Patients and staff"],
        "fn_index": function_of(config, "input", "look-up-box"),
        "session_hash": "page",
    }
    (html,) = client.post("/staff/gradio_api/run/predict", json=body).json()["data"]
    assert "<mark>Redness fades within seven days.</mark>" in html
    assert visitor(server).post("/staff/gradio_api/run/predict", json=body).status_code == 401


def test_every_function_of_the_page_is_private(desk: Desk) -> None:
    page = make_staff_page(desk, TABS)
    assert {function.api_visibility for function in page.fns.values()} == {"private"}


def test_no_tab_tells_anything_in_the_page_itself(server: FastAPI) -> None:
    """What the page is made of is the same for all: what only some may see must come with a call."""
    config = logged_in(server, "reader").get("/staff/config").text
    for secret in ("fifty pounds", "Ada Birch", "Ava Pine"):
        assert secret not in config


def test_the_header_escapes_the_name_and_says_which_index_is_served(index_of: IndexOf, clinic_folder: Path) -> None:
    index = index_of(clinic_folder)
    header = header_of(Person("<b>Eve", "reader"), index)
    assert "&lt;b&gt;Eve" in header
    assert index.version in header


def test_what_nobody_reviewed_and_what_is_overdue_is_said_above_all(index_of: IndexOf, clinic_folder: Path) -> None:
    some = index_of(clinic_folder)
    assert "No clinician has reviewed 2 of 3 documents." in header_of(person("reader"), some)
    (clinic_folder / "laser.md").write_text(LASER.replace("reviewed_by: Dr A. Example\nreviewed_on: 2026-01-31\n", ""))
    assert "No clinician has reviewed any of these documents." in header_of(person("reader"), index_of(clinic_folder))
    signed = "treatment: Chemical peel\nreviewed_by: Dr B\nreview_due: 2020-01-01\n"
    (clinic_folder / "peel.md").write_text(PEEL.replace("treatment: Chemical peel\n", signed))
    assert "The review of 1 of 3 documents is overdue." in header_of(person("reader"), index_of(clinic_folder))
    reviewed = tuple(replace(d, reviewed_by="Dr C", review_due=date(2999, 1, 1)) for d in some.documents)
    assert "class='review'" not in header_of(person("reader"), replace(some, documents=reviewed))


def test_the_page_asks_nothing_of_other_servers(server: FastAPI) -> None:
    page = logged_in(server, "reader").get("/staff/")
    assert page.status_code == 200
    assert "fonts.googleapis" not in page.text.partition("window.gradio_config")[0]
