"""Insights as HTML: the numbers at a glance, and a table for each plot."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chatbot.desk.export import Cell
from chatbot.desk.insights import STATUSES, Insights
from chatbot.web.staff.tables import table, told

HEADER = ("day", "questions", *STATUSES)
N_LISTED = 10  # treatments and sections
NAMES = {
    "answered": "answered",
    "referred": "referred to the clinic",
    "abstained": "not answered",
    "urgent": "urgent",
    "smalltalk": "small talk",
}


def tiles(found: Insights, assumed_minutes: float | None) -> str:
    """Questions, shares, times and thumbs, and the time saved where the clinic has said what it assumes."""
    shown = [(f"{found.total:,}", "questions")]
    shown += [(f"{found.share(status):.0%}", f"{NAMES[status]} ({found.count(status):,})") for status in STATUSES]
    if found.median_ms is not None and found.p95_ms is not None:
        shown.append(
            (_seconds(found.median_ms), f"median time to an answer; 95 of 100 within {_seconds(found.p95_ms)}")
        )
    shown.append((f"{found.helpful:,} / {found.not_helpful:,}", "thumbs up / down"))
    if busiest := found.busiest_hours:
        shown.append((", ".join(f"{hour:02}–{(hour + 1) % 24:02}" for hour in busiest[:3]), "busiest hours"))
    if found.minutes_saved is not None and assumed_minutes is not None:
        label = f"of staff's time saved: your clinic's own assumption of {assumed_minutes:g} minutes for each answer"
        shown.append((f"{found.minutes_saved / 60:,.1f} h", label))
    boxes = (f"<div class='tile'><b>{escape(number)}</b>{escape(label)}</div>" for number, label in shown)
    nothing = "" if found.total else "<p>Nothing was asked in this time.</p>"
    return told(nothing, f"<div class='tiles'>{''.join(boxes)}</div>")


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms"


def day_rows(found: Insights) -> list[list[Cell]]:
    """A row a day, as the file has them."""
    return [[day.on.isoformat(), day.total, *(day.by_status[status] for status in STATUSES)] for day in found.days]


def tables(found: Insights) -> str:
    """What is cited most, why thumbs were down, and the plots as tables."""
    days: list[list[str | int]] = [
        [f"{day.on:%a %d %b %Y}", day.total, *(day.by_status[status] for status in STATUSES)] for day in found.days
    ]
    hours = [(f"{hour:02}:00 to {hour:02}:59", asked) for hour, asked in enumerate(found.hours)]
    return told(
        _most("Treatments that answers are about", "Treatment", found.treatments),
        _most("Sections that are cited most", "Section", found.sections),
        _most("Why thumbs were down", "Reason", found.reasons),
        f"<details><summary>Questions a day, as a table</summary>{table(('Day', 'All', *STATUSES), days)}</details>",
        f"<details><summary>Questions by the hour, as a table</summary>{table(('Hour', 'Questions'), hours)}</details>",
    )


def _most(caption: str, what: str, counted: Sequence[tuple[str, int]]) -> str:
    return table((what, "Answers"), counted[:N_LISTED], caption) if counted else ""
