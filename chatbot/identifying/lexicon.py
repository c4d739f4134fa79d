"""Which words are names: first and last names of many countries, and which of them are words or places as well."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import faker.providers.person

from chatbot.reading.spelling import dictionary, spelt_right
from kb.treatment import lexicon as treatments
from kb.treatment import words

NOT_NAMES = Path(__file__).with_name("not_names.txt")
FIRST = ("first_names", "first_names_male", "first_names_female", "first_names_nonbinary")
LAST = ("last_names", "last_names_male", "last_names_female")
MIN_LETTERS = 3
SHORT = frozenset("al bo di ed jo li lu mo ty vi".split())  # names only where the text says so


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words in lower case.

    `doubtful` are names and something else too, and of them `given` are first names as often as not. `clinical` are
    treatments, products, and diseases that are called after somebody. `words` are those and all that are no names.
    """

    first: frozenset[str]
    last: frozenset[str]
    doubtful: frozenset[str]
    given: frozenset[str]
    clinical: frozenset[str]
    words: frozenset[str]


@cache
def names() -> Lexicon:
    """Read once; a server reads them before the first question."""
    first: set[str] = set()
    last: set[str] = set()
    for module in iter_modules(faker.providers.person.__path__):
        provider = import_module(f"{faker.providers.person.__name__}.{module.name}").Provider
        first |= _listed(provider, FIRST)
        last |= _listed(provider, LAST)
    words_too, given, places, of_medicine = _sections(NOT_NAMES.read_text(encoding="utf-8"))
    doubtful = words_too | given | places
    known_treatments = {word for name, others in treatments().items() for one in (name, *others) for word in words(one)}
    clinical = spelt_right() | known_treatments | of_medicine
    first, last = first - clinical | SHORT, last - clinical
    return Lexicon(
        first=frozenset(first),
        last=frozenset(last),
        doubtful=frozenset(doubtful | SHORT),
        given=frozenset(given),
        clinical=frozenset(clinical),
        words=frozenset((dictionary().keys() - first - last) | doubtful | clinical),
    )


def _sections(text: str) -> list[set[str]]:
    """The words under each heading of the file."""
    parts = re.split(r"(?m)^# .*$", text)
    return [set(part.split()) for part in parts[1:]]


def _listed(provider: object, attributes: tuple[str, ...]) -> set[str]:
    lists = [getattr(provider, attribute, ()) for attribute in attributes]
    every = (name for one in lists if not isinstance(one, property) and one for name in one)
    return {part for name in every for part in name.lower().split() if len(part) >= MIN_LETTERS}
