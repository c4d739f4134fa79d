"""What patients are answered from: never from what is for staff nor, by a setting, from what nobody stands behind.

Tested from every entrance: the function, the API, the chat, the search, the page, the widget and the command line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from conftest import LetterEncoder, SharedWords, UndecidedMeaning, desk_of
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import app
from chatbot.bot import ask
from chatbot.desk.desk import Desk
from chatbot.look_up import look_up
from chatbot.question import Question
from chatbot.records import Records
from chatbot.served import FixedIndex, Policy, ServedIndex, served
from chatbot.settings import Settings, Widget
from chatbot.web.api import make_api
from chatbot.web.chat import add_chat
from chatbot.web.embed import add_widget
from chatbot.web.patient import replies

ASKED = {
    "peel": ("How long does peeling last after a chemical peel?", "five days"),
    "staff": ("Is the price of a laser session a deposit of fifty pounds?", "fifty pounds"),
    "laser": ("When does redness fade after the laser?", "seven days"),
}
TODAY = date(2026, 6, 15)


def client_of(desk: Desk) -> TestClient:
    records = Records(desk.store, keep_days=30)
    api = make_api(desk.bot, records)
    add_chat(api, desk.bot, records, desk.outbox)
    add_widget(api, desk.bot, Widget())
    return TestClient(api)


def through_ask(desk: Desk, question: str) -> str:
    return json.dumps(ask(desk.bot, Question.parse(question)).to_json())


def through_the_api(desk: Desk, question: str) -> str:
    return client_of(desk).post("/api/ask", json={"question": question}).text


def through_the_search(desk: Desk, question: str) -> str:
    return client_of(desk).post("/api/search", json={"text": question, "k": 20}).text


def through_the_chat(desk: Desk, question: str) -> str:
    body = {"id": str(uuid4()), "conversation": str(uuid4()), "question": question}
    return client_of(desk).post("/api/chat", json=body).text


def through_the_page(desk: Desk, question: str) -> str:
    *_, (messages, *_) = replies(desk.bot, Records(desk.store, keep_days=30), question, None, [], [])
    return json.dumps(messages[-1])


def through_the_command_line(desk: Desk, question: str) -> str:
    settings = desk.settings
    flags = f"approved_only = {settings.approved_only}\nwithhold_overdue = {settings.withhold_overdue}\n".lower()
    path = settings.data.parent / "settings.toml"
    path.write_text(f'documents = "{settings.documents}"\ndata = "{settings.data}"\n{flags}')
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "load_encoder", lambda model: desk.bot.encoder)
        patch.setattr(app, "load_meaning", lambda: desk.bot.meaning)
        patch.setattr(app, "load_gate", lambda: desk.bot.gate)
        patch.setattr(app, "load_cross_encoder", SharedWords)
        patch.setattr("builtins.print", lambda text, **_: written.append(text))
        assert app.main(["ask", question, "--json", "--settings", str(path)]) == 0
    return "".join(written)


Entrance = Callable[[Desk, str], str]
ENTRANCES: list[Any] = [
    through_ask, through_the_api, through_the_search, through_the_chat, through_the_page, through_the_command_line,
]  # fmt: skip
every_entrance = pytest.mark.parametrize("through", ENTRANCES, ids=[one.__name__ for one in ENTRANCES])
DeskOf = Callable[..., Desk]


@pytest.fixture
def desk_with(
    clinic_folder: Path, tmp_path: Path, encoder: LetterEncoder, meaning: UndecidedMeaning, store: Engine
) -> DeskOf:
    """desk_with(approved_only=True): a desk over the clinic's documents, with these settings."""

    def make(**changes: Any) -> Desk:
        return desk_of(Settings(documents=clinic_folder, data=tmp_path / "var", **changes), encoder, meaning, store)

    return make


def says(desk: Desk, through: Entrance, what: str) -> bool:
    question, quote = ASKED[what]
    said = through(desk, question).replace(json.dumps(question)[1:-1], "")
    return quote in said


@every_entrance
def test_what_is_for_staff_never_reaches_a_patient(desk_with: DeskOf, through: Entrance) -> None:
    assert not says(desk_with(), through, "staff")


@every_entrance
def test_without_a_setting_patients_are_answered_from_what_nobody_reviewed(
    desk_with: DeskOf, through: Entrance
) -> None:
    assert says(desk_with(), through, "peel")


@every_entrance
def test_with_approved_only_they_are_not(desk_with: DeskOf, through: Entrance) -> None:
    desk = desk_with(approved_only=True)
    assert not says(desk, through, "peel")
    assert says(desk, through, "laser")


@every_entrance
def test_what_is_overdue_is_withheld_by_the_setting_alone(
    desk_with: DeskOf, clinic_folder: Path, through: Entrance
) -> None:
    text = (clinic_folder / "peel.md").read_text().replace("id: peel", "id: peel\nreview_due: 2020-01-31")
    (clinic_folder / "peel.md").write_text(text)
    assert says(desk_with(), through, "peel")
    assert not says(desk_with(withhold_overdue=True), through, "peel")


def test_the_widget_names_no_treatment_of_which_everything_is_withheld(desk_with: DeskOf) -> None:
    assert client_of(desk_with()).get("/api/widget").json()["treatments"] == ["Chemical peel", "Fractional CO2 laser"]
    withheld = client_of(desk_with(approved_only=True)).get("/api/widget").json()
    assert withheld["treatments"] == ["Fractional CO2 laser"]
    assert "peel" not in json.dumps(withheld["suggestions"]).lower()


def test_a_review_becomes_overdue_at_midnight_without_a_restart(desk_with: DeskOf, clinic_folder: Path) -> None:
    text = (clinic_folder / "peel.md").read_text().replace("id: peel", f"id: peel\nreview_due: {TODAY}")
    (clinic_folder / "peel.md").write_text(text)
    live, now = desk_with().bot.index, TODAY
    index = ServedIndex(live, Policy(withhold_overdue=True), lambda: now)
    assert "Chemical peel" in index.current().covered
    assert index.current() is index.current()
    now = TODAY + timedelta(days=1)
    assert "Chemical peel" not in index.current().covered


def test_staff_still_find_what_is_withheld_and_see_its_review(desk_with: DeskOf) -> None:
    (found,) = look_up(desk_with(approved_only=True).bot, "peeling lasts days", k=1)
    assert (found.hit.passage.document.id, found.review) == ("peel", "not reviewed")


def test_a_section_is_withheld_where_what_disputes_it_is(desk_with: DeskOf, clinic_folder: Path) -> None:
    text = (clinic_folder / "laser.md").read_text().replace("(laser.md#what-studies-found)", "(studies.md#findings)")
    (clinic_folder / "laser.md").write_text(text)
    (clinic_folder / "studies.md").write_text("---\nid: studies\n---\n\n# Studies\n\n## Findings\n\nThree sessions.\n")
    index = desk_with().bot.index.current()
    assert index.passages.passages["laser#results"].section.caveats == ("studies#findings",)
    given = served(index, Policy(approved_only=True), TODAY)
    audiences = {p.id: p.document.audience for p in given.passages.passages.values()}
    assert audiences["laser#results"] == "staff"  # the dispute is not reviewed
    assert audiences["laser#recovery"] == "patient"


def test_a_claim_that_the_packaged_documents_dispute_is_withheld_until_the_clinic_has_reviewed_their_text(
    desk_with: DeskOf, clinic_folder: Path
) -> None:
    def claim_is_given() -> bool:
        index = served(desk_with().bot.index.current(), Policy(approved_only=True), TODAY)
        return index.passages.passages["laser#results"].document.audience == "patient"

    text = (
        (clinic_folder / "laser.md")
        .read_text()
        .replace("Caveat: [what studies found](laser.md#what-studies-found)", "")
    )
    (clinic_folder / "laser.md").write_text(text)
    assert not claim_is_given()  # "One session removes every scar", of a vendor
    (packaged,) = (Path(app.__file__).parent / "kb" / "documents").rglob("*disputed*.md")
    reviewed = packaged.read_text().replace("reviewed_by: null", "reviewed_by: Dr A. Example")
    (clinic_folder / packaged.name).write_text(reviewed)
    assert claim_is_given()


def test_without_a_policy_the_index_is_the_same(desk_with: DeskOf) -> None:
    index = desk_with().bot.index.current()
    assert ServedIndex(FixedIndex(index), Policy()).current() is index
