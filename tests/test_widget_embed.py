"""The chat widget on a clinic's own page: the attributes of its tag, and no clash with the site's styles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from served import Program
from widget_site import DESKTOP, WORK, Site, visited

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE_CSS = """* { all: unset !important; font: 40px cursive !important; color: red !important;
  background: lime !important; position: static !important; display: block !important; direction: rtl !important;
  letter-spacing: 1em !important; }
html { font-size: 4px !important; } button, textarea, dialog, clinic-chat { display: none !important; }"""
LOOKS = """() => {
  const root = document.querySelector('clinic-chat').shadowRoot;
  const names = ['.launcher', '.header', '.contact', 'h2', '#box', '.asked', '.answer p',
    'summary', '.cite', '.choices button'];
  return names.map(name => {
    const look = getComputedStyle(root.querySelector(name));
    return [name, look.fontFamily, look.fontSize, look.color, look.backgroundColor, look.direction, look.letterSpacing,
      look.textAlign, look.position];
  });
}"""


@pytest.fixture
def embedded(program: Program, browser: Browser) -> Iterator[Callable[[str, dict[str, Any]], Site]]:
    """embedded(attributes, screen): a page whose script tag has these attributes."""
    contexts: list[BrowserContext] = []

    def visit(attributes: str, screen: dict[str, Any] = DESKTOP) -> Site:
        context = browser.new_context(**screen)
        contexts.append(context)
        page = context.new_page()
        body = f"<!doctype html><html lang=en><title>x</title><body><script src=/widget.js {attributes}></script>"
        page.route("**/page", lambda route: route.fulfill(body=body, content_type="text/html"))
        page.goto(f"{program.address}/page")
        return Site(page, program.address)

    yield visit
    for context in contexts:
        context.close()


def test_the_attributes_of_the_tag_are_the_sites(embedded: Callable[..., Site]) -> None:
    site = embedded(
        'data-title="Ask Rose" data-colour="#ffe500" data-position="left" data-treatment="Microneedling"'
        ' data-greeting="Hi there!" data-suggestions="When can I wear make-up? | Does it hurt?"'
    )
    expect(site.launcher).to_have_text("Ask Rose")
    site.open()
    site.agree()
    expect(site.panel.get_by_role("heading", name="Ask Rose")).to_be_visible()
    expect(site.log).to_contain_text("Hi there!")
    expect(site.log).to_contain_text("Questions here are about: Microneedling")
    assert site.log.locator(".choices button").all_inner_texts() == ["When can I wear make-up?", "Does it hurt?"]
    expect(site.page.get_by_label("Treatment")).to_have_count(0)
    box = site.panel.bounding_box()
    assert box is not None
    assert box["x"] < 100
    turn = site.ask("When can I wear make-up?")
    turn.locator("summary").first.click()
    expect(turn.locator("details").first).to_contain_text("icroneedling")
    assert site.violations() == []


@pytest.mark.parametrize(
    ("colour", "accent", "text"),
    [
        ("#ffe500", "rgb(255, 229, 0)", "rgb(0, 0, 0)"),
        ("navy", "rgb(0, 0, 128)", "rgb(255, 255, 255)"),
        ("#777", "rgb(119, 119, 119)", "rgb(0, 0, 0)"),
        ("no colour; }", "rgb(15, 118, 110)", "rgb(255, 255, 255)"),
    ],
)
def test_a_colour_of_the_site_has_text_that_can_be_read(
    colour: str, accent: str, text: str, embedded: Callable[..., Site]
) -> None:
    site = embedded(f'data-colour="{colour}"')
    style = site.launcher.evaluate("e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]")
    assert style == [accent, text]


def test_the_sites_styles_do_not_leak_in(program: Program, browser: Browser) -> None:
    looks = []
    for css in ("", HOSTILE_CSS):
        with visited(browser, program.address, DESKTOP, css) as site:
            site.begin()
            site.ask(WORK)
            looks.append(site.page.evaluate(LOOKS))
    assert looks[0] == looks[1]
