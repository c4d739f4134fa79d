"""The noun Found: where in a text something stands that tells who somebody is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "phone", "email", "date", "address", "number"]


@dataclass(frozen=True, slots=True)
class Found:
    """Characters `start` to `end` of the text. Web addresses are of the kind "address", names of accounts "name"."""

    kind: Kind
    start: int
    end: int


def every(kind: Kind, pattern: re.Pattern[str], text: str) -> list[Found]:
    """All that a pattern matches; its group "it", where it has one that matched, and not the words around."""
    group = "it" if "it" in pattern.groupindex else 0
    return [Found(kind, *match.span(group)) for match in pattern.finditer(text) if match.group(group)]
