"""What an e-mail address is, for the clinic's settings and for a visitor who leaves one."""

from __future__ import annotations

import re

MAX_CHARS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
# As browsers judge <input type="email">, and with a dot in the domain. Nothing in it can end or extend a mail's header.
PATTERN = re.compile(
    rf"[a-zA-Z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{LABEL}(?:\.{LABEL})+"
)


def is_email_address(text: str) -> bool:
    """Whether a text is one e-mail address and nothing else."""
    return len(text) <= MAX_CHARS and PATTERN.fullmatch(text) is not None
