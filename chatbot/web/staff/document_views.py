"""What the documents' pages show as HTML: a draft's preview, and answers side by side. Every word in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import get_args

from chatbot.answer import Answer
from chatbot.citation import section_name
from chatbot.desk.candidate import Candidate, Preview
from chatbot.desk.changes import Asked, Comparison, Verdict
from chatbot.desk.drafts import Draft
from chatbot.desk.saved import Truth
from kb.document import Document, Passage, Problem

MAX_SHOWN = 100  # of changed answers: more are counted


def table_html(label: str, headers: Sequence[str], rows: Sequence[Sequence[str]], if_empty: str) -> str:
    """A table; the words of a row are text, whatever is in them."""
    if not rows:
        return f"<p>{escape(if_empty)}</p>"
    head = "".join(f"<th scope='col'>{escape(header)}</th>" for header in headers)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"<div class='doc-table' tabindex='0' role='region' aria-label='{escape(label)}'><table><thead><tr>{head}</tr>"
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def preview_html(preview: Preview) -> str:
    """The problems, then each section with its passages as they would be quoted."""
    document = preview.extract.document
    said = "".join(map(_problem, preview.extract.problems))
    if document is not None:
        said += _facts(document, len(preview.passages)) + "".join(_sections(preview.passages))
    return f"<section class='doc-preview' aria-label='Preview'>{said}</section>"


def _problem(problem: Problem) -> str:
    kind = "Error" if problem.severity == "error" else "To mend"
    return (
        f"<p class='doc-problem {problem.severity}'><strong>{kind}:</strong> {escape(problem.what)}. "
        f"{escape(problem.remedy)}</p>"
    )


def _facts(document: Document, passages: int) -> str:
    treatment = document.treatment or "every treatment"
    audience = "staff only, never patients" if document.audience == "staff" else "patients and staff"
    return (
        f"<p class='facts'><strong>{escape(document.title)}</strong>: about {escape(treatment)}; for {audience}; "
        f"{passages} passage{'' if passages == 1 else 's'}</p>"
    )


def _sections(passages: Iterable[Passage]) -> Iterator[str]:
    for _, some in groupby(passages, key=lambda passage: passage.section.id):
        own = list(some)
        yield f"<h4>{escape(section_name(own[0]))}</h4>"
        for passage in own:
            page = f"<span class='from'>page {passage.page}: </span>" if passage.page else ""
            yield f"<div class='passage'>{page}{escape(passage.text)}</div>"


def changes_html(candidate: Candidate, comparison: Comparison) -> str:
    """What is in the version, how many answers it changes, and each of them beside the one of now."""
    asked, changed = len(comparison.saved) + len(comparison.authors), comparison.changed
    report = candidate.report
    counts = ", ".join(f"{comparison.count(verdict)} {verdict}" for verdict in get_args(Verdict))
    about = (
        f"<p class='count'>{len(changed)} of {asked} answers change: {counts}, by what must be true of them.</p>"
        f"<p>In this version: {escape(', '.join(_draft(one) for one in candidate.drafts))}. {report.embedded} passages "
        f"are new. {len(comparison.saved)} saved questions were asked, of which {len(comparison.failing)} fail, and "
        f"{len(comparison.authors)} that stand beside changed sections.</p>"
    )
    problems = "".join(_problem_of_file(problem) for problem in report.problems)
    more = f"<p>{len(changed) - MAX_SHOWN} more are not shown.</p>" if len(changed) > MAX_SHOWN else ""
    shown = "".join(map(_pair, changed[:MAX_SHOWN]))
    return f"<section class='doc-changes' aria-label='What would change'>{about}{problems}{shown}{more}</section>"


def _draft(draft: Draft) -> str:
    return f"{draft.path} (retired)" if draft.state == "retired" else draft.path


def _problem_of_file(problem: Problem) -> str:
    return f"<p class='doc-problem {problem.severity}'>{escape(str(problem))}</p>"


def _pair(asked: Asked) -> str:
    failures = "".join(f"<p class='doc-problem error'>{escape(failure)}</p>" for failure in asked.failures)
    return (
        f"<article class='{asked.verdict.replace(' ', '-')}'><h4>{escape(asked.question.question)}"
        f"<span class='verdict'>{asked.verdict}</span></h4>{failures}<div class='pair'>{_side('Now', asked.before)}"
        f"{_side('With this version', asked.after)}</div></article>"
    )


def _side(heading: str, answer: Answer) -> str:
    return f"<div class='side'><h5>{heading}: {answer.status}</h5>{answer_html(answer)}</div>"


def answer_html(answer: Answer) -> str:
    """An answer: each quote with where it stands, and what else is said."""
    if not answer.citations:
        return f"<p>{escape(answer.text)}</p>"
    quotes = "".join(
        f"<p>{'Disputed by: ' if c.caveat else ''}“{escape(c.quote)}”<br><span class='from'>"
        f"{escape(c.passage.document.title)} › {escape(section_name(c.passage))}</span></p>"
        for c in answer.citations
    )
    return quotes + (f"<p>{escape(answer.note)}</p>" if answer.note else "")


def truth_text(truth: Truth) -> str:
    """What must be true of an answer, in words."""
    said = [
        f"is {truth.status}" if truth.status else "",
        f"cites {truth.cites}" if truth.cites else "",
        f"a quote has “{truth.has}”" if truth.has else "",
        f"nowhere “{truth.lacks}”" if truth.lacks else "",
    ]
    return "; ".join(filter(None, said))
