"""Gaps as the tab shows them: rows of the list, and the questions of one, as HTML in which every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

from chatbot.desk.export import Cell
from chatbot.desk.gap_topics import Topic
from chatbot.desk.gaps import Gap
from chatbot.web.staff.tables import local, table, told

HEADER = ("People", "This week", "Week before", "Trend", "Asked", "Topic", "Treatments", "State")
DATATYPES: list[Literal["number", "str"]] = ["number", "number", "number", "str", "str", "str", "str", "str"]
WIDTHS = ("7%", "7%", "8%", "8%", "34%", "12%", "14%", "10%")
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
    """The list, as numbers and plain texts."""
    return [
        [
            gap.asked,
            gap.this_week,
            gap.week_before,
            trend(gap),
            gap.title,
            gap.topic or "",
            ", ".join(f"{name} ({asked})" for name, asked in gap.treatments),
            state(gap),
        ]
        for gap in found
    ]


cells = rows  # the same in the file


def trend(gap: Gap) -> str:
    """In words: an arrow alone is not read to everybody."""
    more = gap.this_week - gap.week_before
    return "▬ same" if more == 0 else f"▲ {more} more" if more > 0 else f"▼ {-more} fewer"


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
