"""The tab of gaps: what patients asked that the documents do not answer, and what to do about each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html import escape
from typing import Any

from chatbot.desk.begin import begin_answer, begin_document
from chatbot.desk.desk import Desk
from chatbot.desk.export import as_csv
from chatbot.desk.gaps import Gap, Gaps
from chatbot.desk.permissions import Person
from chatbot.desk.stub import stub_of
from chatbot.desk.unanswered import earlier_of
from chatbot.desk.why import why
from chatbot.desk.why_told import steps_of
from chatbot.question import Question
from chatbot.store import transaction
from chatbot.web.staff import gap_pane
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of
from chatbot.web.staff.tables import SAVE, this_tab
from chatbot.web.staff.why_pane import why_pane

import gradio as gr  # isort: skip  # after tables, which sets what Gradio reads at import

ANY_TREATMENT = "Every treatment"
QUIETLY: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}


def gaps_tab(desk: Desk) -> None:
    """The list, the questions of the chosen gap, and the buttons."""
    gaps = Gaps(desk)
    chosen = gr.State("")  # the id of a question of the gap that is shown
    summary = gr.HTML("", padding=False)
    with gr.Row():
        which = gr.Radio(["Open", "Closed"], value="Open", label="Gaps", show_label=False, container=False, scale=3)
        refresh = gr.Button("Refresh", size="sm", scale=1)
        save = gr.Button("Save as CSV", size="sm", scale=1)
    listed = gr.Dataframe(
        headers=list(gap_pane.HEADER),
        datatype=gap_pane.DATATYPES,
        interactive=False,
        wrap=True,
        show_label=False,
        column_widths=list(gap_pane.WIDTHS),
        elem_id="gap-list",
        max_height=420,
    )
    text, name = gr.Textbox(visible=False), gr.Textbox("gaps.csv", visible=False)
    with gr.Column(visible=False, elem_id="gap") as pane:
        head = gr.HTML("", padding=False)
        with gr.Row():
            write = gr.Button("Write an answer", variant="primary")
            document = gr.Button("Start a document")
            explain = gr.Button("Why was it not found?")
            elsewhere = gr.Button("It is answered now")
            reopen = gr.Button("Open it again")
        asked = gr.HTML("", padding=False)
        stub = gr.Textbox(buttons=["copy"], lines=12, visible=False, interactive=False, elem_id="gap-stub")
        with gr.Column(visible=False, elem_id="gap-answer") as answer:
            questions = gr.Textbox(label="Questions, one a line", lines=3, max_lines=10)
            words = gr.Textbox(label="Answer", lines=4, max_lines=14)
            with gr.Row():
                about = gr.Dropdown([ANY_TREATMENT, *sorted(desk.bot.index.current().covered)], label="Treatment")
                source = gr.Textbox(label="Source: where the facts come from", max_lines=1)
            keep = gr.Button("Keep it as a draft, for approval", variant="primary")
        with gr.Accordion("Not for us", open=False) as refusal:
            label = gr.Textbox(label="What it is about, in your own words", placeholder="For example: tattoo removal")
            reason = gr.Textbox(
                label="Why the clinic does not answer it", placeholder="For example: we do not offer it"
            )
            refuse = gr.Button("Close it as not for us", size="sm")
        steps = gr.HTML("", padding=False)

    def listing(person: Person, which: str) -> list[Any]:
        found = gaps.ranked(person, datetime.now(UTC))
        ones = [gap for gap in found if gap.is_closed is (which == "Closed")]
        return [gap_pane.summary(found), gap_pane.rows(ones), "", gr.update(visible=False)]

    def show(which: str, request: gr.Request) -> list[Any]:
        with shown():
            return listing(person_of(request), which)

    def choose(event: gr.SelectData, which: str, request: gr.Request) -> list[Any]:
        title = str(event.row_value[gap_pane.HEADER.index("Asked")])  # its place changes as the list is sorted
        with shown():
            gap = gaps.gap_titled(person_of(request), title, which == "Closed", datetime.now(UTC))
        is_open = not gap.is_closed
        return [
            gap.exemplar.id,
            gr.update(visible=True),
            gap_pane.head(gap),
            gap_pane.asked(gap),
            *(gr.update(visible=is_open) for _ in (write, document, elsewhere, refusal)),
            gr.update(visible=gap.decided is not None),
            *(gr.update(visible=False) for _ in (stub, answer)),
            *("" for _ in (label, reason, steps)),
        ]

    def gap_chosen(person: Person, chosen: str) -> Gap:
        return gaps.gap_of(person, chosen, datetime.now(UTC))

    def write_answer(chosen: str, request: gr.Request) -> list[Any]:
        person = person_of(request)
        with shown():
            gap = gap_chosen(person, chosen)
        treatment = gap.treatment if gap.treatment in desk.bot.index.current().covered else ANY_TREATMENT
        return [gr.update(visible=True), "\n".join(gap.variants), "", treatment, ""]

    def keep_answer(
        chosen: str, questions: str, words: str, about: str, source: str, which: str, request: gr.Request
    ) -> list[Any]:
        person = person_of(request)
        treatment = None if about == ANY_TREATMENT else about
        with shown():
            gap = gap_chosen(person, chosen)
            id = begin_answer(desk, person, questions.splitlines(), words, treatment, source)
            gaps.begun(person, gap, "curated", id)
            gr.Info("It is kept as a draft among the curated answers. Approving it closes the gap.")
            return listing(person, which)

    def start_document(chosen: str, request: gr.Request) -> Any:
        person = person_of(request)
        with shown():
            gap = gap_chosen(person, chosen)
            begun = stub_of(gap)
            gaps.begun(person, gap, "document", begun.path)
            begin_document(desk, person, begun.path, begun.text.encode())
            gr.Info(f"{escape(begun.path)} is now a draft, without an answer yet. It is in the tab of documents.")
        return gr.update(value=begun.text, visible=True, label=f"The beginning of {begun.path}: write the answer in it")

    def explained(chosen: str, request: gr.Request) -> str:
        person = person_of(request)
        with shown():
            one = gap_chosen(person, chosen).exemplar
            with transaction(desk.store) as connection:
                earlier = earlier_of(connection, one.id)
            return why_pane(one.text, steps_of(why(person, desk.bot, Question.parse(one.text), earlier)))

    def close_answered(chosen: str, which: str, request: gr.Request) -> list[Any]:
        person = person_of(request)
        with shown():
            gaps.answered(person, gap_chosen(person, chosen))
            return listing(person, which)

    def close_refused(chosen: str, label: str, reason: str, which: str, request: gr.Request) -> list[Any]:
        person = person_of(request)
        with shown():
            gaps.not_for_us(person, gap_chosen(person, chosen), label, reason)
            return listing(person, which)

    def open_again(chosen: str, which: str, request: gr.Request) -> list[Any]:
        person = person_of(request)
        with shown():
            gaps.reopen(person, gap_chosen(person, chosen))
            return listing(person, which)

    def saved(which: str, request: gr.Request) -> list[str]:
        person = person_of(request)
        with shown():
            found = gaps.ranked(person, datetime.now(UTC))
        ones = [gap for gap in found if gap.is_closed is (which == "Closed")]
        return [f"gaps-{which.lower()}-{date.today()}.csv", as_csv(gap_pane.IN_FILE, gap_pane.rows_in_file(ones))]

    lists = [summary, listed, chosen, pane]
    gr.on([this_tab().select, refresh.click, which.change], show, [which], lists, **QUIETLY)
    of_one = [
        chosen,
        pane,
        head,
        asked,
        write,
        document,
        elsewhere,
        refusal,
        reopen,
        stub,
        answer,
        label,
        reason,
        steps,
    ]
    listed.select(choose, [which], of_one, **QUIETLY)
    write.click(write_answer, [chosen], [answer, questions, words, about, source], **QUIETLY)
    keep.click(keep_answer, [chosen, questions, words, about, source, which], lists, **QUIETLY)
    document.click(start_document, [chosen], stub, **QUIETLY)
    explain.click(explained, [chosen], steps, **QUIETLY)
    elsewhere.click(close_answered, [chosen, which], lists, **QUIETLY)
    refuse.click(close_refused, [chosen, label, reason, which], lists, **QUIETLY)
    reopen.click(open_again, [chosen, which], lists, **QUIETLY)
    save.click(saved, [which], [name, text], **QUIETLY).success(
        None, [name, text], None, js=SAVE, api_visibility="private"
    )
