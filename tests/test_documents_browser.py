"""The documents' pages in a real browser: from an upload to a release and back, and what each role may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import rows_of
from playwright.sync_api import Browser, Page, expect
from ports import listening
from staffed import NAMES, PASSWORD, add_staff

from chatbot.bot import ask
from chatbot.desk import drafts
from chatbot.desk.desk import Desk
from chatbot.desk.library import Library
from chatbot.desk.permissions import Role
from chatbot.question import Question
from chatbot.records import Records
from chatbot.web.server import make_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FADES = "When does redness fade?"
NEW = "# Fractional CO2 laser\n\n## Recovery\n\nRedness fades within 9 days. <img src=x onerror=alert(1)>\n"
LONG_MS = 60_000  # for reading an upload apart, on a machine with other work


@pytest.fixture
def address(library_desk: Desk) -> Iterator[str]:
    add_staff(library_desk.store)
    server = make_server(library_desk, Records(library_desk.store, keep_days=30))
    with listening(server, library_desk.settings) as port:
        yield f"http://127.0.0.1:{port}"


def desk_page(browser: Browser, address: str, role: Role, width: int = 1280) -> Page:
    """The staff's page, with the person of a role logged in."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(LONG_MS)
    page.goto(f"{address}/staff/login")
    page.fill("input[name=name]", NAMES[role])
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#desk-header header")
    return page


def upload(page: Page, folder: Path, replaces: str) -> None:
    path = folder / "laser.md"
    path.write_text(NEW)
    page.get_by_role("tab", name="Documents").click()
    page.set_input_files("#document-file input[type=file]", path)
    page.wait_for_selector("#document-file .file-preview")
    page.fill("#replaces input", replaces)
    page.keyboard.press("Enter")
    page.click("#upload")
    page.wait_for_selector("#preview .passage")


def said(desk: Desk) -> str:
    return ask(desk.bot, Question.parse(FADES)).citations[0].quote


@pytest.mark.parametrize("width", [1280, 820])
def test_an_approver_goes_from_an_upload_to_a_release_and_back(
    browser: Browser, address: str, library_desk: Desk, tmp_path: Path, width: int
) -> None:
    page = desk_page(browser, address, "approver", width)
    page.on("dialog", lambda dialog: pytest.fail(f"a document's words ran as a script: {dialog.message}"))
    page.get_by_role("tab", name="Saved questions").click()
    page.fill("#to-save textarea", FADES)
    page.click("#ask-to-save")
    expect(page.locator("#must-have textarea")).to_have_value("Redness fades within seven days.", timeout=LONG_MS)
    page.click("#save-question")
    expect(page.locator("#saved td").first).to_have_text(FADES, timeout=LONG_MS)

    upload(page, tmp_path, "laser.md")
    expect(page.locator("#preview .passage").first).to_contain_text("Redness fades within 9 days.")
    page.fill("#reviewer input", "Dr B. Example")
    page.click("#approve")
    expect(page.locator("#documents")).to_contain_text("approved", timeout=LONG_MS)
    page.get_by_role("tab", name="2 Publish").click()
    page.click("#look")
    expect(page.locator(".doc-changes .count")).to_contain_text("1 of 1 answers change: 1 worse", timeout=LONG_MS)
    assert said(library_desk) == "Redness fades within seven days."
    page.click("#publish")
    expect(page.get_by_text("Tick each of them to publish all the same")).to_be_visible(timeout=LONG_MS)
    assert said(library_desk) == "Redness fades within seven days."
    page.locator("#accepting input").first.check()
    page.click("#publish")
    expect(page.get_by_text("is published.", exact=False)).to_be_visible(timeout=LONG_MS)
    assert said(library_desk).startswith("Redness fades within 9 days.")
    page.get_by_role("tab", name="1 Drafts").click()
    expect(page.locator("#preview")).to_contain_text("Choose a draft", timeout=LONG_MS)
    expect(page.locator("#draft input")).to_have_value("")
    expect(page.locator("#draft-text")).to_be_hidden()

    page.get_by_role("tab", name="3 Earlier").click()
    expect(page.locator("#versions")).to_contain_text("as it was before", timeout=LONG_MS)
    page.click("#version input")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.click("#roll-back")
    expect(page.locator("#versions")).to_contain_text("rolled back to", timeout=LONG_MS)
    assert said(library_desk) == "Redness fades within seven days."


def test_an_editor_uploads_but_neither_approves_nor_publishes(
    browser: Browser, address: str, library_desk: Desk, tmp_path: Path
) -> None:
    page = desk_page(browser, address, "editor")
    upload(page, tmp_path, "laser.md")
    page.fill("#reviewer input", "Dr Nobody")
    page.click("#approve")
    expect(page.get_by_text("As editor you may not do that: it takes the role approver.")).to_be_visible()
    assert [row["state"] for row in rows_of(library_desk.store, drafts.drafts)] == ["draft"]
    page.get_by_role("tab", name="2 Publish").click()
    page.click("#look")
    expect(page.get_by_text("Approve a draft first", exact=False)).to_be_visible(timeout=LONG_MS)
    assert page.locator("#publish").count() == 0
    assert Library.of(library_desk.settings).current() is None


def test_a_reader_sees_neither_documents_nor_saved_questions(browser: Browser, address: str) -> None:
    page = desk_page(browser, address, "reader")
    assert page.get_by_role("tab", name="Look up").is_visible()
    for name in ("Documents", "Saved questions"):
        assert page.get_by_role("tab", name=name).count() == 0
    assert "laser.md" not in page.content()
