"""The chat widget for everybody: the keyboard alone, small screens, screen readers, other languages, less motion."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect
from served import Program
from widget_site import BREATHING, DESKTOP, PHONE, PUS, STILL_RED, WORK, Site, visited

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALLEST: dict[str, Any] = {**PHONE, "viewport": {"width": 320, "height": 568}, "color_scheme": "light"}
ZOOMED: dict[str, Any] = {"viewport": {"width": 640, "height": 450}, "color_scheme": "dark"}  # a desktop at 200 %
SMALL = """() => {
  const root = document.querySelector('clinic-chat').shadowRoot;
  const isSmall = box => box.width > 0 && Math.min(box.width, box.height) < 24;
  const controls = [...root.querySelectorAll('button, summary, select, textarea')];
  return controls.filter(one => isSmall(one.getBoundingClientRect())).map(one => one.textContent);
}"""


def test_the_keyboard_alone_is_enough(desktop: Site) -> None:
    press, page = desktop.page.keyboard.press, desktop.page

    def tab_to(target: Locator, key: str = "Tab") -> None:
        for _ in range(40):
            if target.evaluate("e => e === e.getRootNode().activeElement"):
                return
            press(key)
        pytest.fail(f"{target} cannot be reached with {key}")

    tab_to(desktop.launcher)
    press("Enter")
    agree = page.get_by_role("button", name="Agree and start")
    expect(agree).to_be_visible()
    tab_to(agree)
    press("Enter")
    expect(desktop.box).to_be_focused()
    page.keyboard.type(WORK)
    press("Enter")
    cite = page.get_by_role("button", name="Show source 1")
    expect(cite).to_be_visible(timeout=20_000)
    tab_to(cite, "Shift+Tab")
    press("Enter")
    expect(desktop.log.locator("details[open] mark").first).to_be_visible()
    tab_to(page.get_by_role("button", name="Not helpful"))
    press("Enter")
    expect(page.get_by_label("What was the matter? (optional)")).to_be_focused()
    press("Escape")
    expect(desktop.panel).to_be_hidden()
    expect(desktop.launcher).to_be_focused()


def test_focus_goes_into_the_panel_and_back_and_on_a_phone_nowhere_else(site: Site) -> None:
    site.open()
    expect(site.page.get_by_role("heading", name="Ask about your treatment")).to_be_focused()
    is_modal = site.panel.evaluate("e => e.matches(':modal')")
    assert is_modal == (site.page.viewport_size == PHONE["viewport"])
    site.page.keyboard.press("Escape")
    expect(site.panel).to_be_hidden()
    expect(site.launcher).to_be_focused()


def test_on_a_phone_the_panel_fills_the_screen(program: Program, browser: Browser) -> None:
    with visited(browser, program.address, PHONE) as site:
        site.open()
        site.page.wait_for_timeout(400)
        assert site.panel.bounding_box() == {"x": 0, "y": 0, **PHONE["viewport"]}


@pytest.mark.parametrize("screen", [SMALLEST, ZOOMED], ids=["320 px", "200 %"])
def test_nothing_is_wider_than_the_screen_and_the_text_box_stays_in_reach(
    screen: dict[str, Any], program: Program, browser: Browser
) -> None:
    with visited(browser, program.address, screen) as site:
        site.begin()
        site.ask("Who should not have fractional CO2 laser?")
        site.ask(BREATHING)
        site.page.wait_for_timeout(400)
        expect(site.box).to_be_in_viewport(ratio=1)
        expect(site.page.get_by_role("alert")).to_be_in_viewport()
        wide = site.page.evaluate(
            "[...document.querySelector('clinic-chat').shadowRoot.querySelectorAll('.scroll, dialog, .main')]"
            ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.className)"
        )
        assert wide == []
        assert site.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_window_that_becomes_small_keeps_the_conversation_and_the_focus(desktop: Site) -> None:
    desktop.begin()
    desktop.ask(WORK)
    desktop.box.focus()
    desktop.page.set_viewport_size({"width": 400, "height": 700})
    expect(desktop.page.locator("dialog:modal")).to_have_count(1)
    expect(desktop.box).to_be_focused()
    desktop.page.set_viewport_size(DESKTOP["viewport"])
    expect(desktop.page.locator("dialog:modal")).to_have_count(0)
    expect(desktop.turns).to_have_count(1)


def test_arabic_is_written_from_right_to_left_and_answers_and_numbers_are_not(
    program: Program, browser: Browser
) -> None:
    with visited(browser, program.address, DESKTOP) as site:
        site.page.goto(f"{program.address}/demo?language=ar")
        site.open()
        site.page.locator(".primary").click()
        expect(site.log).to_contain_text("الإجابات باللغة الإنجليزية")
        site.box.fill(WORK)
        site.box.press("Enter")
        quote = site.log.locator(".answer > p span").first
        expect(quote).to_be_visible(timeout=20_000)
        assert site.panel.evaluate("e => getComputedStyle(e).direction") == "rtl"
        assert quote.evaluate("e => [getComputedStyle(e).direction, e.lang]") == ["ltr", "en"]
        number = site.panel.locator(".contact bdi")
        assert number.evaluate("e => getComputedStyle(e).direction") == "ltr"
        box = site.panel.bounding_box()
        assert box is not None
        assert box["x"] < 100  # where a page from right to left ends
        assert site.violations() == []


@pytest.mark.parametrize("language", ["es", "zh", "fr"])
def test_every_language_can_be_used(language: str, desktop: Site) -> None:
    desktop.page.goto(f"{desktop.address}/demo?language={language}")
    desktop.open()
    desktop.page.locator(".primary").click()
    desktop.box.fill(WORK)
    desktop.box.press("Enter")
    expect(desktop.log.locator("details").first).to_be_visible(timeout=20_000)
    assert "{" not in desktop.panel.inner_text()
    assert desktop.panel.evaluate("e => e.parentElement.lang") == language


@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(colour_scheme: str, program: Program, browser: Browser) -> None:
    with visited(browser, program.address, {**DESKTOP, "color_scheme": colour_scheme}) as site:
        assert site.violations() == [], "closed"
        site.open()
        expect(site.panel).to_contain_text("Before you start")
        site.page.wait_for_timeout(300)
        assert site.violations() == [], "notice"
        site.agree()
        turn = site.ask(WORK)
        turn.get_by_role("button", name="Show source 1").click()
        turn.get_by_role("button", name="Not helpful").click()
        expect(site.page.get_by_label("What was the matter? (optional)")).to_be_visible()
        assert site.violations() == [], "answer"
        for question in (BREATHING, PUS, STILL_RED):
            site.ask(question)
        assert site.violations() == [], "urgent"
        site.page.get_by_role("button", name="Delete conversation").click()
        assert site.violations() == [], "delete"


def test_axe_finds_nothing_wrong_on_a_phone(program: Program, browser: Browser) -> None:
    with visited(browser, program.address, PHONE) as site:
        site.begin()
        site.ask(WORK)
        site.ask(BREATHING)
        assert site.violations() == []


def test_every_control_is_large_enough_to_be_tapped(site: Site) -> None:
    site.begin()
    site.ask(WORK)
    small = site.page.evaluate(SMALL)
    assert small == []


def test_less_motion_is_none(program: Program, browser: Browser) -> None:
    with visited(browser, program.address, {**DESKTOP, "reduced_motion": "reduce"}) as site:
        site.begin()
        assert site.panel.evaluate("e => getComputedStyle(e).animationName") == "none"
        assert site.log.evaluate("e => getComputedStyle(e).scrollBehavior") == "auto"
