"""Every handler of the staff's page: what a person must be allowed to do to call it, and with what it is called.

A desk is filled for it, in which every tab has something to read that tells by a word, and that is hostile HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from asked import ask_once, send
from conftest import ROSE, LetterEncoder, UndecidedMeaning, desk_of, write_clinic
from curated_clinic import BY_WORDS, PARKING
from staff_visit import UPLOAD, Visit, visiting
from staffed import PASSWORD, add_staff

from chatbot.desk import curated, drafts, people, publish, saved, tokens
from chatbot.desk.curated_live import LiveCurated
from chatbot.desk.desk import Desk
from chatbot.desk.gaps import Gap, Gaps
from chatbot.desk.permissions import Action, Person
from chatbot.desk.saved import Truth
from chatbot.records import Records
from chatbot.settings import Limits, Settings
from chatbot.store import opened_store
from chatbot.web.server import make_server

SECRET = "heliotrope"  # stands in all that there is to read, and in the name of who wrote it
MARKUP = "<img src=x onerror=hacked()"  # as well: a tag that is not closed may be written even in a question
AUTHOR = Person(f"Otto {SECRET} {MARKUP}", "admin")
CALLER = Person("Kim Lee", "admin")  # who calls the handlers
DUE = date.today() + timedelta(days=365)
ANY = ["any state", "any", "", None]  # the filters of curated answers, and that none is open
UNLIMITED = Limits(per_visitor_per_minute=10_000, overall_per_minute=10_000)
numbers = count()


@contextmanager
def filled_desk(folder: Path) -> Iterator[Desk]:
    """A desk with something to read in every tab, and a caller who is an admin."""
    documents = write_clinic(folder / "clinic")
    settings = Settings(clinic=ROSE, documents=documents, data=folder / "var", limits=UNLIMITED)
    with opened_store(folder / "var" / "records.sqlite3") as store:
        desk = desk_of(settings, LetterEncoder(), UndecidedMeaning(), store)
        desk = replace(desk, bot=replace(desk.bot, curated=LiveCurated(store, desk.bot.encoder, gate=BY_WORDS)))
        add_staff(store)
        for person in (AUTHOR, CALLER):
            people.add(store, people.OWNER, person.name, person.role, PASSWORD)
        approve_draft(desk)
        publish.publish(desk, AUTHOR, publish.prepared(desk, AUTHOR).version)
        for write in (draft, curated_answer, saved_question, gap):
            write(desk)
        yield desk


@contextmanager
def page_of(desk: Desk) -> Iterator[Visit]:
    """The desk's page as the caller has it open."""
    with visiting(make_server(desk, Records(desk.store, keep_days=30)), CALLER.name) as visit:
        yield visit


# What a handler is called about: something new each time, so that no test needs another.


def word() -> str:
    """For the name of a file, which can have no markup in it."""
    return f"{SECRET} {next(numbers)}"


def words() -> str:
    return f"{word()} {MARKUP}"


def draft(desk: Desk) -> drafts.Draft:
    text = f"# {words()}\n\n## Care\n\nWater it. {MARKUP}\n"
    return drafts.upload(desk, AUTHOR, f"{word()}.md", text.encode(), {"treatment": words()})


def approve_draft(desk: Desk) -> None:
    drafts.approve(desk, AUTHOR, draft(desk), f"Dr B. {MARKUP}", DUE)


def curated_answer(desk: Desk) -> str:
    """Approved, with a later draft of it."""
    wording = replace(PARKING, questions=(f"Where is the {words()}?",), text=words(), source=words(), owner=words())
    version = curated.write(desk, wording, AUTHOR)
    curated.approve(desk, version.id, version.number, AUTHOR)
    curated.edit(desk, version.id, version.number, replace(wording, owner="Somebody else"), AUTHOR)
    return version.id


def saved_question(desk: Desk) -> int:
    return saved.add(desk, AUTHOR, f"Is {words()} red?", None, Truth(lacks=MARKUP)).key


def gap(desk: Desk, closed: bool = False) -> Gap:
    gaps, now = Gaps(desk), datetime.now(UTC)
    asked = ask_once(desk.store, f"a {words()} voucher?", at=now)
    found = gaps.gap_of(AUTHOR, asked, now)
    if closed:
        gaps.answered(AUTHOR, found)
    return found


# How the caller comes to each handler: (data, event).

Asked = tuple[list[Any], Any]
Given = Callable[[Visit, Desk], Asked]


def of(*data: Any) -> Given:
    """What needs nothing to be chosen before."""
    return lambda visit, desk: ([*data], None)


def of_curated(visit: Visit, desk: Desk) -> Asked:
    id = curated_answer(desk)
    visit.call("curated_tab.listed", *ANY)
    return [id], None


def with_curated_open(*typed: Any) -> Given:
    def given(visit: Visit, desk: Desk) -> Asked:
        visit.call("curated_tab.show", *of_curated(visit, desk)[0])
        return [None, *typed], None

    return given


def row_of_gap(title: str) -> Any:
    return {"index": [0, 2], "value": title, "row_value": [1, "", title, "", ""]}


def of_gap(visit: Visit, desk: Desk) -> Asked:
    return ["Open"], row_of_gap(gap(desk).title)


def with_gap_open(*typed: Any, closed: bool = False) -> Given:
    def given(visit: Visit, desk: Desk) -> Asked:
        title = gap(desk, closed).title
        visit.call("gaps_tab.choose", "Closed" if closed else "Open", event=row_of_gap(title))
        return [None, *typed], None

    return given


def of_message(visit: Visit, desk: Desk) -> Asked:
    receipt = send(desk.outbox, words())
    return [], {"index": [0, 0], "value": receipt, "row_value": [receipt, "", "", ""]}


def of_receipt(visit: Visit, desk: Desk) -> Asked:
    return [send(desk.outbox, words())], None


def of_draft(visit: Visit, desk: Desk) -> Asked:
    one = draft(desk)
    visit.call("_drafts.show")
    return [one.key], None


def with_draft_open(*typed: Any) -> Given:
    def given(visit: Visit, desk: Desk) -> Asked:
        visit.call("_drafts.open_one", *of_draft(visit, desk)[0])
        return [None, *typed], None

    return given


def of_file(visit: Visit, desk: Desk) -> Asked:
    sent = {"files": (f"fern {next(numbers)}.md", b"# Fern\n\n## Care\n\nWater it.\n", "text/markdown")}
    (path,) = visit.client.post(UPLOAD, files=sent).json()
    return [{"path": path, "meta": {"_type": "gradio.FileData"}}, "(a new document)"], None


def of_served(path: str) -> Given:
    def given(visit: Visit, desk: Desk) -> Asked:
        visit.call("_drafts.show")
        return [path], None

    return given


def with_changes_shown(visit: Visit, desk: Desk) -> Asked:
    approve_draft(desk)
    visit.call("publish_pane.do_look")
    return [None, []], None


def of_changes(visit: Visit, desk: Desk) -> Asked:
    approve_draft(desk)
    return [], None


def of_version(visit: Visit, desk: Desk) -> Asked:
    visit.call("versions_pane.show")
    earliest, _ = publish.releases_so_far(desk, AUTHOR)[-1]
    return [earliest.version], None


def of_saved(visit: Visit, desk: Desk) -> Asked:
    key = saved_question(desk)
    visit.call("saved_tab.show")
    return [key], None


def of_new_question(visit: Visit, desk: Desk) -> Asked:
    return [f"Is {words()} red?", "", "", None, "", "green"], None


def of_token(visit: Visit, desk: Desk) -> Asked:
    tokens.make_token(desk.store, CALLER, words())
    visit.call("tokens_part.show")
    return [max(one.key for one in tokens.own_tokens(desk.store, CALLER))], None


def of_person(*typed: Any) -> Given:
    def given(visit: Visit, desk: Desk) -> Asked:
        name = f"Flora Fern {next(numbers)}"
        people.add(desk.store, people.OWNER, name, "reader", PASSWORD)
        return [name, *typed], None

    return given


@dataclass(frozen=True, slots=True)
class Handler:
    """What a person must be allowed to do to call it, and with what it is called.

    A quiet one is called by the page as it opens, for whoever opens it: who may not read what it tells gets nothing.
    """

    least: Action
    given: Given
    is_quiet: bool = False


WRITTEN = [
    "Is there a fern?",
    "There is one.",
    "Every treatment",
    "patients",
    "Reception",
    str(DUE),
    "The gardener",
    "",
]
HANDLERS = {
    "make_staff_page.greet": Handler("look_up", of()),
    # Look up
    "look_up_tab.show": Handler("look_up", of("redness", "Any treatment", "Any topic", "Patients and staff")),
    "tokens_part.show": Handler("look_up", of()),
    "tokens_part.make_one": Handler("look_up", of("at the front desk")),
    "tokens_part.end_one": Handler("look_up", of_token),
    # Answers: an empty form, and how what is typed will look, tell nothing that the caller does not know
    "curated_tab.start": Handler("look_up", of()),
    "curated_tab.see": Handler("look_up", of(*WRITTEN)),
    "curated_tab.listed": Handler("edit", of(*ANY), is_quiet=True),
    "curated_tab.show": Handler("edit", of_curated),
    "curated_tab.save_draft": Handler("edit", with_curated_open(*WRITTEN)),
    "curated_tab.approve_it": Handler("approve", with_curated_open()),
    "curated_tab.retire_it": Handler("approve", with_curated_open()),
    "curated_tab.attempt": Handler("edit", of("Is there a fern?", None, *WRITTEN)),
    # Gaps
    "gaps_tab.show": Handler("see_gaps", of("Open")),
    "gaps_tab.choose": Handler("see_gaps", of_gap),
    "gaps_tab.write_answer": Handler("see_gaps", with_gap_open()),
    "gaps_tab.keep_answer": Handler("edit", with_gap_open(*WRITTEN[:3], "The gardener", "Open")),
    "gaps_tab.start_document": Handler("edit", with_gap_open()),
    "gaps_tab.explained": Handler("see_gaps", with_gap_open()),
    "gaps_tab.close_answered": Handler("edit", with_gap_open("Open")),
    "gaps_tab.close_refused": Handler("edit", with_gap_open("ferns", "there is none", "Open")),
    "gaps_tab.open_again": Handler("edit", with_gap_open("Closed", closed=True)),
    "gaps_tab.saved": Handler("see_gaps", of("Open")),
    # Messages
    "messages_tab.show": Handler("edit", of()),
    "messages_tab.open_one": Handler("edit", of_message),
    "messages_tab.tick_off": Handler("edit", of_receipt),
    # Documents
    "_in_a_year": Handler("look_up", of()),
    "_drafts.show": Handler("edit", of(), is_quiet=True),
    "_drafts.open_one": Handler("edit", of_draft),
    "_drafts.leave_what_is_gone": Handler("edit", with_draft_open()),
    "_drafts.do_upload": Handler("edit", of_file),
    "_drafts.do_take_up": Handler("edit", of_served("peel.md")),
    "_drafts.do_retire": Handler("approve", of_served("telephone.md")),
    "_drafts.do_save": Handler("edit", with_draft_open("# Fern\n\n## Care\n\nWater it well.\n", "", "", "", "")),
    "_drafts.do_discard": Handler("edit", with_draft_open()),
    "_drafts.do_approve": Handler("approve", with_draft_open("Dr B. Example", str(DUE))),
    "publish_pane.do_look": Handler("edit", of_changes),
    "publish_pane.do_publish": Handler("approve", with_changes_shown),
    "versions_pane.show": Handler("edit", of(), is_quiet=True),
    "versions_pane.do_roll_back": Handler("approve", of_version),
    # Saved questions
    "saved_tab.show": Handler("edit", of(), is_quiet=True),
    "saved_tab.show_runs": Handler("edit", of_saved),
    "saved_tab.do_ask": Handler("edit", of("When does redness fade?", "")),
    "saved_tab.do_save": Handler("edit", of_new_question),
    "saved_tab.do_remove": Handler("edit", of_saved),
    "saved_tab.do_run": Handler("edit", of()),
    # Insights
    "insights_tab.show": Handler("see_insights", of(7)),
    "insights_tab.saved": Handler("see_insights", of(7)),
    # People
    "people_tab.show": Handler("administer", of(), is_quiet=True),
    "people_tab.show_role": Handler("administer", of_person()),
    "people_tab.on.handle: Change role": Handler("administer", of_person("approver")),
    "people_tab.on.handle: Set password": Handler("administer", of_person("a kettle on the hill")),
    "people_tab.on.handle: End a wait": Handler("administer", of_person()),
    "people_tab.on.handle: May log in again": Handler("administer", of_person()),
    "people_tab.on.handle: May no longer log in": Handler("administer", of_person()),
    "people_tab.on.handle: Add": Handler("administer", of(f"Flora {MARKUP}", "admin", "a kettle on the hill")),
    # Audit
    "audit_tab.show": Handler("read_audit", of("", "", "", 7, False), is_quiet=True),
}
