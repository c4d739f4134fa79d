"""Texts of our own, in which each of the clinic's telephone numbers can be tapped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chatbot.settings import UNNAMED, Clinic

# A number in a setting's text: groups of digits, such as "+44 (0)20 7946 0000", "030/123456" or the first of "999/112".
NUMBER = re.compile(r"\+?(?:0[1-9]\d*/|\(\d+\)[ .-]?)?\d+(?:[ .-]?\(\d+\)[ .-]?\d+|[ .-]\d+)*")
MIN_DIGITS, MAX_DIGITS = 3, 15  # fewer are hours, as in "24/7"; more are two numbers, and belong to nobody


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a text; `tel` is what to dial where the piece is a number of the clinic's, such as "+442079460000"."""

    text: str
    tel: str | None = None


def runs(text: str, clinic: Clinic) -> tuple[Run, ...]:
    """The text cut where the numbers of the clinic stand in it; together the pieces are the text."""
    settings = (clinic.phone, *(getattr(clinic, name) for name in UNNAMED))
    numbers = {number for setting in settings if (number := number_in(setting))}
    if not numbers:
        return (Run(text),)
    any_number = "|".join(re.escape(number) for number in sorted(numbers, key=len, reverse=True))
    parts = re.split(rf"(?<!\d)({any_number})(?!\d)", text)
    cut = (Run(part, dialled(part) if position % 2 else None) for position, part in enumerate(parts))
    return tuple(run for run in cut if run.text)


def number_in(setting: str) -> str | None:
    """The first telephone number in a setting's text: "116 123 (Samaritans)" → "116 123"."""
    found = (match.group() for match in NUMBER.finditer(setting))
    fitting = (number for number in found if MIN_DIGITS <= sum(map(str.isdigit, number)) <= MAX_DIGITS)
    return setting if setting.isdecimal() else next(fitting, None)


def dialled(number: str) -> str:
    """What a telephone dials for a number as it is written."""
    number = number.replace("(0)", "") if number.startswith("+") else number  # it is dialled inside the country only
    return "".join(char for char in number if char.isdigit() or char == "+")
