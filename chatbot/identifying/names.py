"""Names of people: known first names, and what stands where a name stands ("my name is …", "Dr …", "Regards, …")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chatbot.identifying.cues import (
    ENDS,
    HAS_TITLE,
    OF_THINGS,
    SAID,
    SAYS_ANYBODY,
    SAYS_NAME,
    SAYS_ONESELF,
    SAYS_PERSON,
    SAYS_SO,
    SAYS_SPEAKER,
    SIGN_OFF,
    TELLS,
)
from chatbot.identifying.found import Found
from chatbot.identifying.lexicon import names

MAX_TOKENS = 4  # of one name
SHOUTING = 0.6  # with so large a part of capital letters, they say nothing

TOKEN = re.compile(r"[^\W\d_]+(?:['’`-][^\W\d_]+)*")
GAP = re.compile(r"[ \t]{1,2}|\.[ \t]?|-")  # between two parts of one name
PART_OF_NAME = frozenset("de da di du del della la le van von der den bin ibn al el ter st mac mc o d".split())

# Neither a name nor a part of one, wherever it stands.
NEVER = frozenset(Path(__file__).with_name("never_names.txt").read_text(encoding="utf-8").split())


@dataclass(frozen=True, slots=True)
class _Token:
    """A word: where it stands, in lower case, and what is known of it."""

    start: int
    end: int
    lower: str
    is_capital: bool
    has_capitals_within: bool  # "IPL", "GentleMax"
    starts_sentence: bool

    @property
    def may_be(self) -> bool:
        return self.lower not in NEVER and (self.is_capital or self.lower not in ("may", "will"))

    @property
    def is_sure(self) -> bool:
        """Whether it is a first name and nothing else."""
        known = names()
        return self._in(known.first) and self.lower not in known.doubtful

    @property
    def is_known(self) -> bool:
        known = names()
        return self._in(known.first) or self._in(known.last)

    @property
    def is_given(self) -> bool:
        return self.lower in names().given

    @property
    def is_month(self) -> bool:
        return self.lower in ("april", "may", "june", "august", "summer", "autumn")

    @property
    def is_clinical(self) -> bool:
        return self.lower in names().clinical

    @property
    def is_last(self) -> bool:
        return self.lower in names().last

    @property
    def is_word(self) -> bool:
        return self.lower in names().words

    def _in(self, known: frozenset[str]) -> bool:
        return self.lower in known or all(half in known for half in re.split("['’`-]", self.lower))


def find_names(text: str) -> list[Found]:
    """Names of people, their titles left out."""
    tokens = _tokens(text)
    found: list[Found] = []
    at = 0
    while at < len(tokens):
        length = _length(text, tokens, at)
        if length:
            last = tokens[at + length - 1]
            found.append(Found("name", tokens[at].start, last.end))
        at += max(length, 1)
    return found


def _length(text: str, tokens: Sequence[_Token], at: int) -> int:
    """How many tokens from this one on are a name; 0 for none."""
    first = tokens[at]
    if not first.may_be:
        return 0
    before = text[max(0, first.start - 60) : first.start]
    same_line, after = before[before.rfind("\n") + 1 :], text[first.end : first.end + 20]
    if SAYS_NAME.search(same_line) and (first.is_capital or not first.is_word or first.is_known):
        return _run(text, tokens, at, "said")
    if HAS_TITLE.search(same_line) and _follows_title(first, tokens[at + 1 : at + 2]):
        return _run(text, tokens, at, "said")
    if signed := _signed(text, tokens, at, before):
        return signed
    if first.is_sure or _is_one_here(first, before, after):
        is_told = TELLS.search(before) or SAYS_SPEAKER.match(after)
        return _run(text, tokens, at, "said" if is_told else "known")
    return _pair(text, tokens, at)


def _follows_title(token: _Token, following: Sequence[_Token]) -> bool:
    """Whether a word after "Dr" is a name. Without capital letters, one that is a word too is not: "dr said"."""
    if len(token.lower) == 1 and following:
        token = following[0]
    return token.is_capital or (len(token.lower) > 2 and (not token.is_word or token.is_last))


def _is_one_here(token: _Token, before: str, after: str) -> bool:
    """Whether a word that may be a name is one, by what stands around it."""
    speaks = SAYS_SPEAKER.match(after) is not None and not token.is_clinical and len(token.lower) > 1
    if token.is_given and not OF_THINGS.match(after):
        told = bool(TELLS.search(before) or SAYS_SO.match(after))
        anybody = token.is_capital and not token.starts_sentence and not token.is_month and SAYS_ANYBODY.search(before)
        if told or anybody:
            return True
    if not token.is_known or not token.is_capital:
        return not token.is_word and (speaks or (token.is_capital and SAYS_ONESELF.search(before) is not None))
    if token.lower not in names().doubtful:
        return bool(speaks or SAYS_PERSON.search(before) or SAYS_ANYBODY.search(before) or SAID.match(after))
    return speaks or (not token.starts_sentence and bool(SAYS_PERSON.search(before) or SAID.match(after)))


def _pair(text: str, tokens: Sequence[_Token], at: int) -> int:
    """Words with capital letters that are a name together: "Rose Hartley", "R. Delacroix"."""
    run = _run(text, tokens, at, "doubtful")
    parts = tokens[at : at + run]
    if run < 2 or not all(part.is_capital for part in parts):
        return 0
    if parts[0].is_known and SAYS_SPEAKER.match(text[parts[-1].end : parts[-1].end + 20]):
        return run
    if not any(part.is_word or part.has_capitals_within for part in parts):
        return run  # no word that we know of
    if parts[0].starts_sentence and parts[0].is_word and parts[1].is_sure and parts[1].lower not in names().last:
        return 0  # "Will Sarah call?"
    return run if parts[0].is_known and any(not part.is_word for part in parts[1:]) else 0


def _signed(text: str, tokens: Sequence[_Token], at: int, before: str) -> int:
    """The name at the end of a line, after "Kind regards"."""
    if not SIGN_OFF.search(before):
        return 0
    run = _run(text, tokens, at, "said")
    parts = tokens[at : at + run]
    is_name = any(part.is_known or part.is_capital or not part.is_word for part in parts)
    return run if is_name and ENDS.match(text[parts[-1].end :]) else 0


def _run(text: str, tokens: Sequence[_Token], at: int, how: Literal["said", "known", "doubtful"]) -> int:
    """How many tokens belong to what begins here: a name, as the text says, or as its first word does, or neither."""
    length = 1
    while length < MAX_TOKENS and at + length < len(tokens):
        previous, token = tokens[at + length - 1], tokens[at + length]
        if not GAP.fullmatch(text[previous.end : token.start]) or not token.may_be:
            break
        if "." in text[previous.end : token.start] and len(previous.lower) > 2:
            break
        is_part = token.lower in PART_OF_NAME and at + length + 1 < len(tokens) and tokens[at + length + 1].is_capital
        is_next = (
            token.is_capital and not token.is_clinical and (how != "doubtful" or token.is_known or not token.is_word)
        )
        is_lower = not token.is_capital and (
            (how == "said" and token.is_last) or (not token.is_word and (how == "said" or token.is_known))
        )
        is_letter = len(token.lower) == 1 and token.lower not in "aix"
        if not (is_part or is_next or is_lower or is_letter):
            break
        length += 1
    return length


def _tokens(text: str) -> list[_Token]:
    letters = [char for char in text if char.isalpha()]
    is_shouting = sum(char.isupper() for char in letters) > SHOUTING * len(letters)
    tokens: list[_Token] = []
    for match in TOKEN.finditer(text):
        start, end = match.span()
        word = match.group()
        if word[-2:].lower() in ("'s", "’s"):
            end -= 2
        before = text[:start].rstrip(" \t\"'(“‘*-")
        starts = not before or before[-1] in ".!?:\n"
        lower, is_mixed = text[start:end].lower(), any(map(str.isupper, re.split("['’`-]", word)[0][1:]))
        tokens.append(_Token(start, end, lower, word[0].isupper() and not is_shouting, is_mixed, starts))
    return tokens
