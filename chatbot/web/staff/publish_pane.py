"""The steps after the drafts: what would change, publishing it, and rolling back to an earlier version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from html import escape
from typing import Any

import gradio as gr

from chatbot.desk import publish
from chatbot.desk.changes import Comparing
from chatbot.desk.desk import Desk
from chatbot.desk.drafts import DraftError
from chatbot.desk.publish import FailingQuestionsError, Published
from chatbot.desk.releases import Release
from chatbot.web.staff.document_views import changes_html, table_html
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of

COLUMNS = ["When", "Who", "What", "Version", "Documents", "Passages", "Failing questions let pass"]
ACTS = {"published": "published", "rolled_back": "rolled back to", "taken_over": "as it was before", "found": "found"}
POLL_S = 0.4


def publish_pane(desk: Desk, refresh: gr.Button) -> None:
    """One button that shows what would change, one that publishes it. `refresh` shows the documents anew."""
    comparing = Comparing()
    look = gr.Button("Show what would change", variant="primary", elem_id="look")
    said = gr.HTML("<p>Everything approved and retired goes into the next version. Nothing is published yet.</p>")
    version = gr.State(None)
    accepting = gr.CheckboxGroup([], label="These saved questions fail. Let pass:", visible=False, elem_id="accepting")
    publishing = gr.Button("Publish this version", variant="primary", visible=False, elem_id="publish")

    def do_look(request: gr.Request) -> Iterator[list[Any]]:
        by = person_of(request)
        with shown():
            comparing.start(desk, by)
        while not comparing.wait(POLL_S):
            yield [f"<p role='status'>{escape(comparing.said)}</p>", None, gr.skip(), gr.Button(visible=False)]
        with shown():
            if comparing.error is not None:
                raise comparing.error
        assert comparing.result is not None
        candidate, comparison = comparing.result
        failing = [(one.question.question, one.question.key) for one in comparison.failing]
        group = gr.CheckboxGroup(failing, value=[], visible=bool(failing))
        button = gr.Button(visible=by.may("approve"))
        yield [changes_html(candidate, comparison), candidate.version, group, button]

    def do_publish(version: str | None, accepting: list[int], request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            if version is None:
                raise DraftError("Nothing was compared yet. Show what would change first.")
            try:
                done = publish.publish(desk, by, version, accepting)
            except FailingQuestionsError as error:
                gr.Warning(escape(f"{error} Tick each of them to publish all the same."), title="Not published yet")
                failing = [(one.saved.question, one.saved.key) for one in error.outcomes]
                return [gr.skip(), version, gr.CheckboxGroup(failing, visible=True), gr.skip()]
        return [_done(done), None, gr.CheckboxGroup([], value=[], visible=False), gr.Button(visible=False)]

    outputs: list[Any] = [said, version, accepting, publishing]
    look.click(do_look, None, outputs, show_progress="hidden", api_visibility="private")
    inputs: list[Any] = [version, accepting]
    done = publishing.click(do_publish, inputs, outputs, show_progress_on=said, api_visibility="private")
    done.success(None, js=f"() => document.getElementById('{refresh.elem_id}').click()", api_visibility="private")


def versions_pane(desk: Desk, refresh: gr.Button) -> None:
    """Every release, and one button that serves an earlier version again."""
    table = gr.HTML("", elem_id="versions", padding=False)
    chosen = gr.Dropdown([], label="Version to serve again", elem_id="version")
    back = gr.Button("Roll back to it", variant="stop", elem_id="roll-back")
    said = gr.HTML("")

    def show(request: gr.Request) -> list[Any]:
        by = person_of(request)
        if not by.may("edit"):  # the page asks as it opens, for whoever opens it
            return ["", gr.skip()]
        with shown():
            releases = publish.releases_so_far(desk, by)
        there = {release.version: f"{_time(release)}, {release.version}" for release, is_there in releases if is_there}
        choices = [(label, version) for version, label in there.items()]
        rows = [_row(release) for release, _ in releases]
        return [table_html("Versions", COLUMNS, rows, "Nothing was published yet."), gr.Dropdown(choices, value=None)]

    def do_roll_back(version: str | None, request: gr.Request) -> str:
        by = person_of(request)
        with shown():
            if version is None:
                raise DraftError("No version is chosen. Choose one first.")
            return _done(publish.roll_back(desk, by, version))

    gr.on(None, show, None, [table, chosen], show_progress="hidden", api_visibility="private")
    refresh.click(show, None, [table, chosen], show_progress="hidden", api_visibility="private")
    done = back.click(do_roll_back, chosen, said, api_visibility="private")
    done.success(None, js=f"() => document.getElementById('{refresh.elem_id}').click()", api_visibility="private")


def _done(done: Published) -> str:
    """What was done, which saved questions fail, and whether this server answers from it."""
    failed = [outcome for outcome in done.outcomes if outcome.failures]
    lines = [f"<p role='status'><strong>Version {escape(done.release.version)} is published.</strong></p>"]
    if not done.is_served:
        lines.append(
            "<p class='doc-problem error'>This server does not answer from it. Was it started with --kb? Start it "
            "again without.</p>"
        )
    for outcome in failed:
        why = f"{outcome.saved.question}: {' '.join(outcome.failures)}"
        lines.append(f"<p class='doc-problem'>A saved question fails: {escape(why)}</p>")
    return "".join(lines)


def _row(release: Release) -> list[str]:
    counted = [str(release.documents or ""), str(release.passages or "")]
    let_fail = str(len(release.accepted)) if release.accepted else ""
    return [_time(release), release.person or "the program", ACTS[release.act], release.version, *counted, let_fail]


def _time(release: Release) -> str:
    """In the time zone of this computer."""
    return f"{release.at.replace(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"
