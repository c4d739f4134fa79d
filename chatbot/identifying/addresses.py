"""Street addresses and postcodes. A town alone tells nobody who somebody is, and stays."""

from __future__ import annotations

import re

from chatbot.identifying.found import Found, every

_KIND = (
    "street|str|st|road|rd|avenue|ave|av|lane|ln|crescent|cres|terrace|mews|parade|pde|parkway|pkwy|boulevard|blvd|highway"
    "|hwy|esplanade|alley|turnpike|gardens?|gdns|grove|wharf|quay|drive|dr|ct|pl|sq"
)
_KIND_TOO = (  # words of other things as well
    "close|court|place|way|walk|hill|row|square|circle|trail|rise|view|green|park|plaza|loop|crossing|heights|valley|ridge"
    "|croft|vale|bank"
)
# Words that stand between a number and "way" or "row", but in no name of a street: "3 days in a row".
_NOT_STREET = (
    "days?|weeks?|months?|years?|hours?|hrs?|minutes?|mins?|sessions?|times?|treatments?|peels?|in|a|an|the|on|my|your|is"
    "|it|to|by|with|and|or|after|before|ago|per|for|from|at|of|mg|ml|nm|mm|cm|kg|percent|any|that|this|was|are|i|so|pm|am"
    "|more|than|people|later|old"
)
_NUMBER = r"\d{1,5}[a-z]?(?:\s?[-/]\s?\d{1,5}[a-z]?)?,?"
_NAME = r"[^\W\d_][\w'’.-]*"
_STREET = (
    rf"{_NUMBER}(?:\s+(?!(?:{_NOT_STREET})\b){_NAME}){{1,4}}?\s+(?:{_KIND})\b\.?"
    rf"|{_NUMBER}(?:\s+(?-i:[A-Z])[\w'’.-]*){{1,4}}?\s+(?:{_KIND_TOO})\b"
    rf"|\d{{1,4}}[a-z]?\s+(?!(?:{_NOT_STREET})\b){_NAME}\s+(?:{_KIND_TOO})\b"
)
_FOREIGN = (
    r"\d{1,4}(?:\s(?:bis|ter))?,?\s+(?:rue|boulevard|chemin|impasse|via|viale|piazza|calle|avenida|plaza|rua)"
    rf"(?:\s+{_NAME}){{1,4}}"
    rf"|(?:rue|via|viale|calle|avenida|rua)(?:\s+{_NAME}){{1,3}}\s+\d{{1,4}}\b"
    r"|(?<!\w)[^\W\d_]{2,30}?(?:straße|strasse|gasse|straat|laan|gatan|vägen|gata|gade|vej|veien|katu|tie|weg|allee)\s+\d{1,4}[a-z]?\b"
)
_ROOM = r"(?:flat|unit|apt\.?|apartment|suite|ste|room|block|level)\s*#?(?:\d+\w?|[A-Z]\b)"
_TOWN = r"(?-i:[A-ZÀ-Þ](?:[^\W\d_]|['’-])+(?:\s+[A-ZÀ-Þ](?:[^\W\d_]|['’-])+){0,2})"
_STATE = r"(?-i:[A-Z]{2,3})\b"
_AFTER = (  # "Apt 5, Springfield, IL 62799", "Papakura 2199", "75999 Paris"
    rf"(?:,?\s*{_ROOM})?(?:,\s*\d{{4,6}}\s+{_TOWN})?"
    rf"(?:,?\s+{_TOWN}(?=\s*(?:[,.\n]|\d{{4,5}}\b|$)|\s+(?:{_STATE}|[a-z]{{1,2}}\d)))?"
    rf"(?:,?\s+{_STATE}(?=\s*\d))?(?:,?\s*\d{{4,5}}(?:-\d{{3,4}})?(?!\w))?"
)
STREET = re.compile(rf"(?<![\w£$€.])(?:{_ROOM}[,\s]+)?(?:{_STREET}|{_FOREIGN}){_AFTER}", re.IGNORECASE)
HOUSE = re.compile(
    rf"(?-i:The\s+[A-Z]\w+\s+[A-Z]\w+),?\s+(?=(?:{_STREET}))", re.IGNORECASE
)  # "The Old Bakery, 3 Church Walk"
ROOM = re.compile(r"\b(?:flat|apt\.?|apartment|suite)\s*#?\d+\w?\b", re.IGNORECASE)
BOX = re.compile(rf"\bp\.?\s?o\.?\s?box\s*\d+{_AFTER}", re.IGNORECASE)
# "co2 2nd session" has the form of a postcode of Colchester.
BRITISH = re.compile(
    r"\b(?!co2\s*\d(?:st|nd|rd|th|hr|wk)\b)(?:[a-z]{1,2}\d[a-z\d]?\s*\d[abd-hjlnp-uw-z]{2}|gir\s*0aa)\b", re.IGNORECASE
)
CANADIAN = re.compile(r"\b[abceghj-nprstvxy]\d[abceghj-nprstv-z][ -]?\d[abceghj-nprstv-z]\d\b", re.IGNORECASE)
NAMED = re.compile(
    r"\b(?:zip|zip\s?code|post\s?code|postal\s?code|eircode)\b[\s:=]*(?:is|was)?[\s:=]*(?P<it>[a-z]?\d[\w-]{2,9})",
    re.IGNORECASE,
)
AMERICAN = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
    r"|NSW|VIC|QLD|WA|SA|TAS|ACT|NT)\s+\d{4,5}(?:-\d{4})?\b"
)
SAID_TO_BE = re.compile(  # capital letters after a number: the rest of the message is not taken with it
    r"\b(?:address|live|living|lives|located|deliver|post|posted|send|sent|ship)\s*(?:is|at|:|to|it to|them to)"
    r"\s*:?\s*(?P<it>(?:no\.?\s*|number\s*)?\d{1,5}[a-z]?(?:,?\s+(?-i:[A-ZÀ-Þ])[\w'’.-]*){1,6})",
    re.IGNORECASE,
)


def find_addresses(text: str) -> list[Found]:
    """All of them, in no order; some overlap."""
    patterns = (STREET, HOUSE, ROOM, BOX, BRITISH, CANADIAN, NAMED, AMERICAN, SAID_TO_BE)
    return [found for pattern in patterns for found in every("address", pattern, text)]
