"""The tab of insights: how much is asked, what it gets, and when; every plot is a table too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from chatbot.desk.desk import Desk
from chatbot.desk.export import as_csv
from chatbot.desk.insights import STATUSES, Insights, insights
from chatbot.desk.permissions import Person
from chatbot.web.staff import insights_pane
from chatbot.web.staff.errors import shown
from chatbot.web.staff.guard import person_of
from chatbot.web.staff.insights_pane import NAMES
from chatbot.web.staff.tables import SAVE, this_tab

import gradio as gr  # isort: skip  # after tables, which sets what Gradio reads at import

# Okabe and Ito's colours, which people who do not tell red from green can tell apart.
COLOURS = {
    NAMES["answered"]: "#009E73",
    NAMES["referred"]: "#56B4E9",
    NAMES["abstained"]: "#E69F00",
    NAMES["urgent"]: "#D55E00",
    NAMES["smalltalk"]: "#999999",
}
MAX_LABELLED = 62  # days; of more the dates would cover each other
PERIODS = (7, 30, 90, 365)
QUIETLY: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}


def insights_tab(desk: Desk) -> None:
    """The period, the numbers, the plots, and the tables below them."""
    kept = desk.settings.keep_days
    periods = [n for n in PERIODS if n < kept] + [kept]
    with gr.Row():
        period = gr.Dropdown(
            [(f"the last {n} days" if n > 1 else "today", n) for n in periods],
            value=periods[-1],
            label="Period",
            scale=3,
        )
        refresh = gr.Button("Refresh", size="sm", scale=1)
        save = gr.Button("Save as CSV", size="sm", scale=1)
    tiles = gr.HTML("", padding=False)
    days = gr.BarPlot(
        x="day", y="questions", color="answer", title="Questions a day", color_map=COLOURS, sort=None,
        colors_in_legend=list(COLOURS), x_title="", y_title="Questions", height=300, x_label_angle=-45, tooltip="all",
    )  # fmt: skip
    hours = gr.BarPlot(
        x="hour", y="questions", title="Questions by the hour of the day", x_title="", y_title="Questions", height=220,
        sort=None, tooltip="all", y_lim=[0, None],
    )  # fmt: skip
    tables = gr.HTML("", padding=False)
    text, name = gr.Textbox(visible=False), gr.Textbox(visible=False)

    def looked_at(person: Person, n_days: int) -> Insights:
        with shown():
            return insights(person, desk, n_days, datetime.now(UTC))

    def show(n_days: int, request: gr.Request) -> list[Any]:
        found = looked_at(person_of(request), n_days)
        assumed = desk.settings.minutes_saved_per_answer
        per_day = gr.BarPlot(_days(found), x_axis_labels_visible=len(found.days) <= MAX_LABELLED)
        return [insights_pane.tiles(found, assumed), per_day, _hours(found), insights_pane.tables(found)]

    def saved(n_days: int, request: gr.Request) -> list[str]:
        found = looked_at(person_of(request), n_days)
        return [f"insights-{date.today()}.csv", as_csv(insights_pane.HEADER, insights_pane.day_rows(found))]

    gr.on([this_tab().select, refresh.click, period.change], show, [period], [tiles, days, hours, tables], **QUIETLY)
    save.click(saved, [period], [name, text], **QUIETLY).success(
        None, [name, text], None, js=SAVE, api_visibility="private"
    )


def _days(found: Insights) -> pd.DataFrame:
    """A row a day and status; a day without questions has its place in the plot. Their names are sorted as texts."""
    rows = [(day.on.isoformat(), day.by_status[status], NAMES[status]) for day in found.days for status in STATUSES]
    return pd.DataFrame(rows, columns=["day", "questions", "answer"])


def _hours(found: Insights) -> pd.DataFrame:
    rows = [(f"{hour:02}", asked) for hour, asked in enumerate(found.hours)]
    return pd.DataFrame(rows, columns=["hour", "questions"])
