"""What tells who somebody is, taken out of a text before it is written anywhere."""

from __future__ import annotations

import logging

from chatbot.identifying.addresses import find_addresses
from chatbot.identifying.contacts import find_contacts
from chatbot.identifying.dates import find_dates
from chatbot.identifying.found import Found
from chatbot.identifying.names import find_names
from chatbot.identifying.numbers import find_numbers

WITHHELD = "[not kept]"
MAX_READ = 5_000  # characters; what comes after is not kept
MARGIN = 100  # nor the end of what was read: the rest of a number or a name may have been cut off

logger = logging.getLogger(__name__)


def redact(text: str) -> str:
    """The text with [name], [phone], [email], [date], [address] and [number] in place of what tells who somebody is.

    Never raises: a text that cannot be read is not kept. What comes back can be written as UTF-8.
    """
    read = text[:MAX_READ].encode("utf-8", errors="replace").decode("utf-8")
    kept = len(read) if len(text) <= MAX_READ else MAX_READ - MARGIN
    try:
        found = identifying(read)
    except Exception as error:  # whatever it is: an answer must not wait for it, and nothing is kept that was not read
        logger.error("A text was not kept: it could not be redacted (%s).", type(error).__name__)
        return WITHHELD
    pieces, at = [], 0
    for one in found:
        if one.start < kept:
            pieces += [read[at : one.start], f"[{one.kind}]"]
            at = one.end
    return "".join([*pieces, read[at:kept]])


def identifying(text: str) -> list[Found]:
    """Where such things stand, in order. Those that overlap are one, of the kind of the longest."""
    found = [
        *find_contacts(text), *find_numbers(text), *find_dates(text), *find_addresses(text), *find_names(text)
    ]  # fmt: skip
    merged: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if merged and one.start < merged[-1].end:
            last = merged.pop()
            longest = max(last, one, key=lambda one: (one.end - one.start, one.kind == "number"))
            one = Found(longest.kind, last.start, max(last.end, one.end))
        merged.append(one)
    return merged
