"""Why a question was answered as it was, as HTML; every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chatbot.desk.why_told import Step
from chatbot.web.staff.tables import table, told


def why_pane(question: str, steps: Sequence[Step]) -> str:
    """The steps in order, each under its heading."""
    head = f"<h3>How “{escape(question)}” is answered now, step by step</h3>"
    return told(head, *(_step(number, step) for number, step in enumerate(steps, start=1)))


def _step(number: int, step: Step) -> str:
    lines = "".join(f"<p class='line'>{escape(line)}</p>" for line in step.lines)
    rows = table(step.header, step.rows) if step.header else ""
    return f"<section><h3>{number}. {escape(step.title)}</h3>{lines}{rows}</section>"
