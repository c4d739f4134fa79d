"""What a question asks, by its words: its treatments, its subject, and the kind of answer that it wants.

Patients' questions and editors' variants are read alike, so that two of them can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chatbot.follow_up import SHORT
from chatbot.reading.spelling import Spelling
from index.terms import distinct_terms, key_terms, words
from kb.treatment import Treatments

WORD = re.compile(r"[^\W\d_]+")
# The kind of answer that a question wants. ASKED_FOR of the verifier says what a sentence that gives it must hold; here
# two questions are compared, so that typed fragments ("peel cost") must be read as well.
WANTS = {
    "price": re.compile(
        r"[£$€]|\b(?:pric\w+|cost\w*|fees?|charg\w+|pay(?:ing|ment)?|set me back|free"
        r"|how much (?:is|are|for|do(?:es)? (?:it|you)|would|will))\b"
    ),
    "number": re.compile(r"\bhow many (?!minutes|hours|days|weeks|months|years)|\b(?:number of|how many times)\b"),
    "frequency": re.compile(r"\bhow (?:often|frequently)\b"),
    "time": re.compile(
        r"\bhow (?:long|much time|soon)\b|\bhow many (?:minutes|hours|days|weeks|months|years)\b|\b(?:when|what time)\b"
    ),
    "person": re.compile(r"\b(?:who|which (?:doctor|nurse))\b"),
    "place": re.compile(r"\bwhere\b"),
    "reason": re.compile(r"\bwhy\b"),
    "choice": re.compile(r"\bwhich (?!doctor|nurse)\b|\bwhat (?:kinds?|sorts?|types?)\b|\b(?:kinds|sorts|types) of\b"),
    "description": re.compile(r"\bwhat (?:is|are|happens)\b(?! the (?:price|cost))"),
    "manner": re.compile(r"\bhow (?:does|do (?!i|you|people|we)|far|deep|thick|is)\b"),
}
SIDES = {
    "before": re.compile(r"\b(?:before|prior)\b"),
    "after": re.compile(r"\bafter\w*\b"),
    "during": re.compile(r"\bduring\b"),
    "between": re.compile(r"\b(?:between|apart|gap)\b"),
}
WHAT_IS_NOT = re.compile(r"\b(?:what|which|who|where)\b.*\b(?:not|never|cant|cannot|[a-z]+nt)\b")
DENIES = re.compile(r"\b(?:not|no|never|without|cannot|cant|dont|wont|isnt|stop)\b")
# Words that WANTS has read already, or that say as little as the treatment's name.
NO_SUBJECT = frozenset(
    """
    price prices cost costs charge charged charges pay paying payment fee fees number times session sessions sort sorts
    type types kind kinds treatment treatments clinic appointment minute minutes hour hours day days week weeks month
    months year years
    """.split()
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it is compared. `in_full` has treatments under their one name, `subject` is without them.

    `keys` are the terms of each of its key terms, `terms` all of the subject's.
    """

    in_full: str
    subject: str
    named: frozenset[str]
    keys: tuple[frozenset[str], ...]
    terms: frozenset[str]
    wants: frozenset[str]
    sides: frozenset[str]
    asks_what_is_not: bool
    denies: bool

    @property
    def words(self) -> list[str]:
        return words(self.in_full)

    def left_by(self, terms: frozenset[str]) -> int:
        """How many of its key terms a text of these terms does not have."""
        return sum(key.isdisjoint(terms) for key in self.keys)

    def contradicts(self, other: Reading) -> bool:
        """Whether the words alone show that another thing is asked: a price and a time, before and after, who should
        and who should not.
        """
        if self.asks_what_is_not != other.asks_what_is_not:
            return True
        pairs = ((self.wants, other.wants), (self.sides, other.sides))
        return any(one and another and one.isdisjoint(another) for one, another in pairs)


def read(text: str, treatments: Treatments) -> Reading:
    """Read a question whose spelling is repaired, or a variant."""
    subject = " ".join(treatments.without(text).split())
    said = text.lower().replace("’", "'").replace("'", "")
    named = frozenset(treatments.named(text)) or frozenset(SHORT[word] for word in words(text) if word in SHORT)
    return Reading(
        in_full=treatments.in_full(text),
        subject=subject,
        named=named,
        keys=tuple(key.terms for key in key_terms(subject) if key.surface not in NO_SUBJECT),
        terms=distinct_terms(subject),
        wants=frozenset(kind for kind, pattern in WANTS.items() if pattern.search(said)),
        sides=frozenset(side for side, pattern in SIDES.items() if pattern.search(said)),
        asks_what_is_not=WHAT_IS_NOT.search(said) is not None,
        denies=DENIES.search(said) is not None,
    )


def spelling_of(variants: Iterable[str]) -> Spelling:
    """Spelling that reads what no dictionary knows as a word of the variants: there a "pach test" is a patch test."""
    return Spelling({word for variant in variants for word in words(variant)})


def repaired(text: str, spelling: Spelling) -> str:
    """The text with its spelling repaired."""
    return WORD.sub(lambda word: _repaired(word[0], spelling), text)


def _repaired(word: str, spelling: Spelling) -> str:
    mended = spelling.repair(word.lower())
    return word if mended == word.lower() else mended
