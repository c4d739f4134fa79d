"""The staff's tab of curated answers: what it shows as HTML, and the way of an editor and an approver through it."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import gradio as gr
import pytest
import uvicorn
from curated_clinic import ADMIN, APPROVER, EDITOR, PARKING, PEEL_PRICE, READER, approved, desk_of
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from starlette.types import ASGIApp, Receive, Scope, Send

from chatbot.bot import Bot, ask
from chatbot.desk.curated import Curated, EditConflictError, edit, every_curated, history
from chatbot.desk.curated_look_up import try_question
from chatbot.desk.curated_uses import Use
from chatbot.desk.curated_wording import Version
from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Person
from chatbot.question import Question
from chatbot.settings import Clinic
from chatbot.web.staff import curated_html as html
from chatbot.web.staff.curated_tab import curated_tab
from chatbot.web.staff.guard import PERSON

WAIT_MS = 30_000
HOSTILE = replace(PARKING, questions=("<b>Park</b>?",), text="<img src=x onerror=alert(1)>", source="<i>us</i>")


@pytest.fixture
def desk(rose_bot: Bot, store: Engine) -> Desk:
    return desk_of(rose_bot, store)


def test_words_struck_out_and_put_in_are_marked_and_everything_is_escaped() -> None:
    assert html.differences("six <b> spaces", "seven <b> spaces") == "<del>six</del><ins>seven</ins> &lt;b&gt; spaces"


def test_only_what_changed_is_told() -> None:
    told = html.changed(PARKING, replace(PARKING, owner="Nurse Li"))
    assert "<th>Owner</th>" in told
    assert "<th>Text</th>" not in told
    assert html.changed(PARKING, PARKING) == "<p>Nothing.</p>"


def test_nothing_that_was_typed_is_html() -> None:
    version = Version("c1", 2, HOSTILE, "<u>Ed</u>", datetime(2026, 1, 1))
    uses = [Use(datetime(2026, 1, 1), 2, "<b>park</b>?", 0.9)]
    one = Curated("c1", version, None, False, 1, None)
    shown = [
        html.told(one, [version], uses, None),
        html.preview(HOSTILE, Clinic(), "<u>Ed</u>"),
        html.changed(PARKING, HOSTILE),
        html.conflict(EditConflictError(version, HOSTILE)),
    ]
    for tag in ("<b>", "<img", "<i>", "<u>"):
        assert all(tag not in one for one in shown)


def test_the_preview_of_an_answer_for_staff_says_that_no_patient_sees_it() -> None:
    assert "no patient is shown this" in html.preview(replace(PARKING, audience="staff"), Clinic(), "Ed")
    assert "no patient is shown this" not in html.preview(PARKING, Clinic(), "Ed")


def test_both_wordings_of_a_conflict_are_shown() -> None:
    theirs = Version("c1", 2, PARKING, "Ada", datetime(2026, 1, 1))
    told = html.conflict(EditConflictError(theirs, replace(PARKING, text="There are six bays behind the building.")))
    assert PARKING.text in told
    assert "<del>free</del>" in told.replace("<del>free spaces</del>", "<del>free</del>")


def test_why_a_question_matches_or_not_is_told_with_the_score_and_the_cut_off(desk: Desk) -> None:
    approved(desk, PARKING)
    assert "Answered by “Where can I park?”" in html.why(try_question(desk, Question("parking?"), EDITOR))
    other = html.why(try_question(desk, Question("Where can I park a motor home?"), EDITOR))
    assert "the nearest is below the cut-off, 0.70" in other
    assert "words of the question that it lacks" in other
    assert "patients are told what to do now" in html.why(try_question(desk, Question("I cannot breathe"), EDITOR))


class Acting:
    """A door that takes everybody for one person; the test says whom."""

    person: Person = READER

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})[PERSON] = Acting.person
        await self._app(scope, receive, send)


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    """The tab alone, served on this machine."""
    with gr.Blocks(analytics_enabled=False) as page:
        curated_tab(desk)
    server = gr.mount_gradio_app(FastAPI(), page, path="/staff", footer_links=[], ssr_mode=False, run_history=False)
    server.add_middleware(Acting)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = uvicorn.Server(uvicorn.Config(server, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not running.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/staff"
    running.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 820, "height": 1180})
    page.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    yield page
    page.close()


def opened(page: Page, address: str, by: Person) -> None:
    Acting.person = by
    page.goto(address)
    expect(page.locator("#curated-questions textarea")).to_be_visible()
    if by.may("edit"):  # from then on the page hears what is typed
        expect(page.locator("#curated-list")).to_contain_text(re.compile(r"\d answers?"))
    expect(page.locator("#curated-owner :is(input, textarea)")).to_have_value(by.name)


@pytest.mark.browser
def test_an_editor_writes_and_tries_an_answer_and_an_approver_lets_it_answer(
    desk: Desk, address: str, page: Page
) -> None:
    opened(page, address, EDITOR)
    page.get_by_label("Questions, one a line").fill("\n".join(PARKING.questions))
    page.get_by_label("Answer", exact=True).fill(PARKING.text)
    expect(page.locator("#curated-preview")).to_contain_text(PARKING.text)
    page.locator("#curated-source :is(input, textarea)").fill(PARKING.source)
    page.locator("#curated-try textarea").fill("any parking?")
    page.locator("#curated-try textarea").press("Enter")
    expect(page.locator("#curated-why")).to_contain_text("Answered by the one that you are writing")
    page.locator("#curated-save").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#curated-story")).to_contain_text("Version 1")
    expect(page.locator("#curated-approve")).to_be_hidden()
    assert ask(desk.bot, Question("any parking?")).status == "abstained"

    opened(page, address, APPROVER)
    page.locator("#curated-list label", has_text="Where can I park?").click()
    page.locator("#curated-approve").click()
    expect(page.locator("#curated-story")).to_contain_text("approved by Ann")
    assert ask(desk.bot, Question("any parking?")).citations[0].quote == PARKING.text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.browser
def test_the_second_of_two_editors_sees_both_texts_and_saves_on_top(desk: Desk, address: str, page: Page) -> None:
    version = approved(desk, PARKING)
    opened(page, address, EDITOR)
    page.locator("#curated-list label", has_text="Where can I park?").click()
    expect(page.locator("#curated-story")).to_contain_text("Version 1")
    edit(desk, version.id, 1, replace(PARKING, text="Please come by bus."), ADMIN)
    page.get_by_label("Answer", exact=True).fill("There are seven free spaces.")
    page.locator("#curated-save").click()
    conflict = page.locator("#curated-conflict")
    expect(conflict).to_contain_text("Ada saved version 2")
    expect(conflict).to_contain_text("Please come by bus.")
    expect(page.get_by_label("Answer", exact=True)).to_have_value("There are seven free spaces.")
    page.locator("#curated-save").click()
    expect(page.locator("#curated-story")).to_contain_text("Version 3")
    assert [v.wording.text for v in history(desk, version.id, EDITOR)][:2] == [
        "There are seven free spaces.",
        "Please come by bus.",
    ]


@pytest.mark.browser
def test_what_is_wrong_is_said_and_the_form_keeps_what_was_typed(desk: Desk, address: str, page: Page) -> None:
    opened(page, address, EDITOR)
    page.get_by_label("Questions, one a line").fill("How much paracetamol may I have?")
    page.get_by_label("Answer", exact=True).fill("Take 500 mg of paracetamol.")
    page.locator("#curated-save").click()
    expect(page.get_by_text("The text holds what no patient is shown")).to_be_visible()
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Take 500 mg of paracetamol.")
    assert every_curated(desk, EDITOR) == []


@pytest.mark.browser
def test_the_list_is_filtered_and_a_reader_gets_none_of_it(desk: Desk, address: str, page: Page) -> None:
    approved(desk, PARKING)
    approved(desk, PEEL_PRICE)
    opened(page, address, EDITOR)
    expect(page.locator("#curated-list")).to_contain_text("What does a chemical peel cost?")
    page.locator("#curated-words textarea, #curated-words input").first.fill("ninety")
    expect(page.locator("#curated-list")).not_to_contain_text("Where can I park?")
    expect(page.locator("#curated-list")).to_contain_text("What does a chemical peel cost?")
    opened(page, address, READER)
    page.wait_for_timeout(1500)
    expect(page.locator("#curated-list")).not_to_contain_text("Where can I park?")
