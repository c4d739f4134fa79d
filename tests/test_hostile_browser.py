"""Hostile words in the browser: typed into the widget and into the page, none runs, fetches or builds anything."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator

import pytest
from conftest import ServerOf
from playwright.sync_api import Browser, Page, Response, expect
from ports import listening
from test_hostile import MAKERS, MARKUP, ODD, ORDERS, PATHS, QUESTIONS, SEED, SQL
from tripwire import guarded
from widget_site import DESKTOP, WORK, Site, visited

from chatbot.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MESSAGES, AT_ONCE = 160, 40  # so many in one conversation: the page sends it along with each question
TYPED = ("markup", "in two parts", "SQL", "orders to a model", "paths", "odd characters")  # what a person can paste
# What only a browser would fall for: it is not in what is sent to the API.
FOR_BROWSERS = (
    "<svg><script>window.hacked = 1</script></svg>", "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<img src=https://evil.example/x.png>", "[scar](javascript:window.hacked=1)", "javascript:alert(1)",
    "[scar](JaVaScRiPt&colon;alert(1))", "![scar](https://evil.example/x.png)", "<details open ontoggle=alert(1)>",
    "<math><mtext><img src=x onerror=alert(1)>", '<a href="jav&#x09;ascript:alert(1)">scar</a>',
    "[scar](data:text/html,<script>alert(1)</script>)", "<form action=javascript:alert(1)><button>",
    "{{constructor.constructor('alert(1)')()}}", "${alert(1)} #{alert(1)}", "<%= alert(1) %> {% raw %}",
    "https://evil.example/x.png", "$\\href{javascript:alert(1)}{x}$", "```html\n<script>alert(1)</script>\n```",
    "\u202e</p><script>alert(1)</script>\u2066", "<scr\u200bipt>alert(1)</script>",
)  # fmt: skip
UNSEEN = re.compile(r"[\s\x00-\x20\ufeff]+")  # what a text box or trimming may change


def hostile_messages() -> list[str]:
    """The same at each run: every piece once with a question, then what the generator of the API's test makes."""
    rng = random.Random(SEED)
    texts = [f"{piece} {rng.choice(QUESTIONS)}" for piece in (*MARKUP, *FOR_BROWSERS, *SQL, *ORDERS, *PATHS, ODD)]
    while len(texts) < MESSAGES:
        kind = rng.choice(TYPED)
        texts.append(json.loads(MAKERS[kind][1](rng))["question"])
    whole = [text.encode(errors="ignore").decode() for text in texts]  # nobody can type half a character
    return [text for text in whole if UNSEEN.sub("", text)]


@pytest.fixture
def address(server_of: ServerOf) -> Iterator[str]:
    """A quick server with the patients' page and the widget's demo."""
    with listening(server_of(Settings(), with_page=True), Settings()) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(**DESKTOP)
    yield context.new_page()
    context.close()


def as_texts(some: list[str]) -> list[str]:
    return [UNSEEN.sub("", text) for text in some]


def test_nothing_that_is_typed_into_the_widget_does_anything(page: Page, address: str) -> None:
    texts, site = hostile_messages(), Site(page, address)
    assert len(texts) >= 150
    with guarded(page, address):
        page.goto(f"{address}/demo")
        site.begin()
        page.evaluate("arm()")
        for number, text in enumerate(texts):
            site.box.fill(text)
            site.box.press("Enter")
            expect(site.turns.nth(number).locator(".answer p").first).to_be_attached()
        for _ in range(2):
            assert as_texts(site.log.locator(".words").all_text_contents()) == as_texts(texts)
            site.log.locator("summary, .cite").evaluate_all("all => all.forEach(one => one.click())")
            page.reload()  # what was kept in the tab is shown once more
            expect(site.turns).to_have_count(len(texts))
            page.evaluate("arm()")


class Asking:
    """The patients' page, asked one question after the other: each is sent by a request, and ends with a stream."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.sent = self.ended = 0
        page.on("request", lambda request: self.count(request.url, begins=True))
        for event in ("requestfinished", "requestfailed"):  # the page closes the stream, or the server does
            page.on(event, lambda request: self.count(request.url, begins=False))
        page.goto(address)
        self.box = page.get_by_role("textbox", name="Your question")
        self.wait(0)  # it asks for its own notice first

    def count(self, url: str, begins: bool) -> None:
        self.sent += begins and "queue/join" in url
        self.ended += not begins and "queue/data" in url

    def wait(self, ended: int, sent: int = -1) -> None:
        """Until one more stream than so many has ended. What the page was too busy to take is entered again."""
        until = time.monotonic() + 30
        while self.ended == ended:
            if self.sent == sent:
                self.box.press("Enter")
            self.page.wait_for_timeout(100 if self.sent == sent else 20)
            assert time.monotonic() < until

    def ask(self, text: str) -> None:
        """Ask, and wait until the answer is whole."""
        sent, ended = self.sent, self.ended
        self.box.fill(text)
        self.wait(ended, sent)


def test_nothing_that_is_typed_into_the_patients_page_does_anything(page: Page, address: str) -> None:
    texts = hostile_messages()
    with guarded(page, address):
        for start in range(0, len(texts), AT_ONCE):
            asking = Asking(page, address)
            asking.ask(WORK)  # by now the page has loaded all that it is made of
            page.evaluate("arm()")
            for text in texts[start : start + AT_ONCE]:
                asking.ask(text)
            expect(page.locator("#conversation .bot-row")).to_have_count(1 + len(texts[start : start + AT_ONCE]))
            assert page.evaluate("tripped") == []
            page.locator("#conversation summary").evaluate_all("all => all.forEach(one => one.click())")


SPOILT = (
    "box.innerHTML = '<img src=x onerror=alert(1)>'", "box.innerHTML = '<script>alert(1)</script>'",
    """box.innerHTML = '<a href=" javascript:alert(1)">x</a>'""", "box.setAttribute('onclick', 'alert(1)')",
    "box.append(document.createElement('iframe'))", "alert(1)", "window.hacked = 1",
    "fetch('https://evil.example/').catch(() => 0)", "location = 'javascript:window.hacked = 1'",
)  # fmt: skip


def test_what_hostile_words_could_do_trips_the_wire(page: Page, address: str) -> None:
    with guarded(page, address) as done:
        page.goto(f"{address}/demo")
        Site(page, address).begin()
        page.evaluate("arm()")
        for where in ("document.querySelector('clinic-chat').shadowRoot.querySelector('.main')", "document.body"):
            for spoilt in SPOILT:
                page.evaluate(f"() => {{ const box = {where}; {spoilt} }}")
                page.wait_for_timeout(100)
                assert [*page.evaluate("tripped.splice(0)"), *done], spoilt
                done.clear()


SECRET = "Zephyrine"  # in no document


def test_what_one_visitor_says_no_other_visitor_is_shown(browser: Browser, address: str) -> None:
    """On the widget and on the page, one after the other and at the same time."""
    ann, bob = browser.new_context(**DESKTOP), browser.new_context(**DESKTOP)
    replies: list[Response] = []
    bob.on("response", lambda reply: replies.append(reply))
    sites, pages = [], []
    for context in (ann, bob):
        site = Site(context.new_page(), address)
        site.page.goto(f"{address}/demo")
        site.begin()
        sites.append(site)
        pages.append(Asking(context.new_page(), address))
    for _ in range(3):
        for words, site, page in zip(
            (f" and how much is {SECRET}?", " and how much is it?"), sites, pages, strict=True
        ):
            site.ask(f"when does redness fade after CO2 laser?{words}")
            page.ask(f"when does redness fade after a peel?{words}")
    assert SECRET in sites[0].panel.inner_text()
    assert SECRET in pages[0].page.locator("#conversation").inner_text()
    told = [reply.text() for reply in replies if "/api/" in reply.url]
    sites[1].page.reload()
    pages[1].page.reload()
    expect(sites[1].turns).to_have_count(3)
    fresh = Site(bob.new_page(), address)
    fresh.page.goto(f"{address}/demo")
    fresh.begin()
    shown = [sites[1].panel.inner_text(), fresh.panel.inner_text(), sites[1].kept(), pages[1].page.content()]
    assert len(told) == 4
    assert not [text for text in (*shown, *told) if SECRET in text]
    ann.close()
    bob.close()


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("<script>window.hacked = 1</script> When can I go back to work?", "HTML tags"),
        ("<img src=x onerror='window.hacked = 1'>", "HTML tags"),
        ("x" * 5_000, "5,000 characters"),
    ],
    ids=["script", "image", "long"],
)
def test_what_is_refused_says_why_runs_nothing_and_is_still_there(
    typed: str, reply: str, browser: Browser, address: str
) -> None:
    with visited(browser, address, DESKTOP) as desktop:
        desktop.begin()
        desktop.box.fill(typed)
        desktop.box.press("Enter")
        expect(desktop.log).to_contain_text(reply)
        expect(desktop.box).to_have_value(typed)
        assert desktop.page.evaluate("window.hacked") is None
        desktop.box.fill("")
        desktop.ask(WORK)
        assert desktop.bodies("/api/chat")[-1]["earlier"] == []
