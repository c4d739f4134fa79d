"""The patients' page in a real browser, against the real program with the shipped documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from conftest import rows_of
from playwright.sync_api import Browser, Page, expect
from served import served

from chatbot.records import votes
from chatbot.store import open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = {"viewport": {"width": 375, "height": 740}, "color_scheme": "dark"}
DESKTOP = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
CLINIC = """[clinic]
name = "Test Clinic"
phone = "020 7946 0000"
emergency_number = "999"
urgent_care_line = "111"
poison_line = "111"
crisis_line = "116 123 (Samaritans)"
"""
WORK = "When can I go back to work after fractional CO2 laser?"
WRINKLES = "What wrinkles does fractional CO2 laser treat?"
BREATHING, PUS = "I can't breathe", "there is pus on my cheek and it smells"
STILL_RED = "my skin is still a bit red after CO2 laser"
# The contrast of an element's text with the first opaque colour behind it, by the formula of WCAG 2.
CONTRAST = """element => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => rgb(colour).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element, opacity = 1;
  const isClear = colour => rgb(colour).length === 4 && rgb(colour)[3] < 1;
  while (behind.parentElement && isClear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  for (let e = element; e; e = e.parentElement) opacity *= getComputedStyle(e).opacity;
  const [a, b] = [light(getComputedStyle(element).color), light(getComputedStyle(behind).backgroundColor)];
  return opacity * (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


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

    def votes(self) -> list[dict[str, object]]:
        """The thumbs that were recorded so far."""
        return rows_of(open_store(self.data / "records.sqlite3"), votes)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("server"), CLINIC) as program:
        yield Server(program.address, program.data)


@pytest.fixture(scope="module")
def unset_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program of a clinic that has filled in nothing."""
    with served(tmp_path_factory.mktemp("unset"), "") as program:
        yield Server(program.address, program.data)


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    """The open page, dark on the phone and light on the desktop."""
    with _opened(browser, server, request.param) as page:
        yield page


@contextmanager
def _opened(browser: Browser, server: Server, screen: dict[str, Any]) -> Iterator[Page]:
    """The page in a browser; a request to any other server, or an error in the page, fails the test."""
    context = browser.new_context(**screen)
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
    ask(page, WRINKLES)
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
    before = len(server.votes())
    page.get_by_role("button", name="Like", exact=True).last.click()
    page.wait_for_timeout(1000)
    (vote,) = server.votes()[before:]
    assert (vote["helpful"], vote["status"]) == (True, "answered")
    assert not [file for file in server.data.glob("records.sqlite3*") if b"go back" in file.read_bytes()]


def test_an_emergency_says_what_to_do_now_and_its_number_can_be_tapped(page: Page) -> None:
    ask(page, BREATHING)
    now = page.locator("#conversation .urgent.emergency .now")
    expect(now).to_be_in_viewport(ratio=1, timeout=15_000)
    expect(now.get_by_role("link", name="999")).to_have_attribute("href", "tel:999")
    expect(page.get_by_role("alert").filter(has_text="trouble breathing")).to_be_visible()
    assert page.locator("#conversation .urgent ul").count() == 2


def test_what_is_entered_while_an_answer_comes_is_asked_after_it_and_what_is_refused_stays(page: Page) -> None:
    ask(page, WORK)
    page.wait_for_function("asked => window.lastAsked === asked", arg=WORK)  # taken from the box
    ask(page, BREATHING)
    expect(page.locator("#conversation .user-row")).to_have_text([WORK, BREATHING], timeout=30_000)
    expect(page.locator(".pinned")).to_contain_text("trouble breathing", timeout=15_000)
    box = page.get_by_role("textbox", name="Your question")
    expect(box).to_have_value("")
    ask(page, "red <b>face</b>")
    expect(page.locator("#conversation .refused")).to_be_visible(timeout=15_000)
    page.wait_for_timeout(500)
    expect(box).to_have_value("red <b>face</b>")


def test_what_to_do_now_stays_on_screen_and_covers_nothing_until_the_conversation_is_cleared(page: Page) -> None:
    ask(page, PUS)
    pinned = page.locator(".pinned")
    expect(pinned).to_contain_text("Call Test Clinic on 020 7946 0000", timeout=15_000)
    ask(page, BREATHING)
    expect(pinned).to_contain_text("trouble breathing", timeout=15_000)
    ask(page, PUS)
    expect(page.locator("#conversation .urgent.same_day")).to_have_count(2, timeout=15_000)
    ask(page, WORK)
    expect(page.locator("details.citation").first).to_be_attached(timeout=15_000)
    page.wait_for_timeout(1000)  # until nothing moves
    expect(pinned).to_contain_text("trouble breathing")
    expect(pinned.get_by_role("link", name="999")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("link", name="Call 020 7946 0000")).to_be_in_viewport(ratio=1)
    top, chat, box = (page.locator(part).bounding_box() for part in ("#top", "#conversation", "#asking"))
    assert top is not None
    assert chat is not None
    assert box is not None
    assert top["y"] + top["height"] <= chat["y"] + 1
    assert box["y"] + box["height"] <= page.evaluate("innerHeight")
    page.get_by_role("button", name="Clear").click()
    expect(pinned).to_have_count(0, timeout=15_000)


@pytest.mark.parametrize("question", [BREATHING, PUS], ids=["emergency", "same day"])
def test_what_is_urgent_can_be_read_in_light_and_in_dark(page: Page, question: str) -> None:
    ask(page, question)
    expect(page.locator("#conversation .urgent")).to_be_visible(timeout=15_000)
    page.wait_for_timeout(500)
    for part in (
        ".pinned",
        ".pinned a",
        ".urgent .now",
        ".urgent .now a",
        ".urgent li",
        ".urgent .worse",
        ".urgent .why",
    ):
        assert page.locator(part).first.evaluate(CONTRAST) >= 4.5, part


def test_a_day_told_afterwards_completes_the_question(page: Page) -> None:
    ask(page, STILL_RED)
    expect(page.locator("#conversation")).to_contain_text("How long ago was your treatment?", timeout=15_000)
    expect(page.locator("#conversation .option").filter(has_text="3 days ago").first).to_be_visible()
    ask(page, "5 days ago")
    expect(page.locator("#conversation .user").last).to_contain_text(f"{STILL_RED} (5 days ago)", timeout=15_000)


def test_a_personal_question_gets_quotes_sources_and_the_clinic_that_decides(page: Page) -> None:
    ask(page, "Can I have fractional CO2 laser while I am pregnant?")
    note = page.locator("#conversation .note")
    expect(note).to_contain_text("Only a clinician who knows your health can decide", timeout=15_000)
    expect(note.get_by_role("link", name="020 7946 0000")).to_have_attribute("href", "tel:02079460000")
    expect(page.locator("details.citation").first).to_be_attached()


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_clinic_without_numbers_is_not_to_be_relied_on(
    screen: dict[str, Any], unset_server: Server, browser: Browser
) -> None:
    with _opened(browser, unset_server, screen) as page:
        ask(page, BREATHING)
        expect(page.locator("#conversation .urgent")).to_contain_text(
            "Call your local emergency number", timeout=15_000
        )
        warning = page.get_by_role("alert").filter(has_text="do not rely on this page")
        expect(warning).to_be_in_viewport(ratio=1)
        assert warning.evaluate(CONTRAST) >= 4.5
        assert "SET ME" not in page.content()


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("   ", "There is no question yet"),
        ("<script>window.hacked = 1</script> When can I go back to work?", "HTML tags"),
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
