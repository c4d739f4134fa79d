"""Answer → HTML for a chat message. Every text is escaped; there is no blank line, so Markdown leaves it alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from chatbot.answer import Answer
from chatbot.citation import Citation, section_name
from chatbot.settings import PLACEHOLDER, UNNAMED, Clinic
from chatbot.triage import LEVELS
from chatbot.web.numbers import Run, dialled, number_in, runs
from chatbot.web.turn import Part, around, parts, web_address
from kb.document import Source

KINDS = {
    "clinic": "the clinic",
    "vendor": "the vendor's statement",
    "clinical": "clinical source",
    None: "source not stated",
}
NOT_REVIEWED = "Not reviewed by a clinician yet."
NOT_FILLED_IN = "This clinic has not filled in its telephone numbers yet: do not rely on this page."


def message(answer: Answer, clinic: Clinic) -> str:
    """The whole message."""
    return "".join([*paragraphs(answer, clinic), citations(answer)])


def paragraphs(answer: Answer, clinic: Clinic) -> list[str]:
    """The answer's text in pieces that can be shown one after the other."""
    shown = parts(answer, clinic)
    if answer.status == "urgent":
        return [_urgent(shown, answer)]
    pieces, above = [], ""
    for part in shown:
        if part.kind == "about":
            above = f"<p class='about'>About {_words(part.runs)}:</p>"
        else:
            pieces.append(above + _paragraph(part))
            above = ""
    return pieces


def pinned(answers: Sequence[Answer | None], clinic: Clinic) -> str:
    """What to do now, for the top of the page: of the most urgent answer so far, of equals the latest."""
    urgent = [answer for answer in reversed(answers) if answer is not None and answer.urgency is not None]
    if not urgent:
        return ""
    most = min(urgent, key=lambda answer: LEVELS.index(answer.urgency or LEVELS[-1]))
    return f"<div class='pinned {most.urgency}' role='status'>{_words(runs(most.text.splitlines()[0], clinic))}</div>"


def citations(answer: Answer) -> str:
    """The sources, each of which opens to the quote in its section."""
    if not answer.citations:
        return ""
    unreviewed = any(citation.passage.document.reviewed_by is None for citation in answer.citations)
    notice = (
        f"<p class='not-reviewed'>{NOT_REVIEWED} Quoted from the documents, word for word.</p>" if unreviewed else ""
    )
    return f"<div class='sources'>{''.join(_citation(c) for c in answer.citations)}</div>{notice}"


def contact(clinic: Clinic) -> str:
    """How to reach the clinic, for the top of the page. What the clinic has not filled in is left out."""
    name = "" if clinic.name == PLACEHOLDER else f"<strong>{escape(clinic.name)}</strong>"
    ways = [] if clinic.phone == PLACEHOLDER else [_call(clinic.phone, f"Call {clinic.phone}")]
    if clinic.email:
        ways.append(f"<a class='email' href='mailto:{escape(clinic.email, quote=True)}'>{escape(clinic.email)}</a>")
    if clinic.website and clinic.website.startswith(("https://", "http://")):
        ways.append(f"<a class='website' href='{escape(clinic.website, quote=True)}'>Web site</a>")
    hours = f"<span class='hours'>{escape(clinic.hours)}</span>" if clinic.hours else ""
    return f"<div class='contact'>{name}{''.join(ways)}{hours}{_emergency(clinic.emergency_number)}</div>"


def placeholders(clinic: Clinic) -> str:
    """The warning of a page whose numbers are not filled in."""
    return f"<div class='placeholders' role='alert'>{NOT_FILLED_IN}</div>" if clinic.placeholders else ""


def _emergency(number: str) -> str:
    if number == PLACEHOLDER:
        return f"<span class='emergency'>In an emergency call {UNNAMED['emergency_number']}</span>"
    return f"<span class='emergency'>In an emergency: {_call(number, number)}</span>"


def _urgent(shown: Sequence[Part], answer: Answer) -> str:
    """What to do now, the lists with the line above the second, and why this is said."""
    html = []
    for is_list, of_a_kind in groupby(shown, key=lambda part: part.kind in ("do", "sign")):
        if is_list:
            html.append(f"<ul>{''.join(f'<li>{_words(part.runs)}</li>' for part in of_a_kind)}</ul>")
        else:
            html += [f"<p class='{part.kind}'>{_words(part.runs)}</p>" for part in of_a_kind]
    return f"<div class='urgent {answer.urgency}' role='alert'>{''.join(html)}</div>"


def _paragraph(part: Part) -> str:
    words = _words(part.runs)
    mark = f" <sup>[{part.citation}]</sup>" if part.citation else ""
    if part.kind == "dispute":
        return f"<div class='caveat'><p><strong>This is disputed:</strong></p><p>{words}{mark}</p></div>"
    return f"<p class='note'>{words}</p>" if part.kind == "note" else f"<p>{words}{mark}</p>"


def _words(some: Sequence[Run]) -> str:
    return "".join(_link(run.tel, run.text) if run.tel else _lines(run.text) for run in some)


def _call(setting: str, label: str) -> str:
    """A link that calls the number in a setting's text; where there is none, the label alone."""
    number = number_in(setting)
    return _link(dialled(number), label) if number else f"<span>{escape(label)}</span>"


def _link(tel: str, label: str) -> str:
    return f"<a href='tel:{tel}'>{escape(label)}</a>"


def _citation(citation: Citation) -> str:
    document = citation.passage.document
    first, *others = citation.sources
    page = f", page {citation.passage.page}" if citation.passage.page else ""
    review = f"Reviewed by {escape(document.reviewed_by)}." if document.reviewed_by else NOT_REVIEWED
    return (
        f"<details class='citation'><summary>[{citation.number}] {escape(section_name(citation.passage))} "
        f"<span>({escape(document.title)}{page}; {escape(KINDS[first.kind])})</span></summary>"
        f"<div class='section'>{_section(citation)}</div>"
        f"<p class='source'>Source: {'; '.join(_source(source) for source in [first, *others])}. {review}</p></details>"
    )


def _section(citation: Citation) -> str:
    """The quote marked in its section."""
    before, after = around(citation)
    return f"{_lines(before)}<mark>{_lines(citation.quote)}</mark>{_lines(after)}"


def _source(source: Source) -> str:
    name = escape(source.name)
    if address := web_address(source):
        return f"<a href='{escape(address, quote=True)}' target='_blank' rel='noopener noreferrer'>{name}</a>"
    return name


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
