"""Numbers of records, policies, cards and accounts."""

from __future__ import annotations

import re

from stdnum import iban, luhn
from stdnum.gb import nhs

from chatbot.identifying.dates import IS_DATE
from chatbot.identifying.found import Found, every

MIN_DIGITS = 4  # after "patient"; "patient 2 weeks" is none
MIN_DIGITS_NAMED = 2  # after "patient number"

_OF_WHAT = (
    r"nhs|nhi|mrn|chi|hospital|patient|client|customer|member(?:ship)?|policy|insurance|bupa|axa|aviva|vitality|medicare|medicaid"
    r"|health\s?card|ohip|record|chart|file|case|claim|booking|reservation|confirmation|order|invoice|receipt|ref(?:erence)?"
    r"|account|acct|passport|licen[cs]e|id|ssn|social\s+security|national\s+insurance|ni|tax|sort\s+code|card|iban|cc|voucher"
)
_PART = r"(?=[\w/-]*\d)\w[\w/-]*"
NAMED = re.compile(
    rf"\b(?:{_OF_WHAT})\b(?P<said>(?:[\s:=.#/'’-]*\b(?:no|nos|nr|num|number|numbr|ref|reference|id|card|code|is|was|s)\b\.?){{0,4}})"
    rf"[\s:=#.'’-]*(?P<it>(?:(?-i:[A-Z]{{1,6}})[ -])?{_PART}(?: (?:{_PART}|(?-i:[A-Z]{{4}})(?= \d))){{0,7}})",
    re.IGNORECASE,
)
IS_NAMED = re.compile(r"\b(?:no|nos|nr|num|number|numbr|ref|reference|id)\b", re.IGNORECASE)
UNIT = re.compile(
    r"\s*(?:days?|weeks?|months?|years?|hours?|minutes?|sessions?|times|mg|ml|nm|pounds?|dollars?|euros?|gbp|usd|%|am|pm)\b",
    re.I,
)
IS_YEAR = re.compile(r"(?:19|20)\d\d$")
LONG = re.compile(r"(?<![\w£$€.])\d(?:[ -]?\d){11,18}(?!\w)")  # 12 to 19 digits, as on a card
NHS = re.compile(r"(?<![\w£$€.])\d{3}[ -]?\d{3}[ -]?\d{4}(?!\w)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z\d]{2,4}){3,8}\b", re.IGNORECASE)
SOCIAL_SECURITY = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
NATIONAL_INSURANCE = re.compile(r"\b[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]\b", re.IGNORECASE)
NHI = re.compile(r"\b[A-HJ-NP-Z]{3}\d{2}(?:\d{2}|[A-HJ-NP-Z]{2})\b")
CODE = re.compile(r"\b(?=(?:[A-Z/-]*\d){5})(?=\d*[A-Z])[A-Z\d][A-Z\d/-]{5,}\b")  # "F162823540116"
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # of New Zealand's health index: no I and no O; A counts 1


def find_numbers(text: str) -> list[Found]:
    """All of them, in no order; some overlap."""
    checked = [
        *(match for match in LONG.finditer(text) if luhn.is_valid(_digits(match.group())) or len(match.group()) >= 14),
        *(match for match in NHS.finditer(text) if nhs.is_valid(match.group())),
        *(match for match in NHI.finditer(text) if is_nhi(match.group())),
    ]
    return [
        *(Found("number", *match.span("it")) for match in NAMED.finditer(text) if _is_number(match)),
        *(Found("number", *match.span()) for match in checked),
        *(Found("number", match.start(), match.end()) for match in IBAN.finditer(text) if _is_iban(match.group())),
        *every("number", SOCIAL_SECURITY, text),
        *every("number", NATIONAL_INSURANCE, text),
        *every("number", CODE, text),
    ]


def is_nhi(number: str) -> bool:
    """Whether a number of New Zealand's health index, old ("ABC1235") or new ("ABC12DV"), has the right check digit."""
    values = [int(char) if char.isdigit() else ALPHABET.index(char) + 1 for char in number]
    total = sum(value * weight for value, weight in zip(values, range(7, 1, -1), strict=False))
    if number[-1].isdigit():
        return total % 11 != 0 and (11 - total % 11) % 10 == values[-1]
    return 23 - total % 23 == values[-1]


def _is_number(match: re.Match[str]) -> bool:
    said = match.group("it")
    if IS_DATE.match(said) or UNIT.match(match.string, match.end()):
        return False
    is_named = IS_NAMED.search(match.group("said")) is not None
    if IS_YEAR.match(said):
        return is_named
    return len(_digits(said)) >= (MIN_DIGITS_NAMED if is_named else MIN_DIGITS)


def _is_iban(said: str) -> bool:
    return iban.is_valid(said) or (" " not in said and len(_digits(said)) >= 10)


def _digits(said: str) -> str:
    return "".join(char for char in said if char.isdigit())
