"""Dates of birth. The date of a treatment or of a wedding carries the question, and stays."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from chatbot.identifying.found import Found, every

MIN_YEARS = 16  # a full date so long ago is taken for a date of birth, whatever is said of it

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:18|19|20)\d{2}|['’]?\d{2})(?!\d)"
_NUMBERS = r"\d{1,2}\s?[/.\-]\s?\d{1,2}\s?[/.\-]\s?(?:\d{4}|\d{2})(?!\d)"
_ISO = r"(?:18|19|20)\d{2}[/.\-]\d{1,2}[/.\-]\d{1,2}(?!\d)"
_WORDS = rf"{_DAY}(?:\s+of)?[\s\-]*{_MONTH}[\s,\-]*{_YEAR}|{_MONTH}\s*{_DAY},?\s+{_YEAR}"
_WITHOUT_YEAR = rf"{_DAY}(?:\s+of)?\s+{_MONTH}|{_MONTH}\s+{_DAY}(?!\d)"
FULL = re.compile(rf"(?<![\w/.\-])(?:{_ISO}|{_NUMBERS}|{_WORDS})", re.IGNORECASE)
IS_DATE = re.compile(rf"(?:{_ISO}|{_NUMBERS})", re.IGNORECASE)
YEAR = re.compile(r"(?<!\d)(?:\d{4}|\d{2})(?!\d)")
OF_BIRTH = re.compile(
    r"(?:\bd\.?\s?o\.?\s?b\b\.?|\bdate\s+of\s+birth\b|\bbirth\s?da(?:y|te)\b|\bbirthday\b|\bb-?day\b|\bborn\b|\bbirth\b)"
    r"(?:['’]?s)?[\s:,=\-–(]*(?:(?:is|was|it|its|it's|on|in|the|of|here|my|year)[\s:,=\-]+){0,4}"
    rf"(?P<it>{_ISO}|{_NUMBERS}|{_WORDS}|{_WITHOUT_YEAR}|\d{{6}}(?!\d)|\d{{8}}(?!\d)|(?:19|20)\d{{2}}(?!\d))",
    re.IGNORECASE,
)


def find_dates(text: str) -> list[Found]:
    """Dates that are said to be of a birth, and full dates that are too long ago to be of anything that is asked."""
    long_ago = (Found("date", *match.span()) for match in FULL.finditer(text) if _is_long_ago(match.group()))
    return [*every("date", OF_BIRTH, text), *long_ago]


def _is_long_ago(date: str) -> bool:
    this = datetime.now(UTC).year
    years = [int(year) for year in YEAR.findall(date)]
    whole = [year for year in years if year > 99]
    if not whole:
        short = int(re.findall(r"\d{2}", date)[-1])
        whole = [2000 + short if short <= this % 100 else 1900 + short] if short <= 99 else []
        if short > this % 100 and short <= this % 100 + 5:
            return False  # a date to come, such as of a wedding
    return any(year <= this - MIN_YEARS for year in whole)
