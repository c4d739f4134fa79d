"""Answer → HTML for a chat message. Every text is escaped; there is no blank line, so Markdown leaves it alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby, pairwise

from chatbot.answer import Answer
from chatbot.citation import Citation, section_name
from chatbot.rules import load_rules
from chatbot.settings import PLACEHOLDER, UNNAMED, Clinic
from chatbot.triage import LEVELS
from chatbot.withheld import Piece, pieces_of
from kb.document import Source

KINDS = {
    "clinic": "the clinic",
    "vendor": "the vendor's statement",
    "clinical": "clinical source",
    None: "source not stated",
}
NOT_REVIEWED = "Not reviewed by a clinician yet."
NOT_FILLED_IN = "This clinic has not filled in its telephone numbers yet: do not rely on this page."
LEFT_OUT = "[…]"

# A number in a setting's text: groups of digits, such as "+44 (0)20 7946 0000", "030/123456" or the first of "999/112".
NUMBER = re.compile(r"\+?(?:0[1-9]\d*/|\(\d+\)[ .-]?)?\d+(?:[ .-]?\(\d+\)[ .-]?\d+|[ .-]\d+)*")
MIN_DIGITS, MAX_DIGITS = 3, 15  # fewer are hours, as in "24/7"; more are two numbers, and belong to nobody


def message(answer: Answer, clinic: Clinic) -> str:
    """The whole message."""
    return "".join([*paragraphs(answer, clinic), citations(answer)])


def paragraphs(answer: Answer, clinic: Clinic) -> list[str]:
    """The answer's text in pieces that can be shown one after the other."""
    if answer.status == "urgent":
        return [_urgent(answer, clinic)]
    if not answer.citations:
        return [f"<p>{_own_words(answer.text, clinic)}</p>"]
    note = [f"<p class='note'>{_own_words(answer.note, clinic)}</p>"] if answer.note else []
    return [*(_quote(citation) for citation in answer.citations), *note]


def pinned(answers: Sequence[Answer | None], clinic: Clinic) -> str:
    """What to do now, for the top of the page: of the most urgent answer so far, of equals the latest."""
    urgent = [answer for answer in reversed(answers) if answer is not None and answer.urgency is not None]
    if not urgent:
        return ""
    most = min(urgent, key=lambda answer: LEVELS.index(answer.urgency or LEVELS[-1]))
    return f"<div class='pinned {most.urgency}' role='status'>{_own_words(most.text.splitlines()[0], clinic)}</div>"


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


def _urgent(answer: Answer, clinic: Clinic) -> str:
    """What to do now, the lists with the line above the second, and why this is said."""
    now, *middle, why = [line for line in answer.text.splitlines() if line]
    parts = [f"<p class='now'>{_own_words(now, clinic)}</p>"]
    for is_list, lines in groupby(middle, key=lambda line: line.startswith("- ")):
        if is_list:
            items = (_own_words(line.removeprefix("- "), clinic) for line in lines)
            parts.append(f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>")
        else:
            parts += [f"<p class='worse'>{_own_words(line, clinic)}</p>" for line in lines]
    parts.append(f"<p class='why'>{_own_words(why, clinic)}</p>")
    return f"<div class='urgent {answer.urgency}' role='alert'>{''.join(parts)}</div>"


def _own_words(text: str, clinic: Clinic) -> str:
    """Words of our own, in which each of the clinic's numbers can be tapped."""
    settings = (clinic.phone, *(getattr(clinic, name) for name in UNNAMED))
    numbers = {number for setting in settings if (number := _number(setting))}
    if not numbers:
        return _lines(text)
    any_number = "|".join(re.escape(number) for number in sorted(numbers, key=len, reverse=True))
    parts = re.split(rf"(?<!\d)({any_number})(?!\d)", text)
    return "".join(_call(part, part) if position % 2 else _lines(part) for position, part in enumerate(parts))


def _call(setting: str, label: str) -> str:
    """A link that calls the number in a setting's text; where there is none, the label alone."""
    number = _number(setting)
    return f"<a href='tel:{_dialled(number)}'>{escape(label)}</a>" if number else f"<span>{escape(label)}</span>"


def _number(setting: str) -> str | None:
    """The first telephone number in a setting's text: "116 123 (Samaritans)" → "116 123"."""
    found = (match.group() for match in NUMBER.finditer(setting))
    fitting = (number for number in found if MIN_DIGITS <= sum(map(str.isdigit, number)) <= MAX_DIGITS)
    return setting if setting.isdecimal() else next(fitting, None)


def _dialled(number: str) -> str:
    number = number.replace("(0)", "") if number.startswith("+") else number  # it is dialled inside the country only
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
    """The quote marked in its section, of which only what a patient may be shown stands around it."""
    document, section = citation.passage.document, citation.passage.section
    pieces = pieces_of(document, section, load_rules().never_quoted_patterns)
    before = _shown(document.text, section.start, citation.start, pieces)
    after = _shown(document.text, citation.end, section.end, pieces)
    return f"{_lines(before)}<mark>{_lines(citation.quote)}</mark>{_lines(after)}"


def _shown(text: str, start: int, end: int, pieces: Sequence[Piece]) -> str:
    """`text[start:end]`, each run of pieces that are withheld left out, and where they stood marked."""
    inside = [(max(first, start), min(last, end), out) for first, last, out in pieces if first < end and start < last]
    runs = [(is_out, list(run)) for is_out, run in groupby(inside, key=lambda piece: piece[2])]
    parts = [LEFT_OUT if is_out else text[run[0][0] : run[-1][1]] for is_out, run in runs]
    edges = [start, *(edge for _, run in runs for edge in (run[0][0], run[-1][1])), end]
    gaps = [text[first:last] for first, last in list(pairwise(edges))[::2]]
    return "".join(gap + part for gap, part in zip(gaps, [*parts, ""], strict=True))


def _source(source: Source) -> str:
    name = escape(source.name)
    if source.address and source.address.startswith(("https://", "http://")):
        return f"<a href='{escape(source.address, quote=True)}' target='_blank' rel='noopener noreferrer'>{name}</a>"
    return name


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
