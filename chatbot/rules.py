"""Nouns: the rules of rules.yaml, checked as they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chatbot.reading.message import as_read
from chatbot.reading.spelling import Spelling, dictionary
from chatbot.reading.wording import Families, Wording, compiled

RULES = Path(__file__).with_name("rules.yaml")
MEANING = "meaning"  # among what cancels a rule: meaning is sure that nothing is urgent
Urgency = Literal["emergency", "same_day", "soon"]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str


class WordedRule(_Rule):
    """A rule that fires when one of its wordings is found, and nothing cancels it."""

    wordings: tuple[Wording, ...]
    unless: tuple[Wording, ...] = ()
    cancelled_by: frozenset[str] = frozenset()

    @field_validator("wordings", "unless", mode="before")
    @classmethod
    def _as_wordings(cls, rows: list[Any]) -> list[Wording]:
        return [_wording(row) for row in rows]


class UrgentRule(WordedRule):
    """A presentation that must not wait: what it looks like in words, and what the person is told."""

    presentation: str
    urgency: Urgency
    now: str
    then: tuple[str, ...]
    worse: tuple[str, ...]
    sources: tuple[str, ...]
    reviewed_by: str | None = None
    test: str
    not_: str = Field(alias="not")


class RefusedRule(WordedRule):
    """What is never answered, and what is said instead."""

    reply: str
    test: str
    not_: str = Field(alias="not")


class PersonalRule(WordedRule):
    """One way to ask about one's own suitability; `note` is added to what such a question is told."""

    note: str = ""
    test: str
    not_: str = Field(alias="not")


class WatchRule(WordedRule):
    """A sign that is often expected for a while: `note` says when it no longer is.

    `asks_day` says that the days since the treatment change what to look for.
    """

    note: str
    asks_day: bool
    test: str


class SmalltalkRule(_Rule):
    """One kind of small talk."""

    needs: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    example: str
    reply: str


class Votes(BaseModel):
    """How sure of a class meaning must be, 0 to 1: alone, or so as not to silence a rule that fires beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    beside_rule: float
    alone: dict[Urgency, float]
    emergency_if_urgent: float
    alone_in_doubt: float
    personal_beside_rule: float
    personal_alone: float
    expected: float


class Rules(BaseModel):
    """All of rules.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    votes: Votes
    read_as: dict[str, tuple[str, ...]] = {}
    families: dict[str, tuple[str, ...]] = {}
    contexts: dict[str, tuple[str, ...]] = {}
    urgent: tuple[UrgentRule, ...] = ()
    refused: tuple[RefusedRule, ...] = ()
    personal: tuple[PersonalRule, ...] = ()
    watch: tuple[WatchRule, ...] = ()
    never_quoted: dict[str, str] = {}
    smalltalk: tuple[SmalltalkRule, ...] = ()
    sources: dict[str, str] = {}

    @field_validator("read_as", "families", mode="before")
    @classmethod
    def _flat(cls, lists: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        """Each list may be written as lists of lists, a line each."""
        return {name: tuple(_phrases(phrases)) for name, phrases in lists.items()}

    @model_validator(mode="after")
    def _names_are_known(self) -> Rules:
        """A family or context that is spelt wrong would never be found: an error that names it."""
        for rule in self.worded:
            items = {item for wording in (*rule.wordings, *rule.unless) for item in wording.items if item.isupper()}
            unknown = sorted(items - self.families.keys()) + sorted(
                rule.cancelled_by - self.contexts.keys() - {MEANING}
            )
            if unknown:
                raise ValueError(f"rule {rule.id}: no family or context named {', '.join(unknown)}")
        for rule in self.urgent:
            if missing := sorted(set(rule.sources) - self.sources.keys()):
                raise ValueError(f"rule {rule.id}: no source named {', '.join(missing)}")
        return self

    @property
    def worded(self) -> tuple[WordedRule, ...]:
        return (*self.urgent, *self.refused, *self.personal, *self.watch)

    @cached_property
    def families_compiled(self) -> Families:
        return Families(self.families)

    @cached_property
    def context_patterns(self) -> dict[str, re.Pattern[str]]:
        return {name: re.compile("|".join(patterns)) for name, patterns in self.contexts.items()}

    @cached_property
    def never_quoted_patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern) for pattern in self.never_quoted.values())

    @cached_property
    def spelling(self) -> Spelling:
        """Repairs towards the words that the families have."""
        return Spelling(_vocabulary(self.families.values()))

    @cached_property
    def other_readings(self) -> list[tuple[re.Pattern[str], str]]:
        """(phrases, what they are read as), as patterns over a message's text."""
        return [(compiled(phrases), word) for word, phrases in self.read_as.items()]


@cache
def load_rules() -> Rules:
    """The rules; a wrong field in rules.yaml is an error that names it."""
    return Rules.model_validate(yaml.safe_load(RULES.read_text(encoding="utf-8")))


def _wording(row: Any) -> Wording:
    """[A, b] stand near each other; {near: [A], from_day: 4}; {anywhere: [A, b]}."""
    if isinstance(row, dict):
        if unknown := row.keys() - {"near", "anywhere", "from_day", "to_day", "more_than"}:
            raise ValueError(f"a wording has no {', '.join(sorted(unknown))}: it has near or anywhere, and days")
        row = dict(row)
        anywhere = row.pop("anywhere", None)
        return Wording(tuple(anywhere or row.pop("near", ())), anywhere=anywhere is not None, **row)
    return Wording(tuple(row))


def _phrases(rows: Iterable[Any]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, list | tuple):
            yield from _phrases(row)
        else:
            yield as_read(str(row))


def _vocabulary(families: Iterable[Iterable[str]]) -> set[str]:
    """The words of all phrases; of "swell*", every word of the dictionary that begins so."""
    words = {word for family in families for phrase in family for word in phrase.split()}
    stems = tuple(word[:-1] for word in words if word.endswith("*"))
    return {word for word in words if not word.endswith("*")} | {w for w in dictionary() if w.startswith(stems)}
