"""The chat widget on a clinic's page in a browser, as its tests open it, ask it and look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

PHONE: dict[str, Any] = {
    "viewport": {"width": 375, "height": 740}, "color_scheme": "dark", "has_touch": True, "is_mobile": True,
}  # fmt: skip
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
CLINIC = """[clinic]
name = "Test Clinic"
phone = "020 7946 0000"
hours = "Monday to Friday, 9 to 17"
email = "hello@clinic.example"
emergency_number = "999"
urgent_care_line = "111"
poison_line = "111"
crisis_line = "116 123 (Samaritans)"
"""
WORK = "When can I go back to work after fractional CO2 laser?"
MAKE_UP = "When can I wear make-up after microneedling?"
BREATHING, PUS = "I can't breathe", "there is pus on my cheek and it smells"
STILL_RED = "my skin is still a bit red after CO2 laser"
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What the policy forbids, also inside the shadow root: an event of the document tells.
WATCH = """window.forbidden = [];
document.addEventListener('securitypolicyviolation', e => forbidden.push(`${e.violatedDirective} ${e.blockedURI}`));"""


@dataclass
class Site:
    """A clinic's page in a browser, with what it asked of servers and what went wrong in it."""

    page: Page
    address: str
    sent: list[Request] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def launcher(self) -> Locator:
        return self.page.locator(".launcher")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def box(self) -> Locator:
        return self.page.locator("#box")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def pinned(self) -> Locator:
        return self.page.locator(".pinned")

    @property
    def turns(self) -> Locator:
        return self.page.locator(".turn")

    def open(self) -> None:
        self.launcher.click()
        expect(self.panel).to_be_visible()

    def agree(self) -> None:
        self.page.get_by_role("button", name="Agree and start").click()
        expect(self.box).to_be_visible()

    def begin(self) -> None:
        self.open()
        self.agree()

    def ask(self, question: str) -> Locator:
        """Ask, and wait until the answer is whole: its turn."""
        before = self.turns.count()
        self.box.fill(question)
        self.box.press("Enter")
        turn = self.turns.nth(before)
        expect(turn.get_by_role("button", name="Helpful", exact=True)).to_be_visible(timeout=20_000)
        return turn

    def paths(self, method: str = "POST") -> list[str]:
        return [request.url.removeprefix(self.address) for request in self.sent if request.method == method]

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What was sent to a path."""
        return [json.loads(r.post_data or "null") for r in self.sent if r.url.endswith(path) and r.method == "POST"]

    def kept(self) -> str:
        """All that is kept in the browser."""
        kept: str = self.page.evaluate(
            "JSON.stringify(sessionStorage) + JSON.stringify(localStorage) + document.cookie"
        )
        return kept

    def violations(self) -> list[str]:
        """What axe-core finds: of each rule, the elements."""
        found = Axe().run(self.page, options=AXE).response["violations"]
        return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


@contextmanager
def visited(
    browser: Browser, address: str, screen: dict[str, Any], css: str | None = None, origin: str | None = None
) -> Iterator[Site]:
    """The demo page of the server at an address, or one with another style sheet, or the page at another origin.

    An error in it, a request to any other server, or what its policy forbids, fails the test.
    """
    context: BrowserContext = browser.new_context(**screen)
    page = context.new_page()
    site = Site(page, address)
    page.on("request", lambda request: site.sent.append(request))
    page.on("pageerror", lambda error: site.wrong.append(str(error)))
    page.on("console", lambda said: site.wrong.append(said.text) if "Security Policy" in said.text else None)
    page.add_init_script(WATCH)
    if css is not None:
        page.route("**/demo.css", lambda route: route.fulfill(body=css, content_type="text/css"))
    page.goto(origin or f"{address}/demo")
    expect(site.launcher).to_be_visible()
    yield site
    forbidden = page.evaluate("window.forbidden")
    context.close()
    known = (address, origin or address, "data:", "blob:")
    outside = [request.url for request in site.sent if not request.url.startswith(known)]
    assert (site.wrong, forbidden, outside) == ([], [], [])


def focused(page: Page) -> Locator:
    """What has the focus in the widget."""
    return page.locator("clinic-chat :focus")
