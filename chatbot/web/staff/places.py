"""What is looked up → HTML: every text of a document is escaped, and none is shown without what disputes it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chatbot.citation import section_name
from chatbot.desk.look_up import LookedUp
from chatbot.desk.to_say import for_email, for_phone, why_not
from chatbot.place import Beside, Place
from chatbot.settings import Clinic
from chatbot.web import render
from chatbot.web.turn import web_address
from kb.document import Document, Passage, Source
from kb.review import review_state, this_day

KEYS = (
    ("/ or Ctrl+K", "box"), ("↓ ↑", "results"), ("Enter", "open or close"), ("P or F2", "copy for the phone"),
    ("E or F4", "copy for an e-mail"), ("Esc", "back to the box"),
)  # fmt: skip
NOTHING = "Nothing was found. Use fewer or other words, or take a filter away."
PERSONAL = (
    "This seems to ask about one person. The documents are general: only a clinician who knows that person can say "
    "whether they may be treated."
)


def keys() -> str:
    """The keys, for all to see."""
    pairs = (f"<div><dt><kbd>{escape(key)}</kbd></dt><dd>{escape(does)}</dd></div>" for key, does in KEYS)
    return f"<dl class='keys' aria-label='Keys'>{''.join(pairs)}</dl>"


def results(looked_up: LookedUp, clinic: Clinic) -> str:
    """What is urgent first, then what is about one person, then the places, curated answers before the others."""
    places = [*looked_up.curated, *looked_up.places]
    urgent = _urgent(looked_up, clinic)
    note = f"<p class='one-person'>{PERSONAL}</p>" if looked_up.is_personal else ""
    if not places:
        return f"{urgent}{note}<p class='nothing' data-count='Nothing was found.'>{'' if urgent else NOTHING}</p>"
    shown = "".join(_place(place, number, clinic) for number, place in enumerate(places))
    count = f"{len(places)} results" if len(places) > 1 else "1 result"
    return f"{urgent}{note}<ol class='places' data-count='{count}' aria-label='Results'>{shown}</ol>"


def refused(reason: str) -> str:
    """What is shown for a text that cannot be looked up."""
    return f"<p class='nothing' data-count='{escape(reason, quote=True)}'>{escape(reason)}</p>"


def _urgent(looked_up: LookedUp, clinic: Clinic) -> str:
    if looked_up.now is None:
        return ""
    more = render.message(looked_up.now, clinic).replace("role='alert'", "")
    return (
        f"<div class='now-first'>{render.pinned([looked_up.now], clinic)}"
        f"<details><summary>All of what a patient is told</summary>{more}</details></div>"
    )


def _place(place: Place, number: int, clinic: Clinic) -> str:
    """A result: where it stands, the quote, what disputes it, the section to open, the source, what can be copied."""
    refused = why_not(place)
    if refused is None:
        texts = {"phone": for_phone(place), "email": for_email(place, clinic)}
    else:
        texts = {"refused": refused}
    data = "".join(f" data-{name}='{escape(text, quote=True)}'" for name, text in texts.items())
    tab = 0 if number == 0 else -1
    staff = " staff-only" if place.is_staff_only else ""
    return (
        f"<li><article class='place{staff}' tabindex='{tab}' aria-labelledby='place-{number}'{data}>"
        f"<h2 id='place-{number}'>{_heading(place)}</h2>{_badges(place)}"
        f"<blockquote class='quote'>{_marked(place, place.start, place.end)}</blockquote>{_disputes(place.caveats)}"
        f"<details><summary>The whole section, and what stands around it</summary>{_around(place)}</details>"
        f"<div class='foot'><p class='source'>{_source_line(place)}</p>{_buttons(refused)}</div></article></li>"
    )


def _heading(place: Place) -> str:
    document = place.document
    page = f", page {place.passage.page}" if place.passage.page else ""
    section = section_name(place.passage)
    title = "" if section == document.title else f" <span class='title'>{escape(document.title)}{page}</span>"
    return f"{escape(section)}{title}"


def _badges(place: Place) -> str:
    document = place.document
    badges = [("treatment", document.treatment or "Any treatment")]
    badges += [("staff", "Staff only: not for patients")] if place.is_staff_only else []
    badges += [("withheld", "Not for patients: a dose, a setting or a verdict")] if place.is_withheld else []
    badges += [(_review_class(document), _review(document))]
    badges += [("disputed", "Disputed: see below")] if place.caveats else []
    spans = "".join(f"<span class='badge {name}'>{escape(text)}</span>" for name, text in badges)
    return f"<p class='badges'>{spans}</p>"


def _review_class(document: Document) -> str:
    return review_state(document, this_day()).replace(" ", "-")


def _review(document: Document) -> str:
    state = review_state(document, this_day())
    by = f"Reviewed by {document.reviewed_by}" if document.reviewed_by else "Not reviewed by a clinician"
    if state == "overdue" and document.review_due:
        return f"{by}; review overdue since {document.review_due.isoformat()}"
    on = f" on {document.reviewed_on.isoformat()}" if document.reviewed_by and document.reviewed_on else ""
    return by + on


def _marked(place: Place, start: int, end: int) -> str:
    """`document.text[start:end]` with what fits best marked."""
    text, (first, last) = place.document.text, place.marked
    return f"{_lines(text[start:first])}<mark>{_lines(text[first:last])}</mark>{_lines(text[last:end])}"


def _disputes(caveats: Sequence[Passage]) -> str:
    if not caveats:
        return ""
    said = "".join(
        f"<p>{_lines(caveat.text)}</p><p class='source'>{escape(caveat.document.title)}; {_sources(caveat)}</p>"
        for caveat in caveats
    )
    return f"<div class='caveat'><p><strong>This is disputed:</strong></p>{said}</div>"


def _around(place: Place) -> str:
    section = place.passage.section
    own = f"<div class='section own'>{_marked(place, section.start, section.end)}</div>"
    return _beside(place.document, place.before) + own + _beside(place.document, place.after)


def _beside(document: Document, beside: Beside | None) -> str:
    if beside is None:
        return ""
    section = beside.section
    heading = f"<h3>{escape(section.headings[-1])}</h3>" if section.headings else ""
    text = _lines(document.text[section.start : section.end].strip())
    return f"<div class='section'>{heading}{text}{_disputes(beside.caveats)}</div>"


def _source_line(place: Place) -> str:
    return f"Source: {_sources_of(place.citation.sources)}"


def _sources(passage: Passage) -> str:
    return _sources_of(passage.document.sources_of(passage.start, passage.end))


def _sources_of(sources: Sequence[Source]) -> str:
    return "; ".join(f"{_source(source)} ({escape(render.KINDS[source.kind])})" for source in sources)


def _source(source: Source) -> str:
    name = escape(source.name)
    if address := web_address(source):
        return f"<a href='{escape(address, quote=True)}' target='_blank' rel='noopener noreferrer'>{name}</a>"
    return name


def _buttons(refused: str | None) -> str:
    if refused is not None:
        return f"<p class='copying'>{escape(refused.partition('. ')[0].removesuffix('.'))}: it cannot be copied.</p>"
    return (
        "<p class='copying'><button type='button' data-copy='phone'>Copy for the phone <kbd>P</kbd></button> "
        "<button type='button' data-copy='email'>Copy for an e-mail <kbd>E</kbd></button></p>"
    )


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
