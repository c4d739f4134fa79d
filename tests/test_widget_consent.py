"""What the chat widget sends and keeps: nothing before somebody agrees, what they delete no longer, and their form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from served import Program
from widget_site import BREATHING, WORK, Site, focused

from chatbot.mailing.outbox import Outbox
from chatbot.store import open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RECEIPT = re.compile(r"Receipt: (\w{3}-\w{3})")


def test_nothing_is_asked_of_the_server_before_the_panel_is_opened(site: Site) -> None:
    site.page.wait_for_load_state("networkidle")
    paths = {path.split("?")[0] for path in site.paths("GET")} - {"/favicon.ico"}
    assert paths == {"/demo", "/demo.css", "/widget.js"}
    assert site.kept() == "{}{}"


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
