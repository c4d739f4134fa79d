"""The chat widget in a real browser, on a clinic's page with a strict policy, against the real program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Route, expect
from served import Program, served

from chatbot.mailing.outbox import Outbox
from chatbot.store import open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE: dict[str, Any] = {
    "viewport": {"width": 375, "height": 740}, "color_scheme": "dark", "has_touch": True, "is_mobile": True,
}  # fmt: skip
SMALLEST: dict[str, Any] = {**PHONE, "viewport": {"width": 320, "height": 568}, "color_scheme": "light"}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
ZOOMED: dict[str, Any] = {"viewport": {"width": 640, "height": 450}, "color_scheme": "dark"}  # a desktop at 200 %
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
WRINKLES = "What wrinkles does fractional CO2 laser treat?"
RECEIPT = re.compile(r"Receipt: (\w{3}-\w{3})")
WORK = "When can I go back to work after fractional CO2 laser?"
MAKE_UP = "When can I wear make-up after microneedling?"
BREATHING, PUS = "I can't breathe", "there is pus on my cheek and it smells"
STILL_RED = "my skin is still a bit red after CO2 laser"
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What the policy forbids, also inside the shadow root: an event of the document tells.
WATCH = """window.forbidden = [];
document.addEventListener('securitypolicyviolation', e => forbidden.push(`${e.violatedDirective} ${e.blockedURI}`));"""
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

SMALL = """() => {
  const root = document.querySelector('clinic-chat').shadowRoot;
  const isSmall = box => box.width > 0 && Math.min(box.width, box.height) < 24;
  const controls = [...root.querySelectorAll('button, summary, select, textarea')];
  return controls.filter(one => isSmall(one.getBoundingClientRect())).map(one => one.textContent);
}"""


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


Open = Callable[..., Site]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with served(tmp_path_factory.mktemp("server"), CLINIC) as program:
        yield program


@contextmanager
def visited(browser: Browser, address: str, screen: dict[str, Any], css: str | None = None) -> Iterator[Site]:
    """The demo page, or one with another style sheet. An error in it, a request to another server, or what its policy
    forbids, fails the test.
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
    page.goto(f"{address}/demo")
    expect(site.launcher).to_be_visible()
    yield site
    forbidden = page.evaluate("window.forbidden")
    context.close()
    outside = [request.url for request in site.sent if not request.url.startswith((address, "data:", "blob:"))]
    assert (site.wrong, forbidden, outside) == ([], [], [])


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def site(request: pytest.FixtureRequest, program: Program, browser: Browser) -> Iterator[Site]:
    with visited(browser, program.address, request.param) as site:
        yield site


@pytest.fixture
def desktop(program: Program, browser: Browser) -> Iterator[Site]:
    with visited(browser, program.address, DESKTOP) as site:
        yield site


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


def focused(page: Page) -> Locator:
    """What has the focus in the widget."""
    return page.locator("clinic-chat :focus")


def test_nothing_is_asked_of_the_server_before_the_panel_is_opened(site: Site) -> None:
    site.page.wait_for_load_state("networkidle")
    paths = {path.split("?")[0] for path in site.paths("GET")} - {"/favicon.ico"}
    assert paths == {"/demo", "/demo.css", "/widget.js"}
    assert site.kept() == "{}{}"


def test_an_answer_is_streamed_and_its_citation_opens_to_the_quote(site: Site) -> None:
    site.begin()
    turn = site.ask(WORK)
    quote = turn.locator(".answer > p span").first.inner_text()
    turn.get_by_role("button", name="Show source 1").click()
    source = turn.locator("details").first
    expect(source.locator("mark")).to_have_text(quote)
    expect(source.locator("mark")).to_be_visible()
    expect(source).to_contain_text("Not reviewed by a clinician yet")
    expect(focused(site.page)).to_contain_text("[1]")


def test_a_long_answer_is_shown_from_its_question_on_and_the_page_around_it_stays(site: Site) -> None:
    site.begin()
    site.ask(MAKE_UP)
    turn = site.ask(WORK)
    site.page.wait_for_timeout(500)
    expect(turn.locator(".asked")).to_be_in_viewport(ratio=1)
    expect(site.panel.get_by_role("heading", name="Ask about your treatment")).to_be_in_viewport(ratio=1)
    assert site.page.evaluate("scrollY") == 0


def test_a_dispute_stands_beside_its_claim(site: Site) -> None:
    site.begin()
    site.ask(WRINKLES)
    dispute = site.log.locator("p + .dispute")
    expect(dispute.first).to_contain_text("This is disputed:")


def test_a_follow_up_is_sent_with_what_was_asked_before_but_no_emergency_and_no_courtesy(desktop: Site) -> None:
    desktop.begin()
    for question in (MAKE_UP, "Hello!", BREATHING):
        desktop.ask(question)
    turn = desktop.ask("and after IPL?")
    assert desktop.bodies("/api/chat")[-1]["earlier"] == [MAKE_UP]
    turn.locator("summary").first.click()
    expect(turn.locator("details").first).to_contain_text("IPL")


def test_a_suggestion_and_a_choice_ask_the_next_question(site: Site) -> None:
    site.begin()
    for _ in range(2):
        button = site.log.locator(".choices button").first
        label = button.inner_text()
        before = site.turns.count()
        button.click()
        expect(site.turns.nth(before).locator(".words")).to_have_text(label)
        expect(site.turns.nth(before).get_by_role("button", name="Helpful", exact=True)).to_be_visible(timeout=20_000)


def test_a_day_is_chosen_by_a_button_or_typed(desktop: Site) -> None:
    desktop.begin()
    desktop.ask(STILL_RED)
    expect(desktop.log.get_by_text("When was your treatment?")).to_be_visible()
    turn = desktop.ask("5 days ago")
    expect(turn.locator(".words")).to_have_text(f"{STILL_RED} (5 days ago)")
    desktop.ask(STILL_RED)
    desktop.log.get_by_role("button", name="3 days ago").click()
    expect(desktop.turns.last.locator(".words")).to_have_text(f"{STILL_RED} (3 days ago)")


def test_an_emergency_stands_out_and_its_number_can_be_tapped(site: Site) -> None:
    site.begin()
    site.ask(BREATHING)
    alert = site.page.get_by_role("alert").filter(has_text="trouble breathing")
    expect(alert).to_be_in_viewport(ratio=1)
    expect(alert.get_by_role("link", name="999")).to_have_attribute("href", "tel:999")
    expect(site.log.locator(".urgent.emergency ul")).to_have_count(2)


def test_what_is_urgent_stays_at_the_top_until_something_is_more_urgent(site: Site) -> None:
    site.begin()
    expect(site.pinned).to_be_hidden()
    site.ask(PUS)
    expect(site.pinned).to_have_class("pinned same_day")
    site.ask(BREATHING)
    site.ask(WORK)
    site.ask(PUS)
    expect(site.pinned).to_have_class("pinned emergency")
    expect(site.pinned.get_by_role("link", name="999")).to_be_in_viewport(ratio=1)


def test_a_conversation_survives_a_reload_and_is_not_asked_again(site: Site) -> None:
    site.begin()
    site.ask(WORK)
    site.ask(BREATHING)
    said = [turn.inner_text() for turn in site.turns.all()]
    site.page.reload()
    if site.launcher.is_visible():  # on a phone the panel would cover the page
        site.launcher.click()
    expect(site.turns).to_have_count(2)
    assert [text.split("\nYou could")[0] for text in said] == [
        turn.inner_text().split("\nYou could")[0] for turn in site.turns.all()
    ]
    expect(site.pinned.get_by_role("link", name="999")).to_be_visible()
    assert len(site.bodies("/api/chat")) == 2
    assert site.page.get_by_role("alert").count() == 0  # what was announced is not announced again
    site.ask("and after IPL?")
    assert site.bodies("/api/chat")[-1]["earlier"] == [WORK]


def test_a_panel_that_opens_by_itself_takes_no_focus(desktop: Site) -> None:
    desktop.begin()
    desktop.page.reload()
    expect(desktop.box).to_be_visible()
    assert desktop.page.evaluate("document.activeElement === document.body")


def test_a_question_that_was_not_answered_before_a_reload_is_asked_again_with_its_id(desktop: Site) -> None:
    desktop.begin()
    desktop.page.route("**/api/chat", lambda route: None)  # no answer ever comes
    desktop.box.fill(WORK)
    desktop.box.press("Enter")
    expect(desktop.log.get_by_text("Looking in the clinic's documents")).to_be_visible()
    desktop.page.unroute("**/api/chat")
    desktop.page.reload()
    expect(desktop.log.locator("details").first).to_be_visible(timeout=20_000)
    first, second = desktop.bodies("/api/chat")
    assert first == second


def test_an_answer_that_is_cut_off_is_asked_for_again_as_the_same_question(site: Site) -> None:
    site.begin()
    is_cut: list[bool] = []

    def cut(route: Route) -> None:
        if is_cut:
            route.continue_()
            return
        is_cut.append(True)
        whole = route.fetch()
        route.fulfill(status=200, headers=whole.headers, body=whole.text().partition("event: answer")[0])

    site.page.route("**/api/chat", cut)
    site.box.fill(WORK)
    site.box.press("Enter")
    expect(site.log.get_by_text("The connection was lost. Trying again…")).to_be_visible(timeout=20_000)
    expect(site.turns.last.get_by_role("button", name="Helpful", exact=True)).to_be_visible(timeout=20_000)
    expect(site.turns).to_have_count(1)
    first, second = site.bodies("/api/chat")
    assert first["id"] == second["id"]
    quotes = site.turns.last.locator(".answer > p").all_inner_texts()
    assert len(quotes) == len(set(quotes))


def test_a_server_that_is_started_again_in_the_middle_answers(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        served(tmp_path_factory.mktemp("restarted"), CLINIC) as program,
        visited(browser, program.address, DESKTOP) as site,
    ):
        site.begin()
        site.ask(MAKE_UP)
        program.stop()
        site.box.fill("and after IPL?")
        site.box.press("Enter")
        expect(site.log.get_by_text("The connection was lost. Trying again…")).to_be_visible(timeout=20_000)
        program.start()
        again = site.turns.last.get_by_role("button", name="Try again")
        answered = site.turns.last.get_by_role("button", name="Helpful", exact=True)
        expect(again.or_(answered)).to_be_visible(timeout=60_000)
        if again.is_visible():  # it took longer to start than the widget tries by itself
            again.click()
        expect(answered).to_be_visible(timeout=20_000)
        assert len({body["id"] for body in site.bodies("/api/chat")}) == 2


def test_a_server_that_is_away_is_said_with_the_number_to_call(site: Site) -> None:
    site.page.route("**/api/widget*", lambda route: route.abort())
    site.open()
    away = site.page.get_by_role("alert")
    expect(away).to_contain_text("The chat cannot be reached at the moment.")
    expect(away.get_by_role("link", name="020 7946 0000")).to_have_attribute("href", "tel:02079460000")
    expect(site.panel.get_by_role("link", name="999")).to_be_visible()
    site.page.unroute("**/api/widget*")
    away.get_by_role("button", name="Try again").click()
    site.agree()


def test_a_clinic_without_numbers_is_not_to_be_relied_on(desktop: Site) -> None:
    def unset(route: Route) -> None:
        config = route.fetch().json()
        clinic = {**dict.fromkeys(config["clinic"]), "is_filled_in": False}
        route.fulfill(json={**config, "clinic": clinic})

    desktop.page.route("**/api/widget*", unset)
    desktop.begin()
    expect(desktop.page.get_by_role("alert")).to_contain_text("do not rely on this chat")
    expect(desktop.panel).to_contain_text("In an emergency: your local emergency number")
    assert desktop.violations() == []


def test_a_question_that_gets_no_answer_at_all_ends_with_the_number_to_call(desktop: Site) -> None:
    desktop.page.clock.install()
    desktop.begin()
    desktop.page.route("**/api/chat", lambda route: route.fulfill(status=503, body="{}"))
    desktop.box.fill(WORK)
    desktop.box.press("Enter")
    again = desktop.turns.last.get_by_role("button", name="Try again")
    for _ in range(8):
        desktop.page.wait_for_timeout(100)
        desktop.page.clock.run_for(20_000)
    expect(again).to_be_visible()
    expect(desktop.turns.last.get_by_role("link", name="020 7946 0000")).to_be_visible()
    assert len({body["id"] for body in desktop.bodies("/api/chat")}) == 1
    desktop.page.unroute("**/api/chat")
    again.click()
    expect(again).to_be_hidden()
    expect(desktop.turns.last).to_be_focused()
    expect(desktop.turns.last.locator("details").first).to_be_visible(timeout=20_000)


def test_who_asks_too_much_reads_why_and_is_answered_later(desktop: Site) -> None:
    desktop.begin()
    said = {"detail": "Too many questions came at once. In an emergency call 999 now."}
    headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
    replies: list[int] = []

    def refuse_once(route: Route) -> None:
        replies.append(1)
        if len(replies) == 1:
            route.fulfill(status=429, headers=headers, body=json.dumps(said))
        else:
            route.continue_()

    desktop.page.route("**/api/chat", refuse_once)
    desktop.box.fill(WORK)
    desktop.box.press("Enter")
    expect(desktop.log.get_by_text("In an emergency call 999 now.")).to_be_visible()
    expect(desktop.turns.last.locator("details").first).to_be_visible(timeout=20_000)


def test_who_does_not_agree_sends_and_keeps_nothing(site: Site) -> None:
    site.open()
    expect(site.panel).to_contain_text("Before you start")
    site.page.get_by_role("button", name="No, thank you").click()
    expect(site.panel).to_be_hidden()
    expect(site.launcher).to_be_focused()
    assert site.kept() == "{}{}"
    assert site.paths("POST") == site.paths("DELETE") == []
    site.open()
    expect(site.page.get_by_role("button", name="Agree and start")).to_be_visible()


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


def test_the_sites_styles_do_not_leak_in(program: Program, browser: Browser) -> None:
    looks = []
    for css in ("", HOSTILE_CSS):
        with visited(browser, program.address, DESKTOP, css) as site:
            site.begin()
            site.ask(WORK)
            looks.append(site.page.evaluate(LOOKS))
    assert looks[0] == looks[1]


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


def test_a_thumb_and_a_reason_are_sent_with_the_answer_they_are_about(site: Site) -> None:
    site.begin()
    site.ask(WORK)
    site.page.get_by_role("button", name="Not helpful").click()
    site.page.get_by_label("What was the matter? (optional)").select_option("It is out of date")
    site.page.get_by_label("A remark").fill("It says 2019.")
    site.page.get_by_role("button", name="Send", exact=True).click()
    expect(site.log.get_by_text("Thank you.")).to_be_visible()
    (asked,), votes = site.bodies("/api/chat"), site.bodies("/api/feedback")
    about = {"conversation": asked["conversation"], "id": asked["id"], "helpful": False}
    assert votes == [about, {**about, "reason": "outdated", "remark": "It says 2019."}]
    expect(site.page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")


def test_an_answer_can_be_copied_with_its_sources(desktop: Site) -> None:
    desktop.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desktop.begin()
    desktop.ask(WORK)
    desktop.page.get_by_role("button", name="Copy").click()
    expect(desktop.log.get_by_text("Copied.")).to_be_visible()
    copied = desktop.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(WORK)
    section = desktop.log.locator("summary").first.inner_text()
    assert section.splitlines()[0].split("(")[0].strip() in copied


def test_a_conversation_is_deleted_here_and_on_the_server(site: Site) -> None:
    site.begin()
    site.ask(BREATHING)
    (asked,) = site.bodies("/api/chat")
    site.page.get_by_role("button", name="Delete conversation").click()
    site.page.get_by_role("button", name="Delete", exact=True).click()
    expect(site.panel).to_contain_text("The conversation has been deleted.")
    assert site.paths("DELETE") == [f"/api/conversations/{asked['conversation']}"]
    assert site.kept() == "{}{}"
    expect(site.pinned).to_be_hidden()
    site.agree()
    expect(site.turns).to_have_count(0)


def test_what_could_not_be_deleted_on_the_server_is_deleted_when_it_is_back(desktop: Site) -> None:
    desktop.begin()
    desktop.ask(WORK)
    desktop.page.route("**/api/conversations/*", lambda route: route.abort())
    desktop.page.get_by_role("button", name="Delete conversation").click()
    desktop.page.get_by_role("button", name="Delete", exact=True).click()
    expect(desktop.panel).to_contain_text("deleted here")
    assert "laser" not in desktop.kept()
    desktop.page.unroute("**/api/conversations/*")
    desktop.page.reload()
    desktop.open()
    expect(desktop.page.get_by_role("button", name="Agree and start")).to_be_visible()
    desktop.page.wait_for_timeout(500)
    assert desktop.kept() == "{}{}"


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("<script>window.hacked = 1</script> When can I go back to work?", "HTML tags"),
        ("<img src=x onerror='window.hacked = 1'>", "HTML tags"),
        ("x" * 5_000, "5,000 characters"),
    ],
    ids=["script", "image", "long"],
)
def test_what_is_refused_says_why_runs_nothing_and_is_still_there(typed: str, reply: str, desktop: Site) -> None:
    desktop.begin()
    desktop.box.fill(typed)
    desktop.box.press("Enter")
    expect(desktop.log).to_contain_text(reply)
    expect(desktop.box).to_have_value(typed)
    assert desktop.page.evaluate("window.hacked") is None
    desktop.box.fill("")
    desktop.ask(WORK)
    assert desktop.bodies("/api/chat")[-1]["earlier"] == []


@pytest.mark.parametrize(
    "question", ["[x](javascript:window.hacked=1)", "\u202egnp.exe red\u200b skin", "'; DROP TABLE turns; --"]
)
def test_hostile_texts_are_texts(question: str, desktop: Site) -> None:
    desktop.begin()
    turn = desktop.ask(question)
    expect(turn.locator(".words")).to_have_text(question)
    assert turn.locator("a[href^='javascript']").count() == 0
    assert desktop.page.evaluate("window.hacked") is None


def test_a_message_to_the_clinic_is_confirmed_and_what_was_typed_is_kept_when_sending_fails(
    site: Site, program: Program
) -> None:
    site.page.route("**/api/messages", lambda route: route.fulfill(status=503, body="{}"), times=1)
    site.begin()
    site.ask(WORK)
    site.page.get_by_role("button", name="Send us your question").click()
    site.page.get_by_label("Your name").fill("Ann")
    site.page.get_by_label("Your phone number or e-mail address").fill("ann@mail.example")
    site.page.get_by_label("Your message").fill("May I come earlier?")
    site.page.get_by_label("Send this conversation along with it").check()
    send = site.page.get_by_role("button", name="Send to the clinic")
    send.click()
    assert site.bodies("/api/messages") == []  # without consent nothing is sent
    site.page.get_by_label("I agree that the clinic receives").check()
    assert site.violations() == []
    send.click()
    expect(site.panel).to_contain_text("could not be sent. What you typed is still here.")
    expect(site.panel.get_by_role("status").get_by_role("link", name="020 7946 0000")).to_be_visible()
    expect(site.page.get_by_label("Your message")).to_have_value("May I come earlier?")
    send.click()
    expect(site.panel).to_contain_text(RECEIPT)
    expect(focused(site.page)).to_contain_text(RECEIPT)
    first, second = site.bodies("/api/messages")
    assert first == second
    assert (first["name"], first["contact"], first["consent"]) == ("Ann", "ann@mail.example", True)
    assert [turn["question"] for turn in first["transcript"]] == [WORK]
    assert "ann@mail.example" not in site.kept()
    stored = Outbox(open_store(program.data / "records.sqlite3"), None, keep_days=30)
    (receipt,) = RECEIPT.findall(site.panel.inner_text())
    assert stored.read(receipt).text == "May I come earlier?"
    site.page.get_by_role("button", name="Back").click()
    expect(site.turns).to_have_count(1)


def test_who_does_not_agree_to_chat_can_send_a_message_and_reads_what_is_urgent_in_it(desktop: Site) -> None:
    desktop.open()
    desktop.page.get_by_role("button", name="Send us your question").click()
    for label, text in {"Your name": "Ann", "Your phone number": "01 23456", "Your message": BREATHING}.items():
        desktop.page.get_by_label(label).fill(text)
    desktop.page.get_by_label("I agree that the clinic receives").check()
    desktop.page.get_by_role("button", name="Send to the clinic").click()
    expect(desktop.panel).to_contain_text(RECEIPT)
    expect(desktop.page.get_by_role("alert")).to_contain_text("Call 999 now")
    assert desktop.violations() == []
    (body,) = desktop.bodies("/api/messages")
    assert (body["conversation"], body["transcript"]) == (None, None)


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
