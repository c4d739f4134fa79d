"""Wordings: whether the families of words that make a sign stand together in a message."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from chatbot.reading.message import Message, as_read

NEAR = 9  # words from the first of a sign to its last: "my tongue, since I took them, is swelling"
MAX_DENIED = 6  # words that one "no" can reach: "no pus, no sign of any fever"
DENIES = frozenset(
    "no not without never none isnt arent wasnt werent hasnt havent hadnt doesnt didnt dont nor zero neither".split()
)
# After these, "no" and "not" deny nothing of what follows.
NOT_DENIALS = frozenset(
    "idea one reason doubt clue matter joke lie sure only just longer kidding cap think know".split()
)
# A clause of its own begins with these: "no, I cannot breathe", "I did not sleep, my eye hurts".
TURNS = frozenset(
    "but just only though although however except yet still and now because so then apart"
    " my i im ive id he she hes shes theres it its we they".split()
)
# "never had such pain" says that there is pain.
EMPHASIS = frozenset("such so like this felt been known".split())
# A number beside one of these is a strength or a time: "500 mg paracetamol", "on day 6 I took paracetamol".
NOT_A_COUNT = frozenset(
    "mg mcg ml g gram grams milligrams hours hour day days minutes week weeks month months percent".split()
)
COUNTS = {"seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0, "twelve": 12.0, "fifteen": 15.0, "sixteen": 16.0,
          "twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "dozen": 12.0}  # fmt: skip
LIST_ENDS = frozenset({",", "or", "and", "nor"})
MAX_WORDS_OF_ITEM = 2
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wording:
    """Items, families or words as typed, that make a sign when they stand near each other.

    `anywhere`: in one message is enough. `from_day` and `to_day` are days since the treatment; a wording with either
    needs a known day. `more_than` asks for a number above it before the last item: twenty tablets.
    """

    items: tuple[str, ...]
    anywhere: bool = False
    from_day: float | None = None
    to_day: float | None = None
    more_than: int | None = None

    def fits_day(self, day: float | None) -> bool:
        if self.from_day is None and self.to_day is None:
            return True
        return day is not None and (self.from_day or 0) <= day <= (self.to_day or float("inf"))


class Families:
    """The families of words, compiled; an item that is no family stands for itself."""

    def __init__(self, families: Mapping[str, Iterable[str]]) -> None:
        self._patterns = {name: compiled(phrases) for name, phrases in families.items()}

    def pattern(self, item: str) -> re.Pattern[str]:
        """The pattern of a family, or of words as typed. Raises KeyError for a family that there is not."""
        if item.isupper():
            return self._patterns[item]
        return self._patterns.setdefault(item, compiled([item]))


@dataclass(slots=True)
class Reader:
    """Finds wordings in one message; what it found of a family it keeps."""

    message: Message
    families: Families
    _sentences: list[_Sentence] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sentences = [_Sentence(text) for text in self.message.sentences if text]

    def sentences_with(self, wording: Wording) -> list[str]:
        """The sentences in which a wording is found; of one that may stand `anywhere`, those of its items."""
        if not wording.fits_day(self.message.day):
            return []
        patterns = [(item, self.families.pattern(item)) for item in wording.items]
        if not wording.anywhere:
            return [one.text for one in self._sentences if one.has_near(patterns) and one.counts(patterns[-1], wording)]
        found = [[one.text for one in self._sentences if one.spans(item, p)] for item, p in patterns]
        return [text for texts in found for text in texts] if all(found) else []

    def phrases(self, item: str) -> tuple[list[str], list[str]]:
        """What stands in the message of a family, as typed: what is said, and what is denied."""
        pattern = self.families.pattern(item)
        said = [phrase for one in self._sentences for phrase in one.phrases(one.spans(item, pattern))]
        every = [match.group() for one in self._sentences for match in pattern.finditer(one.text)]
        return said, [phrase for phrase in every if phrase not in said]


class _Sentence:
    """A sentence with the words that are denied in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [match.start() for match in re.finditer(r"\S+", text)]
        self._words = text.split()
        self._spans: dict[str, list[Span]] = {}

    def spans(self, item: str, pattern: re.Pattern[str]) -> list[Span]:
        """(first word, one past the last) of each place where an item stands and is not denied."""
        if item not in self._spans:
            found = [self._words_of(*match.span()) for match in pattern.finditer(self.text)]
            self._spans[item] = [span for span in found if not self._is_denied(span)]
        return self._spans[item]

    def phrases(self, spans: Sequence[Span]) -> list[str]:
        return [" ".join(self._words[first:last]) for first, last in spans]

    def has_near(self, patterns: Sequence[tuple[str, re.Pattern[str]]]) -> bool:
        first, *others = (self.spans(item, pattern) for item, pattern in patterns)
        return any(_are_near(spans) for one in first for spans in product([one], *(_around(one, o) for o in others)))

    def counts(self, last: tuple[str, re.Pattern[str]], wording: Wording) -> bool:
        """Whether a number above the wording's stands at most two words before its last item, and is no strength."""
        if wording.more_than is None:
            return True
        before = [self._words[max(start - 4, 0) : start] for start, _ in self.spans(*last)]
        return any(
            (number := _number(word)) is not None and number > wording.more_than and NOT_A_COUNT.isdisjoint(words)
            for words in before
            for word in words[-3:]
        )

    def _words_of(self, start: int, end: int) -> Span:
        return bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)

    def _is_denied(self, span: Span) -> bool:
        """Whether a "no" reaches the words: in their clause, at most MAX_DENIED words before, with no turn between."""
        start, commas = span[0], 0
        for position in range(start - 1, max(start - MAX_DENIED, 0) - 1, -1):
            word = self._words[position]
            if word in TURNS or (word == "," and not self._is_item(position)):
                return False
            commas += word == ","
            if word in DENIES:
                after = self._words[position + 1] if position + 1 < len(self._words) else ""
                is_emphasis = word == "never" and not EMPHASIS.isdisjoint(self._words[position:start])
                is_list = commas != 1 or self._goes_on(start)
                return after not in NOT_DENIALS and after != "," and not is_emphasis and is_list
        return False

    def _is_item(self, comma: int) -> bool:
        """Whether a bare word or two follow the comma, as in "no fever, chills or pus"."""
        return self._to_list_end(comma + 1) <= MAX_WORDS_OF_ITEM

    def _goes_on(self, start: int) -> bool:
        """Whether a list goes on after these words: in "no rash, throat closing" there is none."""
        return start + self._to_list_end(start) < len(self._words)

    def _to_list_end(self, start: int) -> int:
        rest = self._words[start:]
        return next((position for position, word in enumerate(rest) if word in LIST_ENDS), len(rest))


def _around(one: Span, others: Sequence[Span]) -> list[Span]:
    """Those that may be near: with a long message, pairing every one with every other would take seconds."""
    return [span for span in others if abs(span[0] - one[0]) <= NEAR]


def _are_near(spans: Sequence[Span]) -> bool:
    ordered = sorted(spans)
    apart = all(one[1] <= other[0] for one, other in pairwise(ordered))
    return apart and ordered[-1][1] - ordered[0][0] <= NEAR


def _number(word: str) -> float | None:
    if word.replace(".", "", 1).isdecimal():
        return float(word)
    return COUNTS.get(word)


def compiled(phrases: Iterable[str]) -> re.Pattern[str]:
    """One pattern of all phrases, the longest first; "*" stands for any ending of a word."""
    longest_first = sorted(map(as_read, phrases), key=lambda phrase: (-len(phrase), phrase))
    choices = "|".join(re.escape(phrase).replace(r"\*", r"\w*") for phrase in longest_first)
    return re.compile(rf"(?<!\S)(?:{choices})(?!\S)")
