"""The chat widget by its one line on a page of another port: all of it where that is allowed, nothing elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import ServerOf, rows_of
from playwright.sync_api import Browser, Response, expect
from ports import free_port, listening, other_site
from sqlalchemy import Engine
from widget_site import BREATHING, DESKTOP, PHONE, Site, focused, visited

from chatbot.mailing.outbox import Outbox
from chatbot.records import turns, votes
from chatbot.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FADES = "when does redness fade after CO2 laser?"
RECEIPT = re.compile(r"Receipt: (\w{3}-\w{3})")
# Every answer of a server that a script of the page could read, and every promise that nobody looked after.
READ = """window.read = [];
const ask = window.fetch;
window.fetch = (...given) => ask(...given).then(reply => { read.push(reply.url); return reply; });
addEventListener('unhandledrejection', event => forbidden.push(`unhandled: ${event.reason}`));"""
# Nothing inline, nothing from elsewhere, no text that becomes a script.
POLICY = (
    "default-src 'none'; script-src 'nonce-r0se'; connect-src {server}; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass
class Clinic:
    """A server, and the origin of a site whose page has the widget's tag."""

    address: str
    origin: str
    replies: list[Response]


Embed = Callable[..., AbstractContextManager[tuple[Clinic, Site]]]


@pytest.fixture
def embed(browser: Browser, server_of: ServerOf) -> Embed:
    """embed(screen): the page of a site with the widget on it, of another port than the server, in a browser."""

    @contextmanager
    def opened(
        screen: dict[str, Any], is_allowed: bool = True, policy: str | None = None, others: tuple[str, ...] = ()
    ) -> Iterator[tuple[Clinic, Site]]:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        tag = f'<script nonce="r0se" src="{address}/widget.js" async></script>'
        headers = {"Content-Security-Policy": policy.format(server=address)} if policy else {}
        with other_site(f"<title>A clinic</title><body><main><h1>Rose</h1></main>{tag}", headers) as origin:
            settings = Settings(allowed_origins=(origin,) if is_allowed else others)
            with (
                listening(server_of(settings), settings, port),
                visited(browser, address, screen, None, origin) as site,
            ):
                clinic = Clinic(address, origin, [])
                site.page.on("response", lambda reply: clinic.replies.append(reply))
                site.page.add_init_script(READ)
                site.page.reload()
                yield clinic, site

    return opened


def converse(site: Site) -> None:
    """All that a visitor does: ask, open the source, follow up, an emergency, a thumb, and the form."""
    site.begin()
    turn = site.ask(FADES)
    expect(turn.locator(".answer > p span").first).to_have_text("Redness fades within seven days.")
    turn.get_by_role("button", name="Show source 1").click()
    expect(turn.locator("details mark").first).to_have_text("Redness fades within seven days.")
    expect(turn.locator("details mark").first).to_be_visible()
    turn.get_by_role("button", name="Helpful", exact=True).click()
    expect(turn.get_by_text("Thank you.")).to_be_visible()
    site.ask(BREATHING)
    expect(site.pinned.get_by_role("link", name="999")).to_have_attribute("href", "tel:999")
    site.page.get_by_role("button", name="Send us your question").click()
    for label, text in {"Your name": "Ann", "Your phone number": "01 23456", "Your message": "May I come?"}.items():
        site.page.get_by_label(label).fill(text)
    site.page.get_by_label("I agree that the clinic receives").check()
    site.page.get_by_role("button", name="Send to the clinic").click()
    expect(site.panel).to_contain_text(RECEIPT)


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_on_an_allowed_site_the_widget_does_all_that_it_does(
    screen: dict[str, Any], embed: Embed, store: Engine
) -> None:
    with embed(screen) as (clinic, site):
        converse(site)
        streams = [reply for reply in clinic.replies if reply.url == f"{clinic.address}/api/chat"]
        assert [reply.header_value("content-type") for reply in streams] == ["text/event-stream; charset=utf-8"] * 2
        assert {reply.header_value("access-control-allow-origin") for reply in streams} == {clinic.origin}
        assert {request.header_value("cookie") for request in site.sent} == {None}
        assert [row["status"] for row in rows_of(store, turns)] == ["answered", "urgent"]
        assert [row["helpful"] for row in rows_of(store, votes)] == [True]
        (receipt,) = RECEIPT.findall(site.panel.inner_text())
        assert Outbox(store, None, keep_days=30).read(receipt).text == "May I come?"
        site.page.get_by_role("button", name="Back").click()
        site.page.get_by_role("button", name="Delete conversation").click()
        site.page.get_by_role("button", name="Delete", exact=True).click()
        expect(site.panel).to_contain_text("The conversation has been deleted.")
        assert rows_of(store, turns) == rows_of(store, votes) == []


def test_under_a_strict_policy_with_a_nonce_the_widget_does_all_that_it_does(embed: Embed) -> None:
    with embed(DESKTOP, policy=POLICY) as (_, site):
        converse(site)
        assert site.page.evaluate("forbidden") == []
        assert site.page.evaluate("document.adoptedStyleSheets.length + document.styleSheets.length") == 0
        position = site.panel.evaluate("e => getComputedStyle(e).position")
        assert position == "fixed"  # its own style sheet stands


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("others", [(), ("https://clinic.example",)], ids=["nobody is allowed", "another is allowed"])
def test_on_a_forbidden_site_nothing_can_be_read_and_the_widget_says_whom_to_call(
    others: tuple[str, ...], screen: dict[str, Any], embed: Embed, store: Engine
) -> None:
    with embed(screen, is_allowed=False, others=others) as (clinic, site):
        site.open()
        away = site.panel.get_by_role("alert")
        expect(away).to_contain_text("The chat cannot be reached at the moment.")
        expect(away.get_by_role("link", name="01 234")).to_have_attribute("href", "tel:01234")
        expect(site.panel.get_by_role("link", name="999")).to_have_attribute("href", "tel:999")
        asked = len(site.paths("GET"))
        away.get_by_role("button", name="Try again").click()
        expect(away).to_contain_text("The chat cannot be reached at the moment.")
        assert len(site.paths("GET")) == asked + 1
        expect(focused(site.page)).to_have_text("Ask about your treatment")
        assert site.violations() == []
        site.page.keyboard.press("Escape")
        expect(site.panel).to_be_hidden()
        expect(site.launcher).to_be_focused()
        assert site.page.evaluate("[read, forbidden]") == [[], []]
        assert {request.url for request in site.sent if request.url.startswith(clinic.address)} == {
            f"{clinic.address}/widget.js", f"{clinic.address}/api/widget?language=en",
        }  # fmt: skip
        assert site.kept() == "{}{}"
        assert rows_of(store, turns) == []


def test_a_page_that_is_no_longer_allowed_keeps_what_was_said_and_says_whom_to_call(embed: Embed) -> None:
    with embed(DESKTOP) as (clinic, site):
        site.begin()
        site.ask(FADES)
        site.page.route(f"{clinic.address}/api/**", lambda route: route.fulfill(status=403, json={"detail": "No."}))
        site.page.reload()
        expect(site.panel.get_by_role("alert")).to_contain_text("The chat cannot be reached at the moment.")
        expect(site.panel.get_by_role("alert").get_by_role("link", name="01 234")).to_be_visible()
        assert "redness" in site.kept()
        site.page.unroute(f"{clinic.address}/api/**")
        site.panel.get_by_role("button", name="Try again").click()
        expect(site.turns).to_have_count(1)
