"""E-mail addresses, web addresses, names of accounts and phone numbers."""

from __future__ import annotations

import re

import phonenumbers

from chatbot.identifying.dates import IS_DATE
from chatbot.identifying.found import Found, every

REGIONS = ("GB", "US", "NZ", "AU", "CA", "IE")  # whose numbers are recognised without the word "phone" beside them
MIN_DIGITS = 9  # so many in a row are a number of somebody or of something of theirs, whatever they look like
MIN_DIGITS_LIKELY = 7  # where they are a valid number, stand together, or a word says that they are a phone number
MIN_DIGITS_NAMED = 5  # right after "my number is"
NEARBY = 30  # characters
MAX_TIME = 3  # characters of an hour after a date
UNIT = re.compile(r"\s*(?:nm|mm|mg|ml|mj|hz|w)\b", re.IGNORECASE)  # "755 1064 532 nm"

EMAIL = re.compile(r"[\w.+%'-]{1,64}@\w[\w-]*(?:\.[\w-]+)+")
_DOT = r"\s?(?:\(dot\)|\[dot\]|\bdot\b)\s?"
_LABEL = r"[\w-]{1,40}"
SPELT_EMAIL = re.compile(  # "karen (at) example.com", "karen dot oneil at example dot com"
    rf"(?<![\w+-])[\w+-]{{1,40}}(?:(?:{_DOT}|\.)[\w+-]{{1,40}}){{0,3}}"
    rf"(?:\s?(?:\(at\)|\[at\]|@)\s?{_LABEL}(?:(?:{_DOT}|\.){_LABEL}){{1,3}}"
    rf"|\sat\s{_LABEL}(?:(?:{_DOT}|\.(?=[a-z]{{2}})){_LABEL}){{1,3}})",
    re.IGNORECASE,
)
WEB = re.compile(
    r"(?:https?://|\bwww\.)[^\s<>\"]*[\w/]"
    r"|\b(?:facebook|fb|instagram|insta|twitter|tiktok|linkedin|youtube|snapchat|x)\.com/[^\s<>\"]*\w",
    re.IGNORECASE,
)
ACCOUNT = re.compile(r"(?<![\w@.])@[A-Za-z_][\w.]+\w")
INTERNET_NUMBER = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])(?:[\da-f]{1,4}:){7}[\da-f]{1,4}\b", re.I
)

DIGITS = re.compile(
    r"(?<![\w£$€.])(?<!\d[,/])(?:\+|\(\+?)?[\doO](?:[ ()-]{1,3}(?=[\d(])|\.(?=\d)|[\doO]){3,30}\d"
    r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,5})?(?![\w%])"
)
_SPELT_DIGIT = r"(?:(?:double|treble|triple) )?(?:oh|zero|nought|one|two|three|four|five|six|seven|eight|nine|\d{1,7})"
SPELT_DIGITS = re.compile(
    rf"\b(?=(?:\d{{1,7}} ){{0,9}}(?:oh|zero|double|treble|triple|one|two|three|four|five|six|seven|eight|nine)\b)"
    rf"(?:{_SPELT_DIGIT}[ ,-]{{1,2}}){{5,15}}{_SPELT_DIGIT}\b",
    re.IGNORECASE,
)
PHONE_WORD = re.compile(
    r"\b(?:ph|phone|fone|telephone|tel|mobile|mob|cell|landline|call|ring|rang|text|txt|whatsapp|number|num|nr|no|contact|reach"
    r"|fax|desk|office|dial)(?:'?s)?\b",
    re.IGNORECASE,
)
SAID_TO_BE = re.compile(
    r"\b(?:phone|fone|telephone|tel|mobile|mob|cell|ph|whatsapp|landline|my number)\b[\s:.#-]*"
    r"(?:no|number|num|nr)?[\s:.#-]*(?:is|are|on|at)?[\s:.#-]*$",
    re.IGNORECASE,
)


def find_contacts(text: str) -> list[Found]:
    """All of them, in no order; some overlap."""
    return [
        *every("email", EMAIL, text),
        *every("email", SPELT_EMAIL, text),
        *every("address", WEB, text),
        *every("address", INTERNET_NUMBER, text),
        *every("name", ACCOUNT, text),
        *every("phone", SPELT_DIGITS, text),
        *(Found("phone", *match.span()) for match in DIGITS.finditer(text) if _is_phone(match)),
    ]


def _is_phone(match: re.Match[str]) -> bool:
    said, text = match.group(), match.string
    if (date := IS_DATE.match(said)) and len(said) - date.end() <= MAX_TIME:
        return False
    digits = sum(char.isdigit() or char in "oO" for char in said)
    if digits >= MIN_DIGITS:
        return UNIT.match(text, match.end()) is None
    before = text[max(0, match.start() - NEARBY) : match.start()]
    if digits < MIN_DIGITS_LIKELY:
        return digits >= MIN_DIGITS_NAMED and SAID_TO_BE.search(before) is not None
    is_said = PHONE_WORD.search(before) or PHONE_WORD.search(text[match.end() : match.end() + NEARBY])
    return is_said is not None or said.isdigit() or _is_valid(said)


def _is_valid(said: str) -> bool:
    number = re.sub("[oO]", "0", said)
    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            return False
    return False
