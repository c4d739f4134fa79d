"""Gaps as the tab shows them: rows of the list, and the questions of one, as HTML in which every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

from chatbot.desk.export import Cell
from chatbot.desk.gap_topics import Topic
from chatbot.desk.gaps import Gap
from chatbot.web.staff.tables import local, table, told

HEADER = ("People", "Trend", "Asked", "About", "State")
DATATYPES: list[Literal["number", "str"]] = ["number", "str", "str", "str", "str"]
WIDTHS = ("10%", "18%", "36%", "22%", "14%")
IN_FILE = ("People", "This week", "Week before", "Asked", "Topic", "Treatments", "State")
HOW = {
    "curated": "an answer",
    "document": "a document",
    "answered": "answered elsewhere",
    "not_for_us": "not for us",
}
WHY = {"abstained": "no answer", "thumbed_down": "thumbed down", "message": "sent by the form"}


def summary(found: Sequence[Gap]) -> str:
    """What is open, in one line."""
    ones = [gap for gap in found if not gap.is_closed]
    people = len({one.who for gap in ones for one in gap.questions})
    if not ones:
        said = "No gap is open: the documents answered whatever was asked, or it is dealt with."
    else:
        gaps = "1 gap" if len(ones) == 1 else f"{len(ones):,} gaps"
        said = f"{gaps} open, asked about by {_people(people)}. Choose one to see its questions."
    return told(f"<p>{said}</p>")


def rows(found: Sequence[Gap]) -> list[list[Cell]]:
    """The list, in columns that fit a tablet."""
    return [[gap.asked, trend(gap), gap.title, _about(gap), state(gap)] for gap in found]


def rows_in_file(found: Sequence[Gap]) -> list[list[Cell]]:
    """The list, each number in a column of its own."""
    return [
        [gap.asked, gap.this_week, gap.week_before, gap.title, gap.topic, _treatments(gap), state(gap)] for gap in found
    ]


def trend(gap: Gap) -> str:
    """Both weeks as numbers: an arrow alone is not read to everybody."""
    more = gap.this_week - gap.week_before
    arrow = "▲" if more > 0 else "▼" if more < 0 else "="
    return f"{arrow} {gap.this_week} this week, {gap.week_before} before"


def _about(gap: Gap) -> str:
    return ": ".join(part for part in (gap.topic, _treatments(gap)) if part)


def _treatments(gap: Gap) -> str:
    return ", ".join(f"{name} ({asked})" for name, asked in gap.treatments)


def state(gap: Gap) -> str:
    """What was made of it."""
    decided = gap.decided
    if decided is None:
        return "new"
    if gap.is_closed:
        return f"closed: {HOW[decided.how]}"
    return f"{HOW[decided.how]} begun" if decided.closed_at is None else "asked again"


def head(gap: Gap) -> str:
    """What the gap is about, how many asked, and what was decided."""
    title = f"<h3>“{escape(gap.title)}”</h3>"
    numbers = f"<p>Asked by {_people(gap.asked)}: {gap.this_week} this week, {gap.week_before} the week before.</p>"
    return told(title, numbers, _decided(gap.decided, gap.is_closed) if gap.decided else "")


def asked(gap: Gap) -> str:
    """The gap's questions, newest first."""
    rows = [(local(one.at), one.text, _why(one.why, one.reason, one.remark)) for one in gap.questions]
    listed = table(("When", "Question", "Why it is here"), rows)
    return told(f"<div class='scrolled' tabindex='0' role='region' aria-label='Questions'>{listed}</div>")


def _why(why: str, reason: str | None, remark: str | None) -> str:
    parts = [WHY[why], *(part for part in (reason, remark) if part)]
    return ": ".join(parts) if len(parts) < 3 else f"{parts[0]}: {parts[1]} (“{parts[2]}”)"


def _decided(topic: Topic, is_closed: bool) -> str:
    what = HOW[topic.how] + (f" ({topic.subject})" if topic.subject else "")
    reason = f" {topic.label}: {topic.reason}." if topic.reason else ""
    if topic.closed_at is None:
        said = f"{topic.by} began {what} on {local(topic.at)}; it is not approved yet."
    elif is_closed:
        said = f"Closed on {local(topic.closed_at)} by {topic.by}: {what}.{reason}"
    else:
        said = f"It was closed on {local(topic.closed_at)} by {topic.by}: {what}.{reason} It was asked again since."
    return f"<p><strong>{escape(said)}</strong></p>"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
