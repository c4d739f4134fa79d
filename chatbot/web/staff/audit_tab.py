"""The tab of the audit log: who did what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import gradio as gr

from chatbot.desk.audit import MAX_LINES, Entry, Wanted, lines
from chatbot.desk.desk import Desk
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of

COLUMNS = ["When", "Who", "What", "Of", "Details"]
PERIODS = [("Today", 1), ("7 days", 7), ("30 days", 30), ("A year", 365), ("Ten years", 3650)]


def audit_tab(desk: Desk) -> None:
    """Filters, and the lines that pass them, newest first. It is only read: nobody can change the log."""
    with gr.Row():
        person = gr.Textbox("", label="Who", placeholder="name begins with …", max_lines=1)
        action = gr.Textbox("", label="What", placeholder="such as curated or person.added", max_lines=1)
        subject = gr.Textbox("", label="Of", placeholder="such as gap:12", max_lines=1)
        days = gr.Dropdown(PERIODS, value=7, label="From the last")
    answers = gr.Checkbox(label="Also what patients were answered (without their words)", value=False)
    table = gr.Dataframe(
        headers=COLUMNS,
        datatype="str",
        interactive=False,
        wrap=True,
        column_widths=["14%", "12%", "23%", "20%", "31%"],
        label="Audit log",
        show_label=False,
        max_height=560,
        elem_id="audit",
    )
    counted = gr.Markdown("")

    def show(
        person: str | None, action: str | None, subject: str | None, days: int, answers: bool, request: gr.Request
    ) -> tuple[list[list[str]], str]:
        by = person_of(request)
        if not by.may("read_audit"):  # the page asks as it opens, for whoever opens it
            return [], ""
        since = datetime.now(UTC) - timedelta(days=days)
        who, what, of = ((typed or "").strip() for typed in (person, action, subject))
        wanted = Wanted(since, who, what, of, with_answers=answers)
        with shown():
            found = lines(desk.store, by, wanted)
        return [_row(entry) for entry in found], _count(len(found))

    inputs: list[Any] = [person, action, subject, days, answers]
    gr.on(None, show, inputs, [table, counted], show_progress="hidden", api_visibility="private")
    gr.Button("Read again", size="sm").click(show, inputs, [table, counted], api_visibility="private")


def _row(entry: Entry) -> list[str]:
    """A line as the table shows it, in the time zone of this computer."""
    at = entry.at.replace(tzinfo=UTC).astimezone()
    details = "; ".join(
        f"{name}: {_plain(value)}" for name, value in entry.details.items() if value not in (None, [], "")
    )
    return [f"{at:%Y-%m-%d %H:%M:%S}", entry.person or "the program", entry.action, entry.subject, details]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _count(lines: int) -> str:
    if lines == MAX_LINES:
        return f"The newest {MAX_LINES} lines; narrow the search for older ones."
    return "No line." if not lines else f"{lines} line{'' if lines == 1 else 's'}."
