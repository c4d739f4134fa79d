"""The tabs of gaps, messages and insights, as an editor and a reader use them in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from asked import ask_once, send
from conftest import rows_of
from desk_page import served_to
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from chatbot.desk.curated import every_curated
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import open_drafts, text_of
from chatbot.desk.gap_topics import topics
from chatbot.desk.permissions import Person
from chatbot.mailing.outbox import messages
from chatbot.web.staff.gaps_tab import gaps_tab
from chatbot.web.staff.insights_tab import insights_tab
from chatbot.web.staff.messages_tab import messages_tab

PageOf = Callable[[Person], Page]
pytestmark = pytest.mark.browser
TIMEOUT_MS = 20_000
expect.set_options(timeout=TIMEOUT_MS)
EDITOR, READER = Person("Ann", "editor"), Person("Ben", "reader")
HOSTILE = "<img src=x onerror=window.hacked=1> =xx voucher?"


@pytest.fixture
def desk(library_desk: Desk) -> Desk:
    settings = library_desk.settings.model_copy(update={"minutes_saved_per_answer": 3})
    return replace(library_desk, settings=settings)


@pytest.fixture
def page_of(browser: Browser, desk: Desk) -> Iterator[PageOf]:
    """page_of(person): the tabs on a fresh page, as this person sees them."""
    tabs = {"Gaps": gaps_tab, "Messages": messages_tab, "Insights": insights_tab}
    stack = []

    def make(person: Person) -> Page:
        serving = served_to(person, desk, tabs)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        stack.append((serving, page))
        page.set_default_timeout(TIMEOUT_MS)
        page.goto(serving.__enter__())
        expect(page.get_by_text("Choose a tab.")).to_be_visible()
        return page

    yield make
    for serving, page in stack:
        page.close()
        serving.__exit__(None, None, None)


def now(store: Engine, text: str, **more: Any) -> str:
    return ask_once(store, text, at=datetime.now(UTC), **more)


def test_from_a_gap_to_an_answer_that_is_begun_and_why_it_was_not_found(
    page_of: PageOf, desk: Desk, store: Engine
) -> None:
    for text in (HOSTILE, "xx vouchers for a chemical peel"):
        now(store, text)
    now(store, "zzz parking")
    page = page_of(EDITOR)
    page.get_by_role("tab", name="Gaps").click()
    expect(page.get_by_text("2 gaps open, asked about by 3 people.")).to_be_visible()
    expect(page.locator("[data-testid=cell-0-0]")).to_have_text("2")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").first.click()
    saved = download.value.path().read_bytes()
    assert saved.startswith(b"\xef\xbb\xbfPeople,This week")
    assert saved.count(b"\r\n") == 3

    page.locator("[data-testid=cell-0-2]").click()
    expect(page.get_by_text("Asked by 2 people: 2 this week, 0 the week before.")).to_be_visible()
    expect(page.locator("#gap").get_by_text("<img src=x").first).to_be_visible()
    page.get_by_role("button", name="Why was it not found?").click()
    expect(page.get_by_text("step by step")).to_be_visible()
    assert page.evaluate("window.hacked") is None

    page.get_by_role("button", name="Write an answer").click()
    expect(page.get_by_label("Treatment")).to_have_value("Chemical peel")
    page.get_by_label("Questions, one a line").fill("Do you sell vouchers?\nvouchers for a peel")
    page.get_by_label("Answer", exact=True).fill("Vouchers are sold at the desk.")
    page.get_by_label("Source").fill("Our price list")
    page.get_by_role("button", name="Keep it as a draft").click()
    expect(page.locator("[data-testid=cell-0-4]")).to_have_text("an answer begun")
    (begun,) = every_curated(desk, EDITOR)
    wording = begun.latest.wording
    assert wording.questions == ("Do you sell vouchers?", "vouchers for a peel")
    assert (wording.text, wording.treatment) == ("Vouchers are sold at the desk.", "Chemical peel")
    assert (wording.owner, wording.source, begun.state) == ("Ann", "Our price list", "draft")
    assert [(row["how"], row["subject"]) for row in rows_of(store, topics)] == [("curated", begun.id)]


def test_a_document_is_begun_and_what_is_not_for_us_is_closed_with_its_reason(
    page_of: PageOf, desk: Desk, store: Engine
) -> None:
    now(store, "zzz parking")
    page = page_of(EDITOR)
    page.get_by_role("tab", name="Gaps").click()
    page.locator("[data-testid=cell-0-2]").click()
    page.get_by_role("button", name="Start a document").click()
    expect(page.locator("#gap-stub textarea")).to_have_value(re.compile("## zzz"))
    (begun,) = open_drafts(desk, EDITOR)
    assert (begun.owner, begun.path) == ("Ann", "gap-zzz-parking.md")
    assert "## zzz parking" in text_of(desk, EDITOR, begun)
    page.get_by_role("button", name="Not for us").click()
    page.get_by_role("button", name="Close it as not for us").click()
    expect(page.get_by_text("Say in your own words what it is about")).to_be_visible()
    page.get_by_label("What it is about, in your own words").fill("zzz parking")
    page.get_by_label("Why the clinic does not answer it").fill("there is none")
    page.get_by_role("button", name="Close it as not for us").click()
    expect(page.get_by_text("No gap is open")).to_be_visible()
    page.get_by_label("Closed").check()
    page.locator("[data-testid=cell-0-2]").click()
    expect(page.get_by_text("zzz parking: there is none.")).to_be_visible()
    page.get_by_role("button", name="Open it again").click()
    page.get_by_label("Open", exact=True).check()
    expect(page.get_by_text("1 gap open")).to_be_visible()


def test_a_message_shows_its_words_when_it_is_opened_and_is_done_after_a_question(
    page_of: PageOf, desk: Desk, store: Engine
) -> None:
    send(desk.outbox, "Could you call me?")
    urgent = send(desk.outbox, HOSTILE, urgency="emergency")
    page = page_of(EDITOR)
    page.get_by_role("tab", name="Messages").click()
    expect(page.get_by_text("2 messages wait")).to_be_visible()
    expect(page.locator("#message-list [data-testid=cell-0-0]")).to_have_text(urgent)
    assert "Nightingale" not in page.content()
    page.locator("#message-list [data-testid=cell-0-0]").click()
    expect(page.get_by_text("Florence Nightingale")).to_be_visible()
    assert page.get_by_role("link", name="07700 900123").get_attribute("href") == "tel:07700900123"
    assert page.evaluate("window.hacked") is None
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Done: it was answered").click()
    page.wait_for_timeout(500)
    assert len(desk.outbox.waiting()) == 2
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Done: it was answered").click()
    expect(page.get_by_text("1 message waits")).to_be_visible()
    assert rows_of(store, messages)[1]["name"] is None
    assert "Nightingale" not in page.content()


def test_insights_are_plots_tables_and_a_file_and_a_reader_sees_nothing_else(page_of: PageOf, store: Engine) -> None:
    now(store, "my secret", status="answered", passages=("peel#recovery",))
    page = page_of(READER)
    page.get_by_role("tab", name="Insights").click()
    expect(page.get_by_text("your clinic's own assumption of 3 minutes for each answer")).to_be_visible()
    expect(page.locator("canvas, svg.marks").first).to_be_visible()
    page.get_by_text("Questions a day, as a table").click()
    expect(page.get_by_role("columnheader", name="Day")).to_be_visible()
    expect(page.get_by_role("cell", name="Chemical peel › Recovery")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").last.click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbfday,questions,answered")
    for tab in ("Gaps", "Messages"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text("it takes the role editor").first).to_be_visible()
    assert "secret" not in page.content()
