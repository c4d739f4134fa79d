"""The patients' page in a real browser, against the real program with the shipped documents."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
START_S = 180
PHONE, DESKTOP = {"width": 375, "height": 740}, {"width": 1280, "height": 900}
WORK = "When can I go back to work after fractional CO2 laser?"


@dataclass(frozen=True)
class Server:
    """The running program."""

    address: str
    data: Path

    def ask(self, question: str) -> dict[str, object]:
        """The answer object that the API gives."""
        body = json.dumps({"question": question}).encode()
        with urlopen(Request(f"{self.address}/api/ask", body, {"Content-Type": "application/json"})) as reply:
            answer: dict[str, object] = json.load(reply)
            return answer

    def events(self) -> list[dict[str, object]]:
        """What was recorded so far."""
        return [json.loads(line) for line in (self.data / "records" / "events.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    settings = folder / "settings.toml"
    settings.write_text(
        f'data = "data"\ndocuments = "{ROOT / "kb" / "documents"}"\n'
        '[clinic]\nname = "Test Clinic"\nphone = "020 7946 0000"\nemergency_number = "999"\n',
        encoding="utf-8",
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "app.py", "serve", "--settings", str(settings), "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, folder / "log")
        yield Server(address, folder / "data")
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"{address}/api/health")
            return
        except URLError:
            time.sleep(0.5)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        reason = "no Chromium on this machine: install it (Debian: apt-get install chromium)"
        # A user without a browser can still run the other tests; CI installs one, and must not pass without it.
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    """The open page; a request to any other server, or an error in the page, fails the test."""
    context = browser.new_context(viewport=request.param)
    page = context.new_page()
    outside: list[str] = []
    errors: list[str] = []
    page.on("request", lambda sent: outside.append(sent.url) if _is_outside(sent.url, server.address) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.address)
    expect(page.get_by_label("Your question")).to_be_visible(timeout=30_000)
    yield page
    context.close()
    assert outside == []
    assert errors == []


def _is_outside(url: str, address: str) -> bool:
    return not url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))


def ask(page: Page, question: str) -> None:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")


def last_answer(page: Page) -> str:
    """The text of the last message, once it is complete."""
    message = page.locator("#conversation .bot").last
    expect(message).to_be_visible(timeout=15_000)
    page.wait_for_timeout(500)
    return message.inner_text()


def test_a_question_is_answered_and_its_citation_opens_to_the_quote(page: Page, server: Server) -> None:
    answer = server.ask(WORK)
    ask(page, WORK)
    first = page.locator("details.citation").first
    expect(first).to_be_visible(timeout=15_000)
    first.locator("summary").click()
    citations = answer["citations"]
    assert isinstance(citations, list)
    expect(first.locator("mark")).to_have_text(citations[0]["quote"])
    expect(first.locator(".section")).to_be_visible()
    expect(first.locator(".source")).to_contain_text("Not reviewed by a clinician yet")


def test_the_page_works_with_the_keyboard_alone(page: Page) -> None:
    page.get_by_label("Your question").focus()
    page.keyboard.type(WORK)
    page.keyboard.press("Enter")
    summary = page.locator("details.citation summary").first
    expect(summary).to_be_visible(timeout=15_000)
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if summary.evaluate("element => element === document.activeElement"):
            break
    assert summary.evaluate("element => element === document.activeElement"), "the citation cannot be reached by Tab"
    page.keyboard.press("Enter")
    expect(page.locator("details.citation[open] mark").first).to_be_visible()


def test_a_claim_that_is_disputed_is_shown_with_the_dispute(page: Page) -> None:
    ask(page, WORK)
    expect(page.locator(".caveat").first).to_be_visible(timeout=15_000)
    assert "disputed" in page.locator(".caveat").first.inner_text()


def test_what_the_documents_do_not_answer_names_the_clinic(page: Page) -> None:
    ask(page, "How much does fractional CO2 laser cost?")
    expect(page.locator("#conversation")).to_contain_text("020 7946 0000", timeout=15_000)


def test_the_clinic_stays_in_reach_and_the_review_notice_in_view(page: Page) -> None:
    expect(page.get_by_text("No clinician has reviewed these texts yet")).to_be_visible()
    ask(page, WORK)
    last_answer(page)
    page.mouse.wheel(0, 3000)
    expect(page.get_by_role("link", name="Call 020 7946 0000")).to_be_in_viewport()
    expect(page.get_by_role("link", name="999")).to_be_in_viewport()


def test_an_example_is_answered(page: Page) -> None:
    page.get_by_text("Fractional CO2 laser: when can I go back to work?").click()
    expect(page.locator("details.citation").first).to_be_visible(timeout=15_000)


@pytest.mark.parametrize("topic", ["What is it for?", "Recovery", "Who should take care?"])
def test_a_topic_is_answered(page: Page, topic: str) -> None:
    page.get_by_role("button", name=topic, exact=True).click()
    expect(page.locator("details.citation").first).to_be_visible(timeout=15_000)


def test_a_suggestion_asks_the_next_question(page: Page) -> None:
    ask(page, WORK)
    expect(page.locator("details.citation").first).to_be_visible(timeout=15_000)
    option = page.locator("#conversation .option").first
    text = option.inner_text()
    option.click()
    expect(page.locator("#conversation .user").last).to_contain_text(text, timeout=15_000)


def test_a_thumb_is_recorded_without_a_word_of_the_question(page: Page, server: Server) -> None:
    ask(page, WORK)
    expect(page.locator("details.citation").first).to_be_visible(timeout=15_000)
    before = len(server.events())
    page.get_by_role("button", name="Like", exact=True).last.click()
    page.wait_for_timeout(1000)
    vote = server.events()[before]
    assert (vote["event"], vote["helpful"], vote["status"]) == ("vote", True, "answered")
    assert "go back" not in json.dumps(server.events())


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("   ", "There is no question yet"),
        ("<script>window.hacked = 1</script> hello", "HTML tags"),
        ("<img src=x onerror='window.hacked = 1'>", "HTML tags"),
        ("x" * 50_000, "50,000 characters"),
        ("a\x07b", "control characters"),
    ],
    ids=["empty", "script", "image", "50 000 characters", "control characters"],
)
def test_bad_input_gets_a_clear_reply_and_nothing_runs(page: Page, typed: str, reply: str) -> None:
    ask(page, typed)
    assert reply in last_answer(page)
    assert "Traceback" not in page.content()
    assert page.evaluate("window.hacked") is None


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    ask(page, "Who should not have fractional CO2 laser?")
    last_answer(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
