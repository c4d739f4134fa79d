"""The chat widget in a real browser, against the real program: what is asked, and how the answer is shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from widget_site import BREATHING, MAKE_UP, PUS, STILL_RED, WORK, Site, focused

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WRINKLES = "What wrinkles does fractional CO2 laser treat?"


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
