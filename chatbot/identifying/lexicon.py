"""Which words are names: first and last names of many countries, and which of them are words or places as well."""

from __future__ import annotations

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
    """Words in lower case. `doubtful` are names and something else too; `words` are no names, or doubtful ones, or
    `clinical` ones: treatments, products, diseases that are called after somebody.
    """

    first: frozenset[str]
    last: frozenset[str]
    doubtful: frozenset[str]
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
    words_and_places, of_medicine = NOT_NAMES.read_text(encoding="utf-8").split("# Of medicine")
    doubtful = {word for line in words_and_places.splitlines() if not line.startswith("#") for word in line.split()}
    known_treatments = {word for name, others in treatments().items() for one in (name, *others) for word in words(one)}
    clinical = spelt_right() | known_treatments | set(of_medicine.split("\n", 1)[1].split())
    first, last = first - clinical | SHORT, last - clinical
    return Lexicon(
        first=frozenset(first),
        last=frozenset(last),
        doubtful=frozenset(doubtful | SHORT),
        clinical=frozenset(clinical),
        words=frozenset((dictionary().keys() - first - last) | doubtful | clinical),
    )


def _listed(provider: object, attributes: tuple[str, ...]) -> set[str]:
    lists = [getattr(provider, attribute, ()) for attribute in attributes]
    every = (name for one in lists if not isinstance(one, property) and one for name in one)
    return {part for name in every for part in name.lower().split() if len(part) >= MIN_LETTERS}
