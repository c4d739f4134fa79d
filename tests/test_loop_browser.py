"""The loop through the real program in a browser: asked and not answered, written, approved, answered, and all told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from served import Program, served
from staffed import NAMES, PASSWORD, add_staff
from widget_site import BREATHING, CLINIC, DESKTOP, visited

from chatbot.desk.permissions import Role
from chatbot.store import open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=20_000)
VOUCHERS = "Do you sell gift vouchers?"
WITH_A_NAME = f"My name is Florence Nightingale, call 07700 900123. {VOUCHERS}"
IN_OTHER_WORDS = "Can I get a voucher as a present?"
TEXT = "Gift vouchers are sold at the front desk and are valid for a year."


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The real program, with one person of each role; nobody has asked it anything yet."""
    with served(tmp_path_factory.mktemp("loop"), CLINIC) as program:
        store = open_store(program.data / "records.sqlite3")
        add_staff(store)
        store.dispose()
        yield program


def ask(browser: Browser, clinic: Program, *questions: str) -> list[str]:
    """What the chat shows a visitor for each question of one conversation."""
    with visited(browser, clinic.address, DESKTOP) as site:
        site.begin()
        return [site.ask(question).locator(".answer").inner_text() for question in questions]


def logged_in(browser: Browser, clinic: Program, role: Role, width: int = 1280) -> Page:
    """The staff's page, with the person of a role logged in."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(f"{clinic.address}/staff/")
    page.get_by_label("Name").fill(NAMES[role])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#desk-header")).to_contain_text(NAMES[role])
    return page


def logged(page: Page, count: int, what: str, of: str = "") -> list[str]:
    """The lines of the audit log on this, newest first, without their times."""
    page.get_by_label("What", exact=True).fill(what)
    page.get_by_label("Of", exact=True).fill(of)
    page.get_by_label("Also what patients were answered").check()
    page.get_by_role("tabpanel").get_by_role("button", name="Read again").filter(visible=True).click()
    expect(page.get_by_text(f"{count} lines.", exact=True)).to_be_visible()
    cells = [[f"#audit [data-testid=cell-{row}-{column}]" for column in range(1, 5)] for row in range(count)]
    return [" | ".join(page.locator(cell).inner_text() for cell in row) for row in cells]


def test_from_a_question_without_an_answer_to_its_answer_and_the_log_tells_who_did_what(
    browser: Browser, clinic: Program
) -> None:
    for question in (WITH_A_NAME, VOUCHERS):
        (answer,) = ask(browser, clinic, question)
        assert "Our documents do not answer that" in answer

    editors = logged_in(browser, clinic, "editor")
    editors.get_by_role("tab", name="Gaps").click()
    expect(editors.get_by_text("1 gap open, asked about by 2 people.")).to_be_visible()
    editors.locator("#gap-list [data-testid=cell-0-2]").click()
    expect(editors.locator("#gap")).to_contain_text(f"My name is [name], call [phone]. {VOUCHERS}")
    assert "Nightingale" not in editors.content()
    editors.get_by_role("button", name="Write an answer").click()
    writing = editors.locator("#gap-answer")
    expect(writing.get_by_label("Questions, one a line")).to_have_value(VOUCHERS)
    writing.get_by_label("Answer", exact=True).fill(TEXT)
    writing.get_by_label("Source").fill("Our price list")
    writing.get_by_role("button", name="Keep it as a draft").click()
    expect(editors.locator("#gap-list [data-testid=cell-0-4]")).to_have_text("an answer begun")
    (answer,) = ask(browser, clinic, IN_OTHER_WORDS)
    assert TEXT not in answer

    approvers = logged_in(browser, clinic, "approver", width=820)
    approvers.get_by_role("tab", name="Answers").click()
    approvers.locator("#curated-list label", has_text=VOUCHERS).click()
    expect(approvers.locator("#curated-preview")).to_contain_text(TEXT)
    approvers.locator("#curated-approve").click()
    story = approvers.locator("#curated-story summary", has_text="Version 1")
    expect(story).to_contain_text("Ed Moss, approved by Ava Pine")
    story.click()
    expect(approvers.locator("#curated-story")).to_contain_text(TEXT)

    answer, urgent = ask(browser, clinic, IN_OTHER_WORDS, BREATHING)
    assert TEXT in answer
    assert f"[1] {VOUCHERS} (The clinic's answer; the clinic)" in " ".join(answer.split())
    assert TEXT not in urgent

    approvers.get_by_role("tab", name="Gaps").click()
    expect(approvers.get_by_text("No gap is open")).to_be_visible()
    approvers.get_by_role("tab", name="Audit").click()
    index = approvers.locator("header.desk code").inner_text()
    approved, written = logged(approvers, 2, "curated")
    id = written.split(" | ")[2]
    assert approved == f"Ava Pine | curated.approved | {id} | version: 1"
    assert written == f"Ed Moss | curated.written | {id} | version: 1"
    told = [line.split(" | ") for line in logged(approvers, 5, "answer", "answer:")]
    assert {(who, what) for who, what, _, _ in told} == {("the program", "answer.given")}
    assert [details for _, _, _, details in told] == [
        "rule: breathing; status: urgent; urgency: emergency",  # before any index was asked
        f"index: {index}; passages: curated:{id}#1; status: answered; curated: {id}",
        *[f"index: {index}; status: abstained"] * 3,
    ]


def test_a_reader_sees_neither_answers_nor_gaps_and_nobody_sees_the_login(browser: Browser, clinic: Program) -> None:
    readers = logged_in(browser, clinic, "reader")
    assert readers.get_by_role("tab", name="Look up").is_visible()
    for name in ("Answers", "Gaps", "Audit"):
        assert readers.get_by_role("tab", name=name).count() == 0
    readers.get_by_role("button", name="Log out").click()
    readers.goto(f"{clinic.address}/staff/")
    expect(readers.get_by_role("button", name="Log in")).to_be_visible()
    assert readers.locator("#desk-header").count() == 0
