"""The doors in a real browser: what pages on other ports can ask and show, with the setting and without."""

from __future__ import annotations

import pytest
from conftest import ServerOf
from playwright.sync_api import Browser, Page
from ports import listening, other_site

from chatbot.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASK = """address => fetch(`${address}/api/ask`, {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({question: "does redness fade?"}),
}).then(reply => reply.json()).then(answer => answer.status ?? "?", () => "blocked")"""
ASK_SIMPLY = """address => fetch(`${address}/api/ask`, {method: "POST", mode: "no-cors", body: '{"question": "hello"}'})
  .then(() => "sent")"""
SHOW = """address => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.onload = () => done();
  frame.src = `${address}/api/health`;
  document.body.append(frame);
})"""


def shown(page: Page, address: str) -> bool:
    """Whether the page may show the server in a frame."""
    page.evaluate(SHOW, address)
    frame = page.frames[-1]
    return "documents" in (frame.text_content("body") or "")


def test_only_an_allowed_site_can_ask_and_show_the_server(browser: Browser, server_of: ServerOf) -> None:
    with other_site() as allowed, other_site() as other:
        settings = Settings(allowed_origins=(allowed,))
        with listening(server_of(settings), settings) as port:
            address, page = f"http://127.0.0.1:{port}", browser.new_page()
            page.goto(allowed)
            assert page.evaluate(ASK, address) == "answered"
            assert shown(page, address)
            page.goto(other)
            assert page.evaluate(ASK, address) == "blocked"
            assert not shown(page, address)
            statuses: list[int] = []
            page.on("response", lambda reply: statuses.append(reply.status))
            assert page.evaluate(ASK_SIMPLY, address) == "sent"
            assert statuses == [403]  # the browser sends it without asking, and it is not answered
            page.goto(f"{address}/docs")
            assert page.evaluate(ASK, address) == "answered"
            page.close()


def test_without_the_setting_no_other_site_can(browser: Browser, server_of: ServerOf) -> None:
    with other_site() as other, listening(server_of(Settings()), Settings()) as port:
        page = browser.new_page()
        page.goto(other)
        assert page.evaluate(ASK, f"http://127.0.0.1:{port}") == "blocked"
        assert not shown(page, f"http://127.0.0.1:{port}")
        page.close()


def test_the_page_that_describes_the_api_works_behind_the_doors(browser: Browser, server_of: ServerOf) -> None:
    with listening(server_of(Settings()), Settings()) as port:
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(f"http://127.0.0.1:{port}/docs")
        page.wait_for_selector("#operations-default-post_ask_api_ask_post", timeout=30_000)
        assert errors == []
        page.close()
