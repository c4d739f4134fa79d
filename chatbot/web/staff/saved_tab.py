"""The tab of the saved questions: what must be true of which answer, and how that went so far."""

from __future__ import annotations

from datetime import UTC
from typing import Any, get_args

import gradio as gr

from chatbot.answer import Status
from chatbot.desk import saved
from chatbot.desk.desk import Desk
from chatbot.desk.saved import Run, Saved, SavedError, Truth
from chatbot.web.staff.document_views import answer_html, table_html, truth_text
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of

COLUMNS = ["Question", "What must be true of its answer", "Last", "So far, newest first"]
RUNS = ["When", "Version", "Passed", "What was not true"]
MAX_MARKS = 12
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def saved_tab(desk: Desk) -> None:
    """The list with its history, and a question to ask and to save with what is true of its answer now."""
    table = gr.HTML("", elem_id="saved", padding=False)
    chosen = gr.Dropdown([], label="Saved question", elem_id="saved-question")
    with gr.Row():
        run = gr.Button("Ask all of them now", elem_id="run-saved")
        remove = gr.Button("Remove the chosen one", elem_id="remove-saved")
    history = gr.HTML("", elem_id="runs", padding=False)
    gr.Markdown("### Save a question\n\nAsk it first: what is true of the answer now is filled in, to be changed.")
    with gr.Row():
        question = gr.Textbox(label="Question", max_lines=2, scale=3, elem_id="to-save")
        treatment = gr.Textbox(label="Treatment of the page", placeholder="any", max_lines=1, scale=1)
    ask = gr.Button("Ask", elem_id="ask-to-save")
    answer = gr.HTML("", elem_id="answer-to-save")
    with gr.Row():
        status = gr.Dropdown([("any", ""), *get_args(Status)], value="", label="It is", elem_id="must-be")
        cites = gr.Dropdown([], label="It cites", allow_custom_value=True, elem_id="must-cite")
        has = gr.Textbox(label="A quote has", max_lines=2, elem_id="must-have")
        lacks = gr.Textbox(label="Nowhere it has", max_lines=2, elem_id="must-lack")
    save = gr.Button("Save the question", variant="primary", elem_id="save-question")

    def show(request: gr.Request) -> list[Any]:
        by = person_of(request)
        if not by.may("edit"):  # the page asks as it opens, for whoever opens it
            return ["", gr.skip()]
        with shown():
            every, runs = saved.every(desk, by), saved.runs(desk, by)
        rows = [_row(one, runs.get(one.key, [])) for one in every]
        said = table_html("Saved questions", COLUMNS, rows, "No question is saved yet.")
        return [said, gr.Dropdown([(one.question, one.key) for one in every], value=None)]

    def show_runs(key: int | None, request: gr.Request) -> str:
        by = person_of(request)
        with shown():
            its = saved.runs(desk, by).get(key or 0, [])
        return table_html("How it went", RUNS, [_run(one) for one in its], "It was not asked yet.")

    def do_ask(question: str, treatment: str, request: gr.Request) -> list[Any]:
        by = person_of(request)
        with shown():
            given = saved.try_out(desk, by, question, treatment or None)
        quotes = [citation for citation in given.citations if not citation.caveat]
        places = [place for c in quotes for place in (c.passage.section.id, c.passage.document.id)]
        cited = gr.Dropdown(list(dict.fromkeys(places)), value=places[0] if places else None)
        first = quotes[0].quote if quotes else ""
        return [f"<h4>{given.status}</h4>{answer_html(given)}", given.status, cited, first]

    def do_save(
        question: str, treatment: str, status: Any, cites: str | None, has: str, lacks: str, request: gr.Request
    ) -> list[Any]:
        by = person_of(request)
        with shown():
            saved.add(desk, by, question, treatment or None, Truth(status or None, cites, has, lacks))
        gr.Info("It is asked before each release.", title="Saved")
        return ["", "", "", "", gr.Dropdown([], value=None), "", ""]

    def do_remove(key: int | None, request: gr.Request) -> None:
        by = person_of(request)
        with shown():
            if key is None:
                raise SavedError("No saved question is chosen. Choose one first.")
            saved.remove(desk, by, key)

    def do_run(request: gr.Request) -> None:
        by = person_of(request)
        with shown():
            failed = saved.failing(saved.run_now(desk, by))
        gr.Info(f"{len(failed)} fail." if failed else "None fails.", title="All were asked")

    whole: list[Any] = [table, chosen]
    gr.on(None, show, None, whole, **QUIET)
    chosen.input(show_runs, chosen, history, **QUIET)
    gr.on(
        [ask.click, question.submit], do_ask, [question, treatment], [answer, status, cites, has],
        show_progress_on=answer, api_visibility="private",
    )  # fmt: skip
    wanted: list[Any] = [question, treatment, status, cites, has, lacks]
    emptied: list[Any] = [question, treatment, answer, status, cites, has, lacks]
    for act in (
        save.click(do_save, wanted, emptied, show_progress_on=answer, api_visibility="private"),
        remove.click(do_remove, chosen, None, api_visibility="private"),
        run.click(do_run, None, None, api_visibility="private"),
    ):
        act.success(show, None, whole, **QUIET)


def _row(one: Saved, runs: list[Run]) -> list[str]:
    """A saved question as the table shows it: a tick for each time that it passed."""
    last = "" if not runs else "passed" if runs[0].passed else f"failed: {runs[0].why}"
    marks = " ".join("✓" if run.passed else "✗" for run in runs[:MAX_MARKS])
    about = f"{one.treatment}: {one.question}" if one.treatment else one.question
    return [about, truth_text(one.truth), last, marks]


def _run(run: Run) -> list[str]:
    at = run.at.replace(tzinfo=UTC).astimezone()
    version = run.version if run.release else f"{run.version} (asked by hand)"
    return [f"{at:%Y-%m-%d %H:%M}", version, "yes" if run.passed else "no", run.why]
