"""What a person typed, as an answer may repeat it: words, nothing that is more than words where it is shown."""

from __future__ import annotations

import re

# Markup of HTML, Markdown and templates; what makes an address of words; and characters that are not seen, which may
# turn the order of what follows: a phone number, for one.
MORE_THAN_WORDS = re.compile(
    r"<\s*/?\s*[a-zA-Z!][^<>]*>|[<>\[\]{}`\\|*_#~$]|&(?=#?\w+;)|\b(?:javascript|vbscript|data|file|ftp|https?):/*"
    r"|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\ud800-\udfff\U000e0000-\U000e0fff]",
    re.IGNORECASE,
)


def repeated(text: str) -> str:
    """The text without them."""
    return MORE_THAN_WORDS.sub("", text)
