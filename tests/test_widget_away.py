"""The chat widget over what breaks a conversation: a reload, a lost connection, a server that is away or busy."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Route, expect
from served import served
from widget_site import BREATHING, CLINIC, DESKTOP, MAKE_UP, WORK, Site, visited

pytestmark = [pytest.mark.browser, pytest.mark.slow]


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
    swallowed: list[Route] = []

    def swallow_once(route: Route) -> None:
        if swallowed:
            route.continue_()
        else:
            swallowed.append(route)  # no answer ever comes

    desktop.page.route("**/api/chat", swallow_once)
    desktop.box.fill(WORK)
    with desktop.page.expect_request("**/api/chat"):
        desktop.box.press("Enter")
    expect(desktop.log.get_by_text("Looking in the clinic's documents")).to_be_visible()
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
