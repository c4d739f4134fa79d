"""The frame of the staff's page (Gradio) at /staff: who is logged in, what is served, and a tab for each task."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from chatbot.desk.desk import Desk
from chatbot.desk.permissions import Action, Person
from chatbot.settings import PLACEHOLDER
from chatbot.web.staff.audit_tab import audit_tab
from chatbot.web.staff.curated_tab import curated_tab
from chatbot.web.staff.documents_tab import documents_tab
from chatbot.web.staff.gaps_tab import gaps_tab
from chatbot.web.staff.guard import name_of, person_of
from chatbot.web.staff.insights_tab import insights_tab
from chatbot.web.staff.login import ACCOUNT, HEAD
from chatbot.web.staff.look_up_tab import SCRIPT, look_up_tab
from chatbot.web.staff.messages_tab import messages_tab
from chatbot.web.staff.people_tab import people_tab
from chatbot.web.staff.saved_tab import saved_tab
from chatbot.web.theme import theme
from index.store import StoredIndex
from kb.review import review_state, this_day

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it reports at import
import gradio as gr

CSS = [Path(__file__).with_name(name) for name in ("staff.css", "documents.css")]
PATH = "/staff"
MAX_FILE = "20mb"
LOGOUT = "/staff/logout"


@dataclass(frozen=True, slots=True)
class TabOf:
    """A tab: its title, the action that a person must be allowed to see it, and the function that fills it."""

    title: str
    least: Action
    fill: Callable[[Desk], None]

    @property
    def id(self) -> str:
        """Of the element: "tab-saved-questions"."""
        return f"tab-{self.title.lower().replace(' ', '-')}"


# Every function of the desk asks by itself whether a person may do it: a tab that is not shown is no protection.
TABS = [
    TabOf("Look up", "look_up", look_up_tab),
    TabOf("Answers", "edit", curated_tab),
    TabOf("Gaps", "see_gaps", gaps_tab),
    TabOf("Messages", "edit", messages_tab),
    TabOf("Documents", "edit", documents_tab),
    TabOf("Saved questions", "edit", saved_tab),
    TabOf("Insights", "see_insights", insights_tab),
    TabOf("People", "administer", people_tab),
    TabOf("Audit", "read_audit", audit_tab),
]


def mount_staff(server: FastAPI, desk: Desk) -> FastAPI:
    """Put the page at /staff of the server, after the login and before the patients' page at /, which takes all paths.

    Whoever is not logged in gets nothing of it: the guard (guard.py) stands before it, and Gradio asks it once more.
    """
    mounted: FastAPI = gr.mount_gradio_app(
        server,
        make_staff_page(desk, TABS),
        path=PATH,
        auth_dependency=name_of,
        theme=theme(),
        css="".join(path.read_text(encoding="utf-8") for path in CSS),
        head=f"{HEAD}<script>{SCRIPT.read_text(encoding='utf-8')}</script>",
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        max_file_size=MAX_FILE,
    )
    return mounted


def make_staff_page(desk: Desk, tabs: Sequence[TabOf]) -> gr.Blocks:
    """The header, and below it the tabs; a person sees those that their role allows."""
    page: gr.Blocks
    with gr.Blocks(title=_title(desk), analytics_enabled=False) as page:
        header = gr.HTML("", elem_id="desk-header", padding=False)
        shown = []
        with gr.Tabs(elem_id="desk-tabs"):
            for tab in tabs:
                with gr.Tab(tab.title, elem_id=tab.id, visible=tab.least == "look_up") as one:
                    tab.fill(desk)
                shown.append(one)

        def greet(request: gr.Request) -> list[Any]:
            person = person_of(request)
            allowed = [gr.update(visible=person.may(tab.least)) for tab in tabs]
            return [header_of(person, desk.bot.index.current()), *allowed]

        page.load(greet, None, [header, *shown], queue=False, show_progress="hidden", api_visibility="private")
    return page


def header_of(person: Person, index: StoredIndex) -> str:
    """Who is logged in, the way out, which index patients are answered from, and what nobody has reviewed."""
    who = f"<a class='who' href='{ACCOUNT}'>{escape(person.name)} ({person.role})</a>"
    return (
        "<header class='desk'><h1>Staff desk</h1>"
        f"<p class='served'>{len(index.documents)} documents, index <code>{escape(index.version)}</code></p>"
        f"<form method='post' action='{LOGOUT}'>{who} <button>Log out</button></form></header>{_review_line(index)}"
    )


def _review_line(index: StoredIndex) -> str:
    """What staff must know of the documents' review; nothing where all of them are reviewed and none is overdue."""
    states = [review_state(document, this_day()) for document in index.documents]
    unreviewed, overdue = states.count("not reviewed"), states.count("overdue")
    said = []
    if unreviewed:
        which = "any of these documents" if unreviewed == len(states) else f"{unreviewed} of {len(states)} documents"
        said.append(f"No clinician has reviewed {which}.")
    if overdue:
        said.append(f"The review of {overdue} of {len(states)} documents is overdue.")
    return f"<p class='review'>{' '.join(said)}</p>" if said else ""


def _title(desk: Desk) -> str:
    name = desk.bot.clinic.name
    return "Staff desk" if name == PLACEHOLDER else f"Staff desk: {name}"
