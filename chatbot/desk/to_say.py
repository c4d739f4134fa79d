"""A place → what a member of staff can say or send: its words, its source, what disputes it, and who reviewed it."""

from __future__ import annotations

from chatbot.citation import section_name
from chatbot.place import Place
from chatbot.settings import PLACEHOLDER, UNNAMED, Clinic
from kb.document import Document, Source
from kb.review import review_state, this_day

STAFF_ONLY = "This is for staff only. It was not copied."
WITHHELD = "This has a dose, a setting or a verdict that no patient is told here. It was not copied: ask a clinician."
DISPUTE_IS_FOR_STAFF = "What disputes this is for staff only. It was not copied: ask a clinician."
GENERAL = "This is general information, not advice about your own case."


def why_not(place: Place) -> str | None:
    """Why a place is neither said nor sent to a patient; None where it may be."""
    if place.is_staff_only:
        return STAFF_ONLY
    if place.is_withheld:
        return WITHHELD
    return None if place.is_for_patients else DISPUTE_IS_FOR_STAFF


def for_phone(place: Place) -> str:
    """Short sentences to read out. Only for a place that `why_not` has nothing against."""
    sources = " and ".join(source.name for source in place.citation.sources)
    said = [_spoken(place.quote), *(f"This is disputed: {_spoken(caveat.text)}" for caveat in place.caveats)]
    return "\n".join([*said, f"That is from {sources}.", *_reviewed(place.document)])


def for_email(place: Place, clinic: Clinic) -> str:
    """The quote with its citation and the clinic's contact, to paste into an e-mail that has its own greeting."""
    document = place.document
    page = f", page {place.passage.page}" if place.passage.page else ""
    where = f"“{document.title}”, {section_name(place.passage)}{page}"
    disputes = [f"This is disputed: “{_spoken(c.text)}” (“{c.document.title}”)" for c in place.caveats]
    sources = [_named(source) for source in place.citation.sources]
    cited = [f"From {where}.", f"Source: {'; '.join(sources)}.", *_reviewed(document)]
    return "\n\n".join([f"“{place.quote.strip()}”", *disputes, "\n".join(cited), f"{GENERAL} {_contact(clinic)}"])


def _named(source: Source) -> str:
    """With its address where that is one of the web: a file of the clinic's means nothing to a patient."""
    is_web = source.address is not None and source.address.startswith(("https://", "http://"))
    return f"{source.name}, {source.address}" if is_web else source.name


def _spoken(text: str) -> str:
    """Lines as one: a list's lead-in, then its items."""
    lines = [" ".join(line.removeprefix("- ").split()) for line in text.splitlines() if line.strip()]
    first, rest = lines[0], lines[1:]
    if first.endswith(":") and rest:
        return f"{first} {'; '.join(rest)}" + ("" if rest[-1].endswith((".", "!", "?")) else ".")
    return " ".join(lines)


def _reviewed(document: Document) -> list[str]:
    if document.reviewed_by is None:
        return ["No clinician has reviewed this text yet."]
    overdue = ["Its next review is overdue."] if review_state(document, this_day()) == "overdue" else []
    return [f"Reviewed by {document.reviewed_by}.", *overdue]


def _contact(clinic: Clinic) -> str:
    ways = [way for way in (clinic.phone, clinic.email) if way and way != PLACEHOLDER]
    name = "the clinic" if clinic.name == PLACEHOLDER else clinic.name
    how = f" on {' or '.join(ways)}" if ways else ""
    number = clinic.emergency_number
    emergency = UNNAMED["emergency_number"] if number == PLACEHOLDER else number
    return f"For that, please contact {name}{how}. In an emergency call {emergency}."
