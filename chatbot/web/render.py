"""Answer → HTML for a chat message. Every text is escaped; there is no blank line, so Markdown leaves it alone."""

from __future__ import annotations

from html import escape

from chatbot.answer import Answer
from chatbot.citation import Citation, section_name
from chatbot.settings import Clinic
from kb.document import Source

KINDS = {
    "clinic": "the clinic",
    "vendor": "the vendor's statement",
    "clinical": "clinical source",
    None: "source not stated",
}
NOT_REVIEWED = "Not reviewed by a clinician yet."


def message(answer: Answer) -> str:
    """The whole message."""
    return "".join([*paragraphs(answer), citations(answer)])


def paragraphs(answer: Answer) -> list[str]:
    """The answer's text in pieces that can be shown one after the other."""
    if not answer.citations:
        return [f"<p>{_lines(answer.text)}</p>"]
    note = [f"<p>{_lines(answer.note)}</p>"] if answer.note else []
    return [*(_quote(citation) for citation in answer.citations), *note]


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
    """How to reach the clinic, for the top of the page."""
    ways = [f"<a href='tel:{_dialled(clinic.phone)}'>Call {escape(clinic.phone)}</a>"]
    if clinic.email:
        ways.append(f"<a class='email' href='mailto:{escape(clinic.email, quote=True)}'>{escape(clinic.email)}</a>")
    if clinic.website and clinic.website.startswith(("https://", "http://")):
        ways.append(f"<a class='website' href='{escape(clinic.website, quote=True)}'>Web site</a>")
    hours = f"<span class='hours'>{escape(clinic.hours)}</span>" if clinic.hours else ""
    emergency = (
        f"<span class='emergency'>In an emergency: "
        f"<a href='tel:{_dialled(clinic.emergency_number)}'>{escape(clinic.emergency_number)}</a></span>"
    )
    return f"<div class='contact'><strong>{escape(clinic.name)}</strong>{''.join(ways)}{hours}{emergency}</div>"


def _dialled(number: str) -> str:
    return "".join(char for char in number if char.isdigit() or char == "+")


def _quote(citation: Citation) -> str:
    mark = f" <sup>[{citation.number}]</sup>"
    body = f"<p>{_lines(citation.quote)}{mark}</p>"
    if citation.caveat:
        return f"<div class='caveat'><p><strong>This is disputed:</strong></p>{body}</div>"
    return f"<p class='about'>About {escape(citation.about)}:</p>{body}" if citation.about else body


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
    """The section's text, the quote marked in it."""
    section, text = citation.passage.section, citation.passage.document.text
    before, after = text[section.start : citation.start], text[citation.end : section.end]
    return f"{_lines(before)}<mark>{_lines(citation.quote)}</mark>{_lines(after)}"


def _source(source: Source) -> str:
    name = escape(source.name)
    if source.address and source.address.startswith(("https://", "http://")):
        return f"<a href='{escape(source.address, quote=True)}' target='_blank' rel='noopener noreferrer'>{name}</a>"
    return name


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
