"""How long ago the treatment was, from what a message says of it."""

from __future__ import annotations

import re

SMALL = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30,
    "couple": 2, "few": 3, "several": 4,
}  # fmt: skip
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10,
}  # fmt: skip
NUMBERS = {**SMALL, **ORDINALS, "a": 1, "an": 1}
DAYS = {"min": 0.0, "minute": 0.0, "hour": 0.04, "hr": 0.04, "day": 1.0, "night": 1.0, "week": 7.0, "wk": 7.0,
        "fortnight": 14.0, "month": 30.0, "mth": 30.0, "year": 365.0, "yr": 365.0}  # fmt: skip
DIGITS = r"\d+(?:[.,]\d+)?"
NUMBER = rf"((?:(?:twenty|thirty) (?:{'|'.join(SMALL)}))|{DIGITS}|{'|'.join(NUMBERS)})"
COUNT = rf"({DIGITS}|{'|'.join(SMALL)})"
UNIT = rf"({'|'.join(DAYS)})s?"
REPLY = r"(?:^|\( ?)(?:it was |its |about )*"  # the whole text, or the answer to the page's question in brackets
# "6 days ago", "three weeks after", "an hour later", "2 days post", "10 days now", "a couple of weeks on"
AGO = re.compile(
    rf"\b{NUMBER} (?:of )?{UNIT} (?:ago|after|later|out|post|since|on|in|now|following|old|and still)\b(?! time)"
)
BEEN = re.compile(rf"\b(?:been|its|after|past) {COUNT} {UNIT}\b(?! old)")  # "it has been ten days"
ORDINAL = re.compile(rf"\b(\d+) ?(?:st|nd|rd|th) {UNIT}\b")  # "2nd day"
NAMED = re.compile(rf"\b{UNIT} {COUNT}\b")  # "day 6", "week 3"
WORDED = re.compile(rf"\b({'|'.join(ORDINALS)}) (day|night|evening|week|month)\b")  # "third day", "first evening"
ALONE = re.compile(rf"{REPLY}{COUNT} {UNIT}$")  # "5 days", in reply to "how long ago?"
BARE = re.compile(rf"\b({DIGITS}) (day)\b")  # "6 day", as learners write
HAD_IT = r"(?:had|did|done|got|laser|lasered|treatment|treated|appointment|appt|peel|zapped|session|procedure|was|it)"
NEAR = r"(?: \w+){0,4}"
TODAY = r"(?:today|this morning|this afternoon|this arvo|earlier|an hour)"
YESTERDAY = r"(?:yesterday|last night)"
SAID = [
    (rf"\b{HAD_IT}{NEAR} {TODAY}\b|\b{TODAY} i had\b", 0.0),
    (r"\bsame (?:day|evening|night)\b|\bstraight after\b|\bright after\b|\bjust (?:had|got|left)\b", 0.0),
    (rf"\b{HAD_IT}{NEAR} {YESTERDAY}\b|\b{YESTERDAY} i had\b|\bday after(?! tomorrow)\b|\bnext day\b", 1.0),
    (rf"\b{HAD_IT}{NEAR} last week\b|\blast week i had\b|\ba week ago\b", 7.0),
    (rf"\b{HAD_IT}{NEAR} last month\b", 30.0),
    (rf"\b{HAD_IT}{NEAR} last year\b", 365.0),
    (r"\btoday or yesterday\b", 1.0),  # a choice that the page offers
    (rf"{REPLY}(?:{TODAY})$", 0.0),
    (rf"{REPLY}(?:{YESTERDAY})$", 1.0),
    (rf"{REPLY}last week$", 7.0),
    (rf"{REPLY}last month$", 30.0),
]
SAID_PATTERNS = [(re.compile(pattern), days) for pattern, days in SAID]
AGES = re.compile(r"\b(?:\w+ )?\d+ (?:years?|yrs?|months?) old\b")


def days_since(text: str) -> float | None:
    """Days since the treatment: the longest that the text speaks of, or None. `text` is lower case."""
    text = AGES.sub(" ", text.strip().rstrip(")"))
    found = [_number(number) * DAYS[unit] for number, unit in AGO.findall(text)]
    found += [_number(number) * DAYS[unit] for number, unit in BEEN.findall(text)]
    found += [_number(number) * DAYS[unit] for number, unit in ORDINAL.findall(text)]
    found += [_number(number) * DAYS[unit] for unit, number in NAMED.findall(text)]
    found += [_number(number) * DAYS.get(unit, 1.0) for number, unit in WORDED.findall(text)]
    found += [_number(number) * DAYS[unit] for number, unit in ALONE.findall(text)]
    found += [_number(number) for number, _ in BARE.findall(text)]
    found += [days for pattern, days in SAID_PATTERNS if pattern.search(text)]
    return max(found, default=None)


def _number(word: str) -> float:
    """A number in digits or words: "12", "a", "twenty one"."""
    return sum(
        float(NUMBERS.get(part, 0)) if part in NUMBERS else float(part.replace(",", ".")) for part in word.split()
    )
