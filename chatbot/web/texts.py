"""The texts of the chat widget: one file a language, all with the same keys."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "widget" / "texts"
LANGUAGES = ("en", "es", "zh", "ar", "fr")
RIGHT_TO_LEFT = ("ar",)
# What is said before the server was asked anything, or when it does not answer.
FIRST = (
    "title", "close", "loading", "call", "emergency", "emergency_unnamed", "not_filled_in", "away", "away_call",
    "away_contact", "try_again",
)  # fmt: skip


@cache
def texts_of(language: str) -> dict[str, str]:
    """Key → text."""
    texts: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def nearest(tag: str) -> str:
    """The language of the interface for a language tag: "es-MX" → "es"; English where there is none."""
    language = tag.lower().replace("_", "-").split("-")[0]
    return language if language in LANGUAGES else "en"
