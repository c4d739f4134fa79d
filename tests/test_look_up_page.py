"""The look-up in a real browser, against the real program with the shipped documents: typed, read, copied by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from served import Program, served
from staffed import NAMES, PASSWORD, add_staff

from chatbot.store import open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}
TABLET: dict[str, Any] = {"viewport": {"width": 820, "height": 1180}, "color_scheme": "dark", "has_touch": True}
CLINIC = """[clinic]
name = "Test Clinic"
phone = "020 7946 0000"
email = "hello@clinic.example"
emergency_number = "999"
urgent_care_line = "111"
poison_line = "111"
crisis_line = "116 123 (Samaritans)"
"""
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WAIT_MS = 20_000
TOKEN = re.compile(r"desk_[\w-]{43}")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder: Path = tmp_path_factory.mktemp("staff")
    add_staff(open_store(folder / "data" / "records.sqlite3"))
    with served(folder, CLINIC) as program:
        yield program


@contextmanager
def opened(browser: Browser, program: Program, screen: dict[str, Any]) -> Iterator[Page]:
    """The look-up, a reader logged in; a request to another server, or an error in the page, fails the test."""
    context = browser.new_context(**screen)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    outside: list[str] = []
    errors: list[str] = []
    own = (program.address, "data:", "blob:")
    page.on("request", lambda sent: None if sent.url.startswith(own) else outside.append(sent.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{program.address}/staff")
    page.get_by_label("Name").fill(NAMES["reader"])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(box(page)).to_be_visible(timeout=30_000)
    expect(page.get_by_text(f"{NAMES['reader']} (reader)")).to_be_visible(timeout=WAIT_MS)
    yield page
    context.close()
    assert outside == []
    assert errors == []


@pytest.fixture(params=[LAPTOP, TABLET], ids=["laptop", "tablet"])
def page(request: pytest.FixtureRequest, browser: Browser, program: Program) -> Iterator[Page]:
    with opened(browser, program, request.param) as page:
        yield page


def box(page: Page) -> Locator:
    return page.locator("#look-up-box :is(input, textarea)")


def results(page: Page) -> Locator:
    return page.locator("#look-up-results article.place")


def type_in(page: Page, text: str) -> None:
    """Type letter by letter, and wait until the results are those of the whole."""
    box(page).fill("")
    with page.expect_response(
        lambda reply: reply.url.endswith("/run/predict") and text in (reply.request.post_data or "")
    ):
        box(page).press_sequentially(text, delay=30)
    expect(results(page).first).to_be_visible(timeout=WAIT_MS)


def copied(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


def test_nobody_is_sent_to_the_login(browser: Browser, program: Program) -> None:
    page = browser.new_page()
    page.goto(f"{program.address}/staff/")
    expect(page).to_have_url(f"{program.address}/staff/login")
    assert page.locator("#look-up-box").count() == 0
    page.close()


def test_half_a_word_finds_a_quote_marked_in_its_section_that_opens_with_its_neighbours(page: Page) -> None:
    type_in(page, "pregn")
    first = results(page).first
    expect(first.locator("blockquote mark")).to_contain_text("pregnan")
    around = first.locator(".section.own")
    expect(around).not_to_be_visible()
    first.get_by_text("The whole section, and what stands around it").click()
    expect(around.locator("mark")).to_be_visible()
    assert first.locator(".section").count() >= 2


def test_all_goes_with_the_keyboard_alone(page: Page) -> None:
    expect(box(page)).to_be_focused(timeout=WAIT_MS)
    page.keyboard.press("/")
    page.keyboard.type("scars after co2 laser", delay=30)
    expect(results(page).nth(2)).to_be_visible(timeout=WAIT_MS)
    page.wait_for_timeout(600)
    assert box(page).input_value() == "scars after co2 laser"
    page.keyboard.press("ArrowDown")
    expect(results(page).nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(results(page).nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(results(page).nth(0).locator(".section.own")).to_be_visible()
    page.keyboard.press("Enter")
    expect(results(page).nth(0).locator(".section.own")).not_to_be_visible()
    page.keyboard.press("Escape")
    expect(box(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+k")
    expect(box(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()


def test_one_key_copies_for_the_phone_and_another_for_an_email_and_both_are_announced(page: Page) -> None:
    type_in(page, "sunscreen after a chemical peel")
    quote = results(page).first.locator("blockquote mark").inner_text()
    said = page.get_by_role("status").filter(has_text="Copied")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("p")
    expect(said).to_contain_text("Copied for the phone")
    assert copied(page).startswith(quote)
    assert copied(page).endswith("No clinician has reviewed this text yet.")
    page.keyboard.press("e")
    expect(said).to_contain_text("Copied for an e-mail")
    assert copied(page).startswith(f"“{quote}”")
    assert "please contact Test Clinic on 020 7946 0000 or hello@clinic.example" in copied(page)
    page.keyboard.press("Escape")
    page.keyboard.press("F2")
    expect(said).to_contain_text("Copied for the phone")
    assert copied(page).startswith(quote)
    results(page).first.get_by_role("button", name="Copy for an e-mail").click()
    expect(said).to_contain_text("Copied for an e-mail")
    assert copied(page).startswith(f"“{quote}”")


def test_a_disputed_claim_is_shown_and_copied_with_the_dispute(page: Page) -> None:
    type_in(page, "vendor says co2 laser makes scars smooth")
    disputed = results(page).filter(has=page.locator("> .caveat")).first
    expect(disputed.locator("> .caveat")).to_contain_text("This is disputed")
    disputed.get_by_role("button", name="Copy for the phone").click()
    expect(page.get_by_role("status").filter(has_text="Copied for the phone")).to_be_visible()
    assert "This is disputed: " in copied(page)


def test_filters_leave_what_they_name(page: Page) -> None:
    type_in(page, "pain")
    page.get_by_label("Treatment").click()
    page.get_by_role("option", name="Microneedling").click()
    expect(page.locator("#look-up-results .badge.treatment").first).to_have_text("Microneedling", timeout=WAIT_MS)
    badges = page.locator("#look-up-results .badge.treatment").all_inner_texts()
    assert set(badges) <= {"Microneedling", "Any treatment"}
    page.get_by_label("Written for").click()
    page.get_by_role("option", name="Staff only").click()
    expect(page.get_by_text("Nothing was found.").first).to_be_visible(timeout=WAIT_MS)


def test_an_emergency_stands_above_the_results(page: Page) -> None:
    type_in(page, "I can't breathe")
    now = page.locator("#look-up-results .pinned.emergency")
    expect(now).to_be_in_viewport()
    expect(now.get_by_role("link", name="999")).to_have_attribute("href", "tel:999")


def test_a_token_for_an_assistant_is_made_shown_once_and_ended(browser: Browser, program: Program) -> None:
    with opened(browser, program, LAPTOP) as page:
        page.get_by_role("button", name="For your own assistant").click()
        page.get_by_label("What the token is for").fill("front desk")
        page.get_by_role("button", name="Make a token").click()
        made = page.get_by_label("The token, shown this once")
        expect(made).to_have_value(TOKEN, timeout=WAIT_MS)
        page.get_by_label("Your tokens").click()
        page.get_by_role("option", name="front desk").first.click()
        page.get_by_role("button", name="End this token").click()
        expect(made).to_have_value("", timeout=WAIT_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [LAPTOP, TABLET], ids=["laptop", "tablet"])
def test_nothing_keeps_anybody_from_using_it(
    screen: dict[str, Any], scheme: str, browser: Browser, program: Program
) -> None:
    with opened(browser, program, screen | {"color_scheme": scheme}) as page:
        assert violations(page) == []
        type_in(page, "can I have a peel, I can't breathe, vendor says scars smooth")
        results(page).first.locator("summary").first.click()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_who_logs_out_sees_nothing_more(browser: Browser, program: Program) -> None:
    with opened(browser, program, LAPTOP) as page:
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_text("You are logged out.")).to_be_visible()
        page.goto(f"{program.address}/staff/")
        expect(page).to_have_url(f"{program.address}/staff/login")
