"""The staff's login in a real browser: in and out, what the back button shows, and a session that ends meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from ports import listening
from sqlalchemy import Engine, delete
from staffed import NAMES, PASSWORD, add_staff, staff_server

from chatbot.bot import Bot
from chatbot.desk import people
from chatbot.desk.people import OWNER
from chatbot.desk.permissions import Role
from chatbot.desk.sessions import sessions
from chatbot.settings import Settings
from chatbot.store import transaction

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLOW = 15_000  # ms; Gradio's page opens in its own time


@pytest.fixture
def address(rose_bot: Bot, store: Engine, quick_hashes: object) -> Iterator[str]:
    """Of the whole server, with one person of each role."""
    add_staff(store)
    with listening(staff_server(rose_bot, store), Settings()) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=[(1280, 800), (820, 1180)], ids=["laptop", "tablet"])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    width, height = request.param
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        yield context


def log_in(page: Page, address: str, role: Role, password: str = PASSWORD) -> None:
    page.goto(f"{address}/staff/")
    page.get_by_label("Name").fill(NAMES[role])
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def is_open(page: Page) -> None:
    expect(page.get_by_label("Say")).to_be_visible(timeout=SLOW)


def test_who_logs_in_gets_the_page_and_after_the_logout_the_back_button_shows_nothing(
    address: str, context: BrowserContext
) -> None:
    page = context.new_page()
    log_in(page, address, "editor")
    is_open(page)
    page.get_by_label("Say").fill("hello")
    page.get_by_label("Say").press("Enter")
    expect(page.get_by_label("Said")).to_have_value(f"{NAMES['editor']} said hello", timeout=SLOW)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_have_text("You are logged out.")
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible(timeout=SLOW)
    assert "hello" not in page.content()


def test_a_wrong_password_is_said_at_once_and_the_name_stays(address: str, context: BrowserContext) -> None:
    page = context.new_page()
    log_in(page, address, "editor", "wrong words here")
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    expect(page.get_by_label("Name")).to_have_value(NAMES["editor"])
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    is_open(page)


def test_the_login_needs_no_script_and_has_nothing_that_axe_finds_wrong(address: str, browser: Browser) -> None:
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        log_in(page, address, "reader", "wrong words here")
        assert Axe().run(page).violations_count == 0
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        log_in(page, address, "reader")
        page.goto(f"{address}/staff/account")
        expect(page.get_by_text(f"You are logged in as {NAMES['reader']}")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_text("You are logged out.")).to_be_visible()


def test_ones_own_account_has_nothing_that_axe_finds_wrong(address: str, context: BrowserContext) -> None:
    page = context.new_page()
    log_in(page, address, "reader")
    page.goto(f"{address}/staff/account")
    assert Axe().run(page).violations_count == 0
    page.get_by_label("Password now").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("a kettle on the hill")
    page.get_by_label("New password once more").fill("a kettle on the hill")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")


def test_a_session_that_ends_meanwhile_is_said_and_what_was_typed_stays(
    address: str, context: BrowserContext, store: Engine
) -> None:
    page = context.new_page()
    log_in(page, address, "editor")
    is_open(page)
    page.get_by_label("Say").fill("hello")
    page.get_by_label("Say").press("Enter")
    expect(page.get_by_label("Said")).to_have_value(f"{NAMES['editor']} said hello", timeout=SLOW)  # all is loaded
    with transaction(store) as connection:
        connection.execute(delete(sessions))
    page.get_by_label("Say").fill("a long sentence")
    page.get_by_label("Say").press("Enter")
    note = page.get_by_role("alert").filter(has_text="Your session has ended")
    expect(note).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Say")).to_have_value("a long sentence")
    with context.expect_page() as opened:
        page.get_by_role("link", name="Log in again").click()
    again = opened.value
    again.get_by_label("Name").fill(NAMES["editor"])
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Log in").click()
    is_open(again)
    page.get_by_label("Say").press("Enter")
    expect(page.get_by_label("Said")).to_have_value(f"{NAMES['editor']} said a long sentence", timeout=SLOW)


def test_an_admin_adds_somebody_who_then_logs_in_and_the_audit_log_tells_it(
    address: str, browser: Browser, context: BrowserContext
) -> None:
    page = context.new_page()
    log_in(page, address, "admin")
    is_open(page)
    page.get_by_role("tab", name="People").click()
    page.locator("#new-name input").fill("Nell Reed")
    page.locator("#new-password input").fill("quiet lamps by the sea")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#people").get_by_text("Nell Reed").filter(visible=True).first).to_be_visible(timeout=SLOW)
    with browser.new_context() as other:
        newcomer = other.new_page()
        newcomer.goto(f"{address}/staff/")
        newcomer.get_by_label("Name").fill("nell reed")
        newcomer.get_by_label("Password").fill("quiet lamps by the sea")
        newcomer.get_by_role("button", name="Log in").click()
        is_open(newcomer)
    page.get_by_role("tab", name="Audit log").click()
    page.get_by_role("button", name="Read again").click()
    log = page.locator("#audit")
    expect(log.get_by_text("person:Nell Reed").filter(visible=True).first).to_be_visible(timeout=SLOW)
    expect(log.get_by_text("person.logged_in").filter(visible=True).first).to_be_visible()


def test_a_weak_password_is_refused_on_the_page_with_the_reason(address: str, context: BrowserContext) -> None:
    page = context.new_page()
    log_in(page, address, "admin")
    is_open(page)
    page.get_by_role("tab", name="People").click()
    page.locator("#new-name input").fill("Nell Reed")
    page.locator("#new-password input").fill("password1234")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("That password is too easy to guess")).to_be_visible(timeout=SLOW)
    expect(page.locator("#new-name input")).to_have_value("Nell Reed")


def test_who_is_deactivated_while_the_page_is_open_gets_no_further(
    address: str, context: BrowserContext, store: Engine
) -> None:
    page = context.new_page()
    log_in(page, address, "approver")
    is_open(page)
    people.deactivate(store, OWNER, NAMES["approver"])
    page.get_by_label("Say").fill("hello")
    page.get_by_label("Say").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Your session has ended")).to_be_visible(timeout=SLOW)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Your session has ended")


def test_the_server_stops_while_somebody_has_its_pages_open(
    rose_bot: Bot, store: Engine, quick_hashes: object, browser: Browser
) -> None:
    add_staff(store)
    with browser.new_context() as context:
        with listening(staff_server(rose_bot, store), Settings()) as port:
            patients, staffs = context.new_page(), context.new_page()
            patients.goto(f"http://127.0.0.1:{port}/")
            expect(patients.get_by_role("textbox").first).to_be_visible(timeout=SLOW)
            log_in(staffs, f"http://127.0.0.1:{port}", "reader")
            is_open(staffs)
        with pytest.raises(Error):
            staffs.reload()
